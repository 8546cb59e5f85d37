//! Values that may be written in more than one way. Numbers and booleans may also be given as a
//! string, because only a string can hold `{{ port }}`.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use toml::Spanned;

use super::Text;

/// A table whose keys the user chooses.
pub type Table<T> = BTreeMap<Text, Spanned<T>>;

/// A whole number, or a string that renders to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Number(pub String);

/// `true`, `false`, or a string that renders to one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag(pub String);

/// A value for a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Text(String),
    Number(i64),
    Flag(bool),
}

/// One of `[variables]`: a value, or a table that says more.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
struct VariableTable {
    default: Option<Spanned<Given>>,
    allowed: Option<Spanned<Vec<Spanned<Given>>>>,
    description: Option<Text>,
}

#[derive(Debug, Default)]
pub struct Variable {
    /// Without a place of its own when the variable is written as a bare value.
    pub default: Option<(Given, Option<std::ops::Range<usize>>)>,
    pub allowed: Option<Spanned<Vec<Spanned<Given>>>>,
    pub description: Option<Text>,
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
        }
    }
}

impl From<VariableTable> for Variable {
    fn from(table: VariableTable) -> Self {
        let default = table.default.map(|given| {
            let place = given.span();
            (given.into_inner(), Some(place))
        });
        Self { default, allowed: table.allowed, description: table.description }
    }
}

/// One visitor for all of them: `make` says which kinds of value are taken.
struct Scalar<T> {
    expecting: &'static str,
    make: fn(Given) -> Option<T>,
    table: PhantomData<T>,
}

impl<T> Scalar<T> {
    fn taking(expecting: &'static str, make: fn(Given) -> Option<T>) -> Self {
        Self { expecting, make, table: PhantomData }
    }

    fn try_make<E: serde::de::Error>(self, given: Given) -> Result<T, E> {
        let unexpected = match &given {
            Given::Text(text) => serde::de::Unexpected::Str(text),
            Given::Number(number) => serde::de::Unexpected::Signed(*number),
            Given::Flag(flag) => serde::de::Unexpected::Bool(*flag),
        };
        let error = E::invalid_type(unexpected, &self.expecting);
        (self.make)(given).ok_or(error)
    }
}

impl<'de, T> Visitor<'de> for Scalar<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        self.try_make(Given::Text(text.into()))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        self.try_make(Given::Number(number))
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<T, E> {
        self.try_make(Given::Flag(flag))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let make = |given| (!matches!(given, Given::Flag(_))).then(|| Self(given.to_string()));
        deserializer.deserialize_any(Scalar::taking("a whole number", make))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let make = |given| (!matches!(given, Given::Number(_))).then(|| Self(given.to_string()));
        deserializer.deserialize_any(Scalar::taking("`true` or `false`", make))
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar::taking("a string, a whole number, `true` or `false`", Some))
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueOrTable)
    }
}

struct ValueOrTable;

impl<'de> Visitor<'de> for ValueOrTable {
    type Value = Variable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a string, a whole number, `true`, `false`, or a table with `default`, `allowed`, `description`",
        )
    }

    fn visit_str<E>(self, text: &str) -> Result<Variable, E> {
        Ok(bare(Given::Text(text.into())))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Variable, E> {
        Ok(bare(Given::Number(number)))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Variable, E> {
        Ok(bare(Given::Flag(flag)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Variable, A::Error> {
        VariableTable::deserialize(MapAccessDeserializer::new(map)).map(Variable::from)
    }
}

fn bare(given: Given) -> Variable {
    Variable { default: Some((given, None)), ..Variable::default() }
}

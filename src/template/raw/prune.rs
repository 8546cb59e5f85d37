//! Finding every unknown key and wrong type at once: serde stops at the first, so the offending entry
//! is cut out of the tree and the reading begun again.

use std::collections::HashSet;

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::tree::Tree;
use crate::template::{
    diagnose::{Fault, closest, did_you_mean},
    sources::Place,
};

/// How `toml` hands a date over.
const TOML_DATE: &str = "$__toml_private_datetime";

/// More than this in one file and something else is wrong with it.
const MOST_FAULTS: usize = 100;

/// Keys that were written but wrong, by the place of their table: they are not missing as well.
#[derive(Clone, Debug, Default)]
pub struct Pruned {
    keys: HashSet<(usize, String)>,
}

impl Pruned {
    pub fn contains(&self, table: &Place, key: &str) -> bool {
        self.keys.contains(&(table.start, key.to_owned()))
    }

    pub fn add(&mut self, table: &Place, key: &str) {
        self.keys.insert((table.start, key.to_owned()));
    }

    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Reads a `T`, cutting out of the tree what does not fit.
pub fn read_pruning<'t, T: Deserialize<'t> + Default>(
    tree: &mut Spanned<Tree<'t>>,
    pruned: &mut Pruned,
    faults: &mut Vec<Fault>,
) -> T {
    for _ in 0..MOST_FAULTS {
        let error = match T::deserialize(toml::Deserializer::from(tree.clone())) {
            Ok(read) => return read,
            Err(error) => error,
        };
        let Some(place) = error.span() else {
            faults.push(Fault::whole(words(error.message())));
            return T::default();
        };
        let root = tree.span();
        let cut = cut_table(tree.get_mut(), &root, &place);
        faults.push(explain(&place, error.message(), cut.as_ref(), pruned));
        if cut.is_none() {
            return T::default();
        }
    }
    faults.push(Fault::whole("there are more mistakes than these").hint("mend them and look again"));
    T::default()
}

/// What was cut out: the place of its table and its key; nothing for an element of a list.
struct Cut {
    table: Place,
    key: Option<String>,
}

fn cut_table(table: &mut DeTable<'_>, own: &Place, place: &Place) -> Option<Cut> {
    for value in table.iter_mut().map(|(_, value)| value) {
        if let Some(cut) = cut_inside(value, place) {
            return Some(cut);
        }
    }
    let wrong = table.iter().find(|(key, value)| key.span() == *place || value.span() == *place);
    let key = wrong.map(|(key, _)| key.clone())?;
    table.remove(key.get_ref().as_ref());
    Some(Cut { table: own.clone(), key: Some(key.into_inner().into_owned()) })
}

fn cut_inside<'t>(value: &mut Spanned<DeValue<'t>>, place: &Place) -> Option<Cut> {
    let own = value.span();
    match value.get_mut() {
        DeValue::Table(table) => cut_table(table, &own, place),
        DeValue::Array(array) => {
            if let Some(cut) = array.iter_mut().find_map(|item| cut_inside(item, place)) {
                return Some(cut);
            }
            let at = array.iter().position(|item| item.span() == *place)?;
            let items = std::mem::replace(array, DeArray::new()).into_iter().enumerate();
            items.filter(|(n, _)| *n != at).for_each(|(_, item)| array.push(item));
            Some(Cut { table: own, key: None })
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => None,
    }
}

fn explain(place: &Place, message: &str, cut: Option<&Cut>, pruned: &mut Pruned) -> Fault {
    let mut note = |key: &str| cut.iter().for_each(|cut| pruned.add(&cut.table, key));
    let cut_key = cut.and_then(|cut| cut.key.as_deref());
    if let Some((key, expected)) = unknown_key(message) {
        // TOML's own dates look like tables to whoever takes a table too.
        if key == TOML_DATE {
            cut_key.into_iter().for_each(&mut note);
            return Fault::at(place.clone(), "a date without quotes").hint("write the value in quotes");
        }
        // A slip of the hand for `size` is not a missing `size` as well.
        closest(key, expected.iter().copied()).into_iter().for_each(&mut note);
        let hint = did_you_mean(key, expected.iter().copied());
        return Fault::at(place.clone(), format!("unknown key `{key}`"))
            .label("not known here")
            .maybe_hint(hint);
    }
    cut_key.into_iter().for_each(&mut note);
    let what = cut_key.map_or_else(|| "wrong type in a list".into(), |key| format!("wrong type for `{key}`"));
    Fault::at(place.clone(), what).label(words(message)).maybe_hint(type_hint(cut_key, message))
}

/// Splits serde's "unknown field `x`, expected one of `a`, `b`".
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let (key, expected) = message.strip_prefix("unknown field `")?.split_once('`')?;
    Some((key, expected.split('`').skip(1).step_by(2).collect()))
}

/// serde's words in those of TOML.
fn words(message: &str) -> String {
    let message = message.strip_prefix("invalid type: ").unwrap_or(message);
    let (found, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let found = match found {
        "map" => "a table",
        "sequence" => "a list",
        found => found,
    };
    match expected {
        "" => found.into(),
        "a sequence" => format!("expected a list, found {found}"),
        "a map" => format!("expected a table, found {found}"),
        expected => format!("expected {expected}, found {found}"),
    }
}

fn type_hint(key: Option<&str>, message: &str) -> Option<String> {
    let (found, expected) = message.strip_prefix("invalid type: ")?.split_once(", expected ")?;
    let value = found.split('`').nth(1);
    match (found.split(' ').next()?, expected) {
        ("integer", "a string") if matches!(key, Some("size" | "memory")) => {
            Some(format!("write it in quotes and with a unit: \"{}GiB\"", value?))
        }
        ("integer", "a string") if key == Some("timeout") => {
            Some(format!("write it in quotes and with a unit: \"{}s\"", value?))
        }
        ("integer" | "floating" | "boolean", expected) if expected.starts_with("a string") => {
            Some(format!("put it in quotes: \"{}\"", value?))
        }
        ("map", "a sequence") => {
            Some("a table that may be given several times is written in double brackets: [[...]]".into())
        }
        ("string", "a sequence") => Some("put it in brackets: [\"...\"]".into()),
        ("sequence", "a table") => Some("this table is given once, in single brackets: [...]".into()),
        _ => None,
    }
}

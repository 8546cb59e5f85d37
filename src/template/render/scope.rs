//! The names that strings may use, with their values.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use minijinja::Value;

use super::{is_global, secret_placeholder};

#[derive(Clone, Debug, Default)]
pub struct Scope {
    values: BTreeMap<String, Value>,
    /// `image`, `base`, `secrets`: names with attributes.
    tables: BTreeMap<String, BTreeMap<String, Value>>,
    /// Declared, but with a value that could not be found out.
    wrong: BTreeSet<String>,
    /// Part of what declares names could not be read: no name can be called undefined.
    open: bool,
    /// What was looked up and is there.
    used: RefCell<BTreeSet<String>>,
}

pub enum Lookup {
    Known,
    Wrong,
    /// As much of the name as is unknown: `image.nam`.
    Unknown(String),
}

impl Scope {
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.values.insert(name.into(), value.into());
    }

    pub fn set_in(&mut self, table: &str, name: &str, value: impl Into<Value>) {
        self.tables.entry(table.into()).or_default().insert(name.into(), value.into());
    }

    pub fn declare_secret(&mut self, name: &str) {
        self.set_in("secrets", name, secret_placeholder(name));
    }

    /// Notes a name (`php`, `image.version`) whose value is not known because of a mistake elsewhere.
    pub fn poison(&mut self, name: &str) {
        self.wrong.insert(name.into());
    }

    pub fn open(&mut self) {
        self.open = true;
    }

    /// The same without variables and secrets: what a provisioner starts from.
    pub fn without_variables(&self) -> Self {
        let shared = ["platform", "stage"];
        let mut scope = self.clone();
        scope.values.retain(|name, _| shared.contains(&name.as_str()));
        scope.wrong.retain(|name| name.contains('.'));
        scope.tables.remove("secrets");
        scope
    }

    pub fn look_up(&self, dotted: &str) -> Lookup {
        let mut parts = dotted.split('.');
        let top = parts.next().unwrap_or(dotted);
        let attribute = parts.next().map(|name| (name, format!("{top}.{name}")));
        if self.wrong.contains(top) || attribute.as_ref().is_some_and(|(_, full)| self.wrong.contains(full)) {
            return Lookup::Wrong;
        }
        match (self.tables.get(top), attribute) {
            (Some(table), Some((name, _))) if table.contains_key(name) => Lookup::Known,
            (Some(_), Some(_)) | (None, _) if self.open && !self.values.contains_key(top) => Lookup::Wrong,
            (Some(_), Some((_, full))) => Lookup::Unknown(full),
            (Some(_), None) => Lookup::Known,
            (None, _) if self.values.contains_key(top) => {
                self.used.borrow_mut().insert(top.into());
                Lookup::Known
            }
            (None, _) if is_global(top) => Lookup::Known,
            (None, _) => Lookup::Unknown(top.into()),
        }
    }

    /// Whether a string has used it so far.
    pub fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }

    /// Every name that there is, for suggestions.
    pub fn names(&self) -> Vec<String> {
        let inside = |(table, names): (&String, &BTreeMap<String, Value>)| -> Vec<String> {
            names.keys().map(|name| format!("{table}.{name}")).collect()
        };
        let tables = self.tables.iter().flat_map(inside);
        let wrong = self.wrong.iter().cloned();
        let all: BTreeSet<String> = self.values.keys().cloned().chain(wrong).chain(tables).collect();
        all.into_iter().collect()
    }

    pub fn context(&self) -> Value {
        let tables = self.tables.iter().map(|(name, table)| (name.clone(), Value::from(table.clone())));
        let mut all = self.values.clone();
        all.extend(tables);
        Value::from(all)
    }
}

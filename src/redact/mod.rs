//! Secrets out of text: whatever is told to anybody passes through here. A secret is found in every
//! form of [`forms`], also where a line holds only the beginning or the end of one.

mod edges;
pub mod forms;

use std::{borrow::Cow, ops::Range};

use serde::Serialize;
use serde_json::Value;

/// What stands where a secret was.
const MARK: &str = "[secret]";

/// Shorter values would take ordinary words out of every line.
pub const SHORTEST: usize = 4;

/// The values that must not be told. Empty for a template without secrets.
#[derive(Clone, Default)]
pub struct Redact {
    forms: Vec<String>,
}

impl Redact {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut forms: Vec<String> = secrets.into_iter().flat_map(|secret| forms::of(&secret)).collect();
        forms.retain(|form| form.chars().count() >= SHORTEST);
        forms.sort_unstable();
        forms.dedup();
        Self { forms }
    }

    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut places: Vec<Range<usize>> = Vec::new();
        for form in &self.forms {
            places.extend(everywhere(text, form));
            places.extend(edges::pieces(text, form));
        }
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        places.sort_unstable_by_key(|place| (place.start, place.end));
        Cow::Owned(without(text, &places))
    }

    /// Every text of a JSON value, the names of its fields too.
    pub fn json(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.in_place(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item)),
            Value::Object(fields) => {
                for (name, mut field) in std::mem::take(fields) {
                    self.json(&mut field);
                    fields.insert(self.apply(&name).into_owned(), field);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A value as JSON for a file. Its fields stay in their order where nothing is taken out.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn pretty(&self, value: &impl Serialize) -> serde_json::Result<String> {
        let mut clean = serde_json::to_value(value)?;
        let before = clean.clone();
        self.json(&mut clean);
        if clean == before {
            serde_json::to_string_pretty(value)
        } else {
            serde_json::to_string_pretty(&clean)
        }
    }

    pub(crate) fn in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.apply(text) {
            *text = clean;
        }
    }
}

/// Also those that overlap: of `abab` in `ababab` nothing may stay.
fn everywhere(text: &str, form: &str) -> Vec<Range<usize>> {
    let (mut found, mut from) = (Vec::new(), 0);
    let step = form.chars().next().map_or(1, char::len_utf8);
    while let Some(at) = text.get(from..).and_then(|rest| rest.find(form)) {
        let start = from + at;
        found.push(start..start + form.len());
        from = start + step;
    }
    found
}

/// `places` are in order of their starts; those that touch become one mark.
fn without(text: &str, places: &[Range<usize>]) -> String {
    let (mut clean, mut done) = (String::with_capacity(text.len()), 0);
    let mut marked = false;
    for place in places {
        if place.start > done || !marked {
            clean.push_str(&text[done..place.start.max(done)]);
            clean.push_str(MARK);
            marked = true;
        }
        done = done.max(place.end);
    }
    clean.push_str(&text[done..]);
    clean
}

/// The values themselves stay out of debug output too.
impl std::fmt::Debug for Redact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redact({} forms)", self.forms.len())
    }
}

#[cfg(test)]
mod tests;

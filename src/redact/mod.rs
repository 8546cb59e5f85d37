//! Secrets out of text: whatever is told to anybody passes through here. A secret is found in every
//! form of [`forms`], also where a line holds only the beginning or the end of one, and where escape
//! sequences stand in it that a terminal does not show.

mod edges;
pub mod forms;

use std::{borrow::Cow, io::Write, ops::Range};

use console::strip_ansi_codes;
use edges::Edges;

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
    edges: Edges,
}

impl Redact {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut forms: Vec<String> = secrets.into_iter().flat_map(|secret| forms::of(&secret)).collect();
        forms.retain(|form| form.chars().count() >= SHORTEST);
        forms.sort_unstable();
        forms.dedup();
        let edges = Edges::of(&forms);
        Self { forms, edges }
    }

    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let clean = self.as_it_stands(text);
        if self.forms.is_empty() || !clean.chars().any(unseen) {
            return clean;
        }
        let shown = strip_ansi_codes(&clean).chars().filter(|c| !unseen(*c)).collect::<String>();
        match self.as_it_stands(&shown) {
            Cow::Owned(cleaner) => Cow::Owned(cleaner),
            Cow::Borrowed(_) => clean,
        }
    }

    fn as_it_stands<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut places = self.edges.pieces(text, &self.forms);
        places.extend(self.forms.iter().flat_map(|form| everywhere(text, form)));
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
        let mut text = Vec::new();
        self.write_pretty(&mut text, value)?;
        String::from_utf8(text).map_err(serde::ser::Error::custom)
    }

    /// The same into a file, for a value that is large as a text.
    ///
    /// # Errors
    /// When it cannot be written, or not as JSON.
    pub fn write_pretty(&self, out: impl Write, value: &impl Serialize) -> serde_json::Result<()> {
        // A tree of a large value takes several times its size.
        if !self.forms.is_empty() {
            let tree = serde_json::to_value(value)?;
            if self.holds(&tree) {
                let mut clean = tree;
                self.json(&mut clean);
                return serde_json::to_writer_pretty(out, &clean);
            }
        }
        serde_json::to_writer_pretty(out, value)
    }

    /// Whether there is anything to take out of it.
    fn holds(&self, value: &Value) -> bool {
        let text = |text: &str| matches!(self.apply(text), Cow::Owned(_));
        match value {
            Value::String(value) => text(value),
            Value::Array(items) => items.iter().any(|item| self.holds(item)),
            Value::Object(fields) => fields.iter().any(|(name, field)| text(name) || self.holds(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => false,
        }
    }

    pub(crate) fn in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.apply(text) {
            *text = clean;
        }
    }
}

/// What a terminal, or what cleans text for one, passes over.
fn unseen(c: char) -> bool {
    let marks = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    marks || (c.is_control() && !matches!(c, '\n' | '\t'))
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

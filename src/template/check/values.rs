//! Values with a fixed set of words, and tables of strings.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{cx::Cx, names::Rule};
use crate::template::{
    diagnose::{Fault, did_you_mean},
    raw::{Table, Text},
};

impl Cx<'_> {
    /// One of some words, each with its meaning.
    pub fn choice<T: Copy>(&self, text: &Option<Text>, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = text.as_ref()?;
        let given = self.text(text)?;
        let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
        if found.is_none() {
            let fault = Fault::at(text.span(), format!("unknown {what} `{}`", given.escape_debug()));
            let known = words.iter().map(|(word, _)| *word);
            self.fault(fault.maybe_hint(did_you_mean(&given, known)));
        }
        found
    }

    /// A string that is not a template, because it is needed before anything is rendered.
    pub fn plain<'t>(&self, text: &'t Text, why: &str) -> Option<&'t str> {
        if text.get_ref().contains("{{") || text.get_ref().contains("{%") {
            self.fault(Fault::at(text.span(), "a template expression cannot be used here").hint(why));
            return None;
        }
        Some(text.get_ref())
    }

    /// A table of strings with keys of one kind.
    pub fn table(
        &self,
        table: Option<&Table<String>>,
        rule: &Rule,
        value: impl Fn(&Spanned<String>) -> Option<String>,
    ) -> BTreeMap<String, String> {
        let entries = table.into_iter().flatten();
        let checked = entries.filter_map(|(key, text)| {
            let name = self.ruled(key.get_ref().clone(), &key.span(), rule);
            Some((name, value(text))).and_then(|(name, value)| Some((name?, value?)))
        });
        checked.collect()
    }
}

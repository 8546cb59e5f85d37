//! Values with a fixed set of words, and tables of strings.

use std::collections::BTreeMap;

use toml::Spanned;

use super::{cx::Cx, names::Rule};
use crate::template::{
    diagnose::{Fault, closest, did_you_mean, visible},
    raw::{Table, Text},
    words,
};

impl Cx<'_> {
    /// One of some words, each with its meaning.
    pub fn choice<T: Copy>(&self, text: &Option<Text>, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = text.as_ref()?;
        let given = self.text(text)?;
        let found = words.iter().find(|(word, _)| *word == given).map(|(_, value)| *value);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.fault(self.unknown_word(text, what, &given, &known));
        }
        found
    }

    /// A value that is none of the words that there are: another program's word, or a slip of the hand.
    pub fn unknown_word(&self, text: &Text, what: &str, given: &str, known: &[&str]) -> Fault {
        let fault = Fault::at(text.span(), format!("unknown {what} `{}`", visible(given)));
        let ours = words::our_value(what, given).filter(|ours| known.contains(ours));
        let (hint, ours) = match (ours, closest(given, known.iter().copied())) {
            (Some(ours), _) => (format!("`{}` is called `{ours}` here", visible(given.trim())), ours),
            (None, Some(near)) => (format!("did you mean `{near}`?"), near),
            (None, None) => return fault.maybe_hint(did_you_mean(given, known.iter().copied())),
        };
        // What is rendered has no one place where it could be written differently.
        let plain = text.get_ref() == given;
        let fault = fault.hint(hint);
        if plain { fault.edit(&format!("\"{ours}\"")) } else { fault }
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

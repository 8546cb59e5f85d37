//! A mistake while it is being found: its places are on the common line of all the sources.

use std::sync::Arc;

use super::{Mistake, Mistakes, Secondary};
use crate::template::sources::{Place, Sources};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Option<Place>,
    pub message: String,
    pub label: Option<String>,
    pub hint: Option<String>,
    pub also: Vec<(Place, String)>,
}

impl Fault {
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), message: message.into(), label: None, hint: None, also: Vec::new() }
    }

    /// A fault of the template as a whole.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), label: None, hint: None, also: Vec::new() }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    pub fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.also.push((place, label.into()));
        self
    }

    fn into_mistake(self, sources: &Sources) -> Mistake {
        let located = self.place.as_ref().and_then(|place| sources.locate(place));
        let file = located.as_ref().map(|(file, _)| *file).or(sources.main());
        let secondary = self.also.iter().filter_map(|(place, label)| {
            let (file, span) = sources.locate(place)?;
            Some(Secondary { file: file.path.clone(), span, label: label.clone() })
        });
        Mistake {
            file: file.map(|file| file.path.clone()).unwrap_or_default(),
            span: located.map(|(_, span)| span),
            secondary: secondary.collect(),
            message: self.message,
            label: self.label,
            hint: self.hint,
        }
    }
}

impl Mistakes {
    pub fn from_faults(faults: Vec<Fault>, sources: &Sources) -> Self {
        let texts = sources.iter().map(|file| (file.path.clone(), Arc::clone(&file.text)));
        let list = faults.into_iter().map(|fault| fault.into_mistake(sources)).collect();
        let mut mistakes = Self { list, sources: texts.collect() };
        mistakes.sort();
        mistakes
    }
}

//! A mistake while it is being found: its places are on the common line of all the sources.

use std::{borrow::Cow, sync::Arc};

use super::{Edit, Mistake, Mistakes, Secondary, mask_secrets};
use crate::template::sources::{Place, Sources};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    pub place: Option<Place>,
    /// What it is about, where that stands in no file: an option of the command line.
    pub origin: Option<String>,
    pub message: String,
    pub label: Option<String>,
    pub hint: Option<String>,
    pub also: Vec<(Place, String)>,
    /// What the hint says, done: all of them together mend the mistake.
    pub edits: Vec<Edit>,
}

impl Fault {
    pub fn at(place: Place, message: impl Into<String>) -> Self {
        Self { place: Some(place), message: message.into(), ..Self::default() }
    }

    /// A fault of the template as a whole.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
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

    /// A hint that ends with what to write in the place of the mistake.
    pub fn replace(self, advice: &str, replacement: &str) -> Self {
        let hint = format!("{advice}: {replacement}");
        self.hint(hint).edit(replacement)
    }

    /// Says what to write in the place of the mistake, in addition to the words of the hint.
    pub fn edit(mut self, replacement: &str) -> Self {
        self.edits = self.place.iter().map(|place| Edit::new(place.clone(), replacement)).collect();
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
        let edits = self.edits.iter().filter_map(|edit| {
            let (edited, span) = sources.locate(&edit.place)?;
            (Some(&edited.path) == file.map(|file| &file.path))
                .then(|| Edit::new(span, edit.replacement.as_str()))
        });
        let path = match self.origin {
            Some(origin) => origin.into(),
            None => file.map(|file| file.path.clone()).unwrap_or_default(),
        };
        Mistake {
            edits: edits.collect(),
            file: path,
            span: located.map(|(_, span)| span),
            secondary: secondary.collect(),
            message: self.message,
            label: self.label,
            hint: self.hint,
        }
    }
}

impl Mistake {
    /// Everything that is told of it, with stars in place of private keys and credentials.
    fn without_secrets(mut self) -> Self {
        let mask = |text: &mut String| {
            if let Cow::Owned(masked) = mask_secrets(text) {
                *text = masked;
            }
        };
        mask(&mut self.message);
        self.label.iter_mut().chain(&mut self.hint).for_each(mask);
        self.secondary.iter_mut().for_each(|other| mask(&mut other.label));
        self.edits.iter_mut().for_each(|edit| mask(&mut edit.replacement));
        self
    }
}

impl Mistakes {
    pub fn from_faults(faults: Vec<Fault>, sources: &Sources) -> Self {
        let shown = |text: &Arc<str>| match mask_secrets(text) {
            Cow::Borrowed(_) => Arc::clone(text),
            Cow::Owned(masked) => masked.into(),
        };
        let texts = sources.iter().map(|file| (file.path.clone(), shown(&file.text)));
        let list = faults.into_iter().map(|fault| fault.into_mistake(sources).without_secrets()).collect();
        let mut mistakes = Self { list, sources: texts.collect() };
        mistakes.sort();
        mistakes
    }
}

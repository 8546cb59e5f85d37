//! How mistakes are told: what is wrong, at which place of which file, and what to do about it.
//! `Fault` is what the checking code makes; `Mistake` is the same with its file, for the outside.

mod credentials;
mod edit;
mod fault;
mod mask;
mod records;
mod show;
mod suggest;

use std::{collections::BTreeMap, ops::Range, path::PathBuf, sync::Arc};

pub use credentials::mask_secrets;
pub use edit::{Edit, apply_edits};
pub use fault::Fault;
pub use mask::{holds_private_key, mask_private_keys};
pub use records::Record;
pub use show::{render, render_warnings};
pub use suggest::{closest, did_you_mean, listed, visible};

/// One thing that is wrong in what the user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub file: PathBuf,
    /// Bytes of the file; `None` when the mistake is about the whole of it.
    pub span: Option<Range<usize>>,
    pub message: String,
    /// Stands beside the caret.
    pub label: Option<String>,
    pub hint: Option<String>,
    pub secondary: Vec<Secondary>,
    /// What the hint says, as changes of the file.
    pub edits: Vec<Edit>,
}

/// Another place that has to do with a mistake: where the name was given first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secondary {
    pub file: PathBuf,
    pub span: Range<usize>,
    pub label: String,
}

/// All mistakes of one or more templates, sorted by file and place, with the texts they point into.
#[derive(Clone, Debug, Default)]
pub struct Mistakes {
    pub list: Vec<Mistake>,
    pub sources: BTreeMap<PathBuf, Arc<str>>,
}

impl Mistake {
    /// A mistake about a file as a whole.
    pub fn about(file: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            span: None,
            message: message.into(),
            label: None,
            hint: None,
            secondary: Vec::new(),
            edits: Vec::new(),
        }
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Mistakes {
    pub fn one(mistake: Mistake) -> Self {
        Self { list: vec![mistake], sources: BTreeMap::new() }
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Mistake> {
        self.list.iter()
    }

    /// Takes in the mistakes of another template; what both found in a shared file is told once.
    pub fn merge(&mut self, other: Self) {
        self.list.extend(other.list);
        self.sources.extend(other.sources);
        self.sort();
    }

    fn sort(&mut self) {
        let key =
            |m: &Mistake| (m.file.clone(), m.span.as_ref().map(|s| (s.start, s.end)), m.message.clone());
        self.list.sort_by_key(key);
        self.list.dedup_by_key(|mistake| key(mistake));
    }
}

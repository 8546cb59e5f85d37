//! Values that variables are given from outside of templates, each with where it was given: what is wrong with one
//! is told of that place.

use std::{ops::Range, path::PathBuf, sync::Arc};

use crate::template::{
    check::{Handed, ValueOrigin},
    sources::Sources,
};

/// Begins the names of environment variables that give values.
pub const VARIABLE_PREFIX: &str = "HORNERO_VAR_";

/// A variable's value from outside.
#[derive(Clone, Debug)]
pub struct GivenVariable {
    pub name: String,
    pub value: String,
    pub source: GivenSource,
}

/// What gave a value.
#[derive(Clone, Debug)]
pub enum GivenSource {
    /// `--var NAME=VALUE`
    Option,
    Environment,
    /// A file of variables, with its text and where in it the value stands.
    File {
        path: PathBuf,
        text: Arc<str>,
        span: Range<usize>,
    },
}

impl GivenVariable {
    /// As `--var` gives it.
    pub fn option(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), source: GivenSource::Option }
    }

    pub fn environment(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into(), source: GivenSource::Environment }
    }

    /// What is checked of it. A file of variables becomes one of the sources that mistakes point into.
    pub(super) fn handed(&self, sources: &mut Sources) -> (String, Handed) {
        let name = &self.name;
        let origin = match &self.source {
            GivenSource::Option => ValueOrigin::named(format!("--var {name}=...")),
            GivenSource::Environment => ValueOrigin::named(format!("{VARIABLE_PREFIX}{name}")),
            GivenSource::File { path, text, span } => {
                let base = sources.add(path, std::path::Path::new(""), text);
                ValueOrigin::at(base + span.start..base + span.end)
            }
        };
        (name.clone(), Handed { value: self.value.clone(), origin })
    }
}

//! Packages to install and remove, and the repositories they come from.

use std::fmt;

use serde::Serialize;

/// `[packages]`
#[derive(Clone, Debug, Default, Serialize)]
pub struct Packages {
    pub upgrade: bool,
    pub install: Vec<PackageSpec>,
    pub remove: Vec<String>,
    pub repositories: Vec<Repository>,
}

/// A package, with the version (or version pattern) asked for: `jq=1.6*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageSpec {
    pub name: String,
    pub version: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Repository {
    pub name: String,
    pub uri: String,
    pub suite: String,
    pub components: Vec<String>,
    /// The signing key's text (ASCII armour), read from the file that the template names.
    pub key: Option<String>,
}

impl fmt::Display for PackageSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}={version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

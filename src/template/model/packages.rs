//! Packages to install and remove, and the repositories they come from.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `[packages]`
#[derive(Clone, Debug, Default, Serialize)]
pub struct Packages {
    pub upgrade: bool,
    pub install: Vec<PackageSpec>,
    pub remove: Vec<String>,
    pub snapshot: Option<Snapshot>,
    pub repositories: Vec<Repository>,
}

/// The distribution's archive as it was at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// In whole seconds.
    pub at: Timestamp,
    /// Where archives of all moments are; the distribution's own when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
}

/// A package, with the version (or version pattern) asked for: `jq=1.6*`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageSpec {
    pub name: String,
    pub version: Option<String>,
}

/// One of `[[packages.repositories]]`, for apt where it has a suite, else for dnf and yum.
#[derive(Clone, Debug, Serialize)]
pub struct Repository {
    pub name: String,
    pub uri: String,
    /// `None` for a repository of RPM packages, whose address is all there is to it.
    pub suite: Option<String>,
    pub components: Vec<String>,
    /// The signing key's text (ASCII armour), read from the file that the template names.
    pub key: Option<String>,
}

impl Snapshot {
    /// As the archives name the moment: `20261101T000000Z`.
    pub fn stamp(&self) -> String {
        self.at.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.archive {
            Some(archive) => write!(f, "{} in {archive}", self.at),
            None => self.at.fmt(f),
        }
    }
}

impl fmt::Display for PackageSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(f, "{}={version}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

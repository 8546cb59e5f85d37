//! Who is on the machine and which packages are.

use serde::Deserialize;
use toml::Spanned;

use super::{Flag, List, Number, Snapshot, Text};

/// One of `[[groups]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Group {
    pub name: Option<Text>,
    pub gid: Option<Spanned<Number>>,
}

/// One of `[[users]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct User {
    pub name: Option<Text>,
    pub uid: Option<Spanned<Number>>,
    pub groups: Option<Spanned<List>>,
    pub shell: Option<Text>,
    pub home: Option<Text>,
    pub sudo: Option<Text>,
    pub ssh_keys: Option<Spanned<List>>,
}

/// `[packages]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Packages {
    pub upgrade: Option<Spanned<Flag>>,
    pub install: Option<Spanned<List>>,
    pub remove: Option<Spanned<List>>,
    pub snapshot: Option<Spanned<Snapshot>>,
    pub repositories: Vec<Spanned<Repository>>,
}

/// `snapshot` of `[packages]`, where it is written as a table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct SnapshotTable {
    pub at: Option<Text>,
    pub archive: Option<Text>,
}

/// One of `[[packages.repositories]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Repository {
    pub name: Option<Text>,
    pub uri: Option<Text>,
    pub suite: Option<Text>,
    pub components: Option<Spanned<List>>,
    pub key: Option<Text>,
}

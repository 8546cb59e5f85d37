//! What is put on the machine, done to it, and asserted about it.

use serde::Deserialize;
use toml::Spanned;

use super::{Flag, Given, List, Number, Table, Text};
use crate::template::sources::Place;

/// One of `[[files]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct File {
    pub source: Option<Text>,
    pub content: Option<Text>,
    pub template: Option<Text>,
    pub sha256: Option<Text>,
    pub destination: Option<Text>,
    pub owner: Option<Text>,
    pub group: Option<Text>,
    pub mode: Option<Text>,
    pub folder_mode: Option<Text>,
    pub exclude: Option<Spanned<List>>,
    pub after: Option<Text>,
}

/// One of `[[use]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Use {
    pub provisioner: Option<Text>,
    pub with: Table<Given>,
}

/// One of `[[steps]]`, of every kind; which keys fit the kind is checked later.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Step {
    pub name: Option<Text>,
    pub kind: Option<Text>,
    pub run: Option<Text>,
    pub script: Option<Text>,
    pub env: Option<Spanned<Table<String>>>,
    pub user: Option<Text>,
    pub allowed_exit_codes: Option<Spanned<Vec<Spanned<Number>>>>,
    pub playbook: Option<Text>,
    pub extra_vars: Option<Spanned<Table<String>>>,
    pub inputs: Option<Spanned<List>>,
    pub source: Option<Text>,
    pub destination: Option<Text>,
    pub timeout: Option<Text>,
    pub retries: Option<Spanned<Number>>,
    pub may_reboot: Option<Spanned<Flag>>,
    pub when: Option<Text>,
}

/// One of `[[checks]]`, of every kind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Check {
    pub name: Option<Text>,
    pub timeout: Option<Text>,
    pub package: Option<Text>,
    pub installed: Option<Spanned<Flag>>,
    pub version: Option<Text>,
    pub service: Option<Text>,
    pub running: Option<Spanned<Flag>>,
    pub enabled: Option<Spanned<Flag>>,
    pub file: Option<Text>,
    pub exists: Option<Spanned<Flag>>,
    pub mode: Option<Text>,
    pub owner: Option<Text>,
    pub group: Option<Text>,
    pub contains: Option<Text>,
    pub sha256: Option<Text>,
    pub user: Option<Text>,
    pub uid: Option<Spanned<Number>>,
    pub groups: Option<Spanned<List>>,
    pub shell: Option<Text>,
    pub gid: Option<Spanned<Number>>,
    pub port: Option<Spanned<Number>>,
    pub listening: Option<Spanned<Flag>>,
    pub mount: Option<Text>,
    pub filesystem: Option<Text>,
    pub label: Option<Text>,
    pub command: Option<Text>,
    pub exit_code: Option<Spanned<Number>>,
    pub stdout_contains: Option<Text>,
    pub stdout_matches: Option<Text>,
}

/// The key that names the thing, and what may be said about it. `file` comes first: its check may
/// also have a `group`.
pub const CHECK_KINDS: [(&str, &[&str]); 8] = [
    ("file", &["exists", "mode", "owner", "group", "contains", "sha256"]),
    ("package", &["installed", "version"]),
    ("service", &["running", "enabled"]),
    ("user", &["exists", "uid", "groups", "shell"]),
    ("group", &["exists", "gid"]),
    ("port", &["listening"]),
    ("mount", &["filesystem", "label"]),
    ("command", &["exit_code", "stdout_contains", "stdout_matches"]),
];
/// What every check may have.
pub const CHECK_COMMON: [&str; 2] = ["name", "timeout"];

macro_rules! given {
    ($table:expr; $($key:ident),* $(,)?) => {
        [$((stringify!($key), $table.$key.as_ref().map(|value| value.span()))),*]
            .into_iter()
            .filter_map(|(key, place)| Some((key, place?)))
            .collect()
    };
}

impl Step {
    /// The keys that are written, with the places of their values.
    pub fn given(&self) -> Vec<(&'static str, Place)> {
        given!(self; name, kind, run, script, env, user, allowed_exit_codes, playbook, extra_vars, inputs, source, destination, timeout, retries, may_reboot, when)
    }
}

impl Check {
    /// The keys that are written, with the places of their values.
    pub fn given(&self) -> Vec<(&'static str, Place)> {
        given!(self; name, timeout, package, installed, version, service, running, enabled, file, exists, mode, owner, group, contains, sha256, user, uid, groups, shell, gid, port, listening, mount, filesystem, label, command, exit_code, stdout_contains, stdout_matches)
    }
}

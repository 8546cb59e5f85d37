//! Groups and users of the image.

use serde::Serialize;

/// The account that hornero makes on a builder, with a group of the same name, and removes when it seals it.
pub const BUILDER_ACCOUNT: &str = "hornero";

#[derive(Clone, Debug, Serialize)]
pub struct Group {
    pub name: String,
    pub gid: Option<u32>,
}

#[derive(Clone, Debug, Serialize)]
pub struct User {
    pub name: String,
    pub uid: Option<u32>,
    /// Each one declared under `[[groups]]` or one of the base's own.
    pub groups: Vec<String>,
    pub shell: Option<String>,
    pub home: Option<String>,
    /// The right-hand side of a sudoers rule: `ALL=(ALL) NOPASSWD:ALL`.
    pub sudo: Option<String>,
    /// Public keys in OpenSSH's one-line form.
    pub ssh_keys: Vec<String>,
}

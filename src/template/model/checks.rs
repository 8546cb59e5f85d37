//! Checks: assertions about the builder, and about a machine started from the image.

use serde::{Deserialize, Serialize};

use crate::template::units::{Mode, Span};

/// One of `[[checks]]`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Check {
    /// What a person reads: `service nginx`, or the name given.
    pub name: String,
    pub probe: Probe,
    /// How long it may take to come true; a service may need a moment after a boot.
    pub timeout: Option<Span>,
}

/// What is asserted. A field that is `None` is not looked at.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Probe {
    Package {
        package: String,
        installed: bool,
        version: Option<String>,
    },
    Service {
        service: String,
        running: Option<bool>,
        enabled: Option<bool>,
    },
    File {
        path: String,
        exists: bool,
        mode: Option<Mode>,
        owner: Option<String>,
        group: Option<String>,
        contains: Option<String>,
        /// Lower-case hex.
        sha256: Option<String>,
    },
    User {
        user: String,
        exists: bool,
        uid: Option<u32>,
        groups: Vec<String>,
        shell: Option<String>,
    },
    Group {
        group: String,
        exists: bool,
        gid: Option<u32>,
    },
    Port {
        port: u16,
        listening: bool,
    },
    Mount {
        path: String,
        filesystem: Option<String>,
        label: Option<String>,
    },
    Command {
        command: String,
        exit_code: i32,
        stdout_contains: Option<String>,
        stdout_matches: Option<String>,
    },
}

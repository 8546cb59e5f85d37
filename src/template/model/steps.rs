//! Steps: what is done on the builder, in order.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use crate::template::units::Span;

/// One of `[[steps]]`. Those whose `when` is false are not in the model.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// As given, or made from the step's content; with the provisioner in front if it comes from one.
    pub name: String,
    pub action: Action,
    pub timeout: Option<Span>,
    /// How often it is tried again after a failure.
    pub retries: u32,
    /// Whether the step may restart the builder: the next one then begins when it is back.
    pub may_reboot: bool,
    pub inputs: StepInputs,
}

/// What decides what a step does besides its own text: files of this computer that it reads.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StepInputs {
    /// Each once, in a fixed order.
    pub files: Vec<StepInput>,
    /// What the step may read as well and hornero does not look at, in words: `what /etc/roles holds`.
    pub unknown: Vec<String>,
    /// How the files were found, so that they can be looked for once more.
    #[serde(skip)]
    pub searches: Vec<InputSearch>,
}

/// Where files that a step reads are looked for. What is found lies in `root`, or where the user allows.
#[derive(Clone, Debug)]
pub enum InputSearch {
    /// Below `base`; an empty pattern is `base` itself.
    Pattern { root: PathBuf, base: PathBuf, pattern: String },
    /// Everything that a playbook can read.
    Playbook { root: PathBuf, playbook: PathBuf },
}

/// A local file that a step reads.
#[derive(Clone, Debug, Serialize)]
pub struct StepInput {
    #[serde(skip)]
    pub path: PathBuf,
    /// Its path from the folder of the template or provisioner, the same on every computer.
    pub name: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Runs on the builder.
    Shell { script: Script, env: BTreeMap<String, String>, user: String, allowed_exit_codes: Vec<i32> },
    /// Runs a playbook on this computer against the builder.
    Ansible { playbook: PathBuf, extra_vars: BTreeMap<String, String>, settings: AnsibleSettings },
    /// Restarts the builder and waits for the new boot.
    Reboot,
    /// Runs on this computer, in the template's folder.
    Local { script: Script, env: BTreeMap<String, String>, allowed_exit_codes: Vec<i32>, folder: PathBuf },
    /// Fetches a file from the builder to this computer.
    Download { source: String, destination: PathBuf },
}

/// What Ansible is told by its environment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AnsibleSettings {
    /// The `ansible.cfg` that applies; without one Ansible looks for it as it always does.
    pub config: Option<PathBuf>,
    /// Folders besides hornero's own.
    pub callback_plugins: Vec<PathBuf>,
}

/// What a shell step runs; a script's text is already read from its file.
#[derive(Clone, Debug, Serialize)]
pub struct Script {
    pub text: String,
    /// The file it came from, if it was not written in the template.
    pub file: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    #[default]
    Shell,
    Ansible,
    Reboot,
    Local,
    Download,
}

impl Action {
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Shell { .. } => StepKind::Shell,
            Self::Ansible { .. } => StepKind::Ansible,
            Self::Reboot => StepKind::Reboot,
            Self::Local { .. } => StepKind::Local,
            Self::Download { .. } => StepKind::Download,
        }
    }
}

impl StepKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Shell => "shell",
            Self::Ansible => "ansible",
            Self::Reboot => "reboot",
            Self::Local => "local",
            Self::Download => "download",
        }
    }
}

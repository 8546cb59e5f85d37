//! From raw to checked: renders every string, checks every name and unit, resolves what refers to
//! something else. Every mistake is collected; a model comes out only when there is none.

mod accounts;
mod agreement;
pub mod ami_name;
mod base;
mod checks;
mod cx;
mod disks;
mod draft;
mod files;
mod image;
mod inputs;
mod keys;
mod limits;
mod moments;
mod names;
mod packages;
mod paths;
mod platforms;
mod regions;
mod reserved;
mod snapshot;
mod spans;
mod ssh;
mod steps;
mod uses;
mod values;
mod variables;
mod whole;

use std::{
    cell::RefCell,
    path::{Path, PathBuf},
};

pub use limits::MOST_OWN_TAGS;
pub use names::stage_name;
pub use paths::{confined, outside};
pub use variables::{Handed, ValueOrigin};
pub use whole::check;

use super::{
    diagnose::Fault,
    model::{AnsibleSettings, PlatformKind, Template},
    raw::Read,
    sources::Sources,
};

/// What checking asks about the user's files. `load` answers from the disk, tests from memory.
/// No answer may come from outside `root` and what the user allows.
pub trait Files {
    /// The text of a file.
    fn read(&self, root: &Path, path: &Path) -> Result<String, Trouble>;
    /// Whether a file or folder is there that can be sent, and does not lead out of `root`. Links in a folder are
    /// not followed, and what `exclude` names is not looked at. Each file is noted as an input.
    fn look(&self, root: &Path, path: &Path, exclude: &[String]) -> Result<(), Trouble>;
    /// Every file below `base` that a pattern of `inputs` names; an empty one is `base` itself. Each is
    /// noted as an input.
    fn matching(&self, root: &Path, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, Trouble>;
    /// What a playbook can read. Each file is noted as an input.
    fn playbook(&self, root: &Path, playbook: &Path) -> Result<PlaybookFiles, Trouble>;
    /// Whether a private key can be logged in with, wherever it lies.
    fn login_key(&self, path: &Path) -> Result<(), Trouble>;
    /// Whether an ordinary file is there, wherever it lies: no pipe, device or socket.
    fn judge(&self, path: &Path) -> Result<(), Trouble>;
    /// Whether something that may not be there yet would lie in `root`.
    fn within(&self, root: &Path, path: &Path) -> Result<(), Trouble>;
    /// Whether the user lets templates name this path, which is not in their folder.
    fn allows(&self, path: &Path) -> bool;
    /// What `~` stands for.
    fn home(&self) -> Option<&Path>;
    /// Whether anything but a folder is there, wherever it is: bases may lie outside.
    fn exists(&self, path: &Path) -> bool;
    fn is_folder(&self, path: &Path) -> bool;
}

/// What a playbook can read, and how Ansible is told where.
#[derive(Clone, Debug, Default)]
pub struct PlaybookFiles {
    pub files: Vec<PathBuf>,
    /// What it may use as well and is not looked at, in words.
    pub unknown: Vec<String>,
    pub settings: AnsibleSettings,
}

/// Why a file could not be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub why: String,
    pub hint: Option<String>,
}

/// Everything that was read for one template.
#[derive(Debug, Default)]
pub struct Bundle {
    pub sources: Sources,
    /// The template, then the provisioners it uses.
    pub parts: Vec<Part>,
    /// What is already known to be wrong.
    pub faults: Vec<Fault>,
    /// Something could not be read at all: nothing can be said to be missing or undefined.
    pub broken: bool,
}

/// One file that takes part: the template with its includes, or a provisioner.
#[derive(Debug, Default)]
pub struct Part {
    pub name: String,
    pub read: Read,
    /// Which part each `[[use]]` means; `None` when it was not found.
    pub uses: Vec<Option<usize>>,
}

/// What decides how a template is read, besides its text.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub vars: &'a [(String, Handed)],
    pub platform: PlatformKind,
    /// Whether the base has to have an image for the platform.
    pub platform_is_wanted: bool,
    pub stage: Option<&'a str>,
}

pub struct Checked {
    /// Only when there are no faults.
    pub template: Option<Template>,
    pub faults: Vec<Fault>,
    pub warnings: Vec<Fault>,
    pub sources: Sources,
}

/// What all parts of one check share.
pub struct Shared<'a> {
    sources: RefCell<Sources>,
    faults: RefCell<Vec<Fault>>,
    warnings: RefCell<Vec<Fault>>,
    files: &'a dyn Files,
    broken: bool,
}

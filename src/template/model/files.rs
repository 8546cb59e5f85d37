//! Files and folders that are put on the machine.

use std::path::PathBuf;

use serde::Serialize;

use crate::template::units::Mode;

/// One of `[[files]]`.
#[derive(Clone, Debug, Serialize)]
pub struct FileSpec {
    pub source: FileSource,
    /// Absolute path on the machine. For a folder: the folder that its content lands in.
    pub destination: String,
    pub owner: Owner,
    /// Of files. Without one: `0644`, and `0755` where the local file is executable.
    pub mode: Option<Mode>,
    /// Of folders. Without one a folder that is there keeps its own, and a new one has `0755`.
    pub folder_mode: Option<Mode>,
    /// Globs, matched against the path inside the folder and against each file's name.
    pub exclude: Vec<String>,
    /// It goes up when so many steps are done.
    #[serde(skip_serializing_if = "is_before_all_steps")]
    pub after: usize,
}

fn is_before_all_steps(after: &usize) -> bool {
    *after == 0
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileSource {
    /// A local file or folder.
    Path(PathBuf),
    /// Text written in the template, or rendered from the file that `template` names.
    Content(String),
    /// Fetched on this computer; `sha256` in lower-case hex.
    Url { url: String, sha256: String },
}

/// Names or numbers of an account on the machine. Without a group: the user's own, `root` without a user or for a
/// number that no account has. A folder that is there keeps what is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Owner {
    pub user: Option<String>,
    pub group: Option<String>,
}

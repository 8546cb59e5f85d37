//! One file that decides the content of an image.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::shipped;
use crate::{
    open_file::{self, Confinement},
    sum,
};

/// What an empty folder counts as: nothing is in it, and its mode is not sent.
const EMPTY_FOLDER: &str = "an empty folder";
const EMPTY_FOLDER_MODE: u32 = 0o755;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Shared by all who name it: templates send tens of thousands of files.
    pub path: Arc<Path>,
    /// Permission bits.
    pub mode: u32,
    content: InputContent,
}

/// Where the sum of an input comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum InputContent {
    /// It was read already: what was read counts, whatever becomes of the file.
    Known(String),
    /// The file at this very path, which is no link.
    File,
    /// The file that the path leads to, in these real folders.
    Within(Arc<[PathBuf]>),
    /// It is sent as a link: where it leads counts, and not what is there.
    Link,
    EmptyFolder,
}

impl InputFile {
    /// A file whose bytes are known.
    pub fn known(path: &Path, mode: u32, bytes: &[u8]) -> Self {
        Self { path: path.into(), mode, content: InputContent::Known(sum::of_bytes(bytes)) }
    }

    /// What was found in a folder that is sent as it is.
    pub fn found(path: &Path, metadata: &fs::Metadata) -> Self {
        let content = if metadata.is_symlink() { InputContent::Link } else { InputContent::File };
        Self { path: path.into(), mode: mode_of(metadata), content }
    }

    /// A file that may be reached over links, as far as these folders go.
    pub fn within(path: &Path, metadata: &fs::Metadata, folders: Arc<[PathBuf]>) -> Self {
        Self { path: path.into(), mode: mode_of(metadata), content: InputContent::Within(folders) }
    }

    pub fn empty_folder(path: &Path) -> Self {
        Self { path: path.into(), mode: EMPTY_FOLDER_MODE, content: InputContent::EmptyFolder }
    }

    /// SHA-256 of the content in lower-case hex. Reads the file where that was not done yet.
    pub fn sum(&self) -> io::Result<String> {
        let reach = match &self.content {
            InputContent::Known(sum) => return Ok(sum.clone()),
            InputContent::Link => {
                return Ok(sum::of_bytes(fs::read_link(&self.path)?.as_os_str().as_bytes()));
            }
            InputContent::EmptyFolder => return Ok(sum::of_text(EMPTY_FOLDER)),
            InputContent::File => Confinement::NoLink,
            InputContent::Within(folders) => Confinement::Within(folders),
        };
        match shipped::content(&self.path) {
            Some(content) => Ok(sum::of_bytes(content)),
            None => Ok(hex::encode(open_file::open(&self.path, reach)?.sum()?)),
        }
    }
}

fn mode_of(metadata: &fs::Metadata) -> u32 {
    metadata.permissions().mode() & 0o7777
}

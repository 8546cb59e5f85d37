//! One file that decides the content of an image.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputFile {
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
}

impl InputFile {
    /// SHA-256 of the content in lower-case hex. Reads the file: not done before somebody asks.
    pub fn sum(&self) -> io::Result<String> {
        crate::sum::of_file(&self.path)
    }

    pub fn of(path: &Path, metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::PermissionsExt;
        Self { path: path.into(), mode: metadata.permissions().mode() & 0o7777 }
    }
}

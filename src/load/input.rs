//! One file that decides the content of an image.

use std::{fs, io, path::Path, sync::Arc};

use super::shipped;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Shared by all who name it: templates send tens of thousands of files.
    pub path: Arc<Path>,
    /// Permission bits.
    pub mode: u32,
}

impl InputFile {
    /// SHA-256 of the content in lower-case hex. Reads the file: not done before somebody asks.
    pub fn sum(&self) -> io::Result<String> {
        match shipped::content(&self.path) {
            Some(content) => Ok(crate::sum::of_bytes(content)),
            None => crate::sum::of_file(&self.path),
        }
    }

    pub fn of(path: &Path, metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::PermissionsExt;
        Self { path: path.into(), mode: metadata.permissions().mode() & 0o7777 }
    }
}

//! One file that decides the content of an image.

use std::{
    fs, io,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
    sync::Arc,
};

use super::shipped;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Shared by all who name it: templates send tens of thousands of files.
    pub path: Arc<Path>,
    /// Permission bits.
    pub mode: u32,
    /// It is sent as a link: where it leads counts, and not what is there.
    pub link: bool,
}

impl InputFile {
    /// SHA-256 of the content in lower-case hex. Reads the file: not done before somebody asks.
    pub fn sum(&self) -> io::Result<String> {
        if self.link {
            return Ok(crate::sum::of_bytes(fs::read_link(&self.path)?.as_os_str().as_bytes()));
        }
        match shipped::content(&self.path) {
            Some(content) => Ok(crate::sum::of_bytes(content)),
            None => crate::sum::of_file(&self.path),
        }
    }

    pub fn of(path: &Path, metadata: &fs::Metadata) -> Self {
        let mode = metadata.permissions().mode() & 0o7777;
        Self { path: path.into(), mode, link: metadata.is_symlink() }
    }
}

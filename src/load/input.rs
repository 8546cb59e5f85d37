//! One file that decides the content of an image.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;
use sha2::{Digest, Sha256};

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputFile {
    pub path: PathBuf,
    /// Permission bits.
    pub mode: u32,
}

impl InputFile {
    /// SHA-256 of the content in lower-case hex. Reads the file: not done before somebody asks.
    pub fn sum(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        io::copy(&mut fs::File::open(&self.path)?, &mut HashWriter(&mut hash))?;
        Ok(hex::encode(hash.finalize()))
    }

    pub fn of(path: &Path, metadata: &fs::Metadata) -> Self {
        use std::os::unix::fs::PermissionsExt;
        Self { path: path.into(), mode: metadata.permissions().mode() & 0o7777 }
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! SHA-256 of files and texts, in lower-case hex.

use std::{
    io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::open_file::{self, Confinement};

/// # Errors
/// When it is no ordinary file, or cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    Ok(hex::encode(open_file::open(path, Confinement::Anywhere)?.sum()?))
}

/// The same off the async threads: an image takes seconds.
///
/// # Errors
/// When the file cannot be read.
pub async fn of_file_aside(path: PathBuf) -> io::Result<String> {
    tokio::task::spawn_blocking(move || of_file(&path)).await.map_err(io::Error::other)?
}

pub fn of_text(text: &str) -> String {
    of_bytes(text.as_bytes())
}

pub fn of_bytes(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_and_its_text_have_the_same_sum() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "oven").unwrap();
        let sum = of_file_aside(file.path().to_owned()).await.unwrap();
        assert_eq!(sum, of_text("oven"));
        assert_eq!(sum.len(), 64);
    }
}

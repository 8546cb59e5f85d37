//! SHA-256 of files, off the async threads.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use sha2::{Digest, Sha256};

use crate::platform::PlatformError;

/// In lower-case hex.
pub async fn of_file(file: &Path) -> Result<String, PlatformError> {
    let path = file.to_owned();
    let done = tokio::task::spawn_blocking(move || hash(&path)).await.map_err(io::Error::other);
    let what = || format!("computing the sum of `{}`", file.display());
    done.flatten().map_err(|error| PlatformError::new(what(), error))
}

pub fn of_text(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

fn hash(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(sum.finalize())),
            count => sum.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_and_its_text_have_the_same_sum() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "oven").expect("written");
        assert_eq!(of_file(file.path()).await.expect("a sum"), of_text("oven"));
    }
}

//! SHA-256 of files and texts, in lower-case hex.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

/// Read at once: large enough that the system calls do not show.
const CHUNK: u64 = 1 << 20;

/// # Errors
/// When the file cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, mut sum) = (File::open(path)?, Sha256::new());
    // Small files come by the thousands: the large buffer would cost more than reading them.
    let mut buffer = vec![0; file.metadata()?.len().clamp(4096, CHUNK) as usize];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(sum.finalize())),
            count => sum.update(&buffer[..count]),
        }
    }
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

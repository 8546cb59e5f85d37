//! Files from the web, kept by their SHA-256: fetched once even when two runs ask at the same
//! time, resumed where they broke off, refused when the sum is another.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use reqwest::{StatusCode, header::RANGE};
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use crate::event::Events;

/// Times that a transfer is taken up again after it broke off.
const RESUMES: u32 = 5;

#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("fetching `{url}`")]
    Http { url: String, source: reqwest::Error },
    #[error("fetching `{url}`: writing to `{}`", path.display())]
    Local { url: String, path: PathBuf, source: io::Error },
    #[error("`{url}` has the SHA-256 {found}, the template says {expected}; it was not used")]
    Sum { url: String, expected: String, found: String },
}

/// Fetches `url` into `folder` and gives its path there.
///
/// # Errors
/// When the server does not answer, the disk is full, or the sum is another.
pub async fn fetch(url: &str, sha256: &str, folder: &Path, events: &Events) -> Result<PathBuf, FetchError> {
    let target = folder.join(sha256);
    let local = |path: &Path, source| FetchError::Local { url: url.into(), path: path.to_owned(), source };
    let lock = folder.join(format!("{sha256}.lock"));
    let guard = hold(folder.to_owned(), lock.clone()).await.map_err(|error| local(&lock, error))?;
    if target.exists() {
        events.reused(url, "fetched before");
        return Ok(target);
    }
    let part = folder.join(format!("{sha256}.part"));
    let mut left = RESUMES;
    while let Err(error) = transfer(url, &part, events).await {
        let broke_off =
            matches!(&error, FetchError::Http { source, .. } if source.is_body() || source.is_timeout());
        if !broke_off || left == 0 {
            return Err(error);
        }
        left -= 1;
        events.warn(format!("{url}: the transfer broke off and is taken up again"));
    }
    let found = sum(part.clone()).await.map_err(|error| local(&part, error))?;
    if found != sha256 {
        std::fs::remove_file(&part).map_err(|error| local(&part, error))?;
        return Err(FetchError::Sum { url: url.into(), expected: sha256.into(), found });
    }
    std::fs::rename(&part, &target).map_err(|error| local(&target, error))?;
    drop(guard);
    Ok(target)
}

/// Waits for the lock on a blocking thread; it is held as long as the file is open.
async fn hold(folder: PathBuf, lock: PathBuf) -> io::Result<File> {
    let take = move || {
        std::fs::create_dir_all(&folder)?;
        let file = File::create(&lock)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    };
    tokio::task::spawn_blocking(take).await.map_err(io::Error::other)?
}

/// Appends what is still missing to `part`.
async fn transfer(url: &str, part: &Path, events: &Events) -> Result<(), FetchError> {
    let http = |source| FetchError::Http { url: url.into(), source };
    let local = |source| FetchError::Local { url: url.into(), path: part.to_owned(), source };
    let have = part.metadata().map_or(0, |metadata| metadata.len());
    let client = reqwest::Client::builder()
        .connect_timeout(std::time::Duration::from_secs(15))
        .read_timeout(std::time::Duration::from_secs(30))
        .build()
        .map_err(http)?;
    let mut request = client.get(url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let mut response = request.send().await.map_err(http)?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE {
        // Everything is here already; the sum decides.
        return Ok(());
    }
    response = response.error_for_status().map_err(http)?;
    let resumed = response.status() == StatusCode::PARTIAL_CONTENT;
    let mut file = File::options()
        .create(true)
        .append(resumed)
        .write(true)
        .truncate(!resumed)
        .open(part)
        .map_err(local)?;
    let mut done = if resumed { have } else { 0 };
    let total = response.content_length().map(|rest| rest + done);
    while let Some(chunk) = response.chunk().await.map_err(http)? {
        file.write_all(&chunk).map_err(local)?;
        done += chunk.len() as u64;
        events.progress(url, done, total);
    }
    file.sync_all().map_err(local)
}

/// SHA-256 of a file, lower-case hex.
///
/// # Errors
/// When it cannot be read.
pub async fn sum(path: PathBuf) -> io::Result<String> {
    tokio::task::spawn_blocking(move || file_sum(&path)).await.map_err(io::Error::other)?
}

/// The same, on this thread.
///
/// # Errors
/// When it cannot be read.
pub fn file_sum(path: &Path) -> io::Result<String> {
    let (mut file, mut hash, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 256 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex::encode(hash.finalize())),
            count => hash.update(&buffer[..count]),
        }
    }
}

//! Files from the web, kept by their SHA-256: fetched once even when two runs ask at the same
//! time, resumed where they broke off, refused when the sum is another.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, header::RANGE};
use rustix::fs::{FlockOperation, flock};

use crate::{event::Events, private, sum};

/// A server that does not take the connection by then is not there.
const CONNECT: Duration = Duration::from_secs(15);

/// A line that brings nothing for so long is broken.
const SILENCE: Duration = Duration::from_secs(30);

/// How much comes between two progress events.
const REPORT: u64 = 4 << 20;

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
    let target = kept(sha256, folder);
    let lock = folder.join(format!("{sha256}.lock"));
    let guard = hold(folder.to_owned(), lock.clone()).await.map_err(|error| local(url, &lock, error))?;
    if target.exists() {
        if sum::of_file_aside(target.clone()).await.map_err(|error| local(url, &target, error))? == sha256 {
            events.reused(url, "fetched before");
            return Ok(target);
        }
        events.warn(format!("`{}` is no longer what was fetched: it is fetched again", target.display()));
        std::fs::remove_file(&target).map_err(|error| local(url, &target, error))?;
    }
    let part = folder.join(format!("{sha256}.part"));
    complete(url, sha256, &part, events).await?;
    std::fs::rename(&part, &target).map_err(|error| local(url, &target, error))?;
    drop(guard);
    Ok(target)
}

/// Where a file of this sum lies when it was fetched.
pub fn kept(sha256: &str, folder: &Path) -> PathBuf {
    folder.join(sha256)
}

/// Brings `part` to its end, from wherever an earlier attempt left it. A part with a wrong sum is
/// of no use for going on, so it is removed.
///
/// # Errors
/// As [`fetch`]. What was received stays in `part` when the transfer broke off.
pub async fn complete(url: &str, sha256: &str, part: &Path, events: &Events) -> Result<(), FetchError> {
    let mut left = RESUMES;
    while let Err(error) = transfer(url, part, events).await {
        if left == 0 || !error.broke_off() {
            return Err(error);
        }
        left -= 1;
        events.warn(format!("{url}: the transfer broke off and is taken up again"));
    }
    let found = sum::of_file_aside(part.to_owned()).await.map_err(|error| local(url, part, error))?;
    if found == sha256 {
        return Ok(());
    }
    std::fs::remove_file(part).map_err(|error| local(url, part, error))?;
    Err(FetchError::Sum { url: url.into(), expected: sha256.into(), found })
}

impl FetchError {
    /// The server answered well and then stopped: worth another try from where it stopped.
    fn broke_off(&self) -> bool {
        matches!(self, Self::Http { source, .. } if source.is_body() || source.is_decode() || source.is_timeout())
    }

    /// What to do now.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Http { .. } => "look whether this computer reaches the address; what came so far is kept",
            Self::Local { .. } => "look for room and permissions there",
            Self::Sum { .. } => "look whether the file was changed on purpose before you change the sum",
        }
    }
}

fn local(url: &str, path: &Path, source: io::Error) -> FetchError {
    FetchError::Local { url: url.into(), path: path.to_owned(), source }
}

/// Waits for the lock on a blocking thread; it is held as long as the file is open.
async fn hold(folder: PathBuf, lock: PathBuf) -> io::Result<File> {
    let take = move || {
        private::folder(&folder)?;
        let file = private::create(&lock)?;
        flock(&file, FlockOperation::LockExclusive)?;
        Ok(file)
    };
    tokio::task::spawn_blocking(take).await.map_err(io::Error::other)?
}

/// Appends what is still missing to `part`.
async fn transfer(url: &str, part: &Path, events: &Events) -> Result<(), FetchError> {
    let http = |source| FetchError::Http { url: url.into(), source };
    let have = part.metadata().map_or(0, |metadata| metadata.len());
    let client = Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE).build().map_err(http)?;
    let mut request = client.get(url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let response = request.send().await.map_err(http)?;
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && have > 0 {
        // There is nothing after what is here: it is whole, or the sum will tell.
        return Ok(());
    }
    let response = response.error_for_status().map_err(http)?;
    // A server that cannot go on in the middle sends everything again.
    let from = if response.status() == StatusCode::PARTIAL_CONTENT { have } else { 0 };
    save(response, from, url, part, events).await
}

async fn save(
    mut response: Response,
    from: u64,
    url: &str,
    part: &Path,
    events: &Events,
) -> Result<(), FetchError> {
    let local = |source| local(url, part, source);
    let total = response.content_length().map(|rest| from + rest);
    let mut file = open_part(part, from).map_err(local)?;
    let (mut done, mut reported) = (from, from);
    loop {
        let chunk = match response.chunk().await {
            Ok(Some(chunk)) => chunk,
            Ok(None) => return file.sync_all().map_err(local),
            Err(source) => return Err(FetchError::Http { url: url.into(), source }),
        };
        file.write_all(&chunk).map_err(local)?;
        done += chunk.len() as u64;
        if done - reported >= REPORT || Some(done) == total {
            reported = done;
            events.progress(url, done, total);
        }
    }
}

fn open_part(part: &Path, from: u64) -> io::Result<File> {
    if from == 0 { private::create(part) } else { private::append(part) }
}

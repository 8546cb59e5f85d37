//! What is made once for all runs: in a folder that ends in `.staging`, by whoever has the lock beside it.
//! The kernel lets go of the lock when that process ends, so what it has left is known as such.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use rustix::fs::{FlockOperation, flock};

use crate::{event::Events, private};

/// Ends the name of a folder in which something is made.
pub const STAGING: &str = "staging";

/// Folders in `place` of what was begun and that nobody makes any more: a bake was killed meanwhile.
///
/// # Errors
/// When they cannot be looked at.
pub fn abandoned(place: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if is_staging(&path) && alone_at(&path)?.is_some() {
            found.push(path);
        }
    }
    Ok(found)
}

pub fn is_staging(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == STAGING)
}

/// Removes one, unless another bake has begun to make the same.
///
/// # Errors
/// When it cannot be removed.
pub fn discard(staging: &Path) -> io::Result<()> {
    let Some(_lock) = alone_at(staging)? else { return Ok(()) };
    remove_folder(staging)
}

/// The lock on what is made in this folder; `None` while another process has it.
///
/// # Errors
/// When there can be no lock.
pub fn alone_at(staging: &Path) -> io::Result<Option<File>> {
    let lock = private::create(&staging.with_extension("lock"))?;
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(lock)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes the lock at once, or says that it waits and waits on a thread where waiting is allowed.
///
/// # Errors
/// When there can be no lock.
pub async fn exclusive(lock: File, what: &str, events: &Events) -> io::Result<File> {
    match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(lock),
        Err(rustix::io::Errno::WOULDBLOCK) => {}
        Err(error) => return Err(error.into()),
    }
    events.note(format!("waiting for another bake that is making {what}"));
    let wait = move || flock(&lock, FlockOperation::LockExclusive).map(|()| lock);
    tokio::task::spawn_blocking(wait).await.map_err(io::Error::other)?.map_err(io::Error::from)
}

/// # Errors
/// When it is there and stays.
pub fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

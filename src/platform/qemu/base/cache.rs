//! Where made bases lie: `<data>/bases/<key>/disk` beside its description. A base is made in a
//! staging folder and gets its name when it is whole; a lock on the key sees to it that two bakes
//! make it once.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::super::{
    digest,
    staging::{STAGING, exclusive, remove_folder},
};
use crate::{
    event::Events,
    platform::{BaseImage, PlatformError},
    private,
};

const DISK: &str = "disk";
const DESCRIPTION: &str = "base.json";

/// One place in the cache, with this process as the only one that may fill it.
#[derive(Debug)]
pub struct Slot {
    folder: PathBuf,
    /// Kept for what lasts longer than one attempt, such as a part of a download.
    pub scratch: PathBuf,
    staging: PathBuf,
    /// Held until the slot is dropped; the kernel lets go of it when the process ends.
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct Description {
    id: String,
    description: String,
}

impl Slot {
    /// Waits for its turn on the key.
    pub async fn lock(data: &Path, key: &str, events: &Events) -> Result<Self, PlatformError> {
        let bases = data.join("bases");
        let error =
            |error: io::Error| PlatformError::new(format!("opening the cache `{}`", bases.display()), error);
        private::folder(&bases).map_err(error)?;
        let lock = private::create(&bases.join(format!("{key}.lock"))).map_err(error)?;
        let lock = exclusive(lock, &format!("the base `{key}`"), events).await.map_err(error)?;
        let staging = bases.join(format!("{key}.{STAGING}"));
        // What a killed process left; nobody else is at it while the lock is ours.
        remove_folder(&staging).map_err(error)?;
        Ok(Self { folder: bases.join(key), scratch: bases.join(format!("{key}.part")), staging, _lock: lock })
    }

    /// The base, if it is there and whole.
    pub fn find(&self) -> Option<BaseImage> {
        find_in(&self.folder)
    }

    /// A folder to make the base in.
    pub fn stage(&self) -> io::Result<&Path> {
        remove_folder(&self.staging)?;
        private::folder(&self.staging)?;
        Ok(&self.staging)
    }

    /// Takes the finished disk in, read-only from now on.
    pub async fn fill(&self, disk: &Path, description: String) -> Result<BaseImage, PlatformError> {
        let id = format!("sha256:{}", digest::of_file(disk).await?);
        self.place(disk, &Description { id, description }).map_err(|error| {
            PlatformError::new(format!("putting the base into `{}`", self.folder.display()), error)
        })?;
        self.find().ok_or_else(|| {
            PlatformError::new(
                format!("reading the base back from `{}`", self.folder.display()),
                "it is not there",
            )
        })
    }

    fn place(&self, disk: &Path, description: &Description) -> io::Result<()> {
        let staged = self.staging.join(DISK);
        if disk != staged {
            fs::rename(disk, &staged)?;
        }
        private::write(&self.staging.join(DESCRIPTION), serde_json::to_vec_pretty(description)?)?;
        fs::set_permissions(&staged, Permissions::from_mode(0o400))?;
        File::open(&staged)?.sync_all()?;
        remove_folder(&self.folder)?;
        fs::rename(&self.staging, &self.folder)
    }
}

/// The base of this key, if it is there and whole. It gets its name when it is, so no lock is needed.
pub fn find(data: &Path, key: &str) -> Option<BaseImage> {
    find_in(&data.join("bases").join(key))
}

fn find_in(folder: &Path) -> Option<BaseImage> {
    let text = fs::read(folder.join(DESCRIPTION)).ok()?;
    let Description { id, description } = serde_json::from_slice(&text).ok()?;
    let disk = folder.join(DISK);
    disk.is_file().then_some(BaseImage { id, description, disk: Some(disk) })
}

impl Drop for Slot {
    /// A failed attempt leaves nothing; what cannot be removed now is removed by the next one.
    fn drop(&mut self) {
        remove_folder(&self.staging).ok();
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{FlockOperation, flock};

    use super::*;
    use crate::platform::qemu::staging::{abandoned, discard};

    #[tokio::test]
    async fn a_base_appears_whole_and_read_only() {
        let data = tempfile::tempdir().expect("a folder");
        let (events, _listener) = Events::channel();
        let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
        assert_eq!(slot.find(), None);
        let disk = slot.stage().expect("staging").join("made");
        fs::write(&disk, "oven").expect("written");
        let base = slot.fill(&disk, "an oven".into()).await.expect("taken in");
        let mode = fs::metadata(base.disk.as_ref().expect("a file")).expect("there").permissions().mode();
        assert_eq!((mode & 0o777, slot.find()), (0o400, Some(base)));
    }

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_says_so() {
        let data = tempfile::tempdir().expect("a folder");
        let (events, mut listener) = Events::channel();
        let first = Slot::lock(data.path(), "key", &events).await.expect("the lock");
        let path = data.path().to_owned();
        let second = tokio::spawn(async move { Slot::lock(&path, "key", &events).await });
        assert!(format!("{:?}", listener.recv().await).contains("waiting for another bake"));
        assert!(!second.is_finished());
        drop(first);
        second.await.expect("no panic").expect("its turn");
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_no_base() {
        let data = tempfile::tempdir().expect("a folder");
        let staging = data.path().join("bases/key.staging");
        fs::create_dir_all(&staging).expect("made");
        fs::write(staging.join(DISK), "half").expect("written");
        let (events, _listener) = Events::channel();
        let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
        assert_eq!((slot.find(), staging.exists()), (None, false));
    }

    #[tokio::test]
    async fn what_a_killed_process_left_can_be_removed_and_what_another_one_makes_cannot() {
        let data = tempfile::tempdir().expect("a folder");
        assert!(abandoned(&data.path().join("bases")).expect("no bases").is_empty());
        let (events, _listener) = Events::channel();
        let slot = Slot::lock(data.path(), "key", &events).await.expect("the lock");
        let staging = slot.stage().expect("staging").to_owned();
        assert!(abandoned(&data.path().join("bases")).expect("read").is_empty());
        discard(&staging).expect("left alone");
        assert!(staging.exists());
        // As the kernel does for a process that is killed.
        flock(&slot._lock, FlockOperation::Unlock).expect("let go of");
        assert!(abandoned(&data.path().join("bases")).expect("read").contains(&staging));
        discard(&staging).expect("removed");
        assert!(!staging.exists());
    }
}

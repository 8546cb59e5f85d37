//! Where made bases lie: `<data>/bases/<key>/disk` beside its description. A base is made in a
//! staging folder and gets its name when it is whole; a lock on the key sees to it that two bakes
//! make it once.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
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
    /// What was last seen of the disk when its whole sum was right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    summed: Option<Summed>,
}

/// A sum of gigabytes takes seconds, so it is not made for each bake.
const WHOLE_SUM_EVERY: SignedDuration = SignedDuration::from_hours(7 * 24);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Summed {
    bytes: u64,
    modified: Timestamp,
    when: Timestamp,
}

impl Summed {
    fn now(disk: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(disk)?;
        let modified = Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)?;
        Ok(Self { bytes: metadata.len(), modified, when: Timestamp::now() })
    }

    /// Whether nothing speaks for it that the disk has changed since.
    fn still_holds(&self, now: &Self) -> bool {
        let since = now.when.duration_since(self.when);
        (self.bytes, self.modified) == (now.bytes, now.modified)
            && !since.is_negative()
            && since < WHOLE_SUM_EVERY
    }
}

/// What a place in the cache holds.
enum Cached {
    Nothing,
    Whole(BaseImage),
    /// The disk is not the one that was put there.
    Changed,
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

    /// The base, if it is there and is what was put there.
    pub async fn find(&self, events: &Events) -> Result<Option<BaseImage>, PlatformError> {
        match look_into(&self.folder).await? {
            Cached::Nothing => Ok(None),
            Cached::Whole(base) => Ok(Some(base)),
            Cached::Changed => {
                let folder = self.folder.display();
                events.warn(format!(
                    "the disk in `{folder}` is no longer the one that was put there: it is made anew"
                ));
                Ok(None)
            }
        }
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
        let placed = self.place(disk, Description { id, description, summed: None });
        placed.map_err(|error| {
            PlatformError::new(format!("putting the base into `{}`", self.folder.display()), error)
        })?;
        match look_into(&self.folder).await? {
            Cached::Whole(base) => Ok(base),
            Cached::Nothing | Cached::Changed => {
                let what = format!("reading the base back from `{}`", self.folder.display());
                Err(PlatformError::new(what, "it is not there"))
            }
        }
    }

    fn place(&self, disk: &Path, description: Description) -> io::Result<()> {
        let staged = self.staging.join(DISK);
        if disk != staged {
            fs::rename(disk, &staged)?;
        }
        let description = Description { summed: Some(Summed::now(&staged)?), ..description };
        private::write(&self.staging.join(DESCRIPTION), serde_json::to_vec_pretty(&description)?)?;
        fs::set_permissions(&staged, Permissions::from_mode(0o400))?;
        File::open(&staged)?.sync_all()?;
        remove_folder(&self.folder)?;
        fs::rename(&self.staging, &self.folder)
    }
}

/// The base of this key, if it is there and is what was put there. It gets its name when it is whole, so no lock is
/// needed.
pub async fn find(data: &Path, key: &str) -> Result<Option<BaseImage>, PlatformError> {
    match look_into(&data.join("bases").join(key)).await? {
        Cached::Whole(base) => Ok(Some(base)),
        Cached::Nothing | Cached::Changed => Ok(None),
    }
}

/// Holds the disk against its sum: by its size and time, and all of it where they are others or the last time was
/// long ago.
async fn look_into(folder: &Path) -> Result<Cached, PlatformError> {
    let read = || {
        let text = fs::read(folder.join(DESCRIPTION)).ok()?;
        let disk = folder.join(DISK);
        let now = Summed::now(&disk).ok().filter(|_| disk.is_file())?;
        Some((serde_json::from_slice::<Description>(&text).ok()?, disk, now))
    };
    let Some((known, disk, now)) = read() else { return Ok(Cached::Nothing) };
    if !known.summed.as_ref().is_some_and(|summed| summed.still_holds(&now)) {
        if format!("sha256:{}", digest::of_file(&disk).await?) != known.id {
            return Ok(Cached::Changed);
        }
        let known = Description { summed: Some(now), ..known };
        // Where it cannot be written it is summed again the next time.
        serde_json::to_vec_pretty(&known)
            .map_err(io::Error::other)
            .and_then(|text| private::replace(&folder.join(DESCRIPTION), text))
            .ok();
        return Ok(Cached::Whole(base(known, disk)));
    }
    Ok(Cached::Whole(base(known, disk)))
}

fn base(known: Description, disk: PathBuf) -> BaseImage {
    BaseImage { id: known.id, description: known.description, disk: Some(disk) }
}

impl Drop for Slot {
    /// A failed attempt leaves nothing; what cannot be removed now is removed by the next one.
    fn drop(&mut self) {
        remove_folder(&self.staging).ok();
    }
}

#[cfg(test)]
mod tests;

//! Where saved machines lie: `<data>/warm/<key>/`, with a lock beside it that is shared by whoever starts
//! from it and held alone by whoever makes or removes it (`slot`). Only so many are kept.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::slot;
use crate::{
    event::Events,
    platform::{
        PlatformError,
        qemu::staging::{alone_at, remove_folder},
    },
    private,
};

/// In the data folder.
pub const FOLDER: &str = "warm";
/// What the machine remembers.
pub const MEMORY: &str = "memory";
/// What its devices were at.
pub const DEVICES: &str = "devices";
/// What it has written, over the base.
pub const ROOT: &str = "root.qcow2";
pub const DESCRIPTION: &str = "saved.json";
/// So many are kept, each as large as the memory that its guest has used.
const KEPT: usize = 4;
#[derive(Debug)]
pub struct Cache(pub PathBuf);

/// A saved machine, which stays where it is as long as this lives.
#[derive(Debug)]
pub struct Saved {
    pub folder: PathBuf,
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Description {
    /// Under what the machine has written.
    pub base: PathBuf,
}

impl Cache {
    pub fn of(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    /// The machine of this kind, if one is there and nobody is at it.
    pub fn find(&self, key: &str) -> Option<Saved> {
        let folder = self.0.join(key);
        if !folder.join(DESCRIPTION).is_file() {
            return None;
        }
        let lock = private::create(&folder.with_extension("lock")).ok()?;
        flock(&lock, FlockOperation::NonBlockingLockShared).ok()?;
        // The time of its last use.
        File::open(folder.join(DESCRIPTION)).ok()?.set_modified(SystemTime::now()).ok()?;
        Some(Saved { folder, _lock: lock })
    }

    /// Removes machines whose base is gone, and of the others all but those that were used last.
    pub fn tidy(&self, but: &str) -> io::Result<()> {
        let mut known = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let folder = entry?.path();
            let description = folder.join(DESCRIPTION);
            if folder.extension().is_none() && !folder.ends_with(but) && description.is_file() {
                known.push((description.metadata()?.modified()?, base_is_there(&description), folder));
            }
        }
        known.sort_by_key(|(used, there, _)| std::cmp::Reverse((*there, *used)));
        for (number, (_, there, folder)) in known.into_iter().enumerate() {
            if (!there || number + 1 >= KEPT)
                && let Some(_lock) = alone_at(&folder)?
            {
                remove_folder(&folder)?;
            }
        }
        Ok(())
    }
}

fn base_is_there(description: &Path) -> bool {
    let read = fs::read(description).ok().and_then(|text| serde_json::from_slice::<Description>(&text).ok());
    read.is_some_and(|read| read.base.is_file())
}

impl Saved {
    /// Nobody starts from it any more.
    pub fn give_up(self, why: &PlatformError, events: &Events) {
        events.warn(format!("the builder boots, for the saved machine could not be used: {why}"));
        remove_folder(&self.folder).ok();
        slot::give_up(&self.folder, why);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A machine that was used so many seconds ago.
    fn machine(cache: &Cache, key: &str, base: &Path, ago: u64) {
        let folder = cache.0.join(key);
        fs::create_dir_all(&folder).unwrap();
        let text = serde_json::to_vec(&Description { base: base.into() }).unwrap();
        fs::write(folder.join(DESCRIPTION), text).unwrap();
        let used = SystemTime::now() - Duration::from_secs(ago);
        File::open(folder.join(DESCRIPTION)).unwrap().set_modified(used).unwrap();
    }

    fn there(cache: &Cache) -> Vec<String> {
        let entries = fs::read_dir(&cache.0).unwrap().map(|entry| entry.unwrap());
        let folders = entries.filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn those_that_were_used_last_stay_and_those_without_a_base_go() {
        let data = tempfile::tempdir().unwrap();
        let (cache, base) = (Cache::of(data.path()), data.path().join("base"));
        fs::write(&base, "").unwrap();
        for (key, ago) in [("a", 50), ("b", 40), ("c", 30), ("d", 20), ("new", 60)] {
            machine(&cache, key, &base, ago);
        }
        machine(&cache, "orphan", Path::new("/nonexistent/base"), 0);
        assert!(cache.find("a").is_some(), "it is used now");
        cache.tidy("new").unwrap();
        assert_eq!(there(&cache), ["a", "c", "d", "new"]);
    }

    #[test]
    fn one_that_a_builder_starts_from_stays() {
        let data = tempfile::tempdir().unwrap();
        let cache = Cache::of(data.path());
        machine(&cache, "orphan", Path::new("/nonexistent/base"), 0);
        let held = cache.find("orphan").unwrap();
        assert!(cache.find("orphan").is_some(), "another may start from it too");
        cache.tidy("new").unwrap();
        assert_eq!(there(&cache), ["orphan"]);
        drop(held);
        cache.tidy("new").unwrap();
        assert!(there(&cache).is_empty());
    }
}

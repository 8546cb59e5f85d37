//! One place in the cache of saved machines, to be filled: a machine is saved into a staging folder, which
//! gets its name when it is whole. Where that failed a note lies instead.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cache::{Cache, DESCRIPTION, DEVICES, Description, MEMORY, ROOT};
use crate::{
    event::Events,
    platform::{
        LaunchSpec, Origin, PlatformError,
        qemu::staging::{STAGING, exclusive, remove_folder},
    },
    private,
};

/// What could not be saved is tried again after that: the disk may have been full.
const TRIED_AGAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// This process as the only one that may fill it.
#[derive(Debug)]
pub struct Slot<'a> {
    cache: &'a Cache,
    key: &'a str,
    staging: PathBuf,
    _lock: File,
}

#[derive(Debug, Serialize, Deserialize)]
struct GivenUp {
    at: Timestamp,
    why: String,
}

impl<'a> Slot<'a> {
    /// Waits for its turn on the key.
    pub async fn lock(cache: &'a Cache, key: &'a str, events: &Events) -> Result<Self, PlatformError> {
        let opened = async {
            private::folder(&cache.0)?;
            let lock = private::create(&cache.0.join(format!("{key}.lock")))?;
            exclusive(lock, "the machine that this one starts from", events).await
        };
        let lock = opened.await.map_err(|error| failed("opening", &cache.0, error))?;
        Ok(Self { cache, key, staging: cache.0.join(format!("{key}.{STAGING}")), _lock: lock })
    }
}

impl Slot<'_> {
    fn folder(&self) -> PathBuf {
        self.cache.0.join(self.key)
    }

    fn marker(&self) -> PathBuf {
        self.folder().with_extension("given-up")
    }

    /// Whether another bake has made it meanwhile.
    pub fn is_filled(&self) -> bool {
        self.folder().join(DESCRIPTION).is_file()
    }

    /// Why none is made, if it has failed not long ago.
    pub fn given_up(&self) -> Option<String> {
        let marker = self.marker();
        let GivenUp { at, why } = serde_json::from_slice(&fs::read(&marker).ok()?).ok()?;
        let recent = Timestamp::now().duration_since(at).unsigned_abs() < TRIED_AGAIN;
        let marker = marker.display();
        recent.then(|| format!("the builder boots: {why} (remove `{marker}` to save a machine again)"))
    }

    /// From now on it is not tried again for a while.
    pub fn give_up(&self, why: &PlatformError) {
        give_up(&self.folder(), why);
    }

    /// A folder to save the machine in.
    pub fn stage(&self) -> Result<&Path, PlatformError> {
        remove_folder(&self.staging)
            .and_then(|()| private::folder(&self.staging))
            .map_err(|error| failed("making", &self.staging, error))?;
        Ok(&self.staging)
    }

    /// Takes the saved machine in.
    pub fn fill(&self, spec: &LaunchSpec) -> Result<(), PlatformError> {
        let base = match &spec.origin {
            Origin::Base(base) => base.disk.clone().unwrap_or_default(),
            Origin::Image { folder, .. } => folder.clone(),
        };
        self.place(&Description { base }).map_err(|error| failed("putting away", &self.folder(), error))
    }

    fn place(&self, description: &Description) -> io::Result<()> {
        private::write(&self.staging.join(DESCRIPTION), serde_json::to_vec(description)?)?;
        fs::set_permissions(self.staging.join(ROOT), Permissions::from_mode(0o400))?;
        // A guest whose memory has holes could write them into an image.
        [MEMORY, DEVICES, ROOT]
            .iter()
            .try_for_each(|name| File::open(self.staging.join(name))?.sync_all())?;
        remove_folder(&self.folder())?;
        fs::remove_file(self.marker()).or_else(|error| match error.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })?;
        fs::rename(&self.staging, self.folder())?;
        self.cache.tidy(self.key)
    }
}

impl Drop for Slot<'_> {
    /// A failed attempt leaves nothing; what cannot be removed now is removed by the next one.
    fn drop(&mut self) {
        remove_folder(&self.staging).ok();
    }
}

fn failed(doing: &str, folder: &Path, error: impl ToString) -> PlatformError {
    PlatformError::new(format!("{doing} the saved machine `{}`", folder.display()), error)
}

/// What is wrong with this lies on the disk only so that it is not tried each time.
pub fn give_up(folder: &Path, why: &PlatformError) {
    let given_up = GivenUp { at: Timestamp::now(), why: why.to_string() };
    let text = serde_json::to_vec(&given_up).unwrap_or_default();
    private::write(&folder.with_extension("given-up"), text).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_failed_is_not_tried_again_soon_and_says_so() {
        let data = tempfile::tempdir().unwrap();
        let (cache, (events, _listener)) = (Cache::of(data.path()), Events::channel());
        let slot = Slot::lock(&cache, "key", &events).await.unwrap();
        assert_eq!((slot.given_up(), slot.is_filled()), (None, false));
        slot.give_up(&PlatformError::new("saving a machine", "the disk is full"));
        let said = slot.given_up().unwrap();
        assert!(
            said.contains("saving a machine: the disk is full") && said.contains("key.given-up"),
            "{said}"
        );
        let staging = slot.stage().unwrap().to_owned();
        drop(slot);
        assert!(!staging.exists(), "a failed attempt leaves nothing");
        let long_ago = GivenUp { at: Timestamp::now() - TRIED_AGAIN, why: "long ago".into() };
        private::write(&data.path().join("warm/key.given-up"), serde_json::to_vec(&long_ago).unwrap())
            .unwrap();
        assert_eq!(Slot::lock(&cache, "key", &events).await.unwrap().given_up(), None);
    }
}

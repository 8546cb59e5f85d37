//! What a run writes down of a builder that it keeps, beside its journal and for its owner alone: enough
//! for another process to log in and to go on. No secret of a template is in it.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{bake::Progress, phases::Timings};
use crate::{
    error::{Error, Kind},
    journal::{FIRST_FORMAT, Stamped, check_format},
    platform::{BaseImage, KeptBuilder, Settings},
    private,
    template::{
        model::{PlatformKind, Ssh},
        units::Span,
    },
};

/// Name of the file in the run's folder.
const FILE: &str = "kept.json";

#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    pub run: String,
    /// The image's name.
    pub image: String,
    pub platform: PlatformKind,
    pub template: PathBuf,
    /// Where the image would have been announced.
    pub parameter: String,
    pub progress: Progress,
    /// What the builder was started from, and how the template named that.
    pub base: BaseImage,
    pub declared_base: Value,
    /// The template whose image that is, if it is one's.
    #[serde(default)]
    pub made_from: Option<PathBuf>,
    /// The parts of the fingerprint.
    pub parts: BTreeMap<String, String>,
    /// Of the builder's account, in OpenSSH's text form.
    pub private_key: String,
    /// The host key that is pinned.
    pub host_key: String,
    pub ssh: Ssh,
    pub settings: Settings,
    /// So long it lives when nobody works on it; `None` when nothing in it ends it.
    pub ttl: Option<Span>,
    /// The platform's own.
    pub builder: Value,
    pub timings: Timings,
}

impl Kept {
    /// # Errors
    /// When the run's folder cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let path = run.join(FILE);
        let text = serde_json::to_vec_pretty(&Stamped::new(FIRST_FORMAT, self)).map_err(io::Error::other);
        text.and_then(|text| private::replace(&path, text)).map_err(|error| {
            Error::new(Kind::Local, format!("writing down what is kept in `{}`", path.display()))
                .because(&error)
        })
    }

    /// # Errors
    /// When the run keeps no builder, or another version wrote it down.
    pub fn read(run: &Path) -> Result<Self, Error> {
        let path = run.join(FILE);
        let reading = format!("reading what is kept in `{}`", path.display());
        let failed = || Error::new(Kind::Local, &reading);
        let text = fs::read_to_string(&path).map_err(|error| failed().because(&error))?;
        check_format(text.as_bytes(), FIRST_FORMAT).map_err(|newer| Error::newer(&reading, &newer))?;
        serde_json::from_str(&text).map_err(|error| failed().because(&error))
    }

    /// For the platform to find it; somebody who only looks at it needs no more.
    pub fn as_builder(&self) -> KeptBuilder<'_> {
        let (run, data, settings) = (&self.run, &self.builder, self.settings.clone());
        KeptBuilder { run, data, settings, disks: &[], journal: None }
    }
}

/// The builder is gone: nobody needs its key any more.
///
/// # Errors
/// When the file is there and cannot be removed.
pub fn forget(run: &Path) -> Result<(), Error> {
    let path = run.join(FILE);
    absent_is_fine(fs::remove_file(&path)).map_err(|error| {
        Error::new(Kind::Local, format!("removing `{}`, which holds a key", path.display())).because(&error)
    })
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_newer_hornero_has_kept_is_told_as_such() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), r#"{"format": 2, "run": 5}"#).unwrap();
        let Err(error) = Kept::read(folder.path()) else { panic!("it was read") };
        assert!(error.to_string().contains("written by a newer hornero"), "{error}");
    }
}

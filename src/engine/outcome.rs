//! What a run has made, kept beside its plan, so that publishing can be done again alone.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Kind},
    private,
};

/// Name of the file in the run's folder.
const FILE: &str = "image.json";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub image: String,
    /// Where its manifest lies.
    pub folder: PathBuf,
    /// Whether it has passed its checks on a machine started from it: only then may something
    /// point at it.
    pub passed: bool,
}

impl Outcome {
    /// # Errors
    /// When the run's folder cannot be written.
    pub fn write(&self, run: &Path) -> Result<(), Error> {
        let path = run.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other);
        text.and_then(|text| private::write(&path, text))
            .map_err(|error| Error::new(Kind::Local, format!("writing `{}`", path.display())).because(&error))
    }

    /// # Errors
    /// When the run has made no image.
    pub fn read(run: &Path) -> Result<Self, Error> {
        let path = run.join(FILE);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Error::new(Kind::Usage, format!("reading `{}`", path.display()))
                .because(&error)
                .hint("this run has made no image; bake the template again")
        })?;
        serde_json::from_str(&text)
            .map_err(|error| Error::new(Kind::Local, format!("reading `{}`", path.display())).because(&error))
    }
}

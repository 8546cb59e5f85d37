//! What was found, now and earlier: kept as JSON, shown as a table, written as a page with plots.

pub mod machine;
pub mod page;
pub mod plot;
pub mod table;

use std::{fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::outcome::{Fresh, Outcome, Plot};

const FILE: &str = "peers.json";

/// Everything that `peers.json` holds.
#[derive(Default, Deserialize, Serialize)]
pub struct Found {
    pub machine: machine::Machine,
    /// Seconds, MiB or calls, run by run.
    pub outcomes: Vec<Outcome>,
    pub plots: Vec<Plot>,
}

impl Found {
    /// Of earlier runs; nothing where there was none.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text).with_context(|| {
                format!("reading `{}`; it is of another version, so remove it", path.display())
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("reading `{}`", path.display())),
        }
    }

    /// In the place of what an earlier run of the same row found, where there was one.
    pub fn put(&mut self, fresh: Fresh) {
        let at = self.outcomes.iter().position(|outcome| outcome.row == fresh.row);
        self.outcomes.retain(|outcome| outcome.row != fresh.row);
        let at = at.unwrap_or(self.outcomes.len());
        self.outcomes.splice(at..at, fresh.outcomes);
        self.plots.retain(|plot| plot.row != fresh.row);
        self.plots.extend(fresh.plots);
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("making `{}`", folder.display()))?;
        let path = folder.join(FILE);
        let text = serde_json::to_string_pretty(self)?;
        fs::write(&path, text).with_context(|| format!("writing `{}`", path.display()))
    }
}

//! A builder that outlives its process: what a platform writes down of it, and what it takes to find it
//! again.

use serde_json::Value;

use super::PlatformError;
use crate::{journal::Journal, platform::Settings, template::model::Disk};

/// A kept builder, as the platform wrote it down, and what the template says of it now.
#[derive(Clone, Debug)]
pub struct KeptBuilder<'a> {
    /// The run's ID.
    pub run: &'a str,
    /// What `Builder::kept` gave.
    pub data: &'a Value,
    pub settings: Settings,
    /// As they were when it was launched.
    pub disks: &'a [Disk],
    /// Of the run; `None` for somebody who only wants to look at it.
    pub journal: Option<&'a Journal>,
}

impl KeptBuilder<'_> {
    /// What was written down of it.
    ///
    /// # Errors
    /// When another version of hornero wrote something else.
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, PlatformError> {
        serde_json::from_value(self.data.clone()).map_err(|error| {
            PlatformError::new(self.doing(), format!("what was written down of it cannot be read: {error}"))
                .hint("it was kept by another version of hornero: use that one")
        })
    }

    pub fn doing(&self) -> String {
        format!("finding the kept builder of {}", self.run)
    }

    /// It does not run any more; `why` is what can be told of that.
    pub fn gone(&self, why: impl ToString) -> PlatformError {
        PlatformError::new(self.doing(), why).hint(format!(
            "bake the template again; `hornero clean {}` removes what is left of this run",
            self.run
        ))
    }
}

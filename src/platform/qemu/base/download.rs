//! A base from an address: downloaded once, taken up again where it broke off, refused on a wrong sum.

use std::path::Path;

use super::{super::foreign_disk, cache::Slot};
use crate::{
    causes,
    event::Events,
    fetch::{self, FetchError},
    platform::{BaseImage, PlatformError},
};

/// What it is, downloaded or not: its sum is given.
pub fn look_up(url: &str, sha256: &str) -> BaseImage {
    let id = format!("sha256:{}", sha256.to_lowercase());
    BaseImage { id, description: from(url), disk: None }
}

fn from(url: &str) -> String {
    format!("downloaded from {url}")
}

pub async fn prepare(
    url: &str,
    sha256: &str,
    data: &Path,
    events: &Events,
) -> Result<BaseImage, PlatformError> {
    let slot = Slot::lock(data, &format!("url-{sha256}"), events).await?;
    if let Some(base) = slot.find(events).await? {
        let disk = base.disk.as_deref().unwrap_or(data);
        events.reused(&base.description, disk.display().to_string());
        return Ok(base);
    }
    let what = "preparing the base";
    fetch::complete(url, sha256, &slot.scratch, events)
        .await
        .map_err(|error| PlatformError::new(what, why(&error)).hint(error.hint()))?;
    foreign_disk::inspect(&slot.scratch).await?;
    slot.stage().map_err(|error| PlatformError::new(what, error))?;
    slot.fill(&slot.scratch, from(url)).await
}

/// The error with its causes, for a `PlatformError` has room for one text.
fn why(error: &FetchError) -> String {
    causes::of(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

//! A base from an address: downloaded once, taken up again where it broke off, refused on a wrong sum.

use std::{error::Error, path::Path};

use super::{cache::Slot, usable};
use crate::{
    event::Events,
    fetch::{self, FetchError},
    platform::{BaseImage, PlatformError},
};

pub async fn prepare(
    url: &str,
    sha256: &str,
    data: &Path,
    events: &Events,
) -> Result<BaseImage, PlatformError> {
    let slot = Slot::lock(data, &format!("url-{sha256}"), events).await?;
    if let Some(base) = slot.find() {
        let disk = base.disk.as_deref().unwrap_or(data);
        events.reused(&base.description, disk.display().to_string());
        return Ok(base);
    }
    let what = "preparing the base";
    fetch::complete(url, sha256, &slot.scratch, events)
        .await
        .map_err(|error| PlatformError::new(what, why(&error)).hint(error.hint()))?;
    usable(&slot.scratch).await?;
    slot.stage().map_err(|error| PlatformError::new(what, error))?;
    slot.fill(&slot.scratch, format!("downloaded from {url}")).await
}

/// The error with its causes, for a `PlatformError` has room for one text.
fn why(error: &FetchError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

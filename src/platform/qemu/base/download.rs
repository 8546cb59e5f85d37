//! A base from an address: downloaded once, resumed where it broke off, refused on a wrong sum.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::Path,
    time::Duration,
};

use reqwest::{Client, Response, StatusCode, header::RANGE};

use super::{cache::Slot, digest, usable};
use crate::{
    event::Events,
    platform::{BaseImage, PlatformError},
};

/// A line that brings nothing for so long is broken; the download can be resumed.
const SILENCE: Duration = Duration::from_secs(30);
/// How much comes between two progress events.
const REPORT: u64 = 4 << 20;

pub async fn prepare(
    url: &str,
    sha256: &str,
    data: &Path,
    events: &Events,
) -> Result<BaseImage, PlatformError> {
    let slot = Slot::lock(data, &format!("url-{sha256}"), events).await?;
    if let Some(base) = slot.find() {
        events.reused(&base.description, base.disk.display().to_string());
        return Ok(base);
    }
    let what = format!("downloading the base `{url}`");
    fetch(url, &slot.scratch, events).await.map_err(|why| {
        PlatformError::new(&*what, why).hint("bake again: the download goes on where it broke off")
    })?;
    refuse_wrong_sum(&what, &slot.scratch, sha256).await?;
    usable(&slot.scratch).await?;
    slot.stage().map_err(|error| PlatformError::new(&*what, error))?;
    slot.fill(&slot.scratch, format!("downloaded from {url}")).await
}

/// A part with a wrong sum is of no use for resuming, so it goes.
async fn refuse_wrong_sum(what: &str, part: &Path, expected: &str) -> Result<(), PlatformError> {
    let found = digest::of_file(part).await?;
    if found == expected {
        return Ok(());
    }
    fs::remove_file(part).map_err(|error| PlatformError::new(what, error))?;
    Err(PlatformError::new(what, format!("its SHA-256 is {found}, not {expected}"))
        .hint("find out which of the two is right; the file was removed"))
}

/// Appends what is missing to the part. The error is told in words, with its causes.
async fn fetch(url: &str, part: &Path, events: &Events) -> Result<(), String> {
    let client = Client::builder().read_timeout(SILENCE).build().map_err(|error| chain(&error))?;
    let have = fs::metadata(part).map_or(0, |metadata| metadata.len());
    let mut request = client.get(url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-"));
    }
    let response = request.send().await.map_err(|error| chain(&error))?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT => save(response, part, have, events).await,
        // There is nothing after what we have: it is whole, or the sum will tell.
        StatusCode::RANGE_NOT_SATISFIABLE if have > 0 => Ok(()),
        status if status.is_success() => save(response, part, 0, events).await,
        status => Err(format!("the server answered {status}")),
    }
}

async fn save(mut response: Response, part: &Path, from: u64, events: &Events) -> Result<(), String> {
    let total = response.content_length().map(|rest| from + rest);
    let mut file = open_part(part, from).map_err(|error| error.to_string())?;
    let (mut done, mut reported) = (from, from);
    while let Some(chunk) = response.chunk().await.map_err(|error| chain(&error))? {
        file.write_all(&chunk).map_err(|error| error.to_string())?;
        done += chunk.len() as u64;
        if done - reported >= REPORT || Some(done) == total {
            reported = done;
            events.progress("downloading the base", done, total);
        }
    }
    file.sync_all().map_err(|error| error.to_string())
}

/// A server that does not resume starts over, and so does the file.
fn open_part(part: &Path, from: u64) -> io::Result<File> {
    if from == 0 { File::create(part) } else { OpenOptions::new().append(true).open(part) }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

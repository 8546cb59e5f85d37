//! From a captured image to one that is proved, finished and published. The same road for a bake and
//! for `hornero publish` after it: each part is done once, and what failed can be done later.

use std::path::Path;

use super::{
    Interrupt, Rooms, RunFolders, TestedImage, image, machine,
    manifest::Manifest,
    outcome::{Outcome, Proof},
    phases::{Timings, phase},
    publish::{Announced, publish, record},
    test_phase,
};
use crate::{
    error::{Error, Kind},
    event::{Events, Phase},
    journal::Journal,
    template::model::Publish,
};

/// An image that was captured, and where it is to go.
pub struct Delivery<'a> {
    pub manifest: &'a mut Manifest,
    pub outcome: Outcome,
    /// The folder of the run that made it, where the outcome is kept.
    pub made_by: &'a Path,
    pub target: &'a Publish,
}

/// Does what the image still lacks; `folders` are those of the run that does it.
///
/// # Errors
/// The first thing that failed. The image stays, and so does what was done for it.
pub async fn deliver(
    rooms: &Rooms,
    mut image: Delivery<'_>,
    folders: &RunFolders,
    mut interrupt: Interrupt,
    events: &Events,
) -> Result<(), Error> {
    let result = async {
        record(rooms, image.manifest, &image.outcome.folder, &folders.journal).await?;
        prove(rooms, &mut image, folders, interrupt.clone(), events).await?;
        let work = async {
            tokio::select! {
                result = finish(rooms, &mut image, &folders.journal, events) => result,
                error = interrupt.wanted("publishing the image") => Err(error),
            }
        };
        phase(events, &mut Timings::default(), Phase::Publish, work).await
    };
    let result = result.await;
    if result.is_ok() || image.outcome.proof == Proof::Failed {
        // Nobody is to publish it later. It would only do again what is done.
        if let Err(error) = rooms.store.delivered(&image.manifest.image).await {
            events.warn(Error::from(error).to_string());
        }
    }
    result.map_err(|error| advise(error, image.manifest, &image.outcome.folder))
}

/// Only a check that does not hold is a verdict; whatever else went wrong says nothing of the image.
async fn prove(
    rooms: &Rooms,
    image: &mut Delivery<'_>,
    folders: &RunFolders,
    interrupt: Interrupt,
    events: &Events,
) -> Result<(), Error> {
    if image.outcome.proof == Proof::Passed {
        return Ok(());
    }
    let result = match image.manifest.checks.is_empty() {
        true => Ok(()),
        false => {
            let tested = TestedImage {
                folder: image.outcome.folder.clone(),
                manifest: image.manifest,
                run: folders.id.clone(),
                launch_folder: machine::folder(&folders.run, "test")?,
                journal: folders.journal.clone(),
            };
            test_phase(rooms, tested, interrupt, events).await
        }
    };
    image.outcome.proof = match &result {
        Ok(()) => Proof::Passed,
        Err(error) if error.kind == Kind::Check => Proof::Failed,
        Err(_) => Proof::Untested,
    };
    let kept = image.outcome.write(image.made_by);
    result.and(kept)
}

async fn finish(
    rooms: &Rooms,
    image: &mut Delivery<'_>,
    journal: &Journal,
    events: &Events,
) -> Result<(), Error> {
    let manifest = &mut *image.manifest;
    if let Some(cloud) = manifest.cloud().filter(|cloud| !cloud.is_finished()) {
        let cloud = rooms.platform.finish_image(cloud, &manifest.machine, journal, events).await?;
        (manifest.unfinished, manifest.copies) = (cloud.unfinished, cloud.copies);
        image::rewrite(&image.outcome.folder, manifest, events.redact())?;
    }
    // Whoever looks for an image of the same fingerprint takes no other. In one whose bake was gone on with
    // may be what somebody did by hand.
    if manifest.unfinished.is_none() && manifest.resumed.is_empty() {
        rooms.store.prove(&manifest.image, &manifest.machine.finish()).await?;
    }
    publish(rooms, &Announced::from(&*manifest), image.target, (journal, events)).await
}

/// Nothing has to be baked again, unless the image is not what it should be.
fn advise(error: Error, manifest: &Manifest, folder: &Path) -> Error {
    let Manifest { image, run, .. } = manifest;
    let now = match error.kind {
        Kind::Check => format!("the image {image} stays, unpublished: {}", manifest.location(folder)),
        Kind::Usage
        | Kind::Template
        | Kind::Platform
        | Kind::Remote
        | Kind::Bake
        | Kind::Store
        | Kind::Local
        | Kind::Locked
        | Kind::Internal
        | Kind::Interrupted => {
            format!("the image {image} stays; `hornero publish {run}` does only what is missing")
        }
    };
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; {now}"),
        None => now,
    };
    error.hint(hint)
}

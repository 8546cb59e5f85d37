//! Records an image, and points its stage's parameter at it, in every region that has the image. A
//! step of its own: it can be done again without another bake.

use std::path::Path;

use super::{
    Rooms,
    bake::Baked,
    image,
    manifest::{FILE, Manifest},
    phases::{Timings, phase},
};
use crate::{
    error::{Error, Kind},
    event::{Event, Events, Phase},
    journal::{Effect, Journal},
    store::{ImageRecord, Parameters},
    template::model::{DataType, Publish},
};

/// Who is told: what is about to be done, and what was.
type Telling<'a> = (&'a Journal, &'a Events);

/// Makes the image known. It is not pointed at by anything yet.
///
/// # Errors
/// When the store cannot be written.
pub async fn record(rooms: &Rooms, baked: &Baked, journal: &Journal) -> Result<(), Error> {
    let manifest = &baked.manifest;
    let record = ImageRecord {
        id: manifest.image.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        platform: manifest.platform.clone(),
        run: manifest.run.clone(),
        location: baked.location(),
        fingerprint: manifest.fingerprint.clone(),
        bytes: manifest.bytes(),
        created: manifest.created,
        manifest: baked.folder.join(FILE),
    };
    let intent = journal.intend(Effect::Record { image: manifest.image.clone() })?;
    let recorded = rooms.store.record(&record).await;
    intent.result(recorded.is_ok())?;
    Ok(recorded?)
}

/// Points the parameter at the image: first where it was made, then where it was copied to. One
/// region does not hold up another.
///
/// # Errors
/// When the store refuses; the image stays, and so does what the parameter pointed at before.
pub async fn publish(
    rooms: &Rooms,
    manifest: &Manifest,
    publish: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    let again = |error: Error| advise(error, manifest);
    let home = write(rooms.store.as_ref(), (&manifest.image, None), manifest, publish, telling).await;
    home.map_err(again)?;
    let mut failed = None;
    for copy in &manifest.copies {
        let result = match (&copy.image, &copy.failed) {
            (Some(image), _) => elsewhere(rooms, &copy.region, image, manifest, publish, telling).await,
            (None, why) => {
                let what = format!("copying the image {} to {}", manifest.image, copy.region);
                let why = why.as_deref().unwrap_or("it was not done");
                Err(Error::new(Kind::Platform, format!("{what}: {why}")))
            }
        };
        if let Err(error) = result {
            telling.1.warn(error.to_string());
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), |error| Err(again(error)))
}

/// `publish_again` as a phase of a run of its own.
///
/// # Errors
/// As `publish`.
pub async fn publish_phase(
    rooms: &Rooms,
    folder: &Path,
    manifest: &mut Manifest,
    target: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    let work = publish_again(rooms, folder, manifest, target, telling);
    phase(telling.1, &mut Timings::default(), Phase::Publish, work).await
}

/// Publishes an image of an earlier run, and first makes the copies of it that are missing.
async fn publish_again(
    rooms: &Rooms,
    folder: &Path,
    manifest: &mut Manifest,
    target: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    if manifest.copies.iter().any(|copy| copy.image.is_none()) {
        let missing = &manifest.copies;
        let copies =
            rooms.platform.copy_again(&manifest.image, &manifest.machine, missing, telling.1).await?;
        manifest.copies = copies;
        image::rewrite(folder, manifest)?;
    }
    publish(rooms, manifest, target, telling).await
}

async fn elsewhere(
    rooms: &Rooms,
    region: &str,
    image: &str,
    manifest: &Manifest,
    publish: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    match rooms.store.in_region(region).await? {
        Some(store) => write(store.as_ref(), (image, Some(region)), manifest, publish, telling).await,
        None => Ok(()),
    }
}

async fn write<S: Parameters + ?Sized>(
    store: &S,
    (image, region): (&str, Option<&str>),
    manifest: &Manifest,
    publish: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    let ((journal, events), name, text) = (telling, &publish.parameter, description(manifest));
    let effect =
        Effect::Point { parameter: name.clone(), image: image.to_owned(), region: region.map(str::to_owned) };
    let intent = journal.intend(effect)?;
    let version = match publish.data_type {
        DataType::Image => store.point(name, image, &text).await,
        DataType::Text => store.put(name, image, &text).await,
    };
    intent.result(version.is_ok())?;
    let version = version?;
    let (value, region) = (image.to_owned(), region.map(str::to_owned));
    events.send(Event::Published { parameter: name.clone(), value, version, region });
    Ok(())
}

/// What a person reads beside the ID.
fn description(manifest: &Manifest) -> String {
    let version = manifest.version.as_deref().unwrap_or("no version");
    let fingerprint = manifest.fingerprint.as_deref().unwrap_or("unknown");
    format!("{} {version}, fingerprint {fingerprint}, run {}", manifest.name, manifest.run)
}

/// Says that nothing has to be baked again.
fn advise(error: Error, manifest: &Manifest) -> Error {
    let again = format!(
        "the image {} stays; `hornero publish {}` does only this step again",
        manifest.image, manifest.run
    );
    let hint = match &error.hint {
        Some(hint) => format!("{hint}; {again}"),
        None => again,
    };
    error.hint(hint)
}

//! Records an image, and points its stage's parameter at it, in every region that has the image.

use std::path::Path;

use super::{
    Rooms,
    manifest::{FILE, Manifest},
    settle::points_at,
};
use crate::{
    error::{Error, Kind},
    event::{Event, Events},
    journal::{Effect, Journal},
    platform::ImageCopy,
    store::{ImageRecord, Parameters},
    template::model::{DataType, Publish},
};

/// Who is told: what is about to be done, and what was.
type Telling<'a> = (&'a Journal, &'a Events);

/// Makes the image known, if it is not yet. It is not pointed at by anything yet.
///
/// # Errors
/// When the store cannot be written.
pub async fn record(
    rooms: &Rooms,
    manifest: &Manifest,
    folder: &Path,
    journal: &Journal,
) -> Result<(), Error> {
    let there = rooms.store.find(&manifest.image).await?;
    if there.is_some_and(|there| there.id == manifest.image && there.run == manifest.run) {
        return Ok(());
    }
    let record = ImageRecord {
        id: manifest.image.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        platform: manifest.platform.clone(),
        run: manifest.run.clone(),
        location: manifest.location(folder),
        fingerprint: manifest.fingerprint.clone(),
        bytes: manifest.bytes(),
        created: manifest.created,
        manifest: folder.join(FILE),
        proved: false,
        finish: None,
        made_from: None,
        delivery: None,
    };
    let intent = journal.intend(Effect::Record { image: manifest.image.clone() })?;
    let recorded = rooms.store.record(&record).await;
    intent.result(recorded.is_ok())?;
    Ok(recorded?)
}

/// An image as it is announced, wherever that is known from.
#[derive(Clone, Copy, Debug)]
pub struct Announced<'a> {
    pub image: &'a str,
    pub name: &'a str,
    pub version: Option<&'a str>,
    pub fingerprint: Option<&'a str>,
    /// The ID of the run that made it.
    pub run: &'a str,
    /// Why nothing may point at it yet.
    pub unfinished: Option<&'a str>,
    pub copies: &'a [ImageCopy],
}

impl<'a> From<&'a Manifest> for Announced<'a> {
    fn from(manifest: &'a Manifest) -> Self {
        Self {
            image: &manifest.image,
            name: &manifest.name,
            version: manifest.version.as_deref(),
            fingerprint: manifest.fingerprint.as_deref(),
            run: &manifest.run,
            unfinished: manifest.unfinished.as_deref(),
            copies: &manifest.copies,
        }
    }
}

/// Points the parameter at the image: first where it was made, then where it was copied to. One
/// region does not hold up another, but where it was made is where it is looked for first.
///
/// # Errors
/// When the image lacks something, or the store refuses; what the parameter pointed at before stays.
pub async fn publish(
    rooms: &Rooms,
    made: &Announced<'_>,
    publish: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    if let Some(why) = made.unfinished {
        return Err(Error::new(Kind::Platform, format!("finishing the image {}: {why}", made.image)));
    }
    write(rooms.store.as_ref(), (made.image, None), made, publish, telling).await?;
    let mut failed = None;
    for copy in made.copies {
        let result = match usable(copy, made.image) {
            Ok(image) => elsewhere(rooms, &copy.region, image, made, publish, telling).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            telling.1.warn(error.to_string());
            failed.get_or_insert(error);
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The ID of a copy that lacks nothing.
fn usable<'a>(copy: &'a ImageCopy, original: &str) -> Result<&'a str, Error> {
    let not = |what: String, why: &str| Err(Error::new(Kind::Platform, format!("{what}: {why}")));
    match (&copy.image, &copy.unfinished) {
        (Some(image), None) => Ok(image),
        (Some(image), Some(why)) => not(format!("finishing the copy {image} in {}", copy.region), why),
        (None, _) => {
            let what = format!("copying the image {original} to {}", copy.region);
            not(what, copy.failed.as_deref().unwrap_or("it was not done"))
        }
    }
}

async fn elsewhere(
    rooms: &Rooms,
    region: &str,
    image: &str,
    made: &Announced<'_>,
    publish: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    match rooms.store.in_region(region).await? {
        Some(store) => write(store.as_ref(), (image, Some(region)), made, publish, telling).await,
        None => Ok(()),
    }
}

async fn write<S: Parameters + ?Sized>(
    store: &S,
    (image, region): (&str, Option<&str>),
    made: &Announced<'_>,
    publish: &Publish,
    telling: Telling<'_>,
) -> Result<(), Error> {
    let ((journal, events), name, text) = (telling, &publish.parameter, description(made));
    if points_at(store, name, image).await? {
        return Ok(());
    }
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
fn description(made: &Announced<'_>) -> String {
    let version = made.version.unwrap_or("no version");
    let fingerprint = made.fingerprint.unwrap_or("unknown");
    format!("{} {version}, fingerprint {fingerprint}, run {}", made.name, made.run)
}

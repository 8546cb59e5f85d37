//! Records an image, and points its stage's parameter at it.

use super::{Rooms, bake::Baked, manifest::FILE};
use crate::{
    error::Error,
    event::{Event, Events},
    store::ImageRecord,
    template::model::Publish,
};

/// Makes the image known. It is not pointed at by anything yet.
///
/// # Errors
/// When the store cannot be written.
pub async fn record(rooms: &Rooms, baked: &Baked) -> Result<(), Error> {
    let manifest = &baked.manifest;
    let record = ImageRecord {
        id: manifest.image.clone(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        platform: manifest.platform.clone(),
        run: manifest.run.clone(),
        location: baked.location(),
        fingerprint: None,
        bytes: manifest.bytes(),
        created: manifest.created,
        manifest: baked.folder.join(FILE),
    };
    Ok(rooms.store.record(&record).await?)
}

/// Points the parameter at the image.
///
/// # Errors
/// When the store refuses; the image stays, and so does what the parameter pointed at before.
pub async fn publish(rooms: &Rooms, baked: &Baked, publish: &Publish, events: &Events) -> Result<(), Error> {
    let manifest = &baked.manifest;
    let version = manifest.version.as_deref().unwrap_or("no version");
    let description = format!("{} {version}, run {}", manifest.name, manifest.run);
    let (parameter, value) = (publish.parameter.clone(), manifest.image.clone());
    let version = rooms.store.point(&parameter, &value, &description).await?;
    events.send(Event::Published { parameter, value, version });
    Ok(())
}

//! What an image that is up to date still lacks: a stage that points at it, in every region that the
//! template wants it in.

use super::{
    Rooms,
    publish::{Announced, publish},
};
use crate::{
    error::Error,
    event::Events,
    journal::Journal,
    platform::{CloudImage, Settings},
    store::{ImageRecord, Parameters, Store, StoreError},
    template::model::Publish,
};

/// Whether nothing has to be done.
///
/// # Errors
/// When the store cannot be read.
pub async fn is_settled(
    store: &dyn Store,
    image: &ImageRecord,
    target: &Publish,
    settings: &Settings,
) -> Result<bool, Error> {
    if !is_finished(image, settings) || !points_at(store, &target.parameter, &image.id).await? {
        return Ok(false);
    }
    for region in others(image, settings) {
        let Some(there) = store.in_region(&region).await? else { continue };
        let Some(pointer) = there.get(&target.parameter).await? else { return Ok(false) };
        // A copy has the tags of what it is a copy of.
        let copy = there.find(&pointer.value).await?;
        if copy.is_none_or(|copy| copy.run != image.run || !is_finished(&copy, settings)) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_finished(image: &ImageRecord, settings: &Settings) -> bool {
    image.finish.as_ref().is_none_or(|finish| *finish == settings.finish())
}

/// Makes and finishes the copies that the template wants, and points the stage at image and copies.
///
/// # Errors
/// When one of them cannot be made or pointed at; the image stays.
pub async fn settle(
    rooms: &Rooms,
    image: &ImageRecord,
    target: &Publish,
    settings: &Settings,
    (journal, events): (&Journal, &Events),
) -> Result<(), Error> {
    let cloud = match settings {
        Settings::Ec2(_) => Some(finish(rooms, image, settings, (journal, events)).await?),
        Settings::Qemu(_) => None,
    };
    let announced = Announced {
        image: &image.id,
        name: &image.name,
        version: image.version.as_deref(),
        fingerprint: image.fingerprint.as_deref(),
        run: &image.run,
        unfinished: cloud.as_ref().and_then(|cloud| cloud.unfinished.as_deref()),
        copies: cloud.as_ref().map_or(&[], |cloud| &cloud.copies),
    };
    publish(rooms, &announced, target, (journal, events)).await
}

/// What is there already is found by its tags, and not made again.
async fn finish(
    rooms: &Rooms,
    image: &ImageRecord,
    settings: &Settings,
    (journal, events): (&Journal, &Events),
) -> Result<CloudImage, Error> {
    let (region, wanted) = (image.location.clone(), settings.finish());
    let new = CloudImage::new(&image.id, &region, &others(image, settings));
    let finished = is_finished(image, settings);
    // It was finished before anything pointed at it, perhaps for somebody else.
    let cloud = CloudImage { unfinished: new.unfinished.filter(|_| !finished), ..new };
    let settings = settings.clone().in_region(Some(&region));
    let cloud = rooms.platform.finish_image(cloud, &settings, journal, events).await?;
    if !finished && cloud.unfinished.is_none() {
        rooms.store.prove(&image.id, &wanted).await?;
    }
    Ok(cloud)
}

/// The regions that the template wants copies in.
fn others(image: &ImageRecord, settings: &Settings) -> Vec<String> {
    match settings {
        Settings::Qemu(_) => Vec::new(),
        Settings::Ec2(ec2) => {
            ec2.copy_to.iter().filter(|region| **region != image.location).cloned().collect()
        }
    }
}

/// Whether that is what it says already.
pub async fn points_at<S: Parameters + ?Sized>(
    store: &S,
    parameter: &str,
    image: &str,
) -> Result<bool, StoreError> {
    Ok(store.get(parameter).await?.is_some_and(|found| found.value == image))
}

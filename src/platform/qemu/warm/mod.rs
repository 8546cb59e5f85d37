//! Warm start: a machine of each kind boots once, is saved when its boot is over, and later builders of
//! that kind go on from there instead of booting. `docs/warm-start.md` tells what that means for an image.

mod cache;
mod guest;
mod key;
mod make;
mod port;
mod resume;
mod slot;

use std::path::Path;

pub use cache::{FOLDER, Saved};
pub use resume::resume;

use super::{accel, machine::Accel};
use crate::{
    event::Events,
    platform::{LaunchSpec, Origin, PlatformError},
};
use cache::Cache;
use slot::Slot;

/// Sees to it that there is a saved machine for this launch. Where there can be none, the builder boots,
/// and that is said.
pub async fn make_missing(spec: &LaunchSpec, data: &Path, events: &Events) {
    if !wanted(spec) {
        return;
    }
    let cache = Cache::of(data);
    // Without an accelerator there is no launch, which says so itself.
    let Ok(Ok((accel, _))) = accelerator(spec, data).await else { return };
    let made = match key::of(spec, accel).await {
        Ok(key) => ensure(spec, accel, (&cache, &key), events).await,
        Err(error) => Err(error),
    };
    if let Err(error) = made {
        events.warn(format!("the builder boots, for no machine could be saved: {error}"));
    }
}

async fn accelerator(
    spec: &LaunchSpec,
    data: &Path,
) -> Result<Result<(Accel, Option<&'static str>), PlatformError>, PlatformError> {
    Ok(accel::look(spec.settings.qemu()?.accelerator, data).await)
}

async fn ensure(
    spec: &LaunchSpec,
    accel: Accel,
    (cache, key): (&Cache, &str),
    events: &Events,
) -> Result<(), PlatformError> {
    if cache.find(key).is_some() {
        return Ok(());
    }
    let slot = Slot::lock(cache, key, events).await?;
    if slot.is_filled() {
        return Ok(());
    }
    if let Some(why) = slot.given_up() {
        events.note(why);
        return Ok(());
    }
    events.note("booting a machine like this builder and saving it; later ones start from there");
    let folder = slot.stage()?;
    match make::make(spec, accel, folder).await {
        Ok(()) => slot.fill(spec),
        Err(error) => {
            slot.give_up(&error);
            Err(error)
        }
    }
}

/// The saved machine that this launch can begin with.
pub async fn find(spec: &LaunchSpec, accel: Accel, data: &Path) -> Option<Saved> {
    if !wanted(spec) {
        return None;
    }
    // What is wrong with the key has been told when one was to be made.
    let key = key::of(spec, accel).await.ok()?;
    Cache::of(data).find(&key)
}

/// What is told to the guest comes by cloud-init.
fn wanted(spec: &LaunchSpec) -> bool {
    spec.may_be_warm && spec.user_data.is_some() && matches!(spec.origin, Origin::Base(_))
}

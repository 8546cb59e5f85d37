//! The lock of a run that was killed: given back, so that the next bake need not wait for its end.

use std::collections::BTreeSet;

use super::{Context, here::platform, wiring};
use crate::{
    engine::lock,
    error::Error,
    journal::{Effect, History, Place},
    template::model::{Ec2, PlatformKind},
};

/// Where the run held none, there is nothing to do.
///
/// # Errors
/// When a store cannot be asked.
pub async fn release(id: &str, history: &History, context: &Context) -> Result<(), Error> {
    let (kind, holder) = (platform(history)?, lock::holder(id, ""));
    let Some(header) = &history.header else { return Ok(()) };
    let name = lock::name(&header.image, kind);
    for ec2 in stores(kind, history, &name) {
        wiring::store_of(kind, context, &ec2).await?.release(&name, &holder).await?;
    }
    Ok(())
}

/// The stores in which a run may hold this lock.
fn stores(kind: PlatformKind, history: &History, name: &str) -> Vec<Ec2> {
    let place = |effect: &Effect| match effect {
        Effect::Call { resource, place, .. } if resource == name => Some(place.clone()),
        Effect::Call { .. }
        | Effect::Folder { .. }
        | Effect::Machine { .. }
        | Effect::Complete { .. }
        | Effect::Record { .. }
        | Effect::Point { .. } => None,
    };
    match kind {
        PlatformKind::Qemu => vec![Ec2::default()],
        PlatformKind::Ec2 => {
            let places: BTreeSet<Place> = history.effects.iter().filter_map(place).collect();
            places.into_iter().map(at).collect()
        }
    }
}

/// That of a run of another computer, in the account and region where the user says that it was.
///
/// # Errors
/// When the store cannot be asked.
pub async fn release_there(run: &str, place: &Place, context: &Context) -> Result<(), Error> {
    // An ID is a name and a ULID.
    let Some((image, _)) = run.rsplit_once('-') else { return Ok(()) };
    let (name, holder) = (lock::name(image, PlatformKind::Ec2), lock::holder(run, ""));
    let store = wiring::store_of(PlatformKind::Ec2, context, &at(place.clone())).await?;
    Ok(store.release(&name, &holder).await?)
}

fn at(place: Place) -> Ec2 {
    Ec2 { region: Some(place.region), role_arn: place.role, ..Ec2::default() }
}

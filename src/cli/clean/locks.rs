//! The lock of a run that was killed: given back, so that the next bake need not wait for its end.

use std::collections::BTreeSet;

use super::{Context, here::platform, wiring};
use crate::{
    engine::lock,
    error::Error,
    journal::{Effect, History, Journal, Place, Thing},
    platform::{Leftover, LeftoverKind},
    template::model::{Ec2, PlatformKind},
};

/// Where the run held none, there is nothing to do. Tells those that its journal says it may still have held.
///
/// # Errors
/// When a store cannot be asked; the lock then stays in the journal.
pub async fn release(
    id: &str,
    (journal, history): (&Journal, &History),
    context: &Context,
) -> Result<Vec<Leftover>, Error> {
    let (kind, holder) = (platform(history)?, lock::holder(id, ""));
    let of_header = history.header.iter().map(|header| lock::name(&header.image, kind));
    let names: BTreeSet<String> = names(history).map(str::to_owned).chain(of_header).collect();
    for name in names {
        for ec2 in stores(kind, history, &name) {
            wiring::store_of(kind, context, &ec2).await?.release(&name, &holder).await?;
        }
        journal.gone(|thing| matches!(thing, Thing::Lock { name: known } if *known == name))?;
    }
    Ok(left(id, history).collect())
}

/// The locks that a dead run may still hold.
pub fn left<'a>(id: &'a str, history: &'a History) -> impl Iterator<Item = Leftover> {
    names(history).map(|name| Leftover::here(id, LeftoverKind::Lock, name.to_owned(), String::new()))
}

fn names(history: &History) -> impl Iterator<Item = &str> {
    history.things.iter().filter_map(|thing| match thing {
        Thing::Lock { name } => Some(name.as_str()),
        Thing::Instance { .. }
        | Thing::SecurityGroup { .. }
        | Thing::SpotRequest { .. }
        | Thing::Ami { .. }
        | Thing::Machine { .. }
        | Thing::Folder { .. } => None,
    })
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
            places.into_iter().map(settings_at).collect()
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
    let store = wiring::store_of(PlatformKind::Ec2, context, &settings_at(place.clone())).await?;
    Ok(store.release(&name, &holder).await?)
}

/// The settings with which the store of a place is opened.
pub fn settings_at(place: Place) -> Ec2 {
    Ec2 { region: Some(place.region), role_arn: place.role, ..Ec2::default() }
}

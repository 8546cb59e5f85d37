//! What runs have left on EC2: found by the tags that everything gets when it is made, and removed in
//! the order in which EC2 lets go of it. An AMI that is complete has lost the tag of its expiry and is
//! nobody's leftover.

mod disks;
mod machines;

use std::future::Future;

use aws_sdk_ec2::types::{Filter, Tag};
use futures::try_join;
use jiff::Timestamp;

pub use disks::deregister;

use super::{
    api::{Machines as _, Network as _},
    destroy::{end, removed},
    error::{failed, waited},
};
use crate::{
    aws::{Aws, AwsError, Call, tags},
    platform::{Leftover, LeftoverKind, PlatformError},
};

/// Everything of `run`, or of all runs when none is named; not the AMI that is `kept`, nor its
/// snapshots.
pub async fn find(aws: &Aws, run: Option<&str>, kept: Option<&str>) -> Result<Vec<Leftover>, PlatformError> {
    let by = match run {
        Some(run) => filter(&format!("tag:{}", tags::RUN), run),
        None => filter("tag-key", tags::EXPIRES),
    };
    let doing = || format!("looking in {} for what runs have left", aws.region());
    let (mut found, instances, volumes, groups, images, snapshots) = try_join!(
        machines::spot_requests(aws, &by),
        machines::instances(aws, &by),
        disks::volumes(aws, &by),
        machines::groups(aws, &by),
        disks::images(aws, &by),
        disks::snapshots(aws, &by),
    )
    .map_err(failed(doing()))?;
    let spared = |id: Option<&str>| kept.is_some() && id == kept;
    let (kept, images): (Vec<_>, Vec<_>) = images.into_iter().partition(|image| spared(image.image_id()));
    let its_own: Vec<&str> = kept.iter().flat_map(disks::snapshots_of).collect();
    let snapshots =
        snapshots.into_iter().filter(|one| !its_own.contains(&one.snapshot_id().unwrap_or_default()));
    let images = images.iter().filter_map(|image| disks::image_left(aws, image)).collect();
    let snapshots = snapshots.filter_map(|snapshot| disks::snapshot_left(aws, &snapshot)).collect();
    [instances, volumes, groups, images, snapshots].into_iter().for_each(|more| found.extend(more));
    Ok(found)
}

/// Puts off the time after which they look forgotten.
pub async fn retain(aws: &Aws, run: &str, there: &[Leftover], until: Timestamp) -> Result<(), PlatformError> {
    if there.is_empty() {
        return Ok(());
    }
    let call = Call::repeatable("ec2:CreateTags", run);
    let make = || {
        let expiry = Tag::builder().key(tags::EXPIRES).value(tags::time(until)).build();
        let ids = there.iter().map(|one| one.id.clone()).collect();
        aws.ec2().create_tags().set_resources(Some(ids)).tags(expiry).send()
    };
    aws.call(call, make).await.map(drop).map_err(failed(format!("marking what {run} has made as in use")))
}

pub async fn release(aws: &Aws, left: &Leftover) -> Result<(), PlatformError> {
    let id = left.id.as_str();
    match left.kind {
        LeftoverKind::SpotRequest => gone(left, || aws.cancel_spot(id)).await,
        LeftoverKind::Instance => end(aws, id).await,
        LeftoverKind::Volume => gone(left, || disks::delete_volume(aws, id)).await,
        LeftoverKind::SecurityGroup => gone(left, || aws.delete_group(id)).await,
        LeftoverKind::Ami => gone(left, || deregister(aws, id)).await,
        LeftoverKind::Snapshot => gone(left, || disks::delete_snapshot(aws, id)).await,
        LeftoverKind::Machine | LeftoverKind::Disks | LeftoverKind::Folder | LeftoverKind::Lock => {
            Err(PlatformError::new(format!("removing the {left}"), "it is not on AWS"))
        }
    }
}

async fn gone<F>(left: &Leftover, remove: impl Fn() -> F) -> Result<(), PlatformError>
where
    F: Future<Output = Result<(), AwsError>>,
{
    let hint = by_hand(left).unwrap_or_default();
    removed(remove, &left.id).await.map_err(waited(format!("removing the {left}"), &hint))
}

/// The command that does it.
fn by_hand(left: &Leftover) -> Option<String> {
    let command = match left.kind {
        LeftoverKind::SpotRequest => "cancel-spot-instance-requests --spot-instance-request-ids",
        LeftoverKind::Instance => "terminate-instances --instance-ids",
        LeftoverKind::Volume => "delete-volume --volume-id",
        LeftoverKind::SecurityGroup => "delete-security-group --group-id",
        LeftoverKind::Ami => "deregister-image --delete-associated-snapshots --image-id",
        LeftoverKind::Snapshot => "delete-snapshot --snapshot-id",
        LeftoverKind::Machine | LeftoverKind::Disks | LeftoverKind::Folder | LeftoverKind::Lock => {
            return None;
        }
    };
    let region = &left.place.as_ref()?.region;
    Some(format!("remove by hand: aws ec2 {command} {} --region {region}", left.id))
}

/// What a thing says of itself.
struct Told<'a> {
    kind: LeftoverKind,
    id: Option<&'a str>,
    tags: &'a [Tag],
    since: Option<Timestamp>,
    detail: String,
}

/// `None` for what has no ID. Somebody may have taken the tag with the run away: then it is of none.
fn leftover(aws: &Aws, told: Told<'_>) -> Option<Leftover> {
    let tag = |key: &str| told.tags.iter().find(|tag| tag.key() == Some(key))?.value().map(str::to_owned);
    let (expires, unreadable_expiry) = match tag(tags::EXPIRES).map(|text| text.parse().map_err(|_| text)) {
        Some(Ok(time)) => (Some(time), None),
        Some(Err(text)) => (None, Some(text)),
        None => (None, None),
    };
    Some(Leftover {
        run: tag(tags::RUN).unwrap_or_default(),
        kind: told.kind,
        id: told.id?.to_owned(),
        place: Some(aws.place()),
        since: told.since,
        expires,
        unreadable_expiry,
        detail: told.detail,
    })
}

/// EC2's own times are whole seconds.
fn time(at: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(at?.secs()).ok()
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

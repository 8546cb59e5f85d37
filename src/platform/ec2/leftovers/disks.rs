//! Volumes, snapshots and AMIs.

use aws_sdk_ec2::types::{Filter, Image, Snapshot, Volume};

use super::{Told, leftover, time};
use crate::{
    amount,
    aws::{Aws, AwsError, Call, tags},
    platform::{Leftover, LeftoverKind},
};

const WHAT: &str = "what runs have left";

pub async fn volumes(aws: &Aws, by: &Filter) -> Result<Vec<Leftover>, AwsError> {
    let call = Call::read("ec2:DescribeVolumes", WHAT);
    let ask = || aws.ec2().describe_volumes().filters(by.clone()).send();
    let all = aws.call(call, ask).await?.volumes.unwrap_or_default();
    let left = all.iter().filter(|volume| !goes_with_its_instance(volume)).filter_map(|volume| {
        leftover(
            aws,
            Told {
                kind: LeftoverKind::Volume,
                id: volume.volume_id(),
                tags: volume.tags(),
                since: time(volume.create_time()),
                detail: gib(volume.size()),
            },
        )
    });
    Ok(left.collect())
}

fn goes_with_its_instance(volume: &Volume) -> bool {
    volume.attachments().iter().any(|one| one.delete_on_termination() == Some(true))
}

/// Those that are not complete: a complete one does not expire.
pub async fn images(aws: &Aws, by: &Filter) -> Result<Vec<Image>, AwsError> {
    let call = Call::read("ec2:DescribeImages", WHAT);
    let ask = || aws.ec2().describe_images().owners("self").filters(by.clone()).filters(expiring()).send();
    Ok(aws.call(call, ask).await?.images.unwrap_or_default())
}

pub fn image_left(aws: &Aws, image: &Image) -> Option<Leftover> {
    leftover(
        aws,
        Told {
            kind: LeftoverKind::Ami,
            id: image.image_id(),
            tags: image.tags(),
            since: image.creation_date().and_then(|date| date.parse().ok()),
            detail: image.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
        },
    )
}

pub fn snapshots_of(image: &Image) -> impl Iterator<Item = &str> {
    image.block_device_mappings().iter().filter_map(|one| one.ebs()?.snapshot_id())
}

pub async fn snapshots(aws: &Aws, by: &Filter) -> Result<Vec<Snapshot>, AwsError> {
    let call = Call::read("ec2:DescribeSnapshots", WHAT);
    let ask =
        || aws.ec2().describe_snapshots().owner_ids("self").filters(by.clone()).filters(expiring()).send();
    Ok(aws.call(call, ask).await?.snapshots.unwrap_or_default())
}

pub fn snapshot_left(aws: &Aws, snapshot: &Snapshot) -> Option<Leftover> {
    leftover(
        aws,
        Told {
            kind: LeftoverKind::Snapshot,
            id: snapshot.snapshot_id(),
            tags: snapshot.tags(),
            since: time(snapshot.start_time()),
            detail: gib(snapshot.volume_size()),
        },
    )
}

fn expiring() -> Filter {
    super::filter("tag-key", tags::EXPIRES)
}

fn gib(size: Option<i32>) -> String {
    let bytes = size.and_then(|size| u64::try_from(size).ok()).map(|size| size << 30);
    bytes.map(amount::size).unwrap_or_default()
}

pub async fn delete_volume(aws: &Aws, id: &str) -> Result<(), AwsError> {
    let call = Call::removal("ec2:DeleteVolume", id);
    aws.call(call, || aws.ec2().delete_volume().volume_id(id).send()).await.map(drop)
}

pub async fn delete_snapshot(aws: &Aws, id: &str) -> Result<(), AwsError> {
    let call = Call::removal("ec2:DeleteSnapshot", id);
    aws.call(call, || aws.ec2().delete_snapshot().snapshot_id(id).send()).await.map(drop)
}

/// With its snapshots.
pub async fn deregister(aws: &Aws, id: &str) -> Result<(), AwsError> {
    let call = Call::removal("ec2:DeregisterImage", id);
    let make = || aws.ec2().deregister_image().image_id(id).delete_associated_snapshots(true).send();
    aws.call(call, make).await.map(drop)
}

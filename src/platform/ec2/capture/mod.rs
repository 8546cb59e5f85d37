//! A stopped instance becomes an AMI: made, waited for, given its attributes, copied and shared.
//! The builder is released as soon as the AMI no longer needs it.

mod attributes;
mod copy;
mod create;
mod describe;
mod found;
mod labels;
mod pending;
mod share;

use std::future::Future;

use aws_sdk_ec2::types::Image;

pub use copy::copy_again;
use labels::Labels;
use pending::Pending;

use super::error::failed;
use crate::{
    aws::Aws,
    event::Events,
    platform::{CaptureSpec, Captured, CapturedDisk, CloudImage, Content, PlatformError},
    template::model::{Disk, Ec2},
};

const GIB: u64 = 1 << 30;

/// What is captured.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Of the stopped instance.
    pub instance: &'a str,
    /// As in its block device mapping.
    pub root: &'a Volume,
    /// The extra disks, in the order of the template.
    pub disks: &'a [(Disk, Volume)],
    pub settings: &'a Ec2,
}

/// A volume of the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// `vol-...`
    pub id: String,
    /// Its name in the block device mapping: `/dev/sdf`.
    pub device: String,
}

/// Makes the AMI, and what the template wants made of it. `release` ends the builder; it runs
/// beside the wait for the AMI, and what it could not do is left to the caller's own end of it.
///
/// # Errors
/// When AWS refuses, or the AMI becomes none.
pub async fn capture(
    aws: &Aws,
    source: &Source<'_>,
    spec: &CaptureSpec<'_>,
    events: &Events,
    release: impl Future<Output = Result<(), PlatformError>>,
) -> Result<Captured, PlatformError> {
    let labels = Labels::of(spec);
    let doing = format!("making an AMI of the builder {}", source.instance);
    let ami = create::create(aws, source, &labels).await.map_err(failed(&doing))?;
    events.note(format!("{ami} in {} is being made", aws.region()));
    let released = async {
        match create::snapshots_taken(aws, source, &labels).await {
            Ok(()) => release.await.err(),
            Err(error) => Some(error),
        }
    };
    let pending = Pending::new(&ami, aws.region(), events);
    let result = match beside(create::available(aws, &ami), released).await {
        Ok(image) => finish(aws, &image, source, events).await,
        Err(error) => Err(create::discard(aws, &ami, error).await),
    };
    pending.settle();
    result
}

/// Both at once. An AMI that failed ends the wait; the builder's end then has a second try, where
/// what went wrong here is told if it still does.
async fn beside(
    available: impl Future<Output = Result<Image, PlatformError>>,
    released: impl Future<Output = Option<PlatformError>>,
) -> Result<Image, PlatformError> {
    tokio::pin!(available, released);
    tokio::select! {
        image = &mut available => {
            let image = image?;
            released.await;
            Ok(image)
        }
        _ = &mut released => available.await,
    }
}

/// From an AMI that is available to what the template wants of it.
async fn finish(
    aws: &Aws,
    image: &Image,
    source: &Source<'_>,
    events: &Events,
) -> Result<Captured, PlatformError> {
    let ami = image.image_id().unwrap_or_default();
    let stays = |error: PlatformError| {
        let there = format!("the AMI {ami} in {} stays; `hornero images` lists it", aws.region());
        match error.hint.clone() {
            Some(hint) => error.hint(format!("{hint}; {there}")),
            None => error.hint(there),
        }
    };
    attributes::set(aws, ami, source.settings).await.map_err(stays)?;
    share::share(aws, image, &source.settings.share_with).await.map_err(stays)?;
    let copies = copy::copy(aws, image, source.settings, &source.settings.copy_to, events).await;
    let cloud = CloudImage { id: ami.to_owned(), region: aws.region().to_owned(), copies };
    Ok(Captured { disks: disks(image, source), cloud: Some(cloud) })
}

/// The disks of the image, by their names in the template.
fn disks(image: &Image, source: &Source<'_>) -> Vec<CapturedDisk> {
    let extra = source.disks.iter().map(|(disk, volume)| (disk.name.as_str(), volume));
    let all = std::iter::once(("root", source.root)).chain(extra);
    let disk = |(name, volume): (&str, &Volume)| {
        let mapping =
            image.block_device_mappings().iter().find(|one| one.device_name() == Some(&volume.device));
        let ebs = mapping?.ebs()?;
        let (snapshot, device) = (ebs.snapshot_id()?.to_owned(), volume.device.clone());
        let virtual_bytes = u64::from(ebs.volume_size()?.unsigned_abs()) * GIB;
        Some(CapturedDisk {
            name: name.to_owned(),
            content: Content::Snapshot { snapshot, device },
            virtual_bytes,
        })
    };
    all.filter_map(disk).collect()
}

//! A stopped instance becomes an AMI: made and waited for; later given its attributes, shared and
//! copied. The builder is released as soon as the AMI no longer needs it.

mod attributes;
mod copy;
mod create;
mod describe;
mod finish;
mod found;
mod labels;
mod settle;
mod share;

use std::future::Future;

use aws_sdk_ec2::types::Image;
use serde::{Deserialize, Serialize};

pub use finish::finish;
use labels::Labels;

use super::error::failed;
use crate::{
    aws::Aws,
    event::Events,
    journal::Thing,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// `vol-...`
    pub id: String,
    /// Its name in the block device mapping: `/dev/sdf`.
    pub device: String,
}

/// Makes the AMI. `release` ends the builder; it runs beside the wait for the AMI, and what it could
/// not do is left to the caller's own end of it.
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
    aws.made(|place| Thing::Ami { id: ami.clone(), place })?;
    events.note(format!("{ami} in {} is being made", aws.region()));
    let released = async {
        match create::snapshots_taken(aws, source, &labels).await {
            Ok(()) => release.await.err(),
            Err(error) => Some(error),
        }
    };
    match beside(create::available(aws, &ami), released).await {
        Ok(image) => {
            // What is refused now is tried again when it is finished.
            if let Err(error) = settle::settle(aws, &image).await {
                events.warn(error.to_string());
            }
            let cloud = CloudImage::new(&ami, aws.region(), &source.settings.copy_to);
            Ok(Captured { disks: disks(&image, source), cloud: Some(cloud) })
        }
        Err(error) => Err(create::discard(aws, &ami, error).await),
    }
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

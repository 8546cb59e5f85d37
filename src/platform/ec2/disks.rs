//! The volumes of a builder: what is ordered, and how the guest recognises them afterwards.

use super::{
    api::{Ami, Instance, VolumeOrder},
    capture::Volume,
};
use crate::{
    platform::{LaunchSpec, PlatformError},
    template::{
        model::{Disk, DiskName, Ec2Disk},
        units::Size,
    },
};

/// Names that EC2 recommends for added volumes. Nitro guests never see them.
const LETTERS: std::ops::RangeInclusive<char> = 'f'..='p';

/// The root volume first, then an empty volume for each disk.
///
/// # Errors
/// When there are more disks than names for them.
pub fn order(spec: &LaunchSpec, ami: &Ami, kms_key: Option<&str>) -> Result<Vec<VolumeOrder>, PlatformError> {
    let root = spec.root_size.map(gib).map(|gib| gib.max(ami.root_gib));
    let mut volumes = vec![volume(&ami.root_device, root, &spec.root_volume, kms_key)];
    for (disk, device) in spec.disks.iter().zip(names(ami)) {
        volumes.push(volume(&device, Some(gib(disk.size)), &disk.ec2, kms_key));
    }
    if volumes.len() <= spec.disks.len() {
        let why = format!("EC2 has names for {} of its {} disks", volumes.len() - 1, spec.disks.len());
        return Err(PlatformError::new(format!("starting the builder `{}`", spec.name), why)
            .hint("declare fewer [[disks]]"));
    }
    Ok(volumes)
}

/// Device names that the AMI does not use.
fn names(ami: &Ami) -> impl Iterator<Item = String> {
    LETTERS.map(|letter| format!("/dev/sd{letter}")).filter(|name| {
        let xen = name.replace("/dev/sd", "/dev/xvd");
        !ami.devices.iter().any(|used| used == name || *used == xen)
    })
}

fn volume(device: &str, gib: Option<i32>, ec2: &Ec2Disk, kms_key: Option<&str>) -> VolumeOrder {
    let kms_key = ec2.kms_key.as_deref().or(kms_key);
    VolumeOrder {
        device: device.to_owned(),
        gib,
        volume_type: ec2.volume_type.clone().unwrap_or_else(|| "gp3".into()),
        iops: number(ec2.iops),
        throughput: number(ec2.throughput),
        // A key encrypts; saying so is only needed without one.
        encrypted: ec2.encrypted.or(kms_key.map(|_| true)),
        kms_key: kms_key.filter(|_| ec2.encrypted != Some(false)).map(str::to_owned),
    }
}

fn number(value: Option<u32>) -> Option<i32> {
    value.and_then(|value| i32::try_from(value).ok())
}

/// EC2 counts in GiB, and has no smaller volume than one.
fn gib(size: Size) -> i32 {
    i32::try_from(size.0.div_ceil(1 << 30)).unwrap_or(i32::MAX).max(1)
}

/// The root volume of a running instance, and those of the disks in their order.
pub fn attached(
    instance: &Instance,
    ami: &Ami,
    orders: &[VolumeOrder],
    disks: &[Disk],
) -> Option<(Volume, Vec<(Disk, Volume)>)> {
    let at = |device: &str| instance.volumes.iter().find(|volume| volume.device == device).cloned();
    let root = at(&ami.root_device)?;
    let pairs = disks.iter().zip(orders.iter().skip(1));
    let others: Option<Vec<_>> =
        pairs.map(|(disk, order)| Some((disk.clone(), at(&order.device)?))).collect();
    Some((root, others?))
}

/// A volume says its ID, without the dash, as its serial; where disks say nothing of themselves
/// (Xen) the kernel calls them by the letter that they were attached with.
pub fn name(disk: &Disk, volume: &Volume) -> DiskName {
    let device = volume.device.replace("/dev/sd", "/dev/xvd");
    DiskName { name: disk.name.clone(), serial: volume.id.replace('-', ""), device: Some(device) }
}

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
    // A root of the snapshot's size is asked for by that size: a mapping without one is not complete.
    let root = spec.root_size.map_or(ami.root_gib, |size| gib(size).max(ami.root_gib));
    let mut volumes =
        vec![volume(&ami.root_device, Some(root).filter(|gib| *gib > 0), &spec.root_volume, kms_key)];
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
        volume_type: ec2.volume_type.clone().unwrap_or_else(|| Ec2Disk::USUAL_TYPE.into()),
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
    // Where nothing was ordered, the machine only runs, and nobody asks for its root again.
    let unnamed = || instance.volumes.first().filter(|_| orders.is_empty()).cloned();
    let root = at(&ami.root_device).or_else(unnamed)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        platform::{Origin, Settings, ec2::fake::ami},
        template::model::Filesystem,
    };

    fn disk(name: &str, ec2: Ec2Disk) -> Disk {
        let (size, mount) = (Size(3 << 29), format!("/srv/{name}"));
        let owner = Default::default();
        Disk { name: name.into(), size, filesystem: Filesystem::Ext4, mount, owner, mode: None, ec2 }
    }

    fn spec(root: Option<Size>, disks: Vec<Disk>) -> LaunchSpec {
        LaunchSpec {
            name: "web-1".into(),
            run: "web-1".into(),
            origin: Origin::Image { id: "ami-1".into(), folder: "/".into() },
            root_size: root,
            root_volume: Ec2Disk { iops: Some(4000), throughput: Some(250), ..Ec2Disk::default() },
            disks,
            user_data: None,
            settings: Settings::Ec2(Box::default()),
            image: "web".into(),
            tags: Default::default(),
            ttl: Default::default(),
            may_be_kept: false,
            may_be_warm: false,
            ssh: Default::default(),
            folder: "/".into(),
            journal: crate::journal::Journal::of_a_test(),
        }
    }

    #[test]
    fn the_root_is_gp3_never_smaller_than_its_snapshot_and_as_fast_as_declared() {
        for (size, gib) in [(None, 8), (Some(Size(4 << 30)), 8), (Some(Size(20 << 30)), 20)] {
            let root = order(&spec(size, vec![]), &ami("ami-1"), None).unwrap().remove(0);
            assert_eq!(
                (root.device.as_str(), root.gib, root.volume_type.as_str()),
                ("/dev/xvda", Some(gib), "gp3")
            );
            assert_eq!((root.iops, root.throughput, root.encrypted), (Some(4000), Some(250), None));
        }
    }

    #[test]
    fn disks_get_names_that_the_ami_does_not_use_and_whole_gib() {
        let taken = Ami { devices: vec!["/dev/xvdf".into()], ..ami("ami-1") };
        let disks = vec![disk("a", Ec2Disk::default()), disk("b", Ec2Disk::default())];
        let volumes = order(&spec(None, disks), &taken, None).unwrap();
        let names: Vec<_> = volumes.iter().map(|volume| (volume.device.as_str(), volume.gib)).collect();
        assert_eq!(names[1..], [("/dev/sdg", Some(2)), ("/dev/sdh", Some(2))]);
        let many = (0..12).map(|number| disk(&number.to_string(), Ec2Disk::default())).collect();
        let error = order(&spec(None, many), &ami("ami-1"), None).unwrap_err();
        assert!(error.to_string().contains("names for 11 of its 12 disks"), "{error}");
    }

    #[test]
    fn a_key_encrypts_every_volume_that_does_not_say_otherwise() {
        let own = Ec2Disk { kms_key: Some("alias/own".into()), ..Ec2Disk::default() };
        let plain = Ec2Disk { encrypted: Some(false), ..Ec2Disk::default() };
        let volumes =
            order(&spec(None, vec![disk("a", own), disk("b", plain)]), &ami("ami-1"), Some("alias/all"))
                .unwrap();
        let keys: Vec<_> =
            volumes.iter().map(|volume| (volume.encrypted, volume.kms_key.as_deref())).collect();
        assert_eq!(
            keys,
            [(Some(true), Some("alias/all")), (Some(true), Some("alias/own")), (Some(false), None)]
        );
    }

    #[test]
    fn a_disk_is_known_by_its_volume_whatever_the_order() {
        let volume = |id: &str, device: &str| Volume { id: id.into(), device: device.into() };
        let instance = Instance {
            id: "i-1".into(),
            state: crate::platform::ec2::api::State::Running,
            reason: None,
            public_ip: None,
            private_ip: None,
            volumes: vec![volume("vol-02", "/dev/sdf"), volume("vol-01", "/dev/xvda")],
            vpc: None,
            spot_request: None,
        };
        let disks = vec![disk("data", Ec2Disk::default())];
        let orders = order(&spec(None, disks.clone()), &ami("ami-1"), None).unwrap();
        let (root, others) = attached(&instance, &ami("ami-1"), &orders, &disks).unwrap();
        assert_eq!(root.id, "vol-01");
        let known = name(&others[0].0, &others[0].1);
        assert_eq!((known.name.as_str(), known.serial.as_str()), ("data", "vol02"));
        assert_eq!(known.device.as_deref(), Some("/dev/xvdf"));
    }
}

//! `[root_disk]` and `[[disks]]`.

use toml::Spanned;

use super::{
    cx::Cx,
    draft::{Placed, values},
    names::{self, DESTINATION, DISK},
};
use crate::template::{
    diagnose::Fault,
    model::{Disk, Ec2Disk, Filesystem, Owner, RootDisk},
    raw::{self, Raw, Text},
    units::Size,
};

const VOLUME_TYPES: [&str; 7] = ["gp3", "gp2", "io1", "io2", "st1", "sc1", "standard"];
/// Too small for a filesystem with its journal.
const SMALLEST: Size = Size(64 << 20);

impl Cx<'_> {
    pub fn root_disk(&self, raw: &Raw) -> RootDisk {
        let Some(disk) = raw.root_disk.as_ref().map(Spanned::get_ref) else { return RootDisk::default() };
        let ec2 = disk.ec2.as_ref().map(|ec2| self.ec2_disk(ec2.get_ref())).unwrap_or_default();
        RootDisk { size: self.size(&disk.size), ec2 }
    }

    pub fn disks(&self, raw: &Raw) -> Vec<Disk> {
        let mut disks = Vec::new();
        let mut mounts = Vec::new();
        for disk in &raw.disks {
            if let (Some(checked), table) = (self.disk(disk), disk.get_ref()) {
                let place = |text: &Option<Text>| text.as_ref().map_or(disk.span(), Spanned::span);
                mounts.push((checked.mount.clone(), place(&table.mount)));
                disks.push(Placed { value: checked, place: place(&table.name) });
            }
        }
        self.unique("the disk", disks.iter().map(|disk| (disk.value.name.as_str(), disk.place.clone())));
        self.unique("the mount point", mounts);
        values(disks)
    }

    fn disk(&self, disk: &Spanned<raw::Disk>) -> Option<Disk> {
        let (place, table) = (disk.span(), disk.get_ref());
        let name = self.need(&table.name, &place, "a disk", "name").and_then(|name| self.name(name, &DISK));
        if let (Some(name), Some(text)) = (&name, &table.name) {
            self.refuse_reserved_disk(name, text.span());
        }
        self.need(&table.size, &place, "a disk", "size");
        let size = self.size(&table.size);
        let mount = self.need(&table.mount, &place, "a disk", "mount").and_then(|mount| self.mount(mount));
        let words = [("ext4", Filesystem::Ext4), ("xfs", Filesystem::Xfs)];
        let filesystem = self.choice(&table.filesystem, "filesystem", &words).unwrap_or_default();
        self.fits_filesystem(table, size, filesystem);
        let owner = self.owner(&table.owner, &table.group);
        let mode = self.unit(&table.mode);
        let ec2 = table.ec2.as_ref().map(|ec2| self.ec2_disk(ec2.get_ref())).unwrap_or_default();
        Some(Disk { name: name?, size: size?, filesystem, mount: mount?, owner, mode, ec2 })
    }

    fn size(&self, text: &Option<Text>) -> Option<Size> {
        let size = self.unit::<Size>(text)?;
        if size < SMALLEST {
            let place = text.as_ref().map_or(0..0, Spanned::span);
            self.fault(
                Fault::at(place, format!("a disk of {size} is too small")).hint("write at least \"64MiB\""),
            );
        }
        Some(size)
    }

    /// mkfs.xfs refuses less, and says so only on the builder.
    fn fits_filesystem(&self, table: &raw::Disk, size: Option<Size>, filesystem: Filesystem) {
        let small = size.is_some_and(|size| (SMALLEST..Size(300 << 20)).contains(&size));
        if let (Filesystem::Xfs, true, Some(text)) = (filesystem, small, &table.size) {
            self.fault(Fault::at(text.span(), "xfs needs a disk of at least 300 MiB").hint("or use ext4"));
        }
    }

    fn mount(&self, text: &Text) -> Option<String> {
        let mount = self.name(text, &DESTINATION)?;
        let tidy =
            format!("/{}", mount.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"));
        if tidy == "/" {
            self.fault(
                Fault::at(text.span(), "a disk cannot be mounted on `/`")
                    .hint("its size is set by `[root_disk]`"),
            );
            return None;
        }
        if tidy.contains(char::is_whitespace) {
            self.fault(Fault::at(text.span(), "a mount point cannot have blanks in its path"));
            return None;
        }
        self.refuse_needed_folder(&tidy, text.span());
        Some(tidy)
    }

    pub fn owner(&self, user: &Option<Text>, group: &Option<Text>) -> Owner {
        let name = |text| self.maybe_account_name(text, &names::OWNER);
        Owner { user: name(user), group: name(group) }
    }

    fn ec2_disk(&self, table: &raw::Ec2Disk) -> Ec2Disk {
        let types = VOLUME_TYPES.map(|name| (name, name));
        Ec2Disk {
            volume_type: self.choice(&table.volume_type, "volume type", &types).map(str::to_owned),
            iops: self.number(&table.iops, 100..=256_000),
            throughput: self.number(&table.throughput, 125..=2_000),
            encrypted: self.flag(&table.encrypted),
            kms_key: self.maybe_name(&table.kms_key, &names::WORD),
        }
    }
}

//! The root disk and the extra disks.

use serde::Serialize;

use super::Owner;
use crate::template::units::{Mode, Size};

/// `[root_disk]`; without a size the base's own size is kept.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RootDisk {
    pub size: Option<Size>,
    pub ec2: Ec2Disk,
}

/// One of `[[disks]]`.
#[derive(Clone, Debug, Serialize)]
pub struct Disk {
    /// Filesystem label and serial of the disk: `[a-z0-9-]`, at most 12 characters (the limit of xfs).
    pub name: String,
    pub size: Size,
    pub filesystem: Filesystem,
    /// Absolute path.
    pub mount: String,
    /// Of the mount point.
    pub owner: Owner,
    pub mode: Option<Mode>,
    pub ec2: Ec2Disk,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Filesystem {
    #[default]
    Ext4,
    Xfs,
}

/// How the guest recognises an extra disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiskName {
    /// As in the template.
    pub name: String,
    /// What the disk says of itself, whatever the kernel calls it.
    pub serial: String,
    /// What the kernel calls it where disks say nothing of themselves.
    pub device: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Ec2Disk {
    pub volume_type: Option<String>,
    pub iops: Option<u32>,
    /// MiB/s
    pub throughput: Option<u32>,
    pub encrypted: Option<bool>,
    pub kms_key: Option<String>,
}

impl Ec2Disk {
    /// The type of a volume where the template names none.
    pub const USUAL_TYPE: &str = "gp3";
}

impl DiskName {
    /// A disk that calls itself by its name in the template.
    pub fn itself(name: &str) -> Self {
        Self { name: name.into(), serial: name.into(), device: None }
    }
}

impl Filesystem {
    pub fn name(self) -> &'static str {
        match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        }
    }
}

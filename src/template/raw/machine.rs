//! What the machine starts from and what disks it has.

use serde::Deserialize;
use toml::Spanned;

use super::{Flag, Number, Table, Text};

/// `[image]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Image {
    pub name: Option<Text>,
    pub version: Option<Text>,
    pub description: Option<Text>,
    pub tags: Table<String>,
    pub timeout: Option<Text>,
    pub builder_ttl: Option<Text>,
}

/// `[base]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Base {
    pub os: Option<Text>,
    pub arch: Option<Text>,
    pub ec2: Option<Spanned<Ec2Base>>,
    pub qemu: Option<Spanned<QemuBase>>,
    pub template: Option<Text>,
}

/// `ec2` of `[base]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table such as { ami = \"ami-...\" }")]
pub struct Ec2Base {
    pub ami: Option<Text>,
    pub parameter: Option<Text>,
    pub owner: Option<Text>,
    pub name: Option<Text>,
}

/// `qemu` of `[base]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table such as { bootstrap = \"bookworm\" }")]
pub struct QemuBase {
    pub bootstrap: Option<Text>,
    pub image: Option<Text>,
    pub url: Option<Text>,
    pub sha256: Option<Text>,
}

/// `[root_disk]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct RootDisk {
    pub size: Option<Text>,
    pub ec2: Option<Spanned<Ec2Disk>>,
}

/// One of `[[disks]]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Disk {
    pub name: Option<Text>,
    pub size: Option<Text>,
    pub filesystem: Option<Text>,
    pub mount: Option<Text>,
    pub owner: Option<Text>,
    pub group: Option<Text>,
    pub mode: Option<Text>,
    pub ec2: Option<Spanned<Ec2Disk>>,
}

/// `ec2` of a disk
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Ec2Disk {
    #[serde(rename = "type")]
    pub volume_type: Option<Text>,
    pub iops: Option<Spanned<Number>>,
    pub throughput: Option<Spanned<Number>>,
    pub encrypted: Option<Spanned<Flag>>,
    pub kms_key: Option<Text>,
}

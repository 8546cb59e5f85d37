//! The checked template: every string rendered, every name and unit checked, every reference
//! between tables resolved. It can be written as JSON, which is what schemas and plans are made from.

mod accounts;
mod base;
mod checks;
mod disks;
mod files;
mod image;
mod packages;
mod platforms;
mod steps;

use serde::Serialize;

pub use accounts::{BUILDER_ACCOUNT, Group, User};
pub use base::{Arch, Base, Ec2Base, QemuBase};
pub use checks::{Check, Probe};
pub use disks::{Disk, DiskName, Ec2Disk, Filesystem, RootDisk};
pub use files::{FileSource, FileSpec, Owner};
pub use image::{DataType, Image, Notify, Publish, Secret, SecretSource, Variable};
pub use packages::{PackageSpec, Packages, Repository, Snapshot};
pub use platforms::{
    Accelerator, Bastion, CloudInit, Ec2, Firmware, PlatformKind, Qemu, Seal, Share, Ssh, Via,
};
pub use steps::{Action, AnsibleSettings, InputSearch, Script, Step, StepInput, StepInputs, StepKind};

/// One template, checked. Paths of local files are relative to the folder of the file that
/// named them, already joined to that folder.
#[derive(Clone, Debug, Serialize)]
pub struct Template {
    pub image: Image,
    pub variables: Vec<Variable>,
    pub secrets: Vec<Secret>,
    pub base: Base,
    pub root_disk: RootDisk,
    pub disks: Vec<Disk>,
    pub groups: Vec<Group>,
    pub users: Vec<User>,
    pub packages: Packages,
    pub files: Vec<FileSpec>,
    pub steps: Vec<Step>,
    pub checks: Vec<Check>,
    pub cloud_init: CloudInit,
    pub ssh: Ssh,
    pub seal: Seal,
    pub ec2: Ec2,
    pub qemu: Qemu,
    pub publish: Publish,
    pub notify: Notify,
}

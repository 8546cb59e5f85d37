//! A template as written: every key optional, every value with its place. What is missing or does not
//! make sense is found later, in `check`; here only unknown keys and wrong types are.
//!
//! No serde `flatten`, `untagged` or `tag`: they read through a buffer that forgets places.

mod accounts;
mod machine;
mod platforms;
mod prune;
mod read;
mod rewrite;
mod snapshot;
mod strict;
mod syntax;
mod tree;
mod values;
mod work;
mod wrong_key;
mod wrong_type;

use serde::Deserialize;
use toml::Spanned;

pub use accounts::{Group, Packages, Repository, SnapshotTable, User};
pub use machine::{Base, Disk, Ec2Base, Ec2Disk, Image, QemuBase, RootDisk};
pub use platforms::{Bastion, CloudInit, Ec2, Notify, Publish, Qemu, Seal, Secret, Share, Slack, Ssh};
pub use prune::Pruned;
pub use read::{Read, includes, read, read_provisioner, variables};
pub use snapshot::Snapshot;
pub use values::{Flag, Given, Number, Table, Variable};
pub use work::{CHECK_COMMON, CHECK_KINDS, Check, File, Step, Use};

/// A string with its place; a template until it is rendered.
pub type Text = Spanned<String>;
pub type List = Vec<Text>;

/// A whole template, its includes already merged into it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Raw {
    pub include: Option<Spanned<List>>,
    pub image: Option<Spanned<Image>>,
    pub variables: Table<Variable>,
    pub secrets: Table<Secret>,
    pub base: Option<Spanned<Base>>,
    pub root_disk: Option<Spanned<RootDisk>>,
    pub disks: Vec<Spanned<Disk>>,
    pub groups: Vec<Spanned<Group>>,
    pub users: Vec<Spanned<User>>,
    pub packages: Option<Spanned<Packages>>,
    pub files: Vec<Spanned<File>>,
    #[serde(rename = "use")]
    pub uses: Vec<Spanned<Use>>,
    pub steps: Vec<Spanned<Step>>,
    pub checks: Vec<Spanned<Check>>,
    pub cloud_init: Option<Spanned<CloudInit>>,
    pub ssh: Option<Spanned<Ssh>>,
    pub seal: Option<Spanned<Seal>>,
    pub ec2: Option<Spanned<Ec2>>,
    pub qemu: Option<Spanned<Qemu>>,
    pub publish: Option<Spanned<Publish>>,
    pub notify: Option<Spanned<Notify>>,
}

/// What may stand in a `provisioner.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Provisioner {
    pub provisioner: Option<Spanned<About>>,
    pub variables: Table<Variable>,
    pub groups: Vec<Spanned<Group>>,
    pub users: Vec<Spanned<User>>,
    pub packages: Option<Spanned<Packages>>,
    pub files: Vec<Spanned<File>>,
    #[serde(rename = "use")]
    pub uses: Vec<Spanned<Use>>,
    pub steps: Vec<Spanned<Step>>,
    pub checks: Vec<Spanned<Check>>,
}

/// `[provisioner]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct About {
    pub description: Option<Text>,
}

impl From<Provisioner> for Raw {
    fn from(from: Provisioner) -> Self {
        Self {
            variables: from.variables,
            groups: from.groups,
            users: from.users,
            packages: from.packages,
            files: from.files,
            uses: from.uses,
            steps: from.steps,
            checks: from.checks,
            ..Self::default()
        }
    }
}

//! The image that a bake starts from, per platform.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Arch {
    #[default]
    #[serde(rename = "x86_64")]
    X86_64,
    #[serde(rename = "arm64")]
    Arm64,
}

/// `[base]`, the catalogue name already looked up. A platform without an entry cannot bake this
/// template.
#[derive(Clone, Debug, Serialize)]
pub struct Base {
    pub arch: Arch,
    pub os: Option<String>,
    pub ec2: Option<Ec2Base>,
    pub qemu: Option<QemuBase>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ec2Base {
    Ami(String),
    Parameter(String),
    Newest {
        owner: String,
        name: String,
    },
    /// The image that another template makes.
    Template(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QemuBase {
    /// A Debian suite, built from distribution packages.
    Bootstrap(String),
    /// A disk image on this computer.
    Image(PathBuf),
    /// `sha256` in lower-case hex.
    Url { url: String, sha256: String },
    /// The root disk of an image that another template has made, with its sum in lower-case hex.
    Made { image: String, disk: PathBuf, sha256: String },
    /// The image that another template makes.
    Template(PathBuf),
}

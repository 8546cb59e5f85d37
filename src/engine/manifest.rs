//! The manifest: what is in an image and how it was made. It lies in the image's folder as
//! `manifest.json`; `docs/manifest.md` describes it for other programs.

mod content;
mod diff;
mod redacted;

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use content::Group;
pub use diff::{Change, Diff, Side};

use super::phases::Timings;
use crate::{
    error::{Error, Kind},
    journal::check_format,
    open_file::{self, Confinement},
    platform::{BaseImage, CapturedDisk, CloudImage, ImageCopy, Settings},
    template::model::{Check, PlatformKind, Snapshot, Ssh},
};

/// Of this description; raised when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// With the packages and inputs of the largest images it has a few megabytes.
const LARGEST_MANIFEST_BYTES: u64 = 256 << 20;

/// Name of the manifest in an image's folder.
pub const FILE: &str = "manifest.json";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// Version of hornero that made the image.
    pub tool: String,
    pub image: String,
    pub name: String,
    pub version: Option<String>,
    pub description: Option<String>,
    pub run: String,
    pub platform: String,
    pub created: Timestamp,
    pub base: BaseEntry,
    pub system: String,
    pub kernel: String,
    pub disks: Vec<CapturedDisk>,
    /// Where the platform keeps the image; `None` where the files beside this one are the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Why an image that the platform keeps is not what the template wants of it yet, its copies apart.
    /// Nothing points at it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
    /// The same image in other regions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<ImageCopy>,
    /// Parts of the seal that ran.
    pub sealed: Vec<String>,
    /// Secrets that may lie in the image, and why the template says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets_in_image: BTreeMap<String, String>,
    /// Of everything that decides the image's content; see `docs/fingerprint.md`.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// The sum of each part of the fingerprint, by what a person calls it.
    #[serde(default)]
    pub decided_by: BTreeMap<String, String>,
    /// The variables that the template uses, with their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// Files of the template, its scripts and what it uploads, with their sums.
    pub inputs: Vec<InputEntry>,
    pub packages: Vec<PackageEntry>,
    /// The distribution's archive that they come from, where the template names a moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_snapshot: Option<Snapshot>,
    pub users: Vec<AccountEntry>,
    /// Run again on a machine started from the image.
    pub checks: Vec<Check>,
    /// The platform's own table of the template, for machines that are started from the image.
    pub machine: Settings,
    /// The way to a machine started from the image; paths of keys, never a key.
    #[serde(default)]
    pub ssh: Ssh,
    /// When a bake that had failed was gone on with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<Timestamp>,
    /// Whether a machine started from the image can be given an account through cloud-init.
    pub cloud_init: bool,
    pub timings: Timings,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseEntry {
    pub id: String,
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputEntry {
    pub path: String,
    pub sha256: String,
    pub mode: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackageEntry {
    pub name: String,
    pub version: String,
    pub arch: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountEntry {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub home: String,
    pub shell: String,
}

impl BaseEntry {
    pub fn of(base: &BaseImage) -> Self {
        Self { id: base.id.clone(), description: base.description.clone() }
    }

    /// As a person reads it.
    pub fn shown(&self) -> String {
        format!("{} ({})", self.description, self.id)
    }
}

impl Manifest {
    /// A folder, or a region.
    pub fn location(&self, folder: &Path) -> String {
        self.region.clone().unwrap_or_else(|| folder.display().to_string())
    }

    /// What the image's disks take up.
    pub fn bytes(&self) -> u64 {
        self.disks.iter().map(CapturedDisk::bytes).sum()
    }

    /// The image where the platform keeps it.
    pub fn cloud(&self) -> Option<CloudImage> {
        let (id, unfinished, copies) = (self.image.clone(), self.unfinished.clone(), self.copies.clone());
        Some(CloudImage { id, region: self.region.clone()?, unfinished, copies })
    }

    /// Reads the manifest of the image in `folder`.
    ///
    /// # Errors
    /// When there is none, or it is none of ours.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        Self::open(&folder.join(FILE))
            .map_err(|error| error.or_hint("the image's folder is gone or incomplete: bake it again"))
    }

    /// Reads the manifest in the file `path`, wherever it lies.
    ///
    /// # Errors
    /// When it cannot be read, or is none of ours.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let reading = format!("reading the manifest `{}`", path.display());
        let failed = || Error::new(Kind::Local, &reading);
        let read = open_file::read(path, Confinement::Anywhere, LARGEST_MANIFEST_BYTES);
        Self::parse(&read.map_err(|error| failed().because(&error))?.bytes, &reading)
    }

    /// The manifest in `text`; `reading` says in errors what was being done.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn parse(text: &[u8], reading: &str) -> Result<Self, Error> {
        check_format(text, FORMAT).map_err(|newer| Error::newer(reading, &newer))?;
        let manifest: Self =
            serde_json::from_slice(text).map_err(|error| Error::new(Kind::Local, reading).because(&error))?;
        // Of the tables of the platforms one has no key that must be there: nothing may be taken for it.
        let machine = match &manifest.machine {
            Settings::Qemu(_) => PlatformKind::Qemu,
            Settings::Ec2(_) => PlatformKind::Ec2,
        };
        match machine.name() == manifest.platform {
            true => Ok(manifest),
            false => Err(Error::new(
                Kind::Local,
                format!("{reading}: it is of the platform `{}`, and `machine` is not", manifest.platform),
            )
            .hint("the file was changed or is damaged: bake the image again")),
        }
    }
}

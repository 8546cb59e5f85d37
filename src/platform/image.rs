//! What comes out of a capture: disks as files or snapshots, and the platform's own image where it
//! keeps one.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

/// What an image is to be called and to say of itself.
#[derive(Clone, Debug)]
pub struct CaptureSpec<'a> {
    /// For files that become part of the image.
    pub folder: &'a Path,
    pub name: &'a str,
    pub version: Option<&'a str>,
    pub description: Option<&'a str>,
    /// The run's ID.
    pub run: &'a str,
    /// The short form, for a tag.
    pub fingerprint: &'a str,
    /// ID and description of the base.
    pub base: (&'a str, &'a str),
    pub tags: &'a BTreeMap<String, String>,
}

/// A captured image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    pub disks: Vec<CapturedDisk>,
    /// The platform's own image; `None` where the files are the image.
    pub cloud: Option<CloudImage>,
}

/// An image that the platform keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudImage {
    pub id: String,
    pub region: String,
    pub copies: Vec<ImageCopy>,
}

/// The same image in another region, or why it is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCopy {
    pub region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// One disk of a captured image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedDisk {
    /// `root`, or the name of an extra disk.
    pub name: String,
    #[serde(flatten)]
    pub content: Content,
    pub virtual_bytes: u64,
}

/// Where a disk's content is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    File {
        /// Name inside the image's folder.
        file: String,
        file_bytes: u64,
        /// Of the file, lower-case hex.
        sha256: String,
    },
    Snapshot {
        snapshot: String,
        /// As in the image's block device mapping.
        device: String,
    },
}

impl CapturedDisk {
    /// What it takes up: of a snapshot only the disk's size is known.
    pub fn bytes(&self) -> u64 {
        match &self.content {
            Content::File { file_bytes, .. } => *file_bytes,
            Content::Snapshot { .. } => self.virtual_bytes,
        }
    }
}

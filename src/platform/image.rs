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
    /// The sum of each part of it, for tags.
    pub decided_by: &'a BTreeMap<String, String>,
    /// ID and description of the base.
    pub base: (&'a str, &'a str),
    pub tags: &'a BTreeMap<String, String>,
    /// How it is to be published, packed; for tags.
    pub delivery: &'a str,
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
    /// Why it is not what the template wants of it yet, its copies apart.
    pub unfinished: Option<String>,
    pub copies: Vec<ImageCopy>,
}

/// The same image in another region, or why it is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageCopy {
    pub region: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// Why the copy that is there is not what the template wants of it yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<String>,
}

impl CloudImage {
    /// One that was just captured: it is there, and neither copied nor shared.
    pub fn new(id: &str, region: &str, copy_to: &[String]) -> Self {
        let others = copy_to.iter().filter(|other| *other != region);
        let copies = others.map(|other| ImageCopy { region: other.clone(), ..ImageCopy::default() });
        let unfinished = Some("it was captured, and nothing was done with it yet".to_owned());
        Self { id: id.to_owned(), region: region.to_owned(), unfinished, copies: copies.collect() }
    }

    pub fn is_finished(&self) -> bool {
        self.unfinished.is_none() && self.copies.iter().all(ImageCopy::is_finished)
    }
}

impl ImageCopy {
    pub fn is_finished(&self) -> bool {
        self.image.is_some() && self.unfinished.is_none()
    }
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

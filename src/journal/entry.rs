//! What stands in a journal, one JSON object a line.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The first line.
    Begun(Header),
    /// Written before the effect.
    Intent { number: u32, at: Timestamp, effect: Effect },
    /// Written after it. One that failed may have happened all the same, when only its answer was lost.
    Result { number: u32, at: Timestamp, ok: bool },
    /// Something is there that has to be removed again.
    Made { at: Timestamp, thing: Thing },
    /// It is there no more.
    Gone { at: Timestamp, thing: Thing },
    /// The image is complete: from now on nothing removes it.
    Kept { at: Timestamp, image: String, folder: PathBuf },
    /// The run has failed and leaves its builder running, for a person to look at and to go on with.
    BuilderKept { at: Timestamp, until: Timestamp },
    /// A later process goes on with the run: to its image, or to remove what it has left.
    TakenUp { at: Timestamp, pid: u32 },
    /// The last line; `clean` when the run has removed everything that it made and that is no image. Of a run
    /// that was cleaned up after, there is no exit code.
    Ended {
        at: Timestamp,
        clean: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<u8>,
    },
}

impl Entry {
    /// When it was written.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Begun(header) => header.at,
            Self::Intent { at, .. }
            | Self::Result { at, .. }
            | Self::Made { at, .. }
            | Self::Gone { at, .. }
            | Self::Kept { at, .. }
            | Self::BuilderKept { at, .. }
            | Self::TakenUp { at, .. }
            | Self::Ended { at, .. } => *at,
        }
    }
}

/// Which run it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub run: String,
    /// The image's name.
    pub image: String,
    pub platform: String,
    /// Version of hornero.
    pub tool: String,
    pub pid: u32,
    pub at: Timestamp,
}

/// Something that is done outside of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A call to AWS that changes something.
    Call { action: String, resource: String, place: Place },
    /// A folder for the disks of a virtual machine, or for an image that is put together.
    Folder { path: PathBuf },
    /// A virtual machine whose files are in `folder`.
    Machine { folder: PathBuf },
    /// A folder gets its final name as an image.
    Complete { image: String, folder: PathBuf },
    /// The store is told of an image.
    Record { image: String },
    /// A parameter is pointed at an image.
    Point { parameter: String, image: String, region: Option<String> },
}

/// Where a call to AWS goes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub region: String,
    /// The role that was taken on, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Something that a run has made and that must not outlive it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Thing {
    Instance {
        id: String,
        place: Place,
    },
    SecurityGroup {
        id: String,
        place: Place,
    },
    SpotRequest {
        id: String,
        place: Place,
    },
    /// One that is not complete yet.
    Ami {
        id: String,
        place: Place,
    },
    /// A QEMU process whose files are in `folder`.
    Machine {
        pid: u32,
        folder: PathBuf,
    },
    Folder {
        path: PathBuf,
    },
    /// The lock of an image, which is held or waited for.
    Lock {
        name: String,
    },
}

impl Thing {
    /// Whether it is given back, and no platform removes it.
    pub fn is_lock(&self) -> bool {
        matches!(self, Self::Lock { .. })
    }
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Instance { id, place } => write!(f, "the instance {id} in {}", place.region),
            Self::SecurityGroup { id, place } => write!(f, "the security group {id} in {}", place.region),
            Self::SpotRequest { id, place } => write!(f, "the spot request {id} in {}", place.region),
            Self::Ami { id, place } => write!(f, "the unfinished AMI {id} in {}", place.region),
            Self::Machine { pid, .. } => write!(f, "the virtual machine with process {pid}"),
            Self::Folder { path } => write!(f, "the folder `{}`", path.display()),
            Self::Lock { name } => write!(f, "the lock `{name}`"),
        }
    }
}

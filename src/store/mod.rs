//! The store room owns what is remembered after a bake: which images there are, and the parameters
//! through which deploy tooling finds them. `Parameters` alone is what a parameter service can do;
//! `Images` is kept beside it, and `Locks` keep two bakes of one image apart. `local` keeps both in a SQLite file on this computer, `ssm` in Parameter
//! Store and in the tags of AMIs.

pub mod error;
mod key;
pub mod local;
mod lock;
mod name;
pub mod ssm;

use std::{path::PathBuf, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use error::StoreError;
pub use key::{Key, Keys};
pub use lock::{Confirmed, HeldLock, Holder, Lease, Locks, Taken};

/// An image that was captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    pub id: String,
    pub name: String,
    pub version: Option<String>,
    pub platform: String,
    /// The ID of the run that made it.
    pub run: String,
    /// A folder, or a region.
    pub location: String,
    /// Of everything that decides its content.
    pub fingerprint: Option<String>,
    pub bytes: u64,
    pub created: Timestamp,
    pub manifest: PathBuf,
    /// A machine started from it has passed its checks, and it lacks nothing where it was made: a
    /// parameter may point at it.
    #[serde(default)]
    pub proved: bool,
    /// For what it was finished, where there is something to finish.
    #[serde(skip)]
    pub finish: Option<String>,
    /// What it was made from, where the platform keeps that with the image.
    #[serde(skip)]
    pub made_from: Option<MadeFrom>,
    /// How it is to be published, packed, where the platform keeps that with an image that is not yet.
    #[serde(skip)]
    pub delivery: Option<String>,
}

/// What an image says of its making, to whoever does not have its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeFrom {
    /// As a person reads it.
    pub base: String,
    /// The parts of its fingerprint, packed.
    pub inputs: String,
}

/// What a parameter's value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    Text,
    /// The ID of an image; checked to exist whenever it is written.
    Image,
}

/// One version of a parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: String,
    /// From 1, without gaps.
    pub version: u64,
    pub value: String,
    pub kind: ValueKind,
    /// Empty where only the history tells it.
    pub description: String,
    pub written: Timestamp,
}

/// Named values with their history.
#[async_trait]
pub trait Parameters: Send + Sync {
    /// Writes a text as the next version, and tells which that is. A store that keeps few versions
    /// makes none for a value that is there already.
    async fn put(&self, name: &str, value: &str, description: &str) -> Result<u64, StoreError>;

    /// Points the parameter at an image, which must exist, and tells the new version. What is once
    /// a pointer can never be overwritten with a mere text.
    async fn point(&self, name: &str, image: &str, description: &str) -> Result<u64, StoreError>;

    /// Whether a value of this kind can be written later, as far as that can be asked without writing: for
    /// whoever has much to do before.
    async fn check_writable(&self, name: &str, kind: ValueKind) -> Result<(), StoreError>;

    /// The store of another region; `None` where there are no regions.
    async fn in_region(&self, region: &str) -> Result<Option<Arc<dyn Store>>, StoreError>;

    /// The newest version.
    async fn get(&self, name: &str) -> Result<Option<Parameter>, StoreError>;

    async fn version(&self, name: &str, version: u64) -> Result<Option<Parameter>, StoreError>;

    /// Every version, oldest first.
    async fn history(&self, name: &str) -> Result<Vec<Parameter>, StoreError>;
}

/// The images that were captured.
#[async_trait]
pub trait Images: Send + Sync {
    /// Records an image. Recording the same again changes nothing.
    async fn record(&self, image: &ImageRecord) -> Result<(), StoreError>;

    /// By its ID, or by a beginning of it that only one image has.
    async fn find(&self, id: &str) -> Result<Option<ImageRecord>, StoreError>;

    /// Those of one name, or all; newest first.
    async fn list(&self, name: Option<&str>) -> Result<Vec<ImageRecord>, StoreError>;

    /// Remembers that a parameter may point at the image, and for what it was finished: the sum of
    /// everything that is wanted of an image beside its content.
    async fn prove(&self, id: &str, finish: &str) -> Result<(), StoreError>;

    /// Nothing is left to publish of the image: what the platform keeps with it for that is removed.
    async fn delivered(&self, id: &str) -> Result<(), StoreError>;

    /// Forgets an image that no parameter points at. The image itself is not touched.
    async fn forget(&self, id: &str) -> Result<(), StoreError>;
}

/// All of it in one.
pub trait Store: Parameters + Images + Locks + Keys {}

impl<T: Parameters + Images + Locks + Keys> Store for T {}

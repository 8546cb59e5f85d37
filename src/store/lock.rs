//! Locks keep two bakes of one image apart, on one computer and on several. A lock is a lease: its
//! holder says again and again that it lives, and whoever waits may take it over when it has not said so
//! for the length of the lease, and not before.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::journal::Journal;

/// Who takes a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Tells this one holder from all others.
    pub token: String,
    /// What a person reads: `ci@runner-7, process 4711`.
    pub who: String,
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    pub who: String,
    pub since: Timestamp,
    /// Until then nobody else takes it; put off for as long as its holder lives.
    pub until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is ours, for as long as [`Locks::lease`] says.
    Ours,
    /// Somebody else has it.
    Held(Lease),
}

#[async_trait]
pub trait Locks: Send + Sync {
    /// How long a lock lasts whose holder says nothing more.
    fn lease(&self) -> Duration;

    /// Takes a lock that is free or over, or puts off the end of one that is ours already. What is
    /// written elsewhere for that stands in the journal before.
    async fn take(&self, name: &str, holder: &Holder, journal: &Journal) -> Result<Taken, StoreError>;

    /// Gives it back, if it is still ours.
    async fn release(&self, name: &str, holder: &Holder) -> Result<(), StoreError>;
}

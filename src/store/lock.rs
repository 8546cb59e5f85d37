//! Locks keep two bakes of one image apart, on one computer and on several. A lock is a lease: its
//! holder says again and again that it lives, and whoever waits may take it over when it has not said so
//! for the length of the lease, and not before.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};
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

/// What is known of a lock that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// It was ours all the time since it was taken, and is until then.
    Ours { until: Timestamp },
    /// Another has taken it meanwhile; `None` when that one has given it back.
    Lost { now: Option<Lease> },
}

/// A lock that is held, for whoever writes under it.
#[derive(Clone)]
pub struct HeldLock {
    /// Where the lock is kept, which need not be where is written.
    pub store: Arc<dyn Store>,
    pub name: String,
    pub holder: Holder,
    pub journal: Journal,
}

impl std::fmt::Debug for HeldLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HeldLock").field("name", &self.name).field("holder", &self.holder).finish()
    }
}

#[async_trait]
pub trait Locks: Send + Sync {
    /// How long a lock lasts whose holder says nothing more.
    fn lease(&self) -> Duration;

    /// Takes a lock that is free or over, or puts off the end of one that is ours already. What is
    /// written elsewhere for that stands in the journal before.
    async fn take(&self, name: &str, holder: &Holder, journal: &Journal) -> Result<Taken, StoreError>;

    /// Whether a lock that was taken is still ours, by the time of the store and not by this computer's; puts
    /// its end off if so. What was lost is not taken again: another may have done meanwhile what is to be done
    /// once.
    async fn confirm(&self, name: &str, holder: &Holder, journal: &Journal) -> Result<Confirmed, StoreError>;

    /// The same store for somebody who holds a lock: it writes no parameter, in no region, unless the lock is still
    /// held right before.
    fn under(&self, lock: HeldLock) -> Arc<dyn Store>;

    /// Gives it back, if it is still ours.
    async fn release(&self, name: &str, holder: &Holder) -> Result<(), StoreError>;
}

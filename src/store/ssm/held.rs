//! Whether the lock under which a parameter is written is still held, asked right before each write.

use std::time::{Duration, Instant, SystemTime};

use jiff::Timestamp;

use super::SsmStore;
use crate::store::{Confirmed, HeldLock, StoreError};

impl SsmStore {
    /// Right before a write: until when the lock is held, by AWS's time; `None` for whoever needs none.
    pub(super) async fn confirm_lock(&self, parameter: &str) -> Result<Option<Timestamp>, StoreError> {
        let Some(HeldLock { store, name, holder, journal }) = &self.lock else { return Ok(None) };
        loop {
            let asked = Stopwatch::start();
            match store.confirm(name, holder, journal).await? {
                Confirmed::Lost { now } => return Err(StoreError::lock_lost(parameter, name, now)),
                Confirmed::Ours { until } if asked.elapsed() < store.lease() / 2 => return Ok(Some(until)),
                // This process stood still while it was answered.
                Confirmed::Ours { .. } => {}
            }
        }
    }
}

/// How long something takes, also while this process or its computer stands still.
struct Stopwatch(Instant, SystemTime);

impl Stopwatch {
    fn start() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// The clock of a process does not run while its computer sleeps, and the one on the wall may be set.
    fn elapsed(&self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

//! How much of what was sent may wait for listeners. A listener that is a little slow is waited for, so that it hears
//! everything; one that does not listen is not, for a bake must not depend on it.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use tokio::runtime::{Handle, RuntimeFlavor};

/// So many bytes wait at most.
const MOST_BYTES: usize = 4 << 20;

/// A sender that has to wait does so until this much is free, and not for each event anew.
const FREED_BYTES: usize = MOST_BYTES / 4;

/// How long a sender waits for room before it goes on without.
const PATIENCE: Duration = Duration::from_secs(1);

/// What waits for listeners.
#[derive(Default)]
pub(super) struct Room {
    used: Mutex<Used>,
    freed: Condvar,
}

#[derive(Default)]
struct Used {
    bytes: usize,
    /// A sender has waited for nothing: the next ones do not, before half of it is free.
    in_vain: bool,
    /// Nobody listens.
    closed: bool,
}

impl Used {
    fn has_room(&self, bytes: usize) -> bool {
        self.closed || self.bytes + bytes <= MOST_BYTES
    }
}

impl Room {
    /// Waits a while until so many bytes have room. Says whether they have. What is of little worth is not waited for.
    pub fn wait_for(&self, bytes: usize, at_once: bool) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.in_vain &= !used.closed && used.bytes > MOST_BYTES / 2;
        if used.in_vain {
            return false;
        }
        if used.has_room(bytes) || at_once {
            return used.has_room(bytes);
        }
        drop(used);
        let there = beside_other_tasks(|| self.freed_in_time(bytes));
        if !there {
            self.used.lock().unwrap_or_else(PoisonError::into_inner).in_vain = true;
        }
        there
    }

    fn freed_in_time(&self, bytes: usize) -> bool {
        let used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |used: &mut Used| !used.has_room(FREED_BYTES);
        let waited = self.freed.wait_timeout_while(used, PATIENCE, full);
        waited.unwrap_or_else(PoisonError::into_inner).0.has_room(bytes)
    }

    pub fn take(&self, bytes: usize) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).bytes += bytes;
    }

    pub fn free(&self, bytes: usize) {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.bytes = used.bytes.saturating_sub(bytes);
        self.freed.notify_all();
    }

    /// Nobody listens any more: there is room for everything, for it is kept nowhere.
    pub fn close(&self) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.freed.notify_all();
    }
}

/// Waits on this thread, and lets others take over the tasks that were to run on it.
fn beside_other_tasks<T>(wait: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        Ok(_) | Err(_) => wait(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn who_waits_in_vain_is_not_made_to_wait_again_before_there_is_room() {
        let room = Room::default();
        room.take(MOST_BYTES);
        let begun = Instant::now();
        assert!(!room.wait_for(1, false));
        assert!(begun.elapsed() >= PATIENCE);
        let begun = Instant::now();
        assert!((0..1000).all(|_| !room.wait_for(1, false)));
        assert!(begun.elapsed() < PATIENCE);
        room.free(MOST_BYTES / 2);
        assert!(room.wait_for(1, false));
        room.take(MOST_BYTES);
        room.close();
        assert!(room.wait_for(1, false));
    }
}

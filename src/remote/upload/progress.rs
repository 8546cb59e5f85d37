//! How far an upload is, counted over all its lines.

use std::sync::{Mutex, PoisonError};

type Tell = Box<dyn FnMut(u64, u64) + Send>;

/// Bytes of files that have been sent, of how many.
pub(super) struct Progress {
    pub total: u64,
    state: Mutex<(u64, Tell)>,
}

impl Progress {
    pub fn new(total: u64, tell: Tell) -> Self {
        Self { total, state: Mutex::new((0, tell)) }
    }

    pub fn add(&self, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += bytes;
        let sent = state.0;
        (state.1)(sent.min(self.total), self.total);
    }

    /// An attempt begins after so many bytes.
    pub fn restart(&self, at: u64) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = at;
    }
}

//! How often a transfer says how far it is: the first time, at its end, and now and then between.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::event::Event;

/// Knows when each transfer was last told of.
pub(super) struct Sparing {
    between: SignedDuration,
    told: HashMap<String, Timestamp>,
}

impl Sparing {
    pub fn every(between: SignedDuration) -> Self {
        Self { between, told: HashMap::new() }
    }

    /// Whether this is to be told. What is no progress always is.
    pub fn is_due(&mut self, event: &Event, at: Timestamp) -> bool {
        let Event::Progress { task, done, total } = event else {
            return true;
        };
        let last = self.told.get(task).copied();
        let due = last.is_none_or(|last| at.duration_since(last) >= self.between)
            || total.is_some_and(|total| *done >= total);
        if due {
            self.told.insert(task.clone(), at);
        }
        due
    }
}

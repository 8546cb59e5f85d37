//! How often a transfer says how far it is: the first time, at its end, and now and then between. And how
//! often a line that rewrites itself is shown: now and then.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::event::{Event, Role};

/// What tells again and again how far it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Task {
    Transfer,
    Step,
}

/// Knows when each transfer was last told of.
pub(super) struct Sparing {
    between: SignedDuration,
    told: HashMap<(Task, String), Timestamp>,
}

impl Sparing {
    pub fn every(between: SignedDuration) -> Self {
        Self { between, told: HashMap::new() }
    }

    /// Whether this is to be told. What comes only once always is.
    pub fn is_due(&mut self, event: &Event, at: Timestamp) -> bool {
        let (key, is_last) = match event.role() {
            Role::Repeated { task, is_last } => ((Task::Transfer, task.to_owned()), is_last),
            Role::UnfinishedLine { source, rewrites_itself: true } => {
                ((Task::Step, source.to_owned()), false)
            }
            // Most of these are whole a moment later.
            Role::UnfinishedLine { rewrites_itself: false, .. } => return false,
            Role::Advance(_) | Role::Told => return true,
        };
        let last = self.told.get(&key).copied();
        let due = is_last || last.is_none_or(|last| at.duration_since(last) >= self.between);
        if due {
            self.told.insert(key, at);
        }
        due
    }
}

//! How often a transfer says how far it is: the first time, at its end, and now and then between. And how
//! often a line that rewrites itself is shown: now and then.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::event::Event;

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
        let (task, name, is_last) = match event {
            Event::Progress { task, done, total } => {
                (Task::Transfer, task, total.is_some_and(|total| *done >= total))
            }
            // Most others are whole a moment later.
            Event::UnfinishedLine { line, .. } if !line.contains('\r') => return false,
            Event::UnfinishedLine { source, .. } => (Task::Step, source, false),
            Event::RunStarted { .. }
            | Event::PhaseStarted { .. }
            | Event::PhaseFinished { .. }
            | Event::StepStarted { .. }
            | Event::StepRetried { .. }
            | Event::StepFinished { .. }
            | Event::Output { .. }
            | Event::OutputSkipped { .. }
            | Event::Reused { .. }
            | Event::Note { .. }
            | Event::Warning { .. }
            | Event::CheckFinished { .. }
            | Event::ImageCaptured { .. }
            | Event::UpToDate { .. }
            | Event::Published { .. }
            | Event::Error { .. }
            | Event::NotBaked { .. }
            | Event::RunFinished { .. } => return true,
        };
        let key = (task, name.clone());
        let last = self.told.get(&key).copied();
        let due = is_last || last.is_none_or(|last| at.duration_since(last) >= self.between);
        if due {
            self.told.insert(key, at);
        }
        due
    }
}

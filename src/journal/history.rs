//! What a journal tells, whatever became of its end.

use std::{collections::BTreeSet, path::PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Entry, Header, Place, Thing};

/// The time in which one process was at work on a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    pub began: Timestamp,
    /// Of its last entry so far.
    pub last_seen: Timestamp,
}

/// A journal as it was read. Lines that cannot be read are left out, and counted: the last one of a
/// run that was killed is often torn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// None when even the first line is torn: nothing was done then.
    pub header: Option<Header>,
    /// In the order in which they were intended.
    pub effects: Vec<Effect>,
    /// What was made and is not gone, the oldest first.
    pub things: Vec<Thing>,
    /// Effects that were intended and of which nothing came.
    pub half_done: BTreeSet<u32>,
    /// ID and folder of the complete image.
    pub kept: Option<(String, PathBuf)>,
    /// Until when its builder is kept, if it is.
    pub builder_kept: Option<Timestamp>,
    /// When a later process went on with it.
    pub taken_up: Vec<Timestamp>,
    /// Whether the run came to its end; then, whether it left nothing.
    pub ended: Option<bool>,
    /// When that was.
    pub ended_at: Option<Timestamp>,
    /// What its last process ended with; `None` for one that was killed or made by an earlier version.
    pub exit_code: Option<u8>,
    /// The stretches of time in which a process was at work on it, the oldest first.
    pub sessions: Vec<Session>,
    pub unreadable: usize,
    pub last_number: u32,
}

impl History {
    pub fn of(text: &[u8]) -> Self {
        let mut history = Self::default();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(entry) => history.take(entry),
                Err(_) => history.unreadable += 1,
            }
        }
        history
    }

    fn take(&mut self, entry: Entry) {
        self.extend_session(&entry);
        match entry {
            Entry::Begun(header) => self.header = Some(header),
            Entry::Intent { number, effect, .. } => {
                self.last_number = self.last_number.max(number);
                // Whatever ended before was taken up again.
                self.ended = None;
                self.half_done.insert(number);
                self.effects.push(effect);
            }
            Entry::Result { number, .. } => {
                self.half_done.remove(&number);
            }
            Entry::Made { thing, .. } => self.things.push(thing),
            Entry::Gone { thing, .. } => self.things.retain(|known| *known != thing),
            Entry::Kept { image, folder, .. } => self.kept = Some((image, folder)),
            Entry::BuilderKept { until, .. } => self.builder_kept = Some(until),
            Entry::TakenUp { at, .. } => {
                self.builder_kept = None;
                self.ended = None;
                self.taken_up.push(at);
            }
            Entry::Ended { clean, at, exit_code } => {
                (self.ended, self.ended_at) = (Some(clean), Some(at));
                self.exit_code = exit_code.or(self.exit_code);
            }
        }
    }

    fn extend_session(&mut self, entry: &Entry) {
        let at = entry.at();
        match (entry, self.sessions.last_mut()) {
            (Entry::Begun(_) | Entry::TakenUp { .. }, _) | (_, None) => {
                self.sessions.push(Session { began: at, last_seen: at });
            }
            (_, Some(session)) => session.last_seen = at,
        }
    }

    /// How long processes have been at work on it, without the time in which its builder was kept.
    pub fn work_time(&self) -> SignedDuration {
        self.sessions.iter().map(|session| session.last_seen.duration_since(session.began)).sum()
    }

    /// Whether something of the run may be left.
    pub fn is_open(&self) -> bool {
        self.header.is_some() && self.ended != Some(true)
    }

    /// Whether an effect may have happened of which this does not tell.
    pub fn is_half_done(&self) -> bool {
        !self.half_done.is_empty()
    }

    /// Where the run has changed something on AWS.
    pub fn places(&self) -> BTreeSet<Place> {
        let place = |effect: &Effect| match effect {
            Effect::Call { place, .. } => Some(place.clone()),
            Effect::Folder { .. }
            | Effect::Machine { .. }
            | Effect::Complete { .. }
            | Effect::Record { .. }
            | Effect::Point { .. } => None,
        };
        self.effects.iter().filter_map(place).collect()
    }
}

//! Plain lines with a time, for CI logs and pipes: `12:04:31 steps | configure: line`. Where several
//! images are baked at once, the name of the image stands after the time.

#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    io::{self, Write},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    Label, Listener,
    sentence::{finished, sentence},
};
use crate::event::{Event, Phase};

/// A transfer says how far it is this often: a line every second would bury the rest.
const BETWEEN_PROGRESS: SignedDuration = SignedDuration::from_secs(10);

/// Writes one line for everything that happens.
pub struct Lines<W> {
    out: W,
    zone: TimeZone,
    /// The image's name and a blank, or nothing.
    label: String,
    phase: Option<Phase>,
    progress: HashMap<String, Timestamp>,
}

impl Lines<io::Stderr> {
    pub fn stderr() -> Self {
        Self::new(io::stderr(), TimeZone::system())
    }
}

impl<W: Write + Send> Lines<W> {
    pub fn new(out: W, zone: TimeZone) -> Self {
        Self { out, zone, label: String::new(), phase: None, progress: HashMap::new() }
    }

    pub fn labelled(self, label: Option<&Label>) -> Self {
        let label = label.map(|label| format!("{} ", label.padded())).unwrap_or_default();
        Self { label, ..self }
    }

    /// The first word of a progress is worth a line, and its end, and one now and then between.
    fn is_due(&mut self, event: &Event, at: Timestamp) -> bool {
        let Event::Progress { task, done, total } = event else {
            return true;
        };
        let last = self.progress.get(task).copied();
        let due = last.is_none_or(|last| at.duration_since(last) >= BETWEEN_PROGRESS)
            || total.is_some_and(|total| *done >= total);
        if due {
            self.progress.insert(task.clone(), at);
        }
        due
    }
}

impl<W: Write + Send> Listener for Lines<W> {
    fn event(&mut self, event: &Event, at: Timestamp) -> Result<(), String> {
        if let Event::PhaseStarted { phase } = event {
            self.phase = Some(*phase);
        }
        if !self.is_due(event, at) {
            return Ok(());
        }
        let time = at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string();
        let (label, phase) = (&self.label, self.phase.map_or("run", Phase::title));
        let line = |line| format!("{time} {label}{phase} | {line}\n");
        // Written whole in one go: no line of another run comes between.
        let lines: String = told(event).lines().map(line).collect();
        self.out
            .write_all(lines.as_bytes())
            .map_err(|err| format!("the lines are no longer shown: {err}"))?;
        if let Event::PhaseFinished { .. } = event {
            self.phase = None;
        }
        Ok(())
    }
}

/// Why the run failed and what to do now stands in the summary below.
fn told(event: &Event) -> String {
    match event {
        Event::RunFinished { ok, seconds, .. } => finished("run ", *ok, *seconds),
        other => sentence(other),
    }
}

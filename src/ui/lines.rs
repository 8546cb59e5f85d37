//! Plain lines with a time, for CI logs and pipes: `12:04:31Z steps | configure: line`. Where several
//! images are baked at once, the name of the image stands after the time.

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};

use super::{
    Label, Listener,
    harmless::for_screen,
    sentence::{finished, sentence},
    sparing::Sparing,
};
use crate::{
    event::{Event, Phase},
    time::clock,
};

/// A transfer says how far it is this often: a line every second would bury the rest.
const BETWEEN_PROGRESS: SignedDuration = SignedDuration::from_secs(10);

/// Writes one line for everything that happens.
pub struct Lines<W> {
    out: W,
    /// The image's name and a blank, or nothing.
    label: String,
    phase: Option<Phase>,
    progress: Sparing,
}

impl Lines<io::Stderr> {
    pub fn stderr() -> Self {
        Self::new(io::stderr())
    }
}

impl<W: Write + Send> Lines<W> {
    pub fn new(out: W) -> Self {
        Self { out, label: String::new(), phase: None, progress: Sparing::every(BETWEEN_PROGRESS) }
    }

    pub fn labelled(self, label: Option<&Label>) -> Self {
        let label = label.map(|label| format!("{} ", label.padded())).unwrap_or_default();
        Self { label, ..self }
    }
}

impl<W: Write + Send> Listener for Lines<W> {
    fn event(&mut self, event: &Event, at: Timestamp) -> Result<(), String> {
        if let Event::PhaseStarted { phase } = event {
            self.phase = Some(*phase);
        }
        if !self.progress.is_due(event, at) {
            return Ok(());
        }
        let time = clock(at);
        let (label, phase) = (&self.label, self.phase.map_or("run", Phase::title));
        let line = |line| format!("{time} {label}{phase} | {line}\n");
        // Written whole in one go: no line of another run comes between.
        let lines: String = told(event).lines().map(line).collect();
        self.out
            .write_all(for_screen(&lines).as_bytes())
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

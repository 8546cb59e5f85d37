//! Events for programs: one JSON object a line, `time` first. `docs/events.md` is their reference.

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;

use super::{Listener, harmless::for_json, sparing::Sparing};
use crate::event::Event;

/// A transfer says how far it is this often: for each packet of it would be thousands of lines.
const BETWEEN_PROGRESS: SignedDuration = SignedDuration::from_secs(1);

/// Writes every event as JSON.
pub struct Json<W> {
    out: W,
    run: Option<String>,
    progress: Sparing,
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    /// Absent where the event itself names the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a str>,
    #[serde(flatten)]
    event: &'a Event,
}

impl Json<io::Stdout> {
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write + Send> Json<W> {
    pub fn new(out: W) -> Self {
        Self { out, run: None, progress: Sparing::every(BETWEEN_PROGRESS) }
    }

    /// Beside other runs: also what is told before the run is announced says whose it is.
    pub fn of(self, run: &str) -> Self {
        Self { run: Some(run.to_owned()), ..self }
    }

    fn write(&mut self, event: &Event, at: Timestamp) -> io::Result<()> {
        // The first one names its run itself, and the others have none.
        let without =
            matches!(event, Event::RunStarted { .. } | Event::Error { .. } | Event::NotBaked { .. });
        let run = self.run.as_deref().filter(|_| !without);
        // Written whole in one go: a reader never sees half an object, nor two runs in one line.
        let mut line = encode(run, event, at)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

/// One event as one JSON object, without the line break.
fn encode(run: Option<&str>, event: &Event, at: Timestamp) -> io::Result<Vec<u8>> {
    let at = at.round(Unit::Millisecond).unwrap_or(at);
    let line = serde_json::to_string(&Line { time: format!("{at:.3}"), run, event })?;
    Ok(for_json(&line).into_owned().into_bytes())
}

impl<W: Write + Send> Listener for Json<W> {
    fn event(&mut self, event: &Event, at: Timestamp) -> Result<(), String> {
        if !self.progress.is_due(event, at) {
            return Ok(());
        }
        let written = self.write(event, at);
        if let Event::RunStarted { run, .. } = event {
            self.run = Some(run.clone());
        }
        written.map_err(|err| format!("the JSON events are no longer written: {err}"))
    }
}

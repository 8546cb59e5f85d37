//! Plain lines with a time, for CI logs and pipes: `12:04:31 steps | configure: line`.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    Listener,
    sentence::{finished, sentence},
};
use crate::event::{Event, Phase};

/// A transfer says how far it is this often: a line every second would bury the rest.
const BETWEEN_PROGRESS: SignedDuration = SignedDuration::from_secs(10);

/// Writes one line for everything that happens.
pub struct Lines<W> {
    out: W,
    zone: TimeZone,
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
        Self { out, zone, phase: None, progress: HashMap::new() }
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
        let phase = self.phase.map_or("run", Phase::title);
        for line in told(event).lines() {
            writeln!(self.out, "{time} {phase} | {line}")
                .map_err(|err| format!("the lines are no longer shown: {err}"))?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stream;

    fn written(events: &[(i64, Event)]) -> String {
        let mut out = Vec::new();
        let mut lines = Lines::new(&mut out, TimeZone::UTC);
        for (second, event) in events {
            lines.event(event, Timestamp::from_second(*second).unwrap()).unwrap();
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_line_has_its_time_and_phase() {
        let text = written(&[
            (43_471, Event::PhaseStarted { phase: Phase::Steps }),
            (
                43_472,
                Event::Output {
                    source: "configure".into(),
                    stream: Stream::Stdout,
                    line: "done\x1b[K".into(),
                },
            ),
            (43_473, Event::PhaseFinished { phase: Phase::Steps, seconds: 2.0, ok: true }),
            (43_474, Event::Warning { message: "two\nlines".into() }),
        ]);
        assert_eq!(
            text,
            "12:04:31 steps | started\n12:04:32 steps | configure: done\n\
             12:04:33 steps | finished after 2.0s\n12:04:34 run | warning: two\n12:04:34 run | lines\n"
        );
    }

    #[test]
    fn progress_is_a_line_every_ten_seconds_and_at_the_end() {
        let at = |second, done| (second, Event::Progress { task: "convert".into(), done, total: Some(100) });
        let text = written(&[at(0, 0), at(1, 10), at(9, 60), at(10, 70), at(11, 100)]);
        assert_eq!(text.lines().count(), 3);
        assert!(text.ends_with("convert: 100 B of 100 B (100 %)\n"));
    }

    #[test]
    fn the_error_of_a_run_is_left_to_the_summary() {
        let (error, hint) = (Some("no builder".to_owned()), Some("try again".to_owned()));
        let text = written(&[(
            43_471,
            Event::RunFinished { ok: false, seconds: 61.0, error, hint, tail: Vec::new() },
        )]);
        assert_eq!(text, "12:04:31 run | run failed after 1m 01s\n");
    }
}

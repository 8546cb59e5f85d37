//! What each event changes in the row of a run.

use std::time::Instant;

use jiff::Timestamp;

use super::Row;
use crate::{
    event::Event,
    ui::{Listener, bars::look, sentence::waiting, text},
};

impl Listener for Row {
    fn event(&mut self, event: &Event, _: Timestamp) -> Result<(), String> {
        self.screen.clone().draw(|| {
            self.draw(event);
            Ok(())
        })
    }

    fn tick(&mut self) {
        let screen = self.screen.clone();
        let drawn = screen.draw(|| {
            self.refresh();
            Ok(())
        });
        // Only lines that stay can fail, and a tick has none.
        drawn.unwrap_or_default();
    }

    /// The rows of other runs stay.
    fn finish(&mut self) -> Result<(), String> {
        self.screen.clone().draw(|| {
            self.remove();
            Ok(())
        })
    }
}

impl Row {
    fn draw(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run, version, .. } => {
                self.version.clone_from(version);
                self.say(&format!("run {run}"));
                self.begin();
            }
            Event::PhaseStarted { phase } => self.start_phase(*phase),
            Event::PhaseFinished { phase, seconds, ok } => self.finish_phase(*phase, *seconds, *ok),
            Event::StepStarted { number, total, name, .. } => {
                self.turn_to(format!("{number}/{total} {name}"));
                self.step_since = Some(Instant::now());
            }
            Event::StepRetried { name, attempt, reason, .. } => {
                self.warning(&format!("`{name}`, attempt {attempt}: {reason}"));
            }
            // Steps of many runs would bury the rest; the summary has them all.
            Event::StepFinished { ok: true, .. } => {}
            Event::StepFinished { name, seconds, ok: false, .. } => self.over(name, *seconds, false),
            Event::Output { source, line, .. } => self.tail.push(source, line),
            // Of the others the row shows the last alone.
            Event::OutputSkipped { .. } => {}
            Event::UnfinishedLine { source, line, .. } => self.tail.set_unfinished(source, line),
            Event::Progress { task, done, total } => self.progress(task, *done, *total),
            Event::Reused { what, detail } => self.say(&format!("reused {what}: {detail}")),
            Event::Note { message } => self.say(&text::clean_block(message)),
            Event::Warning { message, .. } => self.warning(message),
            Event::Waiting { kind, target, answer, .. } => self.turn_to(waiting(*kind, target, answer)),
            Event::CheckFinished { name, ok: true, .. } => self.turn_to(name.clone()),
            Event::CheckFinished { name, ok: false, expected, found, .. } => {
                self.failed_check(name, expected, found);
            }
            Event::ImageCaptured { image, .. } => self.image = Some(image.clone()),
            Event::UpToDate { image, .. } => self.image = Some(format!("{image} (was there already)")),
            // The summary says it, and the others are of no run.
            Event::Published { .. } | Event::Error { .. } | Event::NotBaked { .. } => {}
            Event::RunFinished { ok, seconds, error, .. } => self.end(*ok, *seconds, error.as_deref()),
        }
    }

    fn warning(&self, message: &str) {
        self.say(&format!("{} {}", look::warning(self.colour), text::clean_block(message)));
    }

    fn failed_check(&self, name: &str, expected: &str, found: &str) {
        let (expected, found) = (text::clean_block(expected), text::clean_block(found));
        let mark = look::mark(false, self.colour);
        self.say(&format!("{mark} check `{name}`: expected {expected}, found {found}"));
    }
}

//! What each event changes on the screen.

use jiff::Timestamp;

use super::{Bars, NAME};
use crate::{
    event::Event,
    ui::{Listener, sentence, sentence::waiting, text},
};

impl Listener for Bars {
    fn event(&mut self, event: &Event, _: Timestamp) -> Result<(), String> {
        self.screen.clone().draw(|| {
            self.draw(event);
            Ok(())
        })
    }

    fn tick(&mut self) {
        let screen = self.screen.clone();
        let drawn = screen.draw(|| {
            self.draw_step();
            self.draw_tail();
            self.total.tick();
            self.phases.iter().for_each(|(_, bar)| bar.tick());
            Ok(())
        });
        // Only lines that stay can fail, and a tick has none.
        drawn.unwrap_or_default();
    }

    fn finish(&mut self) -> Result<(), String> {
        self.screen.clone().draw(|| self.clear())
    }
}

impl Bars {
    fn draw(&mut self, event: &Event) {
        match event {
            Event::RunStarted { run, image, version, platform, expected_seconds, .. } => {
                let version = version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
                let title = format!("baking {image}{version} on {platform}");
                self.say(&format!("{}, run {run}", self.style().bold().apply_to(title)));
                self.total.start(&self.screen, *expected_seconds);
            }
            Event::PhaseStarted { phase } => self.start_phase(*phase),
            Event::PhaseFinished { phase, seconds, ok } => self.finish_phase(*phase, *seconds, *ok),
            Event::StepStarted { number, total, name, .. } => {
                self.start_step(format!("{number}/{total} {name}"));
            }
            Event::StepRetried { name, attempt, reason, .. } => {
                self.warning(&format!("`{name}`, attempt {attempt}: {reason}"));
            }
            Event::StepFinished { name, seconds, ok, .. } => {
                self.step = None;
                self.finished("  ", &text::pad(name, NAME), *seconds, *ok);
            }
            Event::Output { source, line, .. } => self.output(source, line),
            Event::OutputSkipped { .. } => self.say(&format!("  {}", sentence(event))),
            Event::UnfinishedLine { source, line, .. } => self.unfinished_line(source, line),
            Event::Progress { task, done, total } => self.progress(task, *done, *total),
            Event::Reused { what, detail } => self.say(&format!("  reused {what}: {detail}")),
            Event::Note { message } => self.say(&format!("  {}", text::clean_block(message))),
            Event::Warning { message, .. } => self.warning(message),
            Event::Waiting { kind, target, answer, .. } => self.status(waiting(*kind, target, answer)),
            Event::CheckFinished { name, ok: true, .. } => self.status(name.clone()),
            Event::CheckFinished { name, ok: false, expected, found, .. } => {
                self.failed_check(name, expected, found);
            }
            Event::UpToDate { .. } => self.say(&format!("  {}", sentence(event))),
            // The summary says these, last and together.
            Event::ImageCaptured { .. } | Event::Published { .. } | Event::RunFinished { .. } => {}
            // They are of no run.
            Event::Error { .. } | Event::NotBaked { .. } => {}
        }
    }
}

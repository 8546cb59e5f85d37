//! What a run comes to in the end: a table of where the time went and what was made, or what
//! failed, its last lines, where the log lies and what to do next.

mod page;
#[cfg(test)]
mod tests;

use std::io::Write;

use jiff::Timestamp;

use super::{Deferred, Label, Listener, Screen, tail::Tail};
use crate::{amount, event::Event};

/// As many lines of the failed step as one needs to see what went wrong.
const LAST_LINES: usize = 20;

/// Gathers what happened and writes the summary at the end.
pub struct Summary<W> {
    out: W,
    width: usize,
    colour: bool,
    /// Whose it is, where several images are baked at once.
    label: Option<Label>,
    version: Option<String>,
    log: String,
    rows: Vec<Row>,
    steps: Vec<Row>,
    tail: Tail,
    /// What failed first. Whatever fails after it, in the clean-up, is not the cause.
    failed: Option<String>,
    facts: Vec<(&'static str, String)>,
    end: Option<End>,
}

struct Row {
    name: String,
    seconds: f64,
}

struct End {
    ok: bool,
    seconds: f64,
    error: Option<String>,
    hint: Option<String>,
}

impl Summary<Screen> {
    pub fn on(screen: Screen, colour: bool) -> Self {
        let width = screen.width();
        Self::new(screen, width, colour)
    }
}

impl Summary<Deferred> {
    /// Of one of several images: only what failed, when all of them are done.
    pub fn of_several(screen: Screen, label: Label, colour: bool) -> Self {
        let width = screen.width();
        Self { label: Some(label), ..Self::new(screen.deferred(), width, colour) }
    }
}

impl<W: Write + Send> Summary<W> {
    pub fn new(out: W, width: usize, colour: bool) -> Self {
        let (rows, steps, facts) = (Vec::new(), Vec::new(), Vec::new());
        let (log, tail) = (String::new(), Tail::new(LAST_LINES));
        let (label, version, failed, end) = (None, None, None, None);
        Self { out, width, colour, label, version, log, rows, steps, tail, failed, facts, end }
    }

    fn fail(&mut self, what: String) {
        self.failed.get_or_insert(what);
    }

    fn output(&mut self, source: &str, line: &str) {
        if self.failed.is_none() {
            self.tail.push(source, line);
        }
    }

    /// Lines that the error brought along tell more than what was printed last.
    fn explain(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            self.tail.clear();
            lines.iter().for_each(|line| self.tail.push("", line));
        }
    }

    fn restart_tail(&mut self) {
        if self.failed.is_none() {
            self.tail.clear();
        }
    }
}

impl<W: Write + Send> Listener for Summary<W> {
    fn event(&mut self, event: &Event, _: Timestamp) -> Result<(), String> {
        match event {
            Event::RunStarted { version, log, .. } => {
                self.version.clone_from(version);
                self.log.clone_from(log);
            }
            Event::PhaseStarted { .. } | Event::StepStarted { .. } => self.restart_tail(),
            Event::StepFinished { number, name, seconds, ok, .. } => {
                self.steps.push(Row { name: format!("  {name}"), seconds: *seconds });
                if !ok {
                    self.fail(format!("step {number} `{name}`"));
                }
            }
            Event::PhaseFinished { phase, seconds, ok } => {
                self.rows.push(Row { name: phase.title().into(), seconds: *seconds });
                self.rows.append(&mut self.steps);
                if !ok {
                    self.fail(format!("phase {}", phase.title()));
                }
            }
            Event::Output { source, line, .. } => self.output(source, line),
            Event::ImageCaptured { image, location, bytes } => {
                self.facts.push(("image", image.clone()));
                self.facts.push(("location", location.clone()));
                self.facts.push(("size", amount::size(*bytes)));
            }
            Event::UpToDate { image, .. } => {
                self.facts.push(("image", format!("{image} (was there already)")))
            }
            Event::Published { parameter, version, region, .. } => {
                let place = region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
                self.facts.push(("parameter", format!("{parameter}{place} (version {version})")));
            }
            Event::RunFinished { ok, seconds, error, hint, tail, .. } => {
                self.explain(tail);
                let (error, hint) = (error.clone(), hint.clone());
                self.end = Some(End { ok: *ok, seconds: *seconds, error, hint });
            }
            Event::StepRetried { .. }
            | Event::OutputSkipped { .. }
            | Event::UnfinishedLine { .. }
            | Event::Progress { .. }
            | Event::Reused { .. }
            | Event::Note { .. }
            | Event::Warning { .. }
            | Event::Waiting { .. }
            | Event::CheckFinished { .. }
            | Event::Error { .. }
            | Event::NotBaked { .. } => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        let Some(end) = &self.end else { return Ok(()) };
        // Written whole in one go: nothing of another run comes between.
        let text = self.text(end).map_err(|err| err.to_string())?;
        self.out.write_all(text.as_bytes()).map_err(|err| err.to_string())
    }
}

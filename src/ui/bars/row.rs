//! One of several runs on a terminal: a line while it is under way, with its transfers below it, and
//! one when it is over. What stays of it before that has the name of its image.

mod listen;
#[cfg(test)]
pub(super) mod tests;

use std::time::Instant;

use indicatif::ProgressBar;

use super::{NAME, look, transfers::Transfers};
use crate::{
    amount,
    event::Phase,
    ui::{label::Label, screen::Screen, tail::Tail, text},
};

/// Draws a run beside others.
pub struct Row {
    screen: Screen,
    label: Label,
    colour: bool,
    /// None before its beginning and after its end: runs that wait take no lines.
    bar: Option<ProgressBar>,
    phases: Vec<(Phase, Instant)>,
    transfers: Transfers,
    /// The step or the check that is going on.
    doing: String,
    /// Of the step, if it is one.
    step_since: Option<Instant>,
    /// The last line of output, where the row has room for it.
    tail: Tail,
    version: Option<String>,
    image: Option<String>,
}

impl Row {
    pub fn new(screen: Screen, label: Label, colour: bool) -> Self {
        let (phases, transfers, tail) = (Vec::new(), Transfers::default(), Tail::new(1));
        let (bar, doing, step_since, version, image) = (None, String::new(), None, None, None);
        Self { screen, label, colour, bar, phases, transfers, doing, step_since, tail, version, image }
    }

    /// A line that stays, or several.
    fn say(&self, text: &str) {
        let label = self.label.on(self.screen.width());
        let lines: Vec<String> = text.lines().map(|line| format!("{label} {line}")).collect();
        self.screen.say(&lines.join("\n"));
    }

    fn begin(&mut self) {
        if self.bar.is_none() {
            self.bar = Some(self.screen.insert(usize::MAX, look::bar(look::PHASE)));
            self.refresh();
        }
    }

    /// Done at each tick alone: a guest can print thousands of lines between two, and the window may
    /// have another width by now.
    fn refresh(&self) {
        let Some(bar) = &self.bar else { return };
        let width = self.screen.width();
        let phase = self.phases.last().map_or("", |(phase, _)| phase.title());
        bar.set_prefix(format!("{} {}", self.label.on(width), text::pad(phase, NAME)));
        bar.set_message(self.message(width));
        bar.tick();
    }

    fn message(&self, width: usize) -> String {
        let line = self.tail.lines().next().filter(|_| width >= look::NARROW).unwrap_or("");
        let between = if self.doing.is_empty() || line.is_empty() { "" } else { ": " };
        let doing = match self.step_since {
            Some(since) => look::step(&self.doing, since.elapsed()),
            None => self.doing.clone(),
        };
        format!("{doing}{between}{line}")
    }

    fn start_phase(&mut self, phase: Phase) {
        self.phases.push((phase, Instant::now()));
        self.begin();
        self.turn_to(String::new());
    }

    fn finish_phase(&mut self, phase: Phase, seconds: f64, ok: bool) {
        self.transfers.clear(&self.screen);
        self.phases.retain(|(running, _)| *running != phase);
        self.turn_to(String::new());
        self.over(phase.title(), seconds, ok);
    }

    /// Something else is going on. The time is that of the phase.
    fn turn_to(&mut self, doing: String) {
        self.doing = doing;
        self.step_since = None;
        self.tail.clear();
        if let (Some(bar), Some((_, since))) = (&self.bar, self.phases.last()) {
            bar.set_elapsed(since.elapsed());
        }
    }

    fn over(&self, what: &str, seconds: f64, ok: bool) {
        let mark = look::mark(ok, self.colour);
        self.say(&format!("{mark} {} {:>7}", text::pad(what, NAME), amount::duration(seconds)));
    }

    fn progress(&mut self, task: &str, done: u64, total: Option<u64>) {
        self.begin();
        self.transfers.progress((&self.screen, self.bar.as_ref()), task, done, total);
    }

    fn remove(&mut self) {
        self.transfers.clear(&self.screen);
        if let Some(bar) = self.bar.take() {
            self.screen.remove(&bar);
        }
    }

    /// The one line of the whole run, in place of its row.
    fn end(&mut self, ok: bool, seconds: f64, error: Option<&str>) {
        let width = self.screen.width();
        let label = self.label.on(width);
        // The mark, the time, and what stands between the parts.
        let room = width.saturating_sub(console::measure_text_width(&label) + 11);
        let what = match ok {
            true => self.made(room),
            false => text::clean(error.and_then(|error| error.lines().next()).unwrap_or("failed")),
        };
        let (mark, label) = (look::mark(ok, self.colour), look::style(self.colour).bold().apply_to(label));
        let time = amount::duration(seconds);
        self.screen.say(&format!("{mark} {label} {} {time:>7}", text::fit(&what, room)));
        self.remove();
    }

    /// The version and the ID of the image. An ID that is cut is of no use: it goes first.
    fn made(&self, room: usize) -> String {
        let (version, image) = (self.version.as_deref(), self.image.as_deref());
        let both = [version, image].into_iter().flatten().collect::<Vec<_>>().join("  ");
        match image {
            Some(image) if console::measure_text_width(&both) > room => image.to_owned(),
            Some(_) | None => both,
        }
    }
}

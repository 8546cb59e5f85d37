//! A run on a terminal: a spinner for the running phase, bars for transfers, and below them the
//! last lines of output. What is over moves up and stays. `row` shows one of several runs.

mod listen;
mod look;
pub mod row;
#[cfg(test)]
mod tests;
mod total;
mod transfers;

use std::time::Instant;

use console::Style;
use indicatif::ProgressBar;

use super::{screen::Screen, tail::Tail, text};
use crate::{amount, event::Phase};
use total::Total;
use transfers::Transfers;

/// Lines of output under the running step.
const TAIL: usize = 5;
/// Columns for the name of a phase; `cloud-init` is the longest.
const NAME: usize = 10;

/// Draws a run that has the terminal to itself.
pub struct Bars {
    screen: Screen,
    colour: bool,
    phases: Vec<(Phase, ProgressBar)>,
    step: Option<RunningStep>,
    transfers: Transfers,
    tail: Tail,
    /// All lines of the tail in one, so that they never are from different moments.
    tail_lines: Option<ProgressBar>,
    tail_changed: bool,
    /// Columns that the tail was cut to.
    tail_width: usize,
    total: Total,
}

struct RunningStep {
    text: String,
    since: Instant,
}

impl Bars {
    pub fn new(screen: Screen, colour: bool) -> Self {
        Self {
            screen,
            colour,
            phases: Vec::new(),
            step: None,
            transfers: Transfers::default(),
            tail: Tail::new(TAIL),
            tail_lines: None,
            tail_changed: false,
            tail_width: 0,
            total: Total::default(),
        }
    }

    fn style(&self) -> Style {
        look::style(self.colour)
    }

    fn say(&self, line: &str) {
        self.screen.say(line);
    }

    fn start_phase(&mut self, phase: Phase) {
        self.clear_tail();
        let bar = self.screen.insert(self.phases.len(), look::bar(look::PHASE));
        bar.set_prefix(text::pad(phase.title(), NAME));
        bar.tick();
        self.phases.push((phase, bar));
    }

    fn finish_phase(&mut self, phase: Phase, seconds: f64, ok: bool) {
        self.clear_tail();
        self.transfers.clear(&self.screen);
        self.step = None;
        if let Some(index) = self.phases.iter().position(|(running, _)| *running == phase) {
            let (_, bar) = self.phases.remove(index);
            self.screen.remove(&bar);
        }
        self.finished("", &text::pad(phase.title(), NAME), seconds, ok);
    }

    fn finished(&self, indent: &str, name: &str, seconds: f64, ok: bool) {
        // Room for the indent, the mark and the time.
        let name = text::fit(name, self.screen.width().saturating_sub(13));
        let mark = look::mark(ok, self.colour);
        self.say(&format!("{indent}{mark} {name} {:>7}", amount::duration(seconds)));
    }

    fn start_step(&mut self, text: String) {
        self.clear_tail();
        self.status(text.clone());
        self.step = Some(RunningStep { text, since: Instant::now() });
    }

    fn draw_step(&self) {
        if let Some(step) = &self.step {
            self.status(look::step(&step.text, step.since.elapsed()));
        }
    }

    fn status(&self, message: String) {
        if let Some((_, bar)) = self.phases.last() {
            bar.set_message(message);
        }
    }

    /// The tail is drawn at the next tick: a guest can print thousands of lines between two.
    fn output(&mut self, source: &str, line: &str) {
        self.tail.push(source, line);
        self.tail_changed = true;
    }

    fn unfinished_line(&mut self, source: &str, line: &str) {
        self.tail.set_unfinished(source, line);
        self.tail_changed = true;
    }

    fn draw_tail(&mut self) {
        let width = self.screen.width().saturating_sub(5);
        // A window that was made narrower would break lines that fitted before.
        let resized = self.tail_lines.is_some() && std::mem::replace(&mut self.tail_width, width) != width;
        if !std::mem::take(&mut self.tail_changed) && !resized {
            return;
        }
        let dim = self.style().dim();
        let line = |line| format!("    {}", dim.apply_to(text::fit(line, width)));
        let lines: Vec<String> = self.tail.lines().map(line).collect();
        let new = || self.screen.insert(usize::MAX, look::bar(look::TAIL_LINES));
        let bar = self.tail_lines.take().unwrap_or_else(new);
        bar.set_message(lines.join("\n"));
        self.tail_lines = Some(bar);
    }

    fn clear_tail(&mut self) {
        self.tail.clear();
        self.tail_changed = false;
        if let Some(bar) = self.tail_lines.take() {
            self.screen.remove(&bar);
        }
    }

    fn progress(&mut self, task: &str, done: u64, total: Option<u64>) {
        let above = self.phases.last().map(|(_, bar)| bar);
        self.transfers.progress((&self.screen, above), task, done, total);
    }

    fn failed_check(&self, name: &str, expected: &str, found: &str) {
        let (expected, found) = (text::clean_block(expected), text::clean_block(found));
        let mark = look::mark(false, self.colour);
        self.say(&format!("  {mark} check `{name}`: expected {expected}, found {found}"));
    }

    fn warning(&self, message: &str) {
        self.say(&format!("{} {}", look::warning(self.colour), text::clean_block(message)));
    }

    /// The next run on the same terminal finds nothing of this one.
    fn clear(&mut self) -> Result<(), String> {
        self.clear_tail();
        self.transfers.clear(&self.screen);
        self.total.clear(&self.screen);
        self.phases.drain(..).for_each(|(_, bar)| self.screen.remove(&bar));
        self.screen.clear()
    }
}

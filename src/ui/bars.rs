//! A run on a terminal: a spinner for the running phase, bars for transfers, and below them the
//! last lines of output. What is over moves up and stays.

mod listen;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use console::{Style, Term};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{tail::Tail, text};
use crate::event::Phase;

/// Lines of output under the running step.
const TAIL: usize = 5;
/// Columns for the name of a phase; `cloud-init` is the longest.
const NAME: usize = 10;
/// A terminal of fewer columns has no room for amounts and rates beside a bar.
const NARROW: usize = 80;
/// Redraws a second at most: guests can print thousands of lines a second.
const REDRAWS: u8 = 15;

const PHASE: &str = "{spinner} {prefix} {wide_msg} {elapsed:>4}";
const BAR: &str = "  {prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
const NARROW_BAR: &str = "  {prefix} {wide_bar} {percent:>3}% {eta:>4}";
const COUNTER: &str = "  {prefix} {bytes} {bytes_per_sec}";
const TAIL_LINES: &str = "{msg}";

/// Draws a run on a terminal.
pub struct Bars {
    screen: MultiProgress,
    width: Box<dyn Fn() -> usize + Send>,
    colour: bool,
    phases: Vec<(Phase, ProgressBar)>,
    transfers: HashMap<String, ProgressBar>,
    tail: Tail,
    /// All lines of the tail in one, so that they never are from different moments.
    tail_lines: Option<ProgressBar>,
    tail_changed: bool,
    /// Columns that the tail was cut to.
    tail_width: usize,
}

impl Bars {
    pub fn stderr(colour: bool) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(REDRAWS);
        Self::new(target, || Term::stderr().size().1.into(), colour)
    }

    /// Draws on `target`; `width` tells its columns, which may change while a run goes on.
    pub fn new(target: ProgressDrawTarget, width: impl Fn() -> usize + Send + 'static, colour: bool) -> Self {
        Self {
            screen: MultiProgress::with_draw_target(target),
            width: Box::new(width),
            colour,
            phases: Vec::new(),
            transfers: HashMap::new(),
            tail: Tail::new(TAIL),
            tail_lines: None,
            tail_changed: false,
            tail_width: 0,
        }
    }

    fn style(&self) -> Style {
        Style::new().force_styling(self.colour)
    }

    /// A line that stays, above everything that moves.
    fn say(&self, line: &str) -> Result<(), String> {
        self.screen.println(line).map_err(|err| format!("the bars are no longer drawn: {err}"))
    }

    fn start_phase(&mut self, phase: Phase) {
        self.clear_tail();
        let bar = self.add(self.phases.len(), PHASE);
        bar.set_prefix(text::pad(phase.title(), NAME));
        bar.tick();
        self.phases.push((phase, bar));
    }

    fn finish_phase(&mut self, phase: Phase, seconds: f64, ok: bool) -> Result<(), String> {
        self.clear_tail();
        let transfers = std::mem::take(&mut self.transfers);
        transfers.values().for_each(|bar| self.remove(bar));
        if let Some(index) = self.phases.iter().position(|(running, _)| *running == phase) {
            let (_, bar) = self.phases.remove(index);
            self.remove(&bar);
        }
        self.finished("", &text::pad(phase.title(), NAME), seconds, ok)
    }

    fn finished(&self, indent: &str, name: &str, seconds: f64, ok: bool) -> Result<(), String> {
        let mark = match ok {
            true => self.style().green().apply_to("✔"),
            false => self.style().red().apply_to("✘"),
        };
        // Room for the indent, the mark and the time.
        let name = text::fit(name, (self.width)().saturating_sub(13));
        self.say(&format!("{indent}{mark} {name} {:>7}", text::seconds(seconds)))
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

    fn draw_tail(&mut self) {
        let width = (self.width)().saturating_sub(5);
        // A window that was made narrower would break lines that fitted before.
        let resized = self.tail_lines.is_some() && std::mem::replace(&mut self.tail_width, width) != width;
        if !std::mem::take(&mut self.tail_changed) && !resized {
            return;
        }
        let dim = self.style().dim();
        let line = |line| format!("    {}", dim.apply_to(text::fit(line, width)));
        let lines: Vec<String> = self.tail.lines().map(line).collect();
        let bar = self.tail_lines.take().unwrap_or_else(|| self.add(usize::MAX, TAIL_LINES));
        bar.set_message(lines.join("\n"));
        self.tail_lines = Some(bar);
    }

    fn clear_tail(&mut self) {
        self.tail.clear();
        self.tail_changed = false;
        if let Some(bar) = self.tail_lines.take() {
            self.remove(&bar);
        }
    }

    fn progress(&mut self, task: &str, done: u64, total: Option<u64>) {
        let over = total.is_some_and(|total| done >= total);
        match (self.transfers.get(task), over) {
            (Some(bar), true) => {
                self.remove(bar);
                self.transfers.remove(task);
            }
            (Some(bar), false) => bar.set_position(done),
            (None, true) => {}
            (None, false) => self.start_transfer(task, done, total),
        }
    }

    fn start_transfer(&mut self, task: &str, done: u64, total: Option<u64>) {
        let width = (self.width)();
        let template = match total {
            Some(_) if width < NARROW => NARROW_BAR,
            Some(_) => BAR,
            None => COUNTER,
        };
        let bar = self.add(self.phases.len() + self.transfers.len(), template);
        bar.set_prefix(text::fit(task, (width / 4).max(NAME)).into_owned());
        if let Some(total) = total {
            bar.set_length(total);
        }
        // What was there before, as in a resumed download, is no work of this run's rate.
        bar.set_position(done);
        bar.reset_eta();
        self.transfers.insert(task.to_owned(), bar);
    }

    /// A new line on the screen, at `index` from the top or at the end.
    fn add(&self, index: usize, template: &str) -> ProgressBar {
        let bar = ProgressBar::no_length();
        // The templates are constants of this file and a test draws each of them.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ").progress_chars("━╸─"));
        }
        self.screen.insert(index, bar)
    }

    fn remove(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.screen.remove(bar);
    }

    fn failed_check(&self, name: &str, expected: &str, found: &str) -> Result<(), String> {
        let (expected, found) = (text::clean_block(expected), text::clean_block(found));
        let mark = self.style().red().apply_to("✘");
        self.say(&format!("  {mark} check `{name}`: expected {expected}, found {found}"))
    }

    fn warning(&self, message: &str) -> Result<(), String> {
        let label = self.style().yellow().bold().apply_to("warning:");
        self.say(&format!("{label} {}", text::clean_block(message)))
    }
}

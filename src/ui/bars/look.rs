//! How bars look.

use std::time::Duration;

use console::{Style, StyledObject};
use indicatif::{ProgressBar, ProgressStyle};

use crate::ui::text;

/// A terminal of fewer columns has no room for amounts and rates beside a bar, nor for output beside a step.
pub const NARROW: usize = 80;

pub const PHASE: &str = "{spinner} {prefix} {wide_msg} {elapsed:>4}";
pub const TAIL_LINES: &str = "{msg}";
pub const TOTAL: &str = "  {prefix} {msg}";
const BAR: &str = "  {prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left";
const NARROW_BAR: &str = "  {prefix} {wide_bar} {percent:>3}% {eta:>4}";
const COUNTER: &str = "  {prefix} {bytes} {bytes_per_sec}";

pub fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    // The templates are constants of this file and a test draws each of them.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ").progress_chars("━╸─"));
    }
    bar
}

/// The template of a transfer.
pub fn transfer(total: Option<u64>, columns: usize) -> &'static str {
    match total {
        Some(_) if columns < NARROW => NARROW_BAR,
        Some(_) => BAR,
        None => COUNTER,
    }
}

/// A running step with its own time, once it has one: the time at the end of the line is that of the phase.
pub fn step(text: &str, elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0 => text.to_owned(),
        seconds @ 1..60 => format!("{text} {seconds}s"),
        seconds => format!("{text} {}", text::seconds(seconds as f64)),
    }
}

pub fn style(colour: bool) -> Style {
    Style::new().force_styling(colour)
}

pub fn mark(ok: bool, colour: bool) -> StyledObject<&'static str> {
    match ok {
        true => style(colour).green().apply_to("✔"),
        false => style(colour).red().apply_to("✘"),
    }
}

pub fn warning(colour: bool) -> StyledObject<&'static str> {
    style(colour).yellow().bold().apply_to("warning:")
}

//! How bars look.

use std::{fmt::Write, time::Duration};

use console::{Style, StyledObject};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::amount;

/// A terminal of fewer columns has no room for amounts and rates beside a bar, nor for output beside a step.
pub const NARROW: usize = 80;

pub const PHASE: &str = "{spinner} {prefix} {wide_msg} {since:>4}";
pub const TAIL_LINES: &str = "{msg}";
pub const TOTAL: &str = "  {prefix} {msg}";
const BAR: &str = "  {prefix} {wide_bar} {done}/{all} {rate} {rest} left";
const NARROW_BAR: &str = "  {prefix} {wide_bar} {percent:>3}% {rest:>4}";
const COUNTER: &str = "  {prefix} {done} {rate}";

pub fn bar(template: &str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    // The templates are constants of this file and a test draws each of them.
    if let Ok(style) = ProgressStyle::with_template(template) {
        let style = style.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ").progress_chars("━╸─");
        bar.set_style(with_amounts(style));
    }
    bar
}

/// The amounts of a bar, told as everywhere else.
fn with_amounts(style: ProgressStyle) -> ProgressStyle {
    style
        .with_key("since", |bar: &ProgressState, out: &mut dyn Write| {
            put(out, &amount::elapsed(bar.elapsed().as_secs_f64()));
        })
        .with_key("rest", |bar: &ProgressState, out: &mut dyn Write| {
            put(out, &amount::elapsed(bar.eta().as_secs_f64()));
        })
        .with_key("done", |bar: &ProgressState, out: &mut dyn Write| put(out, &amount::size(bar.pos())))
        .with_key("all", |bar: &ProgressState, out: &mut dyn Write| {
            put(out, &amount::size(bar.len().unwrap_or_default()));
        })
        .with_key("rate", |bar: &ProgressState, out: &mut dyn Write| {
            put(out, &format!("{}/s", amount::size(bar.per_sec() as u64)));
        })
}

/// What is written to is a string of indicatif's, which takes everything.
fn put(out: &mut dyn Write, text: &str) {
    out.write_str(text).unwrap_or_default();
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
        seconds => format!("{text} {}", amount::elapsed(seconds as f64)),
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

//! How errors and mistakes are printed.

use std::io::{self, ErrorKind, Write};

use super::{Context, interrupt, wiring};
use crate::{
    error::{Error, Kind},
    event::{Event, EventReceiver, TemplatePlace},
    plan::Plan,
    store::ImageRecord,
    template::diagnose::{Mistakes, Record, render, render_warnings},
    ui::{self, Listener, Screen, Shown, for_json, for_screen, sentence},
};

/// The error, what caused it, the last lines that explain it, and what to do now; as JSON for programs too.
pub fn error(error: &Error, context: &Context) {
    error_of(None, error, context);
}

/// The same of one image among several.
pub fn error_of(image: Option<&str>, error: &Error, context: &Context) {
    if context.json() {
        let (image, kind) = (image.map(str::to_owned), error.kind.name().to_owned());
        let (code, message) = (error.kind.exit_code(), error.to_string());
        let (hint, tail) = (error.hint.clone(), error.tail.clone());
        // What cannot be written to standard output stands on standard error all the same.
        wiring::tell(&Event::Error { image, code, kind, message, hint, tail }).ok();
    }
    let (red, bold, dim, off) = match context.color() {
        true => ("\x1b[1;31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"),
        false => ("", "", "", ""),
    };
    let clean = ui::clean_block;
    let mut text = format!("{red}error{off}{bold}: {}{off}\n", clean(&error.message));
    for cause in &error.causes {
        text += &format!("  caused by: {}\n", clean(cause));
    }
    for line in &error.tail {
        text += &format!("{dim}  | {off}{}\n", ui::clean(line));
    }
    if let Some(hint) = &error.hint {
        text += &format!("{bold}hint{off}: {}\n", clean(hint));
    }
    stderr(&text);
}

/// A template whose run was not begun.
pub fn not_baked(image: &str, reason: String, context: &Context) {
    let event = Event::NotBaked { image: image.to_owned(), reason };
    match context.json() {
        // A reader that has gone away misses nothing else.
        true => wiring::tell(&event).unwrap_or_default(),
        false => stderr(&format!("{}\n", sentence(&event))),
    }
}

pub fn mistakes(mistakes: &Mistakes, context: &Context) {
    if context.json() {
        // The mistakes are an error in any case.
        return mistakes.records().iter().for_each(|record| drop(stdout_json(record)));
    }
    stderr(&render(mistakes, context.color(), context.width()));
}

/// Warnings about what the user wrote: text for people, and events for programs.
pub fn warnings(warnings: &Mistakes, context: &Context) {
    if warnings.is_empty() {
        return;
    }
    stderr(&render_warnings(warnings, context.color(), context.width()));
    for Record { file, line, column, message, hint, .. } in warnings.records() {
        let place = TemplatePlace { file: file.display().to_string(), line, column, hint };
        warning_event(message, Some(place), context);
    }
}

/// A warning that is about no place in a file.
pub fn warning(message: String, context: &Context) {
    stderr(&format!("warning: {message}\n"));
    warning_event(message, None, context);
}

fn warning_event(message: String, place: Option<TemplatePlace>, context: &Context) {
    if context.tells_events() {
        // What cannot be written to standard output stands on standard error all the same.
        wiring::tell(&Event::Warning { message, place }).ok();
    }
}

/// An image that need not be baked.
///
/// # Errors
/// As [`stdout`].
pub fn up_to_date(plan: &Plan, image: &ImageRecord, context: &Context) -> Result<(), Error> {
    let event = Event::UpToDate {
        name: image.name.clone(),
        version: image.version.clone(),
        image: image.id.clone(),
        parameter: plan.template.publish.parameter.clone(),
        created: image.created,
    };
    match context.json() {
        true => wiring::tell(&event),
        false => {
            stderr(&format!("{}\n", sentence(&event)));
            Ok(())
        }
    }
}

/// One JSON object on a line of its own.
///
/// # Errors
/// As [`stdout`].
pub fn stdout_json(value: &impl serde::Serialize) -> Result<(), Error> {
    stdout(&json_line(value))
}

/// One JSON object with its line break.
pub fn json_line(value: &impl serde::Serialize) -> String {
    // Our own types have string keys and no failing parts; a line that cannot be made is a bug.
    let line = serde_json::to_string(value).expect("hornero's own types can be written as JSON");
    format!("{}\n", for_json(&line))
}

/// A reader that has gone away (`hornero get | head -0`) is no error. What could act on a terminal or in CI is taken
/// out.
///
/// # Errors
/// When standard output cannot be written: whoever called would take nothing for the answer.
pub fn stdout(text: &str) -> Result<(), Error> {
    write_stdout(text).map(|_| ())
}

/// A script of our own, with nothing from outside in it.
///
/// # Errors
/// As [`stdout`].
pub fn own_script(text: &str) -> Result<(), Error> {
    write_raw(text).map(|_| ())
}

/// The same for text without end; gives whether somebody still reads it.
///
/// # Errors
/// As [`stdout`].
pub fn write_stdout(text: &str) -> Result<bool, Error> {
    write_raw(&for_screen(text))
}

fn write_raw(text: &str) -> Result<bool, Error> {
    let text = text.to_owned();
    let write = move || {
        let mut out = io::stdout();
        // It may be the terminal on which runs are drawn.
        Screen::stderr().aside(|_| out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    };
    let failed = |kind, error| Err(Error::new(kind, "writing to standard output").because(&error));
    match interrupt::write(write) {
        Err(error) if error.kind() == ErrorKind::TimedOut => failed(Kind::Interrupted, error),
        Err(error) if error.kind() != ErrorKind::BrokenPipe => failed(Kind::Local, error),
        written => Ok(written.is_ok()),
    }
}

/// Not between the bars of runs, if there are any.
pub fn stderr(text: &str) {
    let text = text.to_owned();
    // There is nowhere else to tell it.
    interrupt::write(move || Screen::stderr().write_all(text.as_bytes())).ok();
}

/// Shows events, until the last sender of them is gone.
///
/// # Errors
/// When there is no thread to be had.
pub fn listen(events: EventReceiver, listeners: Vec<Box<dyn Listener>>) -> Result<Shown, Error> {
    ui::listen_aside(events, listeners)
        .map_err(|error| Error::new(Kind::Local, "starting to show what is done").because(&error))
}

/// Waits until everything has been shown; after a signal, not for ever.
pub async fn wait_until_shown(shown: Shown) {
    let failed = tokio::select! {
        done = shown => done.is_err().then_some("showing the run failed"),
        () = interrupt::grace() => Some("nobody reads what is shown of the run"),
    };
    if let Some(why) = failed {
        stderr(&format!("error: {why}; the log has it\n"));
    }
}

/// From a panic, which may have come while something was drawn: nothing is waited for.
pub fn panic(text: &str) {
    // There is nowhere else to tell it.
    io::stderr().write_all(for_screen(text).as_bytes()).ok();
}

//! One event as one plain sentence: what the line style and the log file write.

use super::text;
use crate::{
    amount,
    event::{Event, TemplatePlace, WaitKind},
    time::minute,
};

/// What a person reads of an event; empty for one that says nothing in a line. Text from outside
/// is cleaned; a message of several lines stays so.
pub fn sentence(event: &Event) -> String {
    match event {
        Event::RunStarted { run, image, version, platform, log, expected_seconds, .. } => {
            let version = version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
            let text = format!("run {run}: baking `{image}`{version} on {platform}; log: {log}");
            text + &expected(image, *expected_seconds)
        }
        Event::PhaseStarted { .. } => "started".into(),
        Event::PhaseFinished { seconds, ok, .. } => finished("", *ok, *seconds),
        Event::StepStarted { number, total, name, kind } => {
            format!("step {number}/{total} `{name}` ({kind}) started")
        }
        Event::StepRetried { number, name, attempt, reason } => {
            format!("step {number} `{name}`: attempt {attempt}, because {}", text::clean_block(reason))
        }
        Event::StepFinished { number, name, seconds, ok, .. } => {
            finished(&format!("step {number} `{name}` "), *ok, *seconds)
        }
        Event::Output { source, line, .. } => format!("{source}: {}", text::clean(line)),
        Event::UnfinishedLine { source, line, .. } => format!("{source}: {}", text::last_state(line)),
        Event::OutputSkipped { lines } => {
            format!("{lines} lines of output are not shown here: they came too fast; the log has them")
        }
        Event::Progress { task, done, total } => progress(task, *done, *total),
        Event::Reused { what, detail } => format!("reused {what}: {detail}"),
        Event::Note { message } => text::clean_block(message),
        Event::Warning { message, place } => warning(message, place.as_ref()),
        Event::Waiting { kind, target, seconds, answer } => {
            format!("{} (for {} so far)", waiting(*kind, target, answer), amount::duration(*seconds))
        }
        Event::CheckFinished { name, ok: true, .. } => format!("check `{name}` passed"),
        Event::CheckFinished { name, ok: false, expected, found, .. } => {
            let (expected, found) = (text::clean_block(expected), text::clean_block(found));
            format!("check `{name}` failed: expected {expected}, found {found}")
        }
        Event::ImageCaptured { image, location, bytes } => {
            format!("image {image} ({}) at {location}", amount::size(*bytes))
        }
        Event::UpToDate { name, version, image, parameter, created } => {
            let version = version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
            let created = minute(*created);
            format!("`{name}`{version} is up to date: {image} of {created}, at {parameter}")
        }
        Event::Published { parameter, value, version, region } => {
            let place = region.as_ref().map(|region| format!(" in {region}")).unwrap_or_default();
            format!("parameter `{parameter}`{place} version {version} is now {value}")
        }
        Event::RunFinished { ok, seconds, error, hint, .. } => {
            run_finished(*ok, *seconds, error.as_deref(), hint.as_deref())
        }
        Event::Error { message, .. } => format!("error: {}", text::clean_block(message)),
        Event::NotBaked { image, reason } => format!("`{image}` is not baked: {}", text::clean_block(reason)),
    }
}

pub fn finished(what: &str, ok: bool, seconds: f64) -> String {
    let verdict = if ok { "finished" } else { "failed" };
    format!("{what}{verdict} after {}", amount::duration(seconds))
}

/// On a line of its own: the first one is long already.
fn expected(image: &str, seconds: Option<f64>) -> String {
    let about = |seconds| {
        format!("\nearlier bakes of `{image}` on this computer took about {}", amount::duration(seconds))
    };
    seconds.map(about).unwrap_or_default()
}

fn warning(message: &str, place: Option<&TemplatePlace>) -> String {
    let place = place.map(place_before).unwrap_or_default();
    format!("warning: {place}{}", text::clean_block(message))
}

fn place_before(place: &TemplatePlace) -> String {
    let numbers = [place.line, place.column].into_iter().flatten().map(|number| format!("{number}:"));
    format!("{}:{} ", text::clean(&place.file), numbers.collect::<String>())
}

/// What is waited for, and what the last try came to.
pub fn waiting(kind: WaitKind, target: &str, answer: &str) -> String {
    let answer = text::clean_block(answer).replace('\n', " ");
    format!("waiting for {} at {}: {answer}", kind.title(), text::clean(target))
}

fn progress(task: &str, done: u64, total: Option<u64>) -> String {
    let done_text = amount::size(done);
    match total {
        Some(total) if total > 0 => {
            let share = done.min(total) as f64 * 100.0 / total as f64;
            format!("{task}: {done_text} of {} ({share:.0} %)", amount::size(total))
        }
        _ => format!("{task}: {done_text}"),
    }
}

fn run_finished(ok: bool, seconds: f64, error: Option<&str>, hint: Option<&str>) -> String {
    let mut text = finished("run ", ok, seconds);
    if let Some(error) = error {
        text.push_str(": ");
        text.push_str(&text::clean_block(error));
    }
    if let Some(hint) = hint {
        text.push_str("\nhint: ");
        text.push_str(hint);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Stream;

    #[test]
    fn sentences_name_things_and_clean_foreign_text() {
        let output = Event::Output {
            source: "configure".into(),
            number: Some(1),
            stream: Stream::Stderr,
            line: "\x1b[31mno\x1b[0m such file".into(),
        };
        assert_eq!(sentence(&output), "configure: no such file");
        let half = Event::Progress { task: "download".into(), done: 512, total: Some(1024) };
        assert_eq!(sentence(&half), "download: 512 B of 1.0 KiB (50 %)");
        let (error, hint) = (Some("x".to_owned()), Some("y".to_owned()));
        let failed = Event::RunFinished {
            ok: false,
            seconds: 61.0,
            error,
            hint,
            tail: Vec::new(),
            end: Default::default(),
        };
        assert_eq!(sentence(&failed), "run failed after 1m 01s: x\nhint: y");
    }
}

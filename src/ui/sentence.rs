//! One event as one plain sentence: what the line style and the log file write.

use super::text;
use crate::{event::Event, time::minute};

/// What a person reads of an event; empty for one that says nothing in a line. Text from outside
/// is cleaned; a message of several lines stays so.
pub fn sentence(event: &Event) -> String {
    match event {
        Event::RunStarted { run, image, version, platform, log, .. } => {
            let version = version.as_deref().map(|v| format!(" {v}")).unwrap_or_default();
            format!("run {run}: baking `{image}`{version} on {platform}; log: {log}")
        }
        Event::PhaseStarted { .. } => "started".into(),
        Event::PhaseFinished { seconds, ok, .. } => finished("", *ok, *seconds),
        Event::StepStarted { number, total, name, kind } => {
            format!("step {number}/{total} `{name}` ({kind}) started")
        }
        Event::StepRetried { number, name, attempt, reason } => {
            format!("step {number} `{name}`: attempt {attempt}, because {}", text::clean_block(reason))
        }
        Event::StepFinished { number, name, seconds, ok } => {
            finished(&format!("step {number} `{name}` "), *ok, *seconds)
        }
        Event::Output { source, line, .. } => format!("{source}: {}", text::clean(line)),
        Event::UnfinishedLine { source, line } => format!("{source}: {}", text::last_state(line)),
        Event::OutputSkipped { lines } => {
            format!("{lines} lines of output are not shown here: they came too fast; the log has them")
        }
        Event::Progress { task, done, total } => progress(task, *done, *total),
        Event::Reused { what, detail } => format!("reused {what}: {detail}"),
        Event::Note { message } => text::clean_block(message),
        Event::Warning { message } => format!("warning: {}", text::clean_block(message)),
        Event::CheckFinished { name, ok: true, .. } => format!("check `{name}` passed"),
        Event::CheckFinished { name, ok: false, expected, found, .. } => {
            let (expected, found) = (text::clean_block(expected), text::clean_block(found));
            format!("check `{name}` failed: expected {expected}, found {found}")
        }
        Event::ImageCaptured { image, location, bytes } => {
            format!("image {image} ({}) at {location}", text::bytes(*bytes))
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
    format!("{what}{verdict} after {}", text::seconds(seconds))
}

fn progress(task: &str, done: u64, total: Option<u64>) -> String {
    let done_text = text::bytes(done);
    match total {
        Some(total) if total > 0 => {
            let share = done.min(total) as f64 * 100.0 / total as f64;
            format!("{task}: {done_text} of {} ({share:.0} %)", text::bytes(total))
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
            stream: Stream::Stderr,
            line: "\x1b[31mno\x1b[0m such file".into(),
        };
        assert_eq!(sentence(&output), "configure: no such file");
        let half = Event::Progress { task: "download".into(), done: 512, total: Some(1024) };
        assert_eq!(sentence(&half), "download: 512 B of 1.00 KiB (50 %)");
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

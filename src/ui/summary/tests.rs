//! What the summary says, whole.

use super::*;
use crate::event::{Phase, Stream};

fn shown(events: &[Event]) -> String {
    let mut out = Vec::new();
    let mut summary = Summary::new(&mut out, 80, false);
    events.iter().for_each(|event| summary.event(event, Timestamp::UNIX_EPOCH).unwrap());
    summary.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn started() -> Event {
    Event::RunStarted {
        run: "r1".into(),
        image: "web".into(),
        version: None,
        platform: "qemu".into(),
        log: "/runs/r1/log".into(),
        format: 1,
        hornero: String::new(),
        expected_seconds: None,
    }
}

fn step(name: &str, seconds: f64, ok: bool) -> Event {
    Event::StepFinished { number: 1, name: name.into(), seconds, ok, exit_code: None, attempts: 1 }
}

fn output(source: &str, line: String) -> Event {
    Event::Output { source: source.into(), number: None, stream: Stream::Stdout, line }
}

#[test]
fn success_shows_the_time_the_image_and_the_parameter() {
    let text = shown(&[
        started(),
        Event::PhaseFinished { phase: Phase::Launch, seconds: 30.0, ok: true },
        step("configure", 60.0, true),
        Event::PhaseFinished { phase: Phase::Steps, seconds: 90.0, ok: true },
        Event::ImageCaptured { image: "web-1".into(), location: "/images/web-1".into(), bytes: 1 << 20 },
        Event::Published {
            parameter: "/images/web/dev".into(),
            value: "web-1".into(),
            version: 3,
            region: None,
        },
        Event::RunFinished {
            ok: true,
            seconds: 120.0,
            error: None,
            hint: None,
            tail: Vec::new(),
            end: Default::default(),
        },
    ]);
    assert_eq!(
        text,
        "\nwhere the time went    time  share\n\
         launch                30.0s   25 %\n\
         steps                1m 30s   75 %\n\
         \x20 configure          1m 00s   50 %\n\
         total                2m 00s\n\n\
         image     web-1\nlocation  /images/web-1\nsize      1.0 MiB\n\
         parameter /images/web/dev (version 3)\n"
    );
}

#[test]
fn failure_shows_the_last_lines_of_what_failed_and_not_of_the_clean_up() {
    let mut events = vec![started()];
    events.extend((1..=30).map(|n| output("configure", format!("line {n}\x1b[2J"))));
    events.push(step("configure", 1.0, false));
    events.push(Event::PhaseFinished { phase: Phase::Steps, seconds: 1.0, ok: false });
    events.push(output("cleanup", "gone".into()));
    let (error, hint) = (Some("exit code 3".to_owned()), Some("hornero resume r1".to_owned()));
    events.push(Event::RunFinished {
        ok: false,
        seconds: 2.0,
        error,
        hint,
        tail: Vec::new(),
        end: Default::default(),
    });
    let text = shown(&events);
    let (_, failure) = text.split_once("error: exit code 3\n").unwrap();
    assert!(failure.starts_with("in:    step 1 `configure`\n\nlast lines of `configure`:\n  | line 11\n"));
    assert!(failure.ends_with("  | line 30\n\nlog:   /runs/r1/log\nhint:  hornero resume r1\n"));
}

//! What the bars draw, read back from a terminal in memory.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
    time::Duration,
};

use indicatif::{InMemoryTerm, ProgressDrawTarget};

use super::*;
use crate::{
    event::{Event, Stream, WaitKind},
    ui::{Listener, bars::row::tests::Written},
};
use jiff::Timestamp;

fn drawn(columns: u16, colour: bool) -> (Bars, InMemoryTerm) {
    let term = InMemoryTerm::new(30, columns);
    // No limit on redraws: what is asserted is drawn at once.
    let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
    (Bars::new(Screen::new(target, move || columns.into(), Written(term.clone())), colour), term)
}

fn tell(bars: &mut Bars, events: impl IntoIterator<Item = Event>) {
    for event in events {
        bars.event(&event, Timestamp::UNIX_EPOCH).unwrap();
    }
    bars.tick();
}

fn started(phase: Phase) -> Event {
    Event::PhaseStarted { phase }
}

fn step(number: usize, name: &str) -> Event {
    Event::StepStarted { number, total: 3, name: name.into(), kind: "shell".into() }
}

fn output(line: &str) -> Event {
    Event::Output { source: "configure".into(), number: None, stream: Stream::Stdout, line: line.into() }
}

#[test]
fn finished_phases_stay_above_the_running_one_and_its_last_lines() {
    let (mut bars, term) = drawn(40, false);
    let launched = Event::PhaseFinished { phase: Phase::Launch, seconds: 0.9, ok: true };
    tell(&mut bars, [started(Phase::Launch), launched, started(Phase::Steps), step(2, "configure")]);
    tell(&mut bars, (1..=7).map(|n| output(&format!("line {n} \x1b[2J of many words that go on and on"))));
    let warning = "a message that is longer than forty columns";
    tell(&mut bars, [Event::Warning { message: warning.into(), place: None }]);
    assert_eq!(
        term.contents(),
        "✔ launch        0.9s\n\
         warning: a message that is longer than f\n\
         orty columns\n\
         ⠼ steps      2/3 configure            0s\n\
         \x20   line 3  of many words that go on a…\n\
         \x20   line 4  of many words that go on a…\n\
         \x20   line 5  of many words that go on a…\n\
         \x20   line 6  of many words that go on a…\n\
         \x20   line 7  of many words that go on a…"
    );
    let (name, exit_code) = ("configure".into(), Some(3));
    let finished = Event::StepFinished { number: 2, name, seconds: 61.0, ok: false, exit_code, attempts: 1 };
    tell(&mut bars, [finished, Event::PhaseFinished { phase: Phase::Steps, seconds: 61.5, ok: false }]);
    bars.finish().unwrap();
    assert!(term.contents().ends_with("  ✘ configure   1m 01s\n✘ steps       1m 02s"), "{}", term.contents());
}

#[test]
fn a_running_step_has_a_time_of_its_own_and_a_line_that_is_rewritten_is_seen() {
    let (mut bars, term) = drawn(60, false);
    tell(&mut bars, [started(Phase::Steps), step(2, "configure"), output("whole")]);
    let rewritten =
        Event::UnfinishedLine { source: "configure".into(), number: None, line: "10 %\r55 %\r".into() };
    bars.step.as_mut().unwrap().since = Instant::now().checked_sub(Duration::from_secs(65)).unwrap();
    tell(&mut bars, [rewritten]);
    let text = term.contents();
    assert!(text.lines().next().unwrap().contains("2/3 configure 1m 05s  "), "{text}");
    assert!(text.ends_with("\n    whole\n    55 %"), "{text}");
}

#[test]
fn bars_fit_narrow_and_wide_terminals_and_go_when_they_are_full() {
    for columns in [40, 80, 160] {
        let (mut bars, term) = drawn(columns, false);
        let progress = |done| Event::Progress { task: "download".into(), done, total: Some(1_000_000) };
        tell(&mut bars, [started(Phase::Base), progress(0), progress(500_000)]);
        let text = term.contents();
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(text.contains("  download ━━"), "{text}");
        assert_eq!(text.contains("/976.6 KiB"), columns >= 80, "{text}");
        tell(&mut bars, [progress(1_000_000), progress(1_000_000)]);
        assert_eq!(term.contents().lines().count(), 1);
    }
}

#[test]
fn what_has_no_known_end_is_counted() {
    let (mut bars, term) = drawn(80, false);
    let progress = Event::Progress { task: "copy".into(), done: 2048, total: None };
    tell(&mut bars, [started(Phase::Capture), progress]);
    assert!(term.contents().contains("\n  copy 2.0 KiB"), "{}", term.contents());
}

#[test]
fn without_colour_no_escape_sequence_styles_anything() {
    let failed = Event::PhaseFinished { phase: Phase::Seal, seconds: 1.0, ok: false };
    for colour in [true, false] {
        let (mut bars, term) = drawn(80, colour);
        tell(&mut bars, [failed.clone(), Event::Warning { message: "w".into(), place: None }]);
        let styled = String::from_utf8(term.contents_formatted()).unwrap().contains("\x1b[31m");
        assert_eq!(styled, colour);
    }
}

#[test]
fn the_next_run_on_a_screen_finds_nothing_of_the_one_before() {
    let (mut first, term) = drawn(80, false);
    let mut second = Bars::new(first.screen.clone(), false);
    let progress = Event::Progress { task: "copy".into(), done: 2048, total: None };
    tell(&mut first, [started(Phase::Steps), progress, output("a line")]);
    first.finish().unwrap();
    drop(first);
    tell(&mut second, [started(Phase::Launch)]);
    let text = term.contents();
    assert!(text.starts_with("⠹ launch") && text.lines().count() == 1, "{text}");
}

#[test]
fn the_run_is_named_at_its_start_and_how_long_it_goes_on_stands_below() {
    let (mut bars, term) = drawn(80, false);
    let (run, image, platform, log) = ("web-01ka".into(), "web".into(), "ec2".into(), "/log".into());
    let begun = Event::RunStarted {
        run,
        image,
        version: Some("7".into()),
        platform,
        log,
        format: 1,
        hornero: "1".into(),
        expected_seconds: Some(250.0),
    };
    tell(&mut bars, [begun, started(Phase::Launch)]);
    let text = term.contents();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "baking web 7 on ec2, run web-01ka");
    assert!(lines[1].contains(" launch "), "{text}");
    assert_eq!(lines[2], "  total      0s of about 4m 10s");
    bars.finish().unwrap();
    assert_eq!(term.contents(), lines[0], "nothing that moves is left");
}

#[test]
fn what_stays_is_written_as_a_line_without_padding() {
    let term = InMemoryTerm::new(30, 40);
    let target = ProgressDrawTarget::term_like(Box::new(term));
    let written = Arc::new(Mutex::new(Vec::new()));
    let mut bars = Bars::new(Screen::new(target, || 40, Shared(written.clone())), false);
    let launched = Event::PhaseFinished { phase: Phase::Launch, seconds: 0.9, ok: true };
    tell(&mut bars, [started(Phase::Launch), Event::Note { message: "one\ntwo".into() }, launched]);
    let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert_eq!(text, "  one\ntwo\n✔ launch        0.9s\n");
}

#[test]
fn what_is_waited_for_stands_in_the_line_of_the_phase_and_goes_with_it() {
    let (mut bars, term) = drawn(80, false);
    let waiting = Event::Waiting {
        kind: WaitKind::Server,
        target: "10.0.0.7:22".into(),
        seconds: 3.0,
        answer: "refused".into(),
    };
    tell(&mut bars, [started(Phase::Connect), waiting]);
    assert!(
        term.contents().contains("connect    waiting for SSH at 10.0.0.7:22: refused"),
        "{}",
        term.contents()
    );
    tell(&mut bars, [Event::PhaseFinished { phase: Phase::Connect, seconds: 4.0, ok: true }]);
    assert_eq!(term.contents(), "✔ connect       4.0s");
}

/// Keeps what is written beside the bars.
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

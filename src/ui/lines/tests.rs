//! What the lines say, whole.

use std::sync::{Arc, Mutex};

use super::*;
use crate::event::Stream;

fn written(events: &[(i64, Event)]) -> String {
    let mut out = Vec::new();
    let mut lines = Lines::new(&mut out);
    for (second, event) in events {
        lines.event(event, Timestamp::from_second(*second).unwrap()).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn every_line_has_its_time_and_phase() {
    let text = written(&[
        (43_471, Event::PhaseStarted { phase: Phase::Steps }),
        (
            43_472,
            Event::Output {
                source: "configure".into(),
                number: None,
                stream: Stream::Stdout,
                line: "done\x1b[K".into(),
            },
        ),
        (43_473, Event::PhaseFinished { phase: Phase::Steps, seconds: 2.0, ok: true }),
        (43_474, Event::Warning { message: "two\nlines".into(), place: None }),
    ]);
    assert_eq!(
        text,
        "12:04:31Z steps | started\n12:04:32Z steps | configure: done\n\
         12:04:33Z steps | finished after 2.0s\n12:04:34Z run | warning: two\n12:04:34Z run | lines\n"
    );
}

/// Keeps each piece that was written by itself.
#[derive(Clone, Default)]
struct Pieces(Arc<Mutex<Vec<String>>>);
impl Write for Pieces {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().push(String::from_utf8(piece.to_vec()).unwrap());
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn lines_of_two_runs_have_their_names_and_are_written_whole() {
    let (pieces, at) = (Pieces::default(), Timestamp::from_second(43_471).unwrap());
    let lines = |name| Lines::new(pieces.clone()).labelled(Some(&Label::new(name, 8)));
    let (mut web, mut database) = (lines("web"), lines("database"));
    web.event(&Event::PhaseStarted { phase: Phase::Steps }, at).unwrap();
    database.event(&Event::Warning { message: "two\nlines".into(), place: None }, at).unwrap();
    web.event(&Event::Note { message: "done".into() }, at).unwrap();
    assert_eq!(
        *pieces.0.lock().unwrap(),
        [
            "12:04:31Z web      steps | started\n",
            "12:04:31Z database run | warning: two\n12:04:31Z database run | lines\n",
            "12:04:31Z web      steps | done\n"
        ]
    );
}

#[test]
fn progress_is_a_line_every_ten_seconds_and_at_the_end() {
    let at = |second, done| (second, Event::Progress { task: "convert".into(), done, total: Some(100) });
    let text = written(&[at(0, 0), at(1, 10), at(9, 60), at(10, 70), at(11, 100)]);
    assert_eq!(text.lines().count(), 3);
    assert!(text.ends_with("convert: 100 B of 100 B (100 %)\n"));
}

#[test]
fn a_line_that_rewrites_itself_is_shown_every_ten_seconds_and_half_a_line_is_not() {
    let at = |second, line: &str| {
        (second, Event::UnfinishedLine { source: "configure".into(), number: None, line: line.into() })
    };
    let text =
        written(&[at(0, "half a li"), at(1, "1 %\r"), at(2, "1 %\r2 %\r"), at(12, "1 %\r2 %\r99 %\r")]);
    let lines: Vec<&str> =
        text.lines().filter_map(|line| line.split_once(" | ")).map(|(_, line)| line).collect();
    assert_eq!(lines, ["configure: 1 %", "configure: 99 %"]);
}

#[test]
fn the_error_of_a_run_is_left_to_the_summary() {
    let (error, hint) = (Some("no builder".to_owned()), Some("try again".to_owned()));
    let text = written(&[(
        43_471,
        Event::RunFinished {
            ok: false,
            seconds: 61.0,
            error,
            hint,
            tail: Vec::new(),
            end: Default::default(),
        },
    )]);
    assert_eq!(text, "12:04:31Z run | run failed after 1m 01s\n");
}

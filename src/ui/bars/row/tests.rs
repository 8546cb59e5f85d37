//! What the rows of two runs draw on one terminal.

mod text;

use std::io::{self, Write};

use indicatif::{InMemoryTerm, ProgressDrawTarget, TermLike};
use jiff::Timestamp;

use super::*;
use crate::{
    event::{Event, Stream},
    ui::Listener,
};

/// Text as a terminal gets it from the program's own writes.
pub(in crate::ui::bars) struct Written(pub(in crate::ui::bars) InMemoryTerm);

impl Write for Written {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.write_str(&String::from_utf8_lossy(text).replace('\n', "\r\n"))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Two {
    screen: Screen,
    term: InMemoryTerm,
    web: Row,
    database: Row,
}

fn two(columns: u16, colour: bool) -> Two {
    let term = InMemoryTerm::new(40, columns);
    let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
    let screen = Screen::new(target, move || columns.into(), Written(term.clone()));
    let screen = screen.several(["web", "a-database-of-many-columns"]);
    let row = |name| Row::new(screen.clone(), screen.label(name).unwrap(), colour);
    let (web, database) = (row("web"), row("a-database-of-many-columns"));
    Two { screen, term, web, database }
}

fn tell(row: &mut Row, events: impl IntoIterator<Item = Event>) {
    events.into_iter().for_each(|event| row.event(&event, Timestamp::UNIX_EPOCH).unwrap());
    row.tick();
}

fn started(image: &str) -> Event {
    let (run, platform, log) = ("r1".into(), "ec2".into(), "/runs/r1/log".into());
    Event::RunStarted {
        run,
        image: image.into(),
        version: Some("4.5.1".into()),
        platform,
        log,
        format: 1,
        hornero: String::new(),
        expected_seconds: None,
    }
}

fn begin(phase: Phase) -> Event {
    Event::PhaseStarted { phase }
}

fn end(phase: Phase, ok: bool) -> Event {
    Event::PhaseFinished { phase, seconds: 61.0, ok }
}

fn step(number: usize, name: &str) -> Event {
    Event::StepStarted { number, total: 7, name: name.into(), kind: "shell".into() }
}

fn output(line: &str) -> Event {
    Event::Output { source: "configure".into(), number: None, stream: Stream::Stdout, line: line.into() }
}

fn finished(ok: bool, error: Option<&str>) -> Event {
    let error = error.map(str::to_owned);
    Event::RunFinished { ok, seconds: 123.0, error, hint: None, tail: Vec::new(), end: Default::default() }
}

fn captured() -> Event {
    let image = "ami-0123456789abcdef0".into();
    Event::ImageCaptured { image, location: "eu-west-1".into(), bytes: 1 << 30 }
}

/// Both under way, with a phase and a warning that stay.
fn under_way(two: &mut Two) {
    tell(&mut two.web, [started("web"), begin(Phase::Launch)]);
    let transfer = Event::Progress { task: "upload".into(), done: 500_000, total: Some(1_000_000) };
    tell(&mut two.database, [started("db"), begin(Phase::Upload), transfer]);
    tell(&mut two.web, [end(Phase::Launch, true), begin(Phase::Steps), step(3, "configure")]);
    tell(&mut two.web, [output("one"), output("\x1b[2Jtwo words \x1b[31mof many")]);
    tell(&mut two.database, [Event::Warning { message: "slow\nvery".into(), place: None }]);
}

#[test]
fn two_runs_have_a_row_each_and_what_stays_has_their_names() {
    let mut two = two(100, false);
    under_way(&mut two);
    let text = two.term.contents();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..6],
        [
            "web                      run r1",
            "a-database-of-many-colu… run r1",
            "web                      ✔ launch      1m 01s",
            "a-database-of-many-colu… warning: slow",
            "a-database-of-many-colu… very",
            "⠼ web                      steps      3/7 configure: two words of many                            0s",
        ]
    );
    assert!(lines[6].starts_with("⠸ a-database-of-many-colu… upload     "), "{text}");
    assert!(lines[7].starts_with("  upload ━━━"), "{text}");
    assert_eq!(lines.len(), 8, "{text}");
}

#[test]
fn rows_fit_a_narrow_terminal() {
    let mut two = two(44, false);
    under_way(&mut two);
    let text = two.term.contents();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..7],
        [
            "web         run r1",
            "a-database… run r1",
            "web         ✔ launch      1m 01s",
            "a-database… warning: slow",
            "a-database… very",
            "⠼ web         steps      3/7 configure    0s",
            "⠸ a-database… upload                      0s",
        ]
    );
    assert!(lines[7].starts_with("  upload ━━━") && lines.len() == 8, "{text}");
    tell(&mut two.web, [captured(), finished(true, None)]);
    two.database.tick();
    assert!(
        two.term.contents().contains("\n✔ web         ami-0123456789abcdef0  2m 03s\n"),
        "{}",
        two.term.contents()
    );
}

#[test]
fn a_run_that_is_over_leaves_one_line_and_the_other_its_row() {
    let mut two = two(100, false);
    under_way(&mut two);
    let error = "step `configure` ended with exit code 3, which\nis bad";
    tell(&mut two.database, [end(Phase::Upload, false), finished(false, Some(error))]);
    two.web.tick();
    let text = two.term.contents();
    assert!(
        text.contains(
            "\n✘ a-database-of-many-colu… step `configure` ended with exit code 3, which  2m 03s\n"
        ),
        "{text}"
    );
    assert!(text.lines().last().unwrap().contains(" web                      steps      3/7"), "{text}");
    tell(&mut two.web, [end(Phase::Steps, true), captured(), finished(true, None)]);
    let last = "✔ web                      4.5.1  ami-0123456789abcdef0  2m 03s";
    assert_eq!(two.term.contents().lines().last().unwrap(), last);
}

#[test]
fn without_colour_no_escape_sequence_styles_anything() {
    for colour in [true, false] {
        let mut two = two(80, colour);
        tell(&mut two.web, [started("web"), end(Phase::Seal, false), finished(false, None)]);
        let shown = String::from_utf8(two.term.contents_formatted()).unwrap();
        assert_eq!((shown.contains("\x1b[31m"), shown.contains("\x1b[1m")), (colour, colour));
    }
}

//! What a run comes to in the end: a table of where the time went and what was made, or what
//! failed, its last lines, where the log lies and what to do next.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use comfy_table::{Cell, CellAlignment, Table};
use console::Style;
use jiff::Timestamp;

use super::{Listener, tail::Tail, text};
use crate::event::Event;

/// As many lines of the failed step as one needs to see what went wrong.
const LAST_LINES: usize = 20;

/// Gathers what happened and writes the summary at the end.
pub struct Summary<W> {
    out: W,
    width: usize,
    colour: bool,
    log: String,
    rows: Vec<Row>,
    steps: Vec<Row>,
    tail: Tail,
    /// What failed first. Whatever fails after it, in the clean-up, is not the cause.
    failed: Option<String>,
    facts: Vec<(&'static str, String)>,
    end: Option<End>,
}

struct Row {
    name: String,
    seconds: f64,
}

struct End {
    ok: bool,
    seconds: f64,
    error: Option<String>,
    hint: Option<String>,
}

impl Summary<io::Stderr> {
    pub fn stderr(colour: bool) -> Self {
        Self::new(io::stderr(), console::Term::stderr().size().1.into(), colour)
    }
}

impl<W: Write + Send> Summary<W> {
    pub fn new(out: W, width: usize, colour: bool) -> Self {
        let (rows, steps, facts) = (Vec::new(), Vec::new(), Vec::new());
        let (log, tail) = (String::new(), Tail::new(LAST_LINES));
        Self { out, width, colour, log, rows, steps, tail, failed: None, facts, end: None }
    }

    fn fail(&mut self, what: String) {
        self.failed.get_or_insert(what);
    }

    fn style(&self) -> Style {
        Style::new().force_styling(self.colour)
    }

    fn table(&self, total: f64) -> Table {
        let mut table = Table::new();
        table.set_header([Cell::new("where the time went"), right("time"), right("share")]);
        for row in &self.rows {
            let share = if total > 0.0 { row.seconds / total * 100.0 } else { 0.0 };
            let name = text::fit(&row.name, self.width.saturating_sub(20).max(12)).into_owned();
            table.add_row([
                Cell::new(name),
                right(&text::seconds(row.seconds)),
                right(&format!("{share:.0} %")),
            ]);
        }
        table.add_row([Cell::new("total"), right(&text::seconds(total)), right("")]);
        table.load_style(comfy_table::presets::NOTHING);
        table
    }

    fn text(&self, end: &End) -> Result<String, fmt::Error> {
        let mut out = String::new();
        writeln!(out)?;
        for line in self.table(end.seconds).lines() {
            // The table starts each line with the padding of its first cell.
            writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(&line).trim_end())?;
        }
        writeln!(out)?;
        for (name, value) in &self.facts {
            writeln!(out, "{} {value}", self.style().bold().apply_to(text::pad(name, 9)))?;
        }
        if !end.ok {
            self.failure(&mut out, end)?;
        }
        Ok(out)
    }

    fn failure(&self, out: &mut String, end: &End) -> fmt::Result {
        let error = end.error.as_deref().or(self.failed.as_deref()).unwrap_or("the run did not finish");
        let red = self.style().red().bold();
        writeln!(out, "{} {}", red.apply_to("error:"), text::clean_block(error))?;
        if let (Some(failed), Some(_)) = (&self.failed, &end.error) {
            writeln!(out, "{} {failed}", text::pad("in", 6))?;
        }
        if self.tail.lines().next().is_some() {
            match self.tail.source() {
                "" => writeln!(out, "\nlast lines:")?,
                source => writeln!(out, "\nlast lines of `{source}`:")?,
            }
            for line in self.tail.lines() {
                writeln!(out, "  {} {line}", self.style().dim().apply_to("|"))?;
            }
            writeln!(out)?;
        }
        if !self.log.is_empty() {
            writeln!(out, "{} {}", text::pad("log:", 6), self.log)?;
        }
        if let Some(hint) = &end.hint {
            writeln!(out, "{} {hint}", self.style().cyan().apply_to(text::pad("hint:", 6)))?;
        }
        Ok(())
    }

    fn output(&mut self, source: &str, line: &str) {
        if self.failed.is_none() {
            self.tail.push(source, line);
        }
    }

    /// Lines that the error brought along tell more than what was printed last.
    fn explain(&mut self, lines: &[String]) {
        if !lines.is_empty() {
            self.tail.clear();
            lines.iter().for_each(|line| self.tail.push("", line));
        }
    }

    fn restart_tail(&mut self) {
        if self.failed.is_none() {
            self.tail.clear();
        }
    }
}

fn right(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

impl<W: Write + Send> Listener for Summary<W> {
    fn event(&mut self, event: &Event, _: Timestamp) -> Result<(), String> {
        match event {
            Event::RunStarted { log, .. } => self.log = log.clone(),
            Event::PhaseStarted { .. } | Event::StepStarted { .. } => self.restart_tail(),
            Event::StepFinished { number, name, seconds, ok } => {
                self.steps.push(Row { name: format!("  {name}"), seconds: *seconds });
                if !ok {
                    self.fail(format!("step {number} `{name}`"));
                }
            }
            Event::PhaseFinished { phase, seconds, ok } => {
                self.rows.push(Row { name: phase.title().into(), seconds: *seconds });
                self.rows.append(&mut self.steps);
                if !ok {
                    self.fail(format!("phase {}", phase.title()));
                }
            }
            Event::Output { source, line, .. } => self.output(source, line),
            Event::ImageCaptured { image, location, bytes } => {
                self.facts.push(("image", image.clone()));
                self.facts.push(("location", location.clone()));
                self.facts.push(("size", text::bytes(*bytes)));
            }
            Event::Published { parameter, version, .. } => {
                self.facts.push(("parameter", format!("{parameter} (version {version})")));
            }
            Event::RunFinished { ok, seconds, error, hint, tail } => {
                self.explain(tail);
                let (error, hint) = (error.clone(), hint.clone());
                self.end = Some(End { ok: *ok, seconds: *seconds, error, hint });
            }
            Event::StepRetried { .. }
            | Event::Progress { .. }
            | Event::Reused { .. }
            | Event::Note { .. }
            | Event::Warning { .. }
            | Event::CheckFinished { .. } => {}
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), String> {
        let Some(end) = &self.end else { return Ok(()) };
        let text = self.text(end).map_err(|err| err.to_string())?;
        self.out.write_all(text.as_bytes()).map_err(|err| err.to_string())
    }
}

#[cfg(test)]
mod tests {
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
        }
    }

    fn step(name: &str, seconds: f64, ok: bool) -> Event {
        Event::StepFinished { number: 1, name: name.into(), seconds, ok }
    }

    fn output(source: &str, line: String) -> Event {
        Event::Output { source: source.into(), stream: Stream::Stdout, line }
    }

    #[test]
    fn success_shows_the_time_the_image_and_the_parameter() {
        let text = shown(&[
            started(),
            Event::PhaseFinished { phase: Phase::Launch, seconds: 30.0, ok: true },
            step("configure", 60.0, true),
            Event::PhaseFinished { phase: Phase::Steps, seconds: 90.0, ok: true },
            Event::ImageCaptured { image: "web-1".into(), location: "/images/web-1".into(), bytes: 1 << 20 },
            Event::Published { parameter: "/images/web/dev".into(), value: "web-1".into(), version: 3 },
            Event::RunFinished { ok: true, seconds: 120.0, error: None, hint: None, tail: Vec::new() },
        ]);
        assert_eq!(
            text,
            "\nwhere the time went    time  share\n\
             launch                30.0s   25 %\n\
             steps                1m 30s   75 %\n\
             \x20 configure          1m 00s   50 %\n\
             total                2m 00s\n\n\
             image     web-1\nlocation  /images/web-1\nsize      1.00 MiB\n\
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
        events.push(Event::RunFinished { ok: false, seconds: 2.0, error, hint, tail: Vec::new() });
        let text = shown(&events);
        let (_, failure) = text.split_once("error: exit code 3\n").unwrap();
        assert!(
            failure.starts_with("in     step 1 `configure`\n\nlast lines of `configure`:\n  | line 11\n")
        );
        assert!(failure.ends_with("  | line 30\n\nlog:   /runs/r1/log\nhint:  hornero resume r1\n"));
    }
}

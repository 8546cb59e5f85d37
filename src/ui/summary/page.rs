//! The summary as text.

use std::{
    fmt::{self, Write as _},
    io::Write,
};

use comfy_table::{Cell, CellAlignment, Table};
use console::Style;

use super::{End, Summary};
use crate::{
    amount,
    ui::{Label, text},
};

impl<W: Write + Send> Summary<W> {
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
                right(&amount::duration(row.seconds)),
                right(&format!("{share:.0} %")),
            ]);
        }
        table.add_row([Cell::new("total"), right(&amount::duration(total)), right("")]);
        table.load_style(comfy_table::presets::NOTHING);
        table
    }

    pub(super) fn text(&self, end: &End) -> Result<String, fmt::Error> {
        let mut out = String::new();
        match &self.label {
            None => self.whole(&mut out, end)?,
            // The table of all images says the rest.
            Some(label) if !end.ok => {
                writeln!(out, "\n{}", self.heading(label))?;
                self.failure(&mut out, end)?;
            }
            Some(_) => {}
        }
        Ok(out)
    }

    fn whole(&self, out: &mut String, end: &End) -> fmt::Result {
        writeln!(out)?;
        for line in self.table(end.seconds).lines() {
            // The table starts each line with the padding of its first cell.
            writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(&line).trim_end())?;
        }
        writeln!(out)?;
        for (name, value) in &self.facts {
            writeln!(out, "{} {value}", self.style().bold().apply_to(text::pad(name, 9)))?;
        }
        if end.ok { Ok(()) } else { self.failure(out, end) }
    }

    /// Whose failure it is, among several.
    fn heading(&self, label: &Label) -> impl fmt::Display {
        let version = self.version.as_deref().map(|version| format!(" {version}")).unwrap_or_default();
        self.style().bold().apply_to(format!("{}{version}", label.name()))
    }

    fn failure(&self, out: &mut String, end: &End) -> fmt::Result {
        let error = end.error.as_deref().or(self.failed.as_deref()).unwrap_or("the run did not finish");
        let red = self.style().red().bold();
        writeln!(out, "{} {}", red.apply_to("error:"), text::clean_block(error))?;
        if let (Some(failed), Some(_)) = (&self.failed, &end.error) {
            writeln!(out, "{} {failed}", text::pad("in:", 6))?;
        }
        if self.tail.lines().next().is_some() {
            match self.tail.source() {
                "" => writeln!(out, "\ndetails:")?,
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
}

fn right(text: &str) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

//! A plan as a person reads it in a terminal or a log.

use console::measure_text_width;

use super::rows::{Report, Row, short};
use crate::{
    cli::judge::Judged,
    engine::due::Verdict,
    plan::Known,
    ui::{clean, pad},
};

/// What is said of a value that only the launch decides.
pub const AT_LAUNCH: &str = "(known at the launch)";

/// Topics begin here, and what is said of them after the widest.
const INDENT: usize = 2;
const TOPIC_WIDTH: usize = 11;
/// A longer name does not push the values of the others away.
const WIDEST_NAME: usize = 24;

/// How a plan is laid out.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Columns of the terminal; lines are not broken where there is none.
    pub width: Option<usize>,
    pub colour: bool,
}

/// One line of the graph.
pub fn line(judged: &Judged) -> String {
    let said = match &judged.verdict {
        Verdict::UpToDate { image } => format!("up to date ({})", image.id),
        Verdict::Unpublished { image } => format!("to be published ({})", image.id),
        Verdict::Due { why } => format!("to be baked: {}", short(why)),
    };
    clean(&format!("{}: {said}", judged.plan.title()))
}

/// Why, and everything that a bake does: the topic before the first line of its own.
pub fn details(report: &Report<'_>, layout: Layout) -> String {
    let mut text = format!("{}\n", layout.paint(Tone::Title, &clean(&report.title())));
    let rows = report.rows();
    for group in rows.chunk_by(|one, other| one.topic == other.topic) {
        let widths = group.iter().map(|row| measure_text_width(&row.name));
        let name_width = widths.max().unwrap_or_default().min(WIDEST_NAME);
        for (number, row) in group.iter().enumerate() {
            let topic = if number == 0 { row.topic } else { "" };
            text += &layout.row(topic, row, name_width);
        }
    }
    text + "\n"
}

/// How many, for the last line.
pub fn sum(judged: &[Judged]) -> String {
    let count = |is: fn(&Verdict) -> bool| judged.iter().filter(|one| is(&one.verdict)).count();
    let baked = count(|verdict| matches!(verdict, Verdict::Due { .. }));
    let published = match count(|verdict| matches!(verdict, Verdict::Unpublished { .. })) {
        0 => String::new(),
        some => format!("{some} to be published, "),
    };
    let rest = count(|verdict| matches!(verdict, Verdict::UpToDate { .. }));
    format!("{baked} to be baked, {published}{rest} up to date\n")
}

#[derive(Clone, Copy, Debug)]
enum Tone {
    Title,
    Topic,
    Added,
    Removed,
    Changed,
    Aside,
    Plain,
}

impl Layout {
    fn row(self, topic: &str, row: &Row, name_width: usize) -> String {
        let (name, value) = (clean(&row.name), clean(&row.value));
        let mut head =
            format!("{}{} ", " ".repeat(INDENT), self.paint(Tone::Topic, &pad(topic, TOPIC_WIDTH)));
        let mut before = INDENT + TOPIC_WIDTH + 1;
        if name_width > 0 {
            head += &format!("{}  ", pad(&name, name_width));
            before += name_width + 2;
        }
        let mark = match row.known {
            Known::Now => "",
            Known::AtLaunch => AT_LAUNCH,
        };
        let words = format!("{value} {mark}");
        let lines = broken(words.trim_end(), self.width.map(|width| width.saturating_sub(before)));
        let tone = tone(&value);
        let told = lines.iter().map(|line| match line.strip_suffix(mark).filter(|_| !mark.is_empty()) {
            Some(own) => format!("{}{}", self.paint(tone, own), self.paint(Tone::Aside, mark)),
            None => self.paint(tone, line),
        });
        let gap = format!("\n{}", " ".repeat(before));
        format!("{head}{}\n", told.collect::<Vec<_>>().join(&gap))
    }

    fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Title => "1",
            Tone::Topic | Tone::Aside => "2",
            Tone::Added => "32",
            Tone::Removed => "31",
            Tone::Changed => "33",
            Tone::Plain => return text.to_owned(),
        };
        match self.colour && !text.trim().is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Of the lines that tell what has changed.
fn tone(value: &str) -> Tone {
    match value.trim_start().split(' ').next() {
        Some("+") => Tone::Added,
        Some("-") => Tone::Removed,
        Some("~" | ">") => Tone::Changed,
        Some(_) | None => Tone::Plain,
    }
}

/// Between words, in lines of at most so many columns; a word that is longer stays whole. Blanks in front
/// stay.
fn broken(text: &str, width: Option<usize>) -> Vec<String> {
    const NARROWEST: usize = 20;
    let Some(width) = width.map(|width| width.max(NARROWEST)) else { return vec![text.to_owned()] };
    let indent = &text[..text.len() - text.trim_start().len()];
    let mut lines = vec![String::new()];
    // What is said of the launch stays together.
    let together = text.replace(AT_LAUNCH, &AT_LAUNCH.replace(' ', "\u{a0}"));
    for word in together.split_ascii_whitespace() {
        let last = lines.last().map(String::as_str).unwrap_or_default();
        let joined = if last.is_empty() { format!("{indent}{word}") } else { format!("{last} {word}") };
        match !last.is_empty() && measure_text_width(&joined) > width {
            true => lines.push(format!("{indent}{word}")),
            false => drop(lines.pop().map(|_| lines.push(joined))),
        }
    }
    lines.into_iter().map(|line| line.replace('\u{a0}', " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: &str, known: Known) -> Row {
        Row { topic: "builder", name: name.into(), value: value.into(), known }
    }

    #[test]
    fn values_stand_below_each_other_and_what_is_long_is_broken_between_words() {
        let layout = Layout { width: Some(60), colour: false };
        let long = row("subnets", "the default one of a zone that EC2 chooses", Known::AtLaunch);
        let told = layout.row("builder", &long, 14);
        assert_eq!(
            told,
            "  builder     subnets         the default one of a zone that\n                              EC2 chooses\n                              (known at the launch)\n"
        );
        let whole = Layout { width: None, colour: false }.row("builder", &long, 14);
        assert_eq!(whole.lines().count(), 1);
        assert!(told.lines().all(|line| measure_text_width(line) <= 60));
    }

    #[test]
    fn colours_are_there_only_where_they_are_wanted_and_nothing_else_is_sent_to_a_terminal() {
        let row = row("", "  ~ content of step 1: \u{1b}[31mred", Known::Now);
        let plain = Layout { width: None, colour: false }.row("because", &row, 0);
        assert_eq!(plain, "  because       ~ content of step 1: red\n");
        let coloured = Layout { width: None, colour: true }.row("because", &row, 0);
        assert!(coloured.contains("\u{1b}[33m  ~ content of step 1: red\u{1b}[0m"), "{coloured:?}");
    }
}

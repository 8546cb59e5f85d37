//! What is no TOML, told in words that say what to write instead.

use std::ops::Range;

use crate::template::diagnose::{Edit, Fault};

/// One slip can make a parser complain about every line after it.
const MOST_SYNTAX_FAULTS: usize = 20;

/// Quotes that editors and web pages put in the place of straight ones.
const TYPOGRAPHIC_QUOTES: [char; 8] =
    ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{ab}', '\u{bb}'];

/// At most one a line: what follows on the line is a consequence of the first.
pub fn syntax_faults(text: &str, base: usize, errors: Vec<toml::de::Error>) -> Vec<Fault> {
    let mut found: Vec<(Range<usize>, String)> =
        errors.into_iter().map(|e| (e.span().unwrap_or(0..0), e.message().to_owned())).collect();
    found.sort_by_key(|(span, _)| span.start);
    found.dedup_by_key(|(span, _)| line_start(text, span.start));
    without_consequences(text, &mut found);
    let more = found.len() > MOST_SYNTAX_FAULTS;
    found.truncate(MOST_SYNTAX_FAULTS);
    let mut faults: Vec<Fault> =
        found.into_iter().map(|(span, message)| syntax_fault(text, base, &span, &message)).collect();
    if more {
        let what = "there are more syntax errors than these; they may follow from them";
        faults.push(Fault::at(base..base, what));
    }
    faults
}

/// After a string that does not end on its line, the lines that it was meant to have are no mistakes.
fn without_consequences(text: &str, found: &mut Vec<(Range<usize>, String)>) {
    let mut open_string: Option<usize> = None;
    found.retain(|(span, message)| {
        let start = line_start(text, span.start);
        let consequence = open_string.is_some_and(|from| !text[from..start].contains("\n["));
        open_string = (consequence || is_open_string(message)).then_some(start);
        !consequence
    });
}

fn is_open_string(message: &str) -> bool {
    message.starts_with("invalid basic string") || message.starts_with("invalid literal string")
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1)
}

fn syntax_fault(text: &str, base: usize, span: &Range<usize>, message: &str) -> Fault {
    let start = line_start(text, span.start);
    let line = text[start..].lines().next().unwrap_or_default();
    let fault = Fault::at(base + span.start..base + span.end, format!("this is not TOML: {message}"));
    if line.contains(TYPOGRAPHIC_QUOTES) {
        return with_straight_quotes(base + start, line);
    }
    if message.contains("leading zero") {
        return in_quotes(fault, text, base, span);
    }
    if message.starts_with("string values must be quoted") {
        let written = text.get(span.clone()).unwrap_or_default().to_owned();
        return fault.replace("write the value in quotes", &format!("\"{written}\""));
    }
    if message == "duplicate key" {
        return fault.hint("a key may be given once in a table; remove one of them");
    }
    if message.starts_with("missing escaped value") {
        return with_backslash(fault, text, base, span);
    }
    if is_open_string(message) {
        return fault.hint(
            "end the string on its line; a text of several lines stands between three quotes: \"\"\"...\"\"\" or \'\'\'...\'\'\'",
        );
    }
    if text.get(span.start..).is_some_and(|rest| rest.starts_with(',')) {
        let at = base + span.start;
        let fault = fault.hint("a line ends without a comma");
        return Fault { edits: vec![Edit::new(at..at + 1, "")], ..fault };
    }
    match yaml_colon(line) {
        Some(colon) => {
            let at = base + start + colon;
            let fault = fault.hint("TOML has `=` where YAML has `:`");
            Fault { edits: vec![Edit::new(at..at + 1, " =")], ..fault }
        }
        None => fault,
    }
}

fn with_straight_quotes(start: usize, line: &str) -> Fault {
    let quotes = line.char_indices().filter(|(_, c)| TYPOGRAPHIC_QUOTES.contains(c));
    let edits: Vec<Edit> =
        quotes.map(|(at, c)| Edit::new(start + at..start + at + c.len_utf8(), "\"")).collect();
    let place = edits.first().map_or(start..start, |edit| edit.place.clone());
    let fault = Fault::at(place, "this is not TOML: typographic quotes").label("not a straight quote");
    Fault { edits, ..fault.hint("write straight quotes, \" or \'") }
}

fn in_quotes(fault: Fault, text: &str, base: usize, span: &Range<usize>) -> Fault {
    let part = |c: char| c.is_ascii_alphanumeric() || "_.-:+".contains(c);
    let at = text.floor_char_boundary(span.start.min(text.len()));
    let start = text[..at].rfind(|c| !part(c)).map_or(0, |before| before + 1);
    let end = text[at..].find(|c| !part(c)).map_or(text.len(), |after| at + after);
    let written = text.get(start..end).unwrap_or_default();
    let place = base + start..base + end;
    Fault { place: Some(place), ..fault }.replace("put it in quotes", &format!("\"{written}\""))
}

fn with_backslash(fault: Fault, text: &str, base: usize, span: &Range<usize>) -> Fault {
    let fault = fault.hint("a backslash is written `\\\\` between \"...\", and as it is between \'...\'");
    let line = line_start(text, span.start);
    let end = text.floor_char_boundary(span.end.max(span.start).min(text.len()));
    let at = text.get(line..end).and_then(|before| before.rfind('\\')).map(|at| base + line + at);
    Fault { edits: at.into_iter().map(|at| Edit::new(at..at, "\\")).collect(), ..fault }
}

/// Where the colon of `name: value` stands.
fn yaml_colon(line: &str) -> Option<usize> {
    let indent = line.len() - line.trim_start().len();
    let key = line.trim_start().find(|c: char| !(c.is_alphanumeric() || "_-.\"".contains(c)))?;
    let colon = indent + key;
    (key > 0 && line[colon..].starts_with(": ")).then_some(colon)
}

//! What comes from outside does nothing to whoever shows it: file names, output of steps, answers of APIs and of
//! builders, strings of templates. Terminals act on control characters and turn text around; CI systems act on lines
//! of a log that look like their commands. Every text passes here on its way out.

use std::borrow::Cow;

use console::{AnsiCodeIterator, strip_ansi_codes};

use super::text::clean_block;
use crate::event::Event;

/// Whether a character does something where it should be seen: it controls a terminal, turns the direction of text
/// around, or ends a line for some programs.
pub fn acts_on_screen(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// Takes what acts on a screen out of every text of an event. The lines that steps print stay as they are: each
/// listener shows them in its own way, and cleans them there.
pub fn clean_event(event: &mut Event) {
    match event {
        Event::Output { source, line: _, .. } | Event::UnfinishedLine { source, line: _, .. } => {
            clean_text(source)
        }
        event => event.texts(clean_text),
    }
}

fn clean_text(text: &mut String) {
    if text.contains(|char: char| char != '\n' && acts_on_screen(char)) {
        *text = clean_block(text);
    }
}

/// Text that is ready to be shown, without anything that a terminal or a CI system would act on. Of escape sequences
/// only colours stay, for they are our own.
pub fn for_screen(text: &str) -> Cow<'_, str> {
    let acts = text.contains(|char: char| !matches!(char, '\n' | '\t') && acts_on_screen(char));
    let plain = if acts { Cow::Owned(without_controls(text)) } else { Cow::Borrowed(text) };
    match plain.contains("::") || plain.contains("##") {
        true => Cow::Owned(plain.split_inclusive('\n').map(without_commands).collect()),
        false => plain,
    }
}

fn without_controls(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (part, is_sequence) in AnsiCodeIterator::new(text) {
        match is_sequence {
            true if is_colour(part) => plain.push_str(part),
            true => {}
            false => plain.extend(part.chars().filter_map(|char| match char {
                // Programs read columns by them.
                '\n' | '\t' => Some(char),
                char => Some(char).filter(|char| !acts_on_screen(*char)),
            })),
        }
    }
    plain
}

/// `ESC [ 1 ; 31 m`
fn is_colour(sequence: &str) -> bool {
    let numbers = sequence.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix('m'));
    numbers.is_some_and(|numbers| numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
}

/// A line without commands: `::error::` at its beginning (GitHub Actions looks behind blanks), and anywhere
/// `##[error]` (GitHub's runner), `##vso[` (Azure Pipelines), `##teamcity[`. Those of GitLab need control characters.
fn without_commands(line: &str) -> String {
    let colourless = strip_ansi_codes(line);
    // A line that is a command without its colours loses them.
    let line = if looks_like_command(&colourless) { &*colourless } else { return line.to_owned() };
    let start = line.trim_start();
    let line = match start.strip_prefix("::") {
        Some(rest) => Cow::Owned(format!("{}: :{rest}", &line[..line.len() - start.len()])),
        None => Cow::Borrowed(line),
    };
    let mut shown = String::with_capacity(line.len() + 1);
    let mut rest = &*line;
    while let Some(at) = rest.find("##") {
        shown.push_str(&rest[..at]);
        let word = rest[at..].trim_start_matches('#');
        let signs = &rest[at..rest.len() - word.len()];
        let is_command = word.trim_start_matches(|char: char| char.is_alphanumeric()).starts_with('[');
        match is_command {
            true => shown.extend([&signs[..signs.len() - 1], " #"]),
            false => shown.push_str(signs),
        }
        rest = word;
    }
    shown + rest
}

fn looks_like_command(line: &str) -> bool {
    line.trim_start().starts_with("::") || line.contains("##")
}

/// A line of JSON that says the same, with numbers in the place of what acts on a screen, and of the signs that begin
/// a command of a CI system. All of them stand in strings.
pub fn for_json(line: &str) -> Cow<'_, str> {
    let acts = |char: char| char != '\n' && acts_on_screen(char);
    if !line.contains(acts) && !line.contains("##") {
        return Cow::Borrowed(line);
    }
    let mut escaped = String::with_capacity(line.len());
    for char in line.chars() {
        match char {
            char if acts(char) => escaped += &format!("\\u{:04x}", u32::from(char)),
            '#' if escaped.ends_with('#') => escaped += "\\u0023",
            char => escaped.push(char),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests;

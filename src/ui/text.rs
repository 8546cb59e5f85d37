//! Text from outside made safe to show, and cut to what fits. A guest may print anything:
//! escape sequences, carriage returns, control characters, lines of a megabyte.

use std::borrow::Cow;

use console::{measure_text_width, strip_ansi_codes, truncate_str};

use super::harmless::acts_on_screen;

/// Nothing longer than this is worth cleaning: no screen and no reader takes more of one line.
const LONGEST: usize = 16 * 1024;

/// What is kept of the end of a line that is longer: it tells how the matter ended.
const LAST: usize = 4 * 1024;

/// Stands between the states of a line that was written over: Unicode's own sign for a carriage return.
const OVERWRITTEN: &str = " \u{240d} ";

/// One line of foreign output as plain text. Where it was written over with carriage returns all of its states are
/// there, but of those that say the same with other numbers, as progress does, only the last.
pub fn clean(line: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for state in states(line) {
        match kept.last_mut() {
            Some(last) if words(last) == words(&state) => *last = state,
            Some(_) | None => kept.push(state),
        }
    }
    kept.join(OVERWRITTEN)
}

/// The same with every state, for the record.
pub fn clean_whole(line: &str) -> String {
    states(line).collect::<Vec<_>>().join(OVERWRITTEN)
}

/// What a terminal shows now of a line that is being written.
pub fn last_state(line: &str) -> String {
    states(line).last().unwrap_or_default()
}

/// What was to be read of a line, one after the other, each as plain text.
fn states(line: &str) -> impl Iterator<Item = String> {
    let line = strip_ansi_codes(&shorten(line)).into_owned();
    let states: Vec<String> = line.split('\r').map(plain).filter(|state| !state.trim().is_empty()).collect();
    states.into_iter()
}

/// What is left of a state without the numbers and signs that progress changes.
fn words(state: &str) -> String {
    state.chars().filter(|char| char.is_alphabetic()).collect()
}

fn plain(state: &str) -> String {
    let mut plain = String::with_capacity(state.len());
    for char in state.chars() {
        match char {
            '\t' => plain.push_str("    "),
            _ if acts_on_screen(char) => {}
            _ => plain.push(char),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Cleaned text of several lines; line breaks stay. What stands before a carriage return is a line too: in a message
/// nothing is written over.
pub fn clean_block(text: &str) -> String {
    let lines =
        text.lines().flat_map(|line| line.split('\r').filter(|part| !part.is_empty() || line.is_empty()));
    lines.map(clean).collect::<Vec<_>>().join("\n")
}

/// The beginning and the end of a line that is too long, and how much is missing between them.
fn shorten(line: &str) -> Cow<'_, str> {
    if line.len() <= LONGEST {
        return line.into();
    }
    let (first, last) =
        (line.floor_char_boundary(LONGEST - LAST), line.ceil_char_boundary(line.len() - LAST));
    format!("{} [{} bytes are left out here] {}", &line[..first], last - first, &line[last..]).into()
}

/// At most `width` columns; what was cut ends in `…`.
pub fn fit(text: &str, width: usize) -> Cow<'_, str> {
    truncate_str(text, width, "…")
}

/// Filled with blanks to `width` columns, counting wide characters as two.
pub fn pad(text: &str, width: usize) -> String {
    let fill = width.saturating_sub(measure_text_width(text));
    format!("{text}{}", " ".repeat(fill))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_output_cannot_move_the_cursor_or_set_the_title() {
        assert_eq!(clean("\x1b[2J\x1b[1;31mred\x1b[0m \x1b]0;title\x07text\x07\x08"), "red text");
        assert_eq!(clean("\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\"), "link");
        assert_eq!(clean("a\u{9b}31mb\u{202e}c\0"), "abc");
    }

    #[test]
    fn a_line_of_progress_becomes_its_last_state_and_nothing_else_is_hidden() {
        assert_eq!(clean("10%\r50%\r100%\r"), "100%");
        assert_eq!(clean("get 1/2\rget 2/2\rdone"), "get 2/2 ␍ done");
        assert_eq!(clean("No space left on device\rall is well"), "No space left on device ␍ all is well");
        assert_eq!(clean_whole("exit code 1\rexit code 0"), "exit code 1 ␍ exit code 0");
        assert_eq!(last_state("No space left on device\r50%\r"), "50%");
        assert_eq!(clean("windows line\r"), "windows line");
        assert_eq!(clean("\r\r"), "");
    }

    #[test]
    fn a_carriage_return_in_a_message_hides_nothing() {
        assert_eq!(
            clean_block("it failed\rnot at all\r\nhere\n\nthere"),
            "it failed\nnot at all\nhere\n\nthere"
        );
    }

    #[test]
    fn very_long_lines_are_cut_at_a_character() {
        let long = "é".repeat(1_000_000);
        let cut = clean(&long);
        assert!(cut.len() <= LONGEST + 50, "{}", cut.len());
        assert!(cut.contains("[1983616 bytes are left out here]"), "{}", cut.replace('é', ""));
        let ends = format!("begin{}end", "x".repeat(LONGEST));
        assert!(clean(&ends).starts_with("begin") && clean(&ends).ends_with("end"));
        assert_eq!(clean(&"x".repeat(LONGEST)).len(), LONGEST, "what just fits is whole");
        assert_eq!(fit("日本語テキスト", 7), "日本語…");
        assert_eq!(fit("short", 7), "short");
        assert_eq!(measure_text_width(&pad("日本", 6)), 6);
    }
}

//! Text from outside made safe to show, and numbers made readable. A guest may print anything:
//! escape sequences, carriage returns, control characters, lines of a megabyte.

use std::borrow::Cow;

use console::{measure_text_width, strip_ansi_codes, truncate_str};

/// Nothing longer than this is worth cleaning: no screen and no reader takes more of one line.
const LONGEST: usize = 16 * 1024;

/// One line of foreign output as plain text: what a terminal would show in the end of it.
/// A progress line that was redrawn with carriage returns becomes its last state.
pub fn clean(line: &str) -> String {
    let line = strip_ansi_codes(shorten(line));
    let last_state = line.split('\r').rev().find(|part| !part.trim().is_empty()).unwrap_or("");
    let mut plain = String::with_capacity(last_state.len());
    for char in last_state.chars() {
        match char {
            '\t' => plain.push_str("    "),
            _ if char.is_control() || reorders(char) => {}
            _ => plain.push(char),
        }
    }
    plain.truncate(plain.trim_end().len());
    plain
}

/// Cleaned text of several lines; line breaks stay.
pub fn clean_block(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn shorten(line: &str) -> &str {
    &line[..line.floor_char_boundary(LONGEST)]
}

/// Marks that turn the direction of text around, with which a line can claim what it is not.
fn reorders(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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

/// `0.4s`, `12.3s`, `4m 07s`, `1h 02m`.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 if seconds < 59.95 => format!("{:.1}s", seconds.max(0.0)),
        0..3600 => format!("{}m {:02}s", whole / 60, whole % 60),
        _ => format!("{}h {:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// `812 B`, `1.5 GiB`.
pub fn bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
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
    fn a_redrawn_line_becomes_its_last_state() {
        assert_eq!(clean("10%\r50%\r100%\r"), "100%");
        assert_eq!(clean("windows line\r"), "windows line");
        assert_eq!(clean("\r\r"), "");
    }

    #[test]
    fn very_long_lines_are_cut_at_a_character() {
        let long = "é".repeat(1_000_000);
        assert!(clean(&long).len() <= LONGEST);
        assert_eq!(fit("日本語テキスト", 7), "日本語…");
        assert_eq!(fit("short", 7), "short");
        assert_eq!(measure_text_width(&pad("日本", 6)), 6);
    }

    #[test]
    fn durations_read_well() {
        let shown: Vec<_> = [0.04, 12.34, 59.96, 247.0, 3720.0].map(seconds).into();
        assert_eq!(shown, ["0.0s", "12.3s", "1m 00s", "4m 07s", "1h 02m"]);
    }
}

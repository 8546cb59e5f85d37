//! What machines and programs said last.

/// The last `count` lines of a text, without control characters.
pub fn last_lines(text: &str, count: usize) -> Vec<String> {
    let clean = |line: &str| line.chars().filter(|c| !c.is_control()).collect::<String>();
    let lines: Vec<_> = text.lines().map(clean).filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_readable() {
        assert_eq!(last_lines("a\n\nb\u{1b}c\r\nd\n", 2), ["bc", "d"]);
    }
}

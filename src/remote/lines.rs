//! Bytes into lines, as they come: a line is handed on when its end is seen, the rest at the end.

/// Longest line kept together; what a program writes without a line end must not fill the memory.
const LONGEST: usize = 64 * 1024;

/// As much as is shown of a line that has no end yet.
const LONGEST_UNFINISHED_BYTES: usize = 4 * 1024;

/// Collects bytes and gives out lines without their end. Bytes that are not UTF-8 are replaced.
#[derive(Default)]
pub struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.pending.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.flush(&mut each);
            } else if self.pending.len() >= LONGEST {
                // A character that is not all there yet begins what comes next.
                let rest = self.pending.split_off(self.pending.len() - incomplete(&self.pending));
                self.flush(&mut each);
                self.pending = rest;
            }
        }
    }

    /// The end of what has no line end yet: progress that rewrites its line, or a question. The whole line
    /// is handed on when its end has come.
    pub fn unfinished(&self) -> Option<String> {
        let start = self.pending.len().saturating_sub(LONGEST_UNFINISHED_BYTES);
        let text = String::from_utf8_lossy(&self.pending[start..]);
        (!text.trim().is_empty()).then(|| text.into_owned())
    }

    /// Hands on what has no line end.
    pub fn finish(&mut self, mut each: impl FnMut(&str)) {
        if !self.pending.is_empty() {
            self.flush(&mut each);
        }
    }

    fn flush(&mut self, each: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.pending);
        let line = line.strip_suffix('\n').unwrap_or(&line);
        each(line.strip_suffix('\r').unwrap_or(line));
        self.pending.clear();
    }
}

/// How many bytes at the end are the beginning of a character.
fn incomplete(bytes: &[u8]) -> usize {
    let end = &bytes[bytes.len().saturating_sub(3)..];
    let last = end.utf8_chunks().last().map(|chunk| chunk.invalid()).unwrap_or_default();
    // What can never become a character has a length.
    let is_begun = str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    if is_begun { last.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut seen) = (Lines::default(), Vec::new());
        for chunk in chunks {
            lines.push(chunk, |line| seen.push(line.to_owned()));
        }
        lines.finish(|line| seen.push(line.to_owned()));
        seen
    }

    #[test]
    fn a_line_split_over_reads_comes_out_whole() {
        assert_eq!(collect(&[b"one\ntw", b"o\r\n", b"\nrest"]), ["one", "two", "", "rest"]);
    }

    #[test]
    fn what_is_shown_of_an_unfinished_line_is_its_end_and_never_long() {
        let mut lines = Lines::default();
        assert_eq!(lines.unfinished(), None);
        lines.push(b"done\n \r", |_| {});
        assert_eq!(lines.unfinished(), None, "blanks tell nothing");
        lines.push(&b"10%\r".repeat(10_000), |_| {});
        let shown = lines.unfinished().unwrap();
        assert!(shown.ends_with("10%\r") && shown.len() <= LONGEST_UNFINISHED_BYTES, "{}", shown.len());
    }

    #[test]
    fn bytes_that_are_no_text_do_not_stop_the_stream() {
        assert_eq!(collect(&[b"\xff\xfe\nok\n"]), ["\u{fffd}\u{fffd}", "ok"]);
    }

    #[test]
    fn a_stream_without_line_ends_is_handed_on_in_pieces() {
        let seen = collect(&[&[b'x'; LONGEST + 1], b"y"]);
        assert_eq!(seen.iter().map(String::len).sum::<usize>(), LONGEST + 2);
    }

    #[test]
    fn a_long_line_is_never_cut_inside_of_a_character() {
        for before in 0..4 {
            let text = format!("{}{}", "x".repeat(LONGEST - before), "é€😀".repeat(3));
            for size in [1000, LONGEST, LONGEST + 5] {
                let seen = collect(&text.as_bytes().chunks(size).collect::<Vec<_>>());
                assert_eq!(seen.concat(), text, "{before} {size}");
            }
        }
    }

    #[test]
    fn what_is_no_text_does_not_stay_behind() {
        for end in [&b"\xff\xff\xff"[..], b"\x80\x80\x80", b"\xe2\x28"] {
            assert_eq!(incomplete(&[b"x", end].concat()), 0, "{end:?}");
        }
        assert_eq!(incomplete("😀".as_bytes().get(..3).unwrap()), 3);
    }
}

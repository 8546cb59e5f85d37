//! Bytes into lines, as they come: a line is handed on when its end is seen, the rest at the end.

/// Longest line kept together; what a program writes without a line end must not fill the memory.
const LONGEST: usize = 64 * 1024;

/// Collects bytes and gives out lines without their end. Bytes that are not UTF-8 are replaced.
#[derive(Default)]
pub struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    pub fn push(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.pending.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.pending.len() >= LONGEST {
                self.flush(&mut each);
            }
        }
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
    fn bytes_that_are_no_text_do_not_stop_the_stream() {
        assert_eq!(collect(&[b"\xff\xfe\nok\n"]), ["\u{fffd}\u{fffd}", "ok"]);
    }

    #[test]
    fn a_stream_without_line_ends_is_handed_on_in_pieces() {
        let seen = collect(&[&[b'x'; LONGEST + 1], b"y"]);
        assert_eq!(seen.iter().map(String::len).sum::<usize>(), LONGEST + 2);
    }
}

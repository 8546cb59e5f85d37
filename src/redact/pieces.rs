//! Pieces of a secret. Encoders wrap what they print, and a program may break a line anywhere: the beginning of a
//! secret at a line's end, its end at a line's beginning, and a line that lies wholly inside of it are found by
//! themselves, without the lines around. Of a long secret, and in dumps of bytes, a piece is found anywhere.

use std::{collections::HashMap, ops::Range};

/// A piece is known by so many bytes at its open end: half of a short form, at most the larger.
const LEAST_BYTES: usize = 6;
const ENOUGH_BYTES: usize = 8;

/// The middle of a secret at one end of a line, as in the rows of a dump, is known by so many.
const ENOUGH_IN_THE_MIDDLE_BYTES: usize = 12;

/// A piece of a long secret is known by so many anywhere.
const ENOUGH_ANYWHERE_BYTES: usize = 16;

/// Quotes and marks of continuation that stand outside of a piece at the edge of its line.
const MAX_MARKS: usize = 2;

type Bytes = [u8; LEAST_BYTES];

/// What is known of some bytes that stand in a secret.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// A piece that holds them is known by so many bytes.
    least: usize,
    /// A secret begins with them, or ends.
    begins: bool,
    ends: bool,
    anywhere: bool,
}

#[derive(Clone, Default)]
pub struct Pieces {
    seen: HashMap<Bytes, Seen>,
    /// Whether any of them are known anywhere.
    anywhere: bool,
}

/// Bytes in a row that stand in a secret, from one end of a line on.
struct Run {
    length: usize,
    least: usize,
    /// Whether it reaches an end of the secret, or the other end of the line.
    is_whole: bool,
}

impl Default for Run {
    fn default() -> Self {
        Self { length: 0, least: ENOUGH_BYTES, is_whole: false }
    }
}

impl Run {
    fn add(&mut self, least: usize) {
        self.length = if self.length == 0 { LEAST_BYTES } else { self.length + 1 };
        self.least = self.least.min(least);
    }

    fn is_enough(&self, length: usize) -> bool {
        self.length > 0 && length >= if self.is_whole { self.least } else { ENOUGH_IN_THE_MIDDLE_BYTES }
    }
}

/// Where pieces are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// At the edges of lines; those of long secrets anywhere.
    Text,
    /// Anywhere.
    Dump,
}

impl Pieces {
    /// Adds a form that is known by its pieces; one that is `long` by those anywhere.
    pub fn add(&mut self, form: &[u8], long: bool) {
        let least = (form.len() / 2).clamp(LEAST_BYTES, ENOUGH_BYTES);
        if form.len() <= least {
            return;
        }
        self.anywhere |= long;
        let last = form.len() - LEAST_BYTES;
        for (at, bytes) in form.windows(LEAST_BYTES).enumerate() {
            let Ok(bytes) = Bytes::try_from(bytes) else { continue };
            let seen = self.seen.entry(bytes).or_insert(Seen { least, ..Seen::default() });
            seen.least = seen.least.min(least);
            seen.begins |= at == 0;
            seen.ends |= at == last;
            seen.anywhere |= long;
        }
    }

    pub fn find(&self, bytes: &[u8], looked: Where, mut each: impl FnMut(Range<usize>)) {
        if self.seen.is_empty() {
            return;
        }
        if self.anywhere || looked == Where::Dump {
            self.everywhere(bytes, looked, &mut each);
        }
        let mut start = 0;
        for line in bytes.split(|&byte| byte == b'\n') {
            let text = line.trim_ascii_start();
            let open = start + line.len() - text.len();
            let text = text.trim_ascii_end();
            for piece in [self.at_end(text), self.at_beginning(text)].into_iter().flatten() {
                each(open + piece.start..open + piece.end);
            }
            start += line.len() + 1;
        }
    }

    fn at(&self, bytes: &[u8], at: usize) -> Option<Seen> {
        self.seen.get(bytes.get(at..at + LEAST_BYTES)?).copied()
    }

    /// The beginning or the end of a secret, or much of its middle, up to the end of the line.
    fn at_end(&self, line: &[u8]) -> Option<Range<usize>> {
        (0..=MAX_MARKS).find_map(|marks| {
            let line = line.get(..line.len().checked_sub(marks)?)?;
            let mut at = line.len().checked_sub(LEAST_BYTES)?;
            let (mut run, mut begins) = (Run::default(), None);
            while let Some(seen) = self.at(line, at) {
                run.is_whole |= at <= MAX_MARKS || (run.length == 0 && seen.ends);
                run.add(seen.least);
                begins = if seen.begins { Some(at) } else { begins };
                let Some(before) = at.checked_sub(1) else { break };
                at = before;
            }
            let start = begins.unwrap_or(line.len() - run.length);
            run.is_whole |= begins.is_some();
            (run.is_enough(line.len() - start)).then_some(start..line.len())
        })
    }

    /// The same from the beginning of the line.
    fn at_beginning(&self, line: &[u8]) -> Option<Range<usize>> {
        (0..=MAX_MARKS).find_map(|marks| {
            let (mut at, mut run, mut ends) = (marks, Run::default(), None);
            while let Some(seen) = self.at(line, at) {
                run.is_whole |=
                    at + LEAST_BYTES + MAX_MARKS >= line.len() || (run.length == 0 && seen.begins);
                run.add(seen.least);
                ends = if seen.ends { Some(at + LEAST_BYTES) } else { ends };
                at += 1;
            }
            let end = ends.unwrap_or(marks + run.length);
            run.is_whole |= ends.is_some();
            run.is_enough(end - marks).then_some(marks..end)
        })
    }

    fn everywhere(&self, bytes: &[u8], looked: Where, each: &mut impl FnMut(Range<usize>)) {
        let enough = if looked == Where::Dump { ENOUGH_BYTES } else { ENOUGH_ANYWHERE_BYTES };
        let mut start = None;
        for at in 0..=bytes.len() {
            let is_piece = self.at(bytes, at).is_some_and(|seen| seen.anywhere || looked == Where::Dump);
            match (is_piece, start) {
                (true, None) => start = Some(at),
                (false, Some(first)) => {
                    let end = at + LEAST_BYTES - 1;
                    if end - first >= enough {
                        each(first..end);
                    }
                    start = None;
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
    }
}

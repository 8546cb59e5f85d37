//! Pieces of a secret at the edges of lines: encoders wrap what they print, and a program may break
//! a line anywhere. The beginning of a form at a line's end, its end at a line's beginning, and a
//! line that lies wholly inside of it are found by themselves, without the lines around.

use std::{collections::HashSet, ops::Range};

/// A piece is known by so many bytes at its open end: half of a short form, at most the larger.
const LEAST: usize = 6;
const ENOUGH: usize = 8;

/// Everything of `LEAST` bytes that stands in some form: most lines end and begin with nothing of it.
#[derive(Clone, Default)]
pub struct Edges(HashSet<[u8; LEAST]>);

impl Edges {
    pub fn of(forms: &[String]) -> Self {
        let windows = forms.iter().flat_map(|form| form.as_bytes().windows(LEAST));
        Self(windows.filter_map(|window| window.try_into().ok()).collect())
    }

    /// Where pieces of `forms` stand at the edges of the lines of `text`.
    pub fn pieces(&self, text: &str, forms: &[String]) -> Vec<Range<usize>> {
        let (mut found, mut start) = (Vec::new(), 0);
        for line in text.split('\n') {
            let bytes = line.trim_end().as_bytes();
            let open = bytes.len() - line.trim_end().trim_start().len();
            let tail = bytes[open..].last_chunk().is_some_and(|last| self.0.contains(last));
            let head = bytes[open..].first_chunk().is_some_and(|first| self.0.contains(first));
            if tail || head {
                let pieces = forms.iter().flat_map(|form| in_line(bytes, form.as_bytes(), open));
                found.extend(pieces.map(|place| start + place.start..start + place.end));
            }
            start += line.len() + 1;
        }
        found
    }
}

/// Of one form, in a line whose text begins at `open`.
fn in_line(line: &[u8], form: &[u8], open: usize) -> Vec<Range<usize>> {
    let known = (form.len() / 2).clamp(LEAST, ENOUGH);
    if form.len() <= known || line.len() - open < known {
        return Vec::new();
    }
    [beginning(line, form, known, open), end(line, form, known, open)].into_iter().flatten().collect()
}

/// The form's beginning, or its middle, up to the end of the line.
fn beginning(line: &[u8], form: &[u8], known: usize, open: usize) -> Option<Range<usize>> {
    let tail = &line[line.len() - known..];
    let fits = |at: usize| {
        let piece = &form[..at + known];
        let inside = line.len() - open;
        match piece.len() <= inside {
            true => line.ends_with(piece).then(|| line.len() - piece.len()..line.len()),
            false => piece.ends_with(&line[open..]).then_some(open..line.len()),
        }
    };
    places(form, tail).find_map(fits)
}

/// The form's end, or its middle, from the beginning of the line.
fn end(line: &[u8], form: &[u8], known: usize, open: usize) -> Option<Range<usize>> {
    let (head, inside) = (&line[open..open + known], &line[open..]);
    let fits = |at: usize| {
        let piece = &form[at..];
        match piece.len() <= inside.len() {
            true => inside.starts_with(piece).then(|| open..open + piece.len()),
            false => piece.starts_with(inside).then_some(open..line.len()),
        }
    };
    places(form, head).find_map(fits)
}

fn places<'a>(form: &'a [u8], piece: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    form.windows(piece.len()).enumerate().filter(move |(_, window)| *window == piece).map(|(at, _)| at)
}

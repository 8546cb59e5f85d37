//! Pieces of a secret at the edges of lines: encoders wrap what they print, and a program may break
//! a line anywhere. The beginning of a form at a line's end, its end at a line's beginning, and a
//! line that lies wholly inside of it are found by themselves, without the lines around.

use std::ops::Range;

/// A piece is known by so many bytes at its open end: half of a short form, at most the larger.
const LEAST: usize = 6;
const ENOUGH: usize = 8;

/// Where pieces of `form` stand at the edges of the lines of `text`.
pub fn pieces(text: &str, form: &str) -> Vec<Range<usize>> {
    let known = (form.len() / 2).clamp(LEAST, ENOUGH);
    let mut found = Vec::new();
    if form.len() <= known {
        return found;
    }
    let mut start = 0;
    for line in text.split('\n') {
        let bytes = line.trim_end().as_bytes();
        let open = bytes.len() - line.trim_end().trim_start().len();
        if bytes.len() - open >= known {
            let at = |place: Range<usize>| start + place.start..start + place.end;
            found.extend(beginning(bytes, form.as_bytes(), known, open).map(at));
            found.extend(end(bytes, form.as_bytes(), known, open).map(at));
        }
        start += line.len() + 1;
    }
    found
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

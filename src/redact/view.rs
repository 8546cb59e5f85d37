//! A text as a program reads it that undoes some form, together with where each byte of that stands in the text
//! as it is. Undoing a form finds every mixture of its variants, which no list of forms can hold.

use std::{borrow::Cow, ops::Range};

use console::AnsiCodeIterator;

/// How many bytes are read, and what they stand for; `None` where a byte stands for itself.
pub type Decoded = Option<(usize, Vec<u8>)>;

pub struct View<'a> {
    pub bytes: Cow<'a, [u8]>,
    /// Where each byte stands; `None` where each stands at its own place.
    places: Option<Vec<Range<usize>>>,
}

impl<'a> View<'a> {
    /// The text as it is.
    pub fn of(text: &'a str) -> Self {
        Self { bytes: Cow::Borrowed(text.as_bytes()), places: None }
    }

    /// The text as a terminal shows it; `None` where that is the text as it is.
    pub fn shown(text: &str) -> Option<View<'static>> {
        if !text.chars().any(is_unseen) {
            return None;
        }
        // What is not shown belongs to the character after it.
        let (mut view, mut at, mut done) = (View::empty(), 0, 0);
        for (part, is_code) in AnsiCodeIterator::new(text) {
            for (inside, c) in part.char_indices().filter(|(_, c)| !is_code && !is_unseen(*c)) {
                let end = at + inside + c.len_utf8();
                view.push(c.encode_utf8(&mut [0; 4]).as_bytes(), &(done..end));
                done = end;
            }
            at += part.len();
        }
        Some(view)
    }

    /// What `decode` makes of it; `None` where it changes nothing.
    pub fn read(&self, decode: impl Fn(&[u8]) -> Decoded) -> Option<View<'static>> {
        // Most texts have nothing to be undone: only one that has is built anew.
        let first = (0..self.bytes.len()).find(|&at| decode(&self.bytes[at..]).is_some())?;
        let mut view = View::empty();
        (0..first).for_each(|at| view.push(&self.bytes[at..=at], &self.place(&(at..at + 1))));
        let mut at = first;
        while at < self.bytes.len() {
            let (length, bytes) = match decode(&self.bytes[at..]) {
                Some((length, bytes)) => (length, Cow::Owned(bytes)),
                None => (1, Cow::Borrowed(&self.bytes[at..=at])),
            };
            view.push(&bytes, &self.place(&(at..at + length)));
            at += length;
        }
        Some(view)
    }

    pub fn empty() -> View<'static> {
        View { bytes: Cow::Borrowed(&[]), places: Some(Vec::new()) }
    }

    /// Adds bytes that all stand at `place` of the text.
    pub fn push(&mut self, bytes: &[u8], place: &Range<usize>) {
        self.bytes.to_mut().extend_from_slice(bytes);
        if let Some(places) = &mut self.places {
            places.extend(std::iter::repeat_n(place.clone(), bytes.len()));
        }
    }

    /// Whether nothing was left out between a byte and the one before it.
    pub fn is_beside(&self, at: usize) -> bool {
        self.place(&(at - 1..at)).end == self.place(&(at..at + 1)).start
    }

    /// Where a part of it, which is not empty, stands in the text.
    pub fn place(&self, part: &Range<usize>) -> Range<usize> {
        match &self.places {
            None => part.clone(),
            Some(places) => places[part.start].start..places[part.end - 1].end,
        }
    }
}

/// What a terminal, or what cleans text for one, passes over.
fn is_unseen(c: char) -> bool {
    let marks = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}');
    marks || (c.is_control() && !matches!(c, '\n' | '\t'))
}

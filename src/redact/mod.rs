//! Secrets out of text: whatever is told to anybody passes through here. A secret is found in every form of
//! [`forms`] and in every mixture of them, also where a line holds only a piece of one, and where escape sequences
//! stand in it that a terminal does not show. All of it takes one pass over a text for each way of reading it,
//! however many and however long the secrets are.

mod decode;
mod digits;
pub mod forms;
mod needles;
mod ordinary;
mod pieces;
mod records;
mod search;
pub mod values;
mod view;

use std::{borrow::Cow, ops::Range, sync::Arc};

use needles::{Needles, Reach};
pub use ordinary::{LONGEST_ORDINARY_CHARS, is_ordinary};
use search::Search;

/// What stands where a secret was.
const MARK: &str = "[secret]";

/// Shorter values would take ordinary words out of every line.
pub const SHORTEST: usize = 4;

/// A line of so many bytes may have been cut by whoever has sent it: a secret may begin at its end.
const MAY_BE_CUT_BYTES: usize = 8 * 1024;

/// So much of two texts is looked at for a secret that begins in the one and ends in the other.
const SEAM_BYTES: usize = 4 * 1024;

/// The values that must not be told. Empty for a template without secrets.
#[derive(Clone, Default)]
pub struct Redact {
    all: Arc<Search>,
    /// Without ordinary words: those stand in records for what they mean.
    records: Arc<Search>,
    /// IDs and paths of hornero's own. What stands in one of them is no secret.
    ours: Needles,
}

impl Redact {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let values: std::collections::BTreeSet<String> =
            secrets.into_iter().flat_map(|secret| values::of(&secret)).collect();
        let values: Vec<String> =
            values.into_iter().filter(|value| value.chars().count() >= SHORTEST).collect();
        let all = Arc::new(Search::of(&values));
        let (ordinary, others): (Vec<_>, Vec<_>) = values.into_iter().partition(|value| is_ordinary(value));
        let records = if ordinary.is_empty() { all.clone() } else { Arc::new(Search::of(&others)) };
        Self { all, records, ours: Needles::default() }
    }

    /// The same, which leaves these texts as they are.
    #[must_use]
    pub fn leaving(self, ours: impl IntoIterator<Item = String>) -> Self {
        let ours = ours.into_iter().map(|text| (text.into_bytes(), Reach::default()));
        Self { ours: Needles::of(ours.filter(|(text, _)| !text.is_empty()).collect()), ..self }
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, self.all.places(text, text.len() >= MAY_BE_CUT_BYTES))
    }

    /// The same of a line that comes after the text `before`: also a secret that began there.
    pub fn apply_after<'a>(&self, before: &str, text: &'a str) -> Cow<'a, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut places = self.all.places(text, text.len() >= MAY_BE_CUT_BYTES);
        places.extend(self.over_seam(before, text));
        self.without(text, places)
    }

    /// The same of the beginning of a line: also a secret that only begins at its end.
    pub fn apply_unfinished<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.without(text, self.all.places(text, true))
    }

    /// The ends in `text` of what begins in `before`.
    fn over_seam(&self, before: &str, text: &str) -> Vec<Range<usize>> {
        let before = end_of(before, SEAM_BYTES);
        let joined = format!("{before}{}", &text[..text.floor_char_boundary(SEAM_BYTES)]);
        let seam = before.len();
        let crossing = self.all.places(&joined, false).into_iter();
        crossing
            .filter(|place| place.start < seam && place.end > seam)
            .map(|place| 0..place.end - seam)
            .collect()
    }

    fn without<'a>(&self, text: &'a str, mut places: Vec<Range<usize>>) -> Cow<'a, str> {
        self.leave_ours(text, &mut places);
        if places.is_empty() {
            return Cow::Borrowed(text);
        }
        places.sort_unstable_by_key(|place| (place.start, place.end));
        Cow::Owned(marked(text, &places))
    }

    fn leave_ours(&self, text: &str, places: &mut Vec<Range<usize>>) {
        if places.is_empty() {
            return;
        }
        let mut ours = Vec::new();
        self.ours.find(text.as_bytes(), |place, _| ours.push(place));
        // By their ends; of those that end at one place the longest is here.
        places.retain(|place| {
            let first = ours.partition_point(|known| known.end < place.end);
            !ours[first..].iter().take(ours.len().min(16)).any(|known| known.start <= place.start)
        });
    }

    pub(crate) fn in_place(&self, text: &mut String) {
        if let Cow::Owned(clean) = self.apply(text) {
            *text = clean;
        }
    }
}

/// The last bytes of a text, from a character on.
pub fn end_of(text: &str, bytes: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(bytes))..]
}

/// `places` are in order of their starts; those that touch become one mark.
fn marked(text: &str, places: &[Range<usize>]) -> String {
    let (mut clean, mut done) = (String::with_capacity(text.len()), 0);
    let mut is_marked = false;
    for place in places {
        let (start, end) = (text.floor_char_boundary(place.start), text.ceil_char_boundary(place.end));
        if start > done || !is_marked {
            clean.push_str(&text[done..start.max(done)]);
            clean.push_str(MARK);
            is_marked = true;
        }
        done = done.max(end);
    }
    clean.push_str(&text[done..]);
    clean
}

/// The values themselves stay out of debug output too.
impl std::fmt::Debug for Redact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redact").field("is_empty", &self.is_empty()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

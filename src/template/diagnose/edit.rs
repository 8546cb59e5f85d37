//! Changes of a text that mend a mistake. Hints are made of them, so that what a hint says can be tried.

use std::ops::Range;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Bytes that are replaced; an empty range is a place where something is put in.
    pub place: Range<usize>,
    pub replacement: String,
}

impl Edit {
    pub fn new(place: Range<usize>, replacement: impl Into<String>) -> Self {
        Self { place, replacement: replacement.into() }
    }
}

/// The text with the edits done, each once. Of edits that overlap the one that comes first counts.
pub fn apply_edits<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut edits: Vec<&Edit> = edits.into_iter().collect();
    edits.sort_by_key(|edit| (edit.place.start, edit.place.end));
    edits.dedup();
    let (mut changed, mut at) = (String::new(), 0);
    for edit in edits {
        let Some(before) = text.get(at..edit.place.start) else { continue };
        changed += before;
        changed += &edit.replacement;
        at = edit.place.end.max(at);
    }
    changed + text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_done_once_and_in_their_order() {
        let edits = [Edit::new(4..5, "E"), Edit::new(0..1, "A"), Edit::new(0..1, "A"), Edit::new(2..2, "-")];
        assert_eq!(apply_edits("abcde", &edits), "Ab-cdE");
        assert_eq!(apply_edits("abc", &[Edit::new(0..2, "x"), Edit::new(1..3, "y")]), "xc");
    }
}

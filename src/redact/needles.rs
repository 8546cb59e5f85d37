//! Finds all of many texts in one pass over another, however many they are and however they overlap.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use aho_corasick::{Anchored, MatchKind, PatternID, automaton::Automaton, nfa::contiguous::NFA};

/// How far a place reaches over quotes beside it, which the view that it was found in has left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub before: bool,
    pub after: bool,
}

#[derive(Clone, Default)]
pub struct Needles {
    automaton: Option<Arc<NFA>>,
    reach: Arc<Vec<Reach>>,
}

impl Needles {
    /// Of what is too much to be held, nothing is found; the pieces of long texts are found without it.
    pub fn of(texts: BTreeMap<Vec<u8>, Reach>) -> Self {
        if texts.is_empty() {
            return Self::default();
        }
        let built = NFA::builder().match_kind(MatchKind::Standard).build(texts.keys());
        Self { automaton: built.ok().map(Arc::new), reach: Arc::new(texts.into_values().collect()) }
    }

    /// For each place where some of them end, the longest of these: it holds the others.
    pub fn find(&self, bytes: &[u8], mut each: impl FnMut(Range<usize>, Reach)) {
        let Some(automaton) = &self.automaton else { return };
        let Ok(mut state) = automaton.start_state(Anchored::No) else { return };
        for (at, &byte) in bytes.iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                // The first one of a state is its own, the others are ends of that.
                let longest: PatternID = automaton.match_pattern(state, 0);
                let start = at + 1 - automaton.pattern_len(longest);
                each(start..at + 1, self.reach[longest.as_usize()]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_found_at_each_end_also_where_they_overlap() {
        let texts = ["b", "ab", "cab", "abab", "x"].map(|text| (text.as_bytes().to_vec(), Reach::default()));
        let needles = Needles::of(texts.into_iter().collect());
        let mut found = Vec::new();
        needles.find(b"cababab", |place, _| found.push(place));
        assert_eq!(found, [0..3, 1..5, 3..7]);
    }
}

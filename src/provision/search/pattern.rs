//! The patterns that a stream without line ends is searched for: forms of secrets as bytes, without those bytes that are
//! left out of the stream.

use std::collections::BTreeSet;

use super::SHORTEST_SOUGHT;
use crate::provision::{ProvisionError, quote};

/// What is left out of the stream wherever it stands: line ends, and the zeros between characters of UTF-16.
const LINE_ENDS: &[u8] = b"\n\r\0";

/// Where lines are wrapped and indented, blanks stand in the middle of a form too.
const BLANKS: &[u8] = b" \t";

/// Shorter forms are sought with their blanks: without them they stand in ordinary text, as `changeme` does in
/// `change me`.
const SHORTEST_WITHOUT_BLANKS: usize = 12;

/// The patterns of one secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Without blanks.
    joined: BTreeSet<Vec<u8>>,
    /// Too short to be sought without blanks.
    lines: BTreeSet<Vec<u8>>,
    /// The same without blanks: the first look is for these, so that it needs only one stream.
    short: BTreeSet<Vec<u8>>,
}

impl Patterns {
    pub fn of(forms: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut patterns = Self::default();
        for form in forms {
            let line = without(&form, LINE_ENDS);
            let joined = without(&line, BLANKS);
            if line.len() < SHORTEST_SOUGHT || joined.is_empty() {
                continue;
            }
            if joined.len() >= SHORTEST_WITHOUT_BLANKS {
                patterns.joined.insert(joined);
            } else {
                patterns.lines.insert(line);
                patterns.short.insert(joined);
            }
        }
        for set in [&mut patterns.joined, &mut patterns.lines, &mut patterns.short] {
            *set = needed(set);
        }
        patterns
    }

    /// By their names in the program.
    pub fn sets(&self) -> [(&'static str, &BTreeSet<Vec<u8>>); 3] {
        [("joined", &self.joined), ("lines", &self.lines), ("short", &self.short)]
    }

    pub fn longest(&self) -> usize {
        self.sets().iter().flat_map(|(_, forms)| forms.iter().map(Vec::len)).max().unwrap_or_default()
    }
}

fn without(bytes: &[u8], left_out: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|byte| !left_out.contains(byte)).collect()
}

/// Where one pattern holds another, the other is enough.
fn needed(patterns: &BTreeSet<Vec<u8>>) -> BTreeSet<Vec<u8>> {
    let mut by_length: Vec<&Vec<u8>> = patterns.iter().collect();
    by_length.sort_by_key(|pattern| pattern.len());
    let mut needed: Vec<&Vec<u8>> = Vec::new();
    for pattern in by_length {
        let holds = |other: &&Vec<u8>| pattern.windows(other.len()).any(|window| window == other.as_slice());
        if !needed.iter().any(holds) {
            needed.push(pattern);
        }
    }
    needed.into_iter().cloned().collect()
}

/// Words for the shell's `printf %b`, each after a blank.
///
/// # Errors
/// When one of them cannot be written into a shell script.
pub fn shell_words(patterns: &BTreeSet<Vec<u8>>) -> Result<String, ProvisionError> {
    let escaped = |byte: &u8| match byte {
        b'\\' => "\\0134".to_owned(),
        b' '..=b'~' => char::from(*byte).to_string(),
        _ => format!("\\0{byte:03o}"),
    };
    let word = |pattern: &Vec<u8>| quote(&pattern.iter().map(escaped).collect::<String>());
    patterns.iter().map(|pattern| Ok(format!(" {}", word(pattern)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(patterns: &BTreeSet<Vec<u8>>) -> Vec<&str> {
        patterns.iter().map(|pattern| std::str::from_utf8(pattern).unwrap()).collect()
    }

    #[test]
    fn long_patterns_have_no_blanks_and_short_ones_keep_theirs() {
        let forms = ["correct horse battery", "change me", "a b c d", "line\r\nends everywhere"];
        let patterns = Patterns::of(forms.map(|form| form.as_bytes().to_vec()));
        assert_eq!(texts(&patterns.joined), ["correcthorsebattery", "lineendseverywhere"]);
        assert_eq!(texts(&patterns.lines), ["a b c d", "change me"]);
        assert_eq!(texts(&patterns.short), ["abcd", "changeme"]);
    }

    #[test]
    fn a_pattern_in_another_is_enough() {
        let patterns = Patterns::of([b"c2VjcmV0LXRleHQ".to_vec(), b"xc2VjcmV0LXRleHQ=".to_vec()]);
        assert_eq!(texts(&patterns.joined), ["c2VjcmV0LXRleHQ"]);
    }

    #[test]
    fn every_byte_passes_through_a_shell() {
        let bytes: Vec<u8> = (1..=255).filter(|byte| !LINE_ENDS.contains(byte)).collect();
        let patterns = BTreeSet::from([bytes.clone(), b"-e 'x' \\n %s 0".to_vec()]);
        for shell in ["dash", "bash"] {
            let script = format!("printf '%b\\n'{}", shell_words(&patterns).unwrap());
            let output =
                std::process::Command::new(shell).args(["-c", &script]).env("LC_ALL", "C").output().unwrap();
            let lines: BTreeSet<Vec<u8>> = output
                .stdout
                .split(|byte| *byte == b'\n')
                .map(<[u8]>::to_vec)
                .filter(|line| !line.is_empty())
                .collect();
            assert_eq!(lines, patterns, "{shell}");
        }
    }
}

//! Secrets that are ordinary words: they stand in many texts by chance, and are guessed.

/// Longer values are ordinary only when they are in the list.
pub const LONGEST_ORDINARY_CHARS: usize = 7;

/// Words of eight characters and more that stand in logs and names, and passwords that many have. One a line.
const WORDS: &str = include_str!("ordinary.txt");

/// Whether a value stands in texts that have nothing to do with it.
pub fn is_ordinary(value: &str) -> bool {
    let value = value.trim();
    value.chars().count() <= LONGEST_ORDINARY_CHARS
        || WORDS.lines().any(|word| word.eq_ignore_ascii_case(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_values_and_common_words_are_ordinary_and_random_ones_are_not() {
        for word in ["root", "hunter2", "Production", "PASSWORD", "eu-west-1", "grün"] {
            assert!(is_ordinary(word), "{word}");
        }
        for value in ["hunter22", "kX9-vb2!", "production-9f2c"] {
            assert!(!is_ordinary(value), "{value}");
        }
        assert!(
            WORDS.lines().all(|word| word.chars().count() > LONGEST_ORDINARY_CHARS),
            "the others are short"
        );
    }
}

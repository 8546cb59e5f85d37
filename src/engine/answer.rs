//! The lines that a builder answers a question of hornero's own with: as many as an honest builder has, and no more.

use crate::error::{Error, Kind};

/// The longest answers are lists of packages and the output of checks, a few MiB of each.
const LONGEST_ANSWER_BYTES: usize = 64 << 20;

/// A word for marks in an answer: only who was asked can give it.
pub fn unguessable_word() -> String {
    ulid::Ulid::generate().to_string().to_lowercase()
}

/// Collects the lines of an answer.
#[derive(Default)]
pub struct Answer {
    lines: Vec<String>,
    bytes: usize,
}

impl Answer {
    /// What comes after the longest answer is not kept.
    pub fn push(&mut self, line: impl Into<String>) {
        let line = line.into();
        self.bytes = self.bytes.saturating_add(line.len() + size_of::<String>());
        if self.bytes <= LONGEST_ANSWER_BYTES {
            self.lines.push(line);
        }
    }

    /// # Errors
    /// When there was more than an honest builder has to say.
    pub fn lines(self, what: &str) -> Result<Vec<String>, Error> {
        match self.bytes <= LONGEST_ANSWER_BYTES {
            true => Ok(self.lines),
            false => Err(Error::new(
                Kind::Bake,
                format!("{what}: the builder answers with more than {} MiB", LONGEST_ANSWER_BYTES >> 20),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_without_end_is_an_error_and_takes_no_memory() {
        let mut answer = Answer::default();
        (0..200).for_each(|_| answer.push("x".repeat(1 << 20)));
        assert!(answer.lines.len() < 64);
        assert!(answer.lines("asking").unwrap_err().to_string().contains("more than 64 MiB"));
        let mut answer = Answer::default();
        answer.push("one");
        assert_eq!(answer.lines("asking").unwrap(), ["one"]);
    }
}

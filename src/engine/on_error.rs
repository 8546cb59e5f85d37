//! What becomes of the builder of a bake that failed: it is removed, kept for a person to look at, or
//! that person is asked.

use tokio::sync::{mpsc, oneshot};

/// What the user has said before the bake.
#[derive(Clone, Debug, Default)]
pub enum OnError {
    #[default]
    Cleanup,
    Keep,
    Ask(mpsc::UnboundedSender<Question>),
}

/// What a person is asked.
#[derive(Debug)]
pub struct Question {
    /// What failed; no secret is in it.
    pub failure: String,
    /// Whether it can be tried again at once.
    pub again: bool,
    pub answer: oneshot::Sender<Choice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    CleanUp,
    Keep,
    Again,
}

impl OnError {
    /// Whether a person is asked.
    pub fn asks(&self) -> bool {
        matches!(self, Self::Ask(_))
    }

    /// Known before the launch: a builder that may be kept must not end with this process.
    pub fn may_keep(&self) -> bool {
        match self {
            Self::Cleanup => false,
            Self::Keep | Self::Ask(_) => true,
        }
    }

    /// Whoever is asked and has gone away wants nothing kept.
    pub async fn choose(&self, failure: &str, again: bool) -> Choice {
        match self {
            Self::Cleanup => Choice::CleanUp,
            Self::Keep => Choice::Keep,
            Self::Ask(person) => {
                let (answer, answered) = oneshot::channel();
                let question = Question { failure: failure.to_owned(), again, answer };
                match person.send(question) {
                    Ok(()) => answered.await.unwrap_or(Choice::CleanUp),
                    Err(_) => Choice::CleanUp,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_person_who_has_gone_wants_nothing_kept() {
        let (person, questions) = mpsc::unbounded_channel();
        drop(questions);
        assert_eq!(OnError::Ask(person).choose("a step failed", true).await, Choice::CleanUp);

        let (person, mut questions) = mpsc::unbounded_channel();
        let asked = tokio::spawn(async move { OnError::Ask(person).choose("a step failed", true).await });
        // Heard, and not answered.
        drop(questions.recv().await);
        assert_eq!(asked.await.unwrap(), Choice::CleanUp);
    }
}

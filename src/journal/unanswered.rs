//! Calls that a run has sent and that nobody has answered yet. A run that is interrupted does not wait for
//! what it was doing, but such a call may still make something: whoever cleans up waits for its answer first.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::Journal;

/// How many calls of one run are not answered.
#[derive(Debug)]
pub(super) struct Counter(Arc<watch::Sender<usize>>);

/// One call that is not answered. Dropping it says that it is.
#[derive(Debug)]
#[must_use = "a call counts as answered as soon as this is dropped"]
pub struct Unanswered(Arc<watch::Sender<usize>>);

impl Default for Counter {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.send_modify(|calls| *calls -= 1);
    }
}

impl Journal {
    /// To be called before a call is sent that may make something.
    pub fn sent(&self) -> Unanswered {
        let calls = &self.0.calls.0;
        calls.send_modify(|calls| *calls += 1);
        Unanswered(calls.clone())
    }

    /// Comes back when every call that was sent is answered, or when `patience` is over.
    pub async fn answered(&self, patience: Duration) {
        let mut calls = self.0.calls.0.subscribe();
        // The sender lives as long as the journal; too long a wait is no error, for what was made is looked for.
        timeout(patience, calls.wait_for(|calls| *calls == 0)).await.map(drop).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_comes_back_with_the_last_answer_or_when_patience_is_over() {
        let journal = Journal::of_a_test();
        let (first, second) = (journal.sent(), journal.clone().sent());
        drop(first);
        let begun = Instant::now();
        journal.answered(Duration::from_millis(30)).await;
        assert!(begun.elapsed() >= Duration::from_millis(30), "one is not answered");
        let waiting = tokio::spawn(async move { journal.answered(Duration::from_secs(60)).await });
        tokio::time::sleep(Duration::from_millis(10)).await;
        drop(second);
        waiting.await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

//! How long the way into a builder is tried, and who hears what the last try came to.

use crate::time::Moment;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Hears what is waited for.
type Listener = dyn Fn(&str) + Send + Sync;

/// How long the way into a builder is tried.
#[derive(Clone)]
pub struct Patience {
    pub timeout: Duration,
    refusals: Option<Refusals>,
    listener: Option<Arc<Listener>>,
    /// What was told last: the same is not told twice.
    last: Arc<Mutex<String>>,
}

/// How long a machine that answers may refuse a login before that counts.
#[derive(Clone, Copy)]
struct Refusals {
    /// After the beginning: the account may still be in the making.
    settled: Duration,
    /// After the first refusal.
    patience: Duration,
}

impl From<Duration> for Patience {
    /// Everything is tried again until the time is over.
    fn from(timeout: Duration) -> Self {
        Self { timeout, refusals: None, listener: None, last: Arc::default() }
    }
}

impl Patience {
    /// A refused login is given up `patience` after its first refusal, but not before the machine has `settled`.
    pub fn give_up_refused(self, settled: Duration, patience: Duration) -> Self {
        Self { refusals: Some(Refusals { settled, patience }), ..self }
    }

    pub fn told_to(self, listener: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Tells what the last try came to, if that is news.
    pub(super) fn tell(&self, what: &str) {
        let Some(listener) = &self.listener else { return };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != what {
            what.clone_into(&mut last);
            listener(what);
        }
    }

    /// Until when a login is tried that was refused first at `refused`.
    pub(super) fn until(&self, begun: Instant, refused: Instant) -> Instant {
        let deadline = begun.later(self.timeout);
        match self.refusals {
            None => deadline,
            Some(Refusals { settled, patience }) => {
                deadline.min(refused.max(begun.later(settled)).later(patience))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_when_the_machine_has_settled() {
        let (begun, seconds) = (Instant::now(), Duration::from_secs);
        let patience = Patience::from(seconds(300)).give_up_refused(seconds(100), seconds(20));
        assert_eq!(patience.until(begun, begun + seconds(5)), begun + seconds(120));
        assert_eq!(patience.until(begun, begun + seconds(130)), begun + seconds(150));
        assert_eq!(patience.until(begun, begun + seconds(295)), begun + seconds(300));
        assert_eq!(Patience::from(seconds(300)).until(begun, begun), begun + seconds(300));
    }

    #[test]
    fn the_same_is_told_once_until_something_else_was_told() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let patience =
            Patience::from(Duration::ZERO).told_to(move |what| heard.lock().unwrap().push(what.to_owned()));
        ["refused", "refused", "reset", "refused"].iter().for_each(|what| patience.tell(what));
        assert_eq!(*told.lock().unwrap(), ["refused", "reset", "refused"]);
    }
}

//! How long the way into a builder is tried, and who hears what the last try came to.

use crate::time::Moment;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::event::WaitKind;

/// The same answer is told again after this time, so that nobody takes the wait for a hang.
const REPEAT_AFTER: Duration = Duration::from_secs(30);

/// Answers that change all the time are told no faster than this.
const BETWEEN_ANSWERS: Duration = Duration::from_secs(1);

/// A server may invent answers without end; older ones than the last few are forgotten.
const MAX_REMEMBERED: usize = 16;

/// What is waited for on the way into a machine, and what the last try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectWait {
    pub kind: WaitKind,
    pub target: String,
    /// How long it has been tried.
    pub waited: Duration,
    pub answer: String,
}

/// Hears what is waited for.
type Listener = dyn Fn(ConnectWait) + Send + Sync;

/// Which answers were told, and when.
#[derive(Default)]
struct ToldAnswers {
    at: HashMap<(WaitKind, String), Instant>,
}

/// How long the way into a builder is tried.
#[derive(Clone)]
pub struct Patience {
    pub timeout: Duration,
    refusals: Option<Refusals>,
    begun: Instant,
    listener: Option<Arc<Listener>>,
    told: Arc<Mutex<ToldAnswers>>,
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
        Self { timeout, refusals: None, begun: Instant::now(), listener: None, told: Arc::default() }
    }
}

impl Patience {
    /// A refused login is given up `patience` after its first refusal, but not before the machine has `settled`.
    pub fn give_up_refused(self, settled: Duration, patience: Duration) -> Self {
        Self { refusals: Some(Refusals { settled, patience }), ..self }
    }

    pub fn told_to(self, listener: impl Fn(ConnectWait) + Send + Sync + 'static) -> Self {
        Self { listener: Some(Arc::new(listener)), ..self }
    }

    /// Tells what the last try came to, if that is news or was told a while ago.
    pub(super) fn tell(&self, kind: WaitKind, target: &str, answer: &str) {
        let Some(listener) = &self.listener else { return };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_due(kind, answer, Instant::now()) {
            let waited = self.begun.elapsed();
            listener(ConnectWait { kind, target: target.to_owned(), waited, answer: answer.to_owned() });
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

impl ToldAnswers {
    fn is_due(&mut self, kind: WaitKind, answer: &str, now: Instant) -> bool {
        let since = |at: &Instant| now.duration_since(*at);
        let key = (kind, answer.to_owned());
        let is_recent = self.at.get(&key).is_some_and(|at| since(at) < REPEAT_AFTER);
        if is_recent || self.at.values().any(|at| since(at) < BETWEEN_ANSWERS) {
            return false;
        }
        if self.at.len() >= MAX_REMEMBERED {
            self.at.clear();
        }
        self.at.insert(key, now);
        true
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
    fn an_answer_is_told_when_it_is_news_and_again_after_a_while_but_not_each_time_that_answers_alternate() {
        let (mut told, begun) = (ToldAnswers::default(), Instant::now());
        let mut due = |milliseconds: u64, answer: &str| {
            told.is_due(WaitKind::Server, answer, begun + Duration::from_millis(milliseconds))
        };
        let tries =
            [(0, "refused"), (300, "refused"), (1_000, "reset"), (2_000, "refused"), (3_000, "reset")];
        assert_eq!(tries.map(|(at, answer)| due(at, answer)), [true, false, true, false, false]);
        assert_eq!([due(30_000, "refused"), due(30_100, "reset"), due(31_000, "reset")], [true, false, true]);
        let inventions = (0..100_u64).filter(|number| due(40_000 + number * 100, &number.to_string()));
        assert_eq!(inventions.count(), 10, "no more than one a second");
        assert!(told.at.len() <= MAX_REMEMBERED);
    }

    #[test]
    fn what_is_waited_for_is_told_with_the_answer_of_the_last_try() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let patience = Patience::from(Duration::ZERO).told_to(move |wait| heard.lock().unwrap().push(wait));
        patience.tell(WaitKind::Login, "10.0.0.1:22", "refused");
        patience.tell(WaitKind::Login, "10.0.0.1:22", "refused");
        let told = told.lock().unwrap();
        let first = &told[0];
        assert_eq!((told.len(), first.kind, first.target.as_str()), (1, WaitKind::Login, "10.0.0.1:22"));
        assert_eq!(first.answer, "refused");
    }
}

//! Waiting for something outside to reach a state: each wait has a name, an interval with jitter,
//! a deadline, states that end it at once, and how often in a row the state must be seen.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// Between two looks: at least this, at most twice this.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long something that was just made may seem not to exist.
const UNSEEN: Duration = Duration::from_secs(60);

/// What is waited for and how patiently.
#[derive(Clone, Debug)]
pub struct Wait {
    name: String,
    deadline: Duration,
    consecutive: u32,
    unseen: Duration,
}

/// What one look came to.
#[derive(Debug)]
pub enum Look<T, E> {
    /// The wanted state.
    There(T),
    /// Not yet; what was seen, for whoever asks why the wait ran out.
    NotYet(String),
    /// Not visible, which is no error for something that was just made.
    Unseen(E),
    /// A state that never becomes the wanted one.
    Over(String),
}

#[derive(Debug, PartialEq, Eq)]
pub enum WaitError<E> {
    /// The deadline is over; the last thing seen.
    TooLong {
        name: String,
        waited: Duration,
        last: String,
    },
    Over {
        name: String,
        state: String,
    },
    Look(E),
}

impl Wait {
    pub fn new(name: impl Into<String>, deadline: Duration) -> Self {
        Self { name: name.into(), deadline, consecutive: 1, unseen: UNSEEN }
    }

    /// The state must be seen so often in a row: an eventually consistent service may answer from
    /// a place that does not know it yet.
    pub fn consecutive(mut self, times: u32) -> Self {
        self.consecutive = times;
        self
    }

    /// Looks until the state is there.
    ///
    /// # Errors
    /// When the deadline is over, when it can never come, or when looking failed.
    pub async fn until<T, E, F>(&self, mut look: impl FnMut() -> F) -> Result<T, WaitError<E>>
    where
        F: Future<Output = Result<Look<T, E>, E>>,
    {
        let (start, mut seen) = (Instant::now(), 0);
        loop {
            let look = look().await.map_err(WaitError::Look)?;
            if let Some(end) = self.judge(look, &mut seen, start.elapsed()) {
                return end;
            }
            sleep(interval()).await;
        }
    }

    /// What a look after `elapsed` means; `None` is another look. `seen` counts those in a row that
    /// saw the wanted state.
    fn judge<T, E>(
        &self,
        look: Look<T, E>,
        seen: &mut u32,
        elapsed: Duration,
    ) -> Option<Result<T, WaitError<E>>> {
        let (count, last) = match look {
            Look::There(value) if *seen + 1 >= self.consecutive => return Some(Ok(value)),
            Look::There(_) => (*seen + 1, format!("seen, but not {} times in a row", self.consecutive)),
            Look::Over(state) => return Some(Err(WaitError::Over { name: self.name.clone(), state })),
            Look::Unseen(error) if elapsed >= self.unseen.min(self.deadline) => {
                return Some(Err(WaitError::Look(error)));
            }
            Look::Unseen(_) => (0, "not visible yet".into()),
            Look::NotYet(state) => (0, state),
        };
        *seen = count;
        (elapsed >= self.deadline)
            .then(|| Err(WaitError::TooLong { name: self.name.clone(), waited: self.deadline, last }))
    }
}

impl<E: std::fmt::Display> std::fmt::Display for WaitError<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong { name, waited, last } => {
                write!(f, "waiting until {name}: not so after {} s; last: {last}", waited.as_secs())
            }
            Self::Over { name, state } => write!(f, "waiting until {name}: {state}"),
            Self::Look(error) => error.fmt(f),
        }
    }
}

impl<E: std::fmt::Debug + std::fmt::Display> std::error::Error for WaitError<E> {}

fn interval() -> Duration {
    INTERVAL.mul_f64(rand::random_range(1.0..=2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Looks = Vec<Look<u32, &'static str>>;

    /// The looks in order, then always the same, on a clock that jumps from look to look.
    fn after(wait: &Wait, looks: Looks) -> (Result<u32, WaitError<&'static str>>, Duration) {
        let (mut elapsed, mut seen, mut looks) = (Duration::ZERO, 0, looks.into_iter());
        loop {
            let look = looks.next().unwrap_or_else(|| Look::NotYet("the same".to_owned()));
            if let Some(end) = wait.judge(look, &mut seen, elapsed) {
                return (end, elapsed);
            }
            elapsed += interval();
        }
    }

    fn wait(seconds: u64) -> Wait {
        Wait::new("it runs", Duration::from_secs(seconds))
    }

    #[tokio::test]
    async fn a_state_that_is_there_is_not_waited_for() {
        let look = || std::future::ready(Ok::<_, &str>(Look::There(1)));
        assert_eq!(wait(9).until(look).await, Ok(1));
    }

    #[test]
    fn between_looks_lie_one_to_two_seconds() {
        assert!((0..100).all(|_| (1000..=2000).contains(&interval().as_millis())));
    }

    #[test]
    fn looks_must_agree_in_a_row() {
        let looks =
            vec![Look::There(1), Look::NotYet("p".into()), Look::There(2), Look::There(3), Look::There(4)];
        assert_eq!(after(&wait(99).consecutive(3), looks).0, Ok(4));
        let looks = vec![Look::There(1), Look::Unseen("no"), Look::There(2), Look::There(3)];
        assert!(after(&wait(9).consecutive(3), looks).0.is_err());
    }

    #[test]
    fn a_deadline_tells_what_was_seen_last() {
        let (result, took) = after(&wait(5), vec![]);
        let error = result.unwrap_err().to_string();
        assert_eq!(error, "waiting until it runs: not so after 5 s; last: the same");
        assert!(took <= Duration::from_secs(7), "{took:?}");
    }

    #[test]
    fn a_state_of_no_return_ends_the_wait_at_once() {
        let (result, took) = after(&wait(99), vec![Look::Over("it is terminated".into())]);
        assert_eq!(result.unwrap_err().to_string(), "waiting until it runs: it is terminated");
        assert_eq!(took, Duration::ZERO);
    }

    #[test]
    fn what_was_just_made_may_be_unseen_for_a_while_but_not_for_ever() {
        assert_eq!(after(&wait(600), vec![Look::Unseen("no"), Look::There(1)]).0, Ok(1));
        let never: Looks = (0..600).map(|_| Look::Unseen("InvalidInstanceID.NotFound")).collect();
        let (result, took) = after(&wait(600), never);
        assert_eq!(result, Err(WaitError::Look("InvalidInstanceID.NotFound")));
        assert!(took < Duration::from_secs(65), "{took:?}");
    }
}

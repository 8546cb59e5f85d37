//! Waiting for something outside to reach a state: each wait has a name, an interval with jitter,
//! a deadline, states that end it at once, and how often in a row the state must be seen.

use std::{future::Future, sync::Arc, time::Duration};

use futures::future::join_all;
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};

/// Between two looks: at least this.
const INTERVAL: Duration = Duration::from_millis(700);
/// At most so much of it, so that many who wait do not all look at once.
const JITTER: f64 = 1.7;
/// The same just after the beginning: much of what is waited for is there at once.
const FIRST: Duration = Duration::from_millis(200);

/// How long something may seem not to exist, when it was just made or was there before.
const UNSEEN: Duration = Duration::from_secs(5 * 60);

/// What is waited for and how patiently.
#[derive(Clone, Debug)]
pub struct Wait {
    name: String,
    deadline: Duration,
    consecutive: u32,
    confirmed: u32,
    sooner: Option<Arc<Notify>>,
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

/// An error of a look that says nothing about what is waited for, so that looking again may do.
pub trait Passing {
    fn passes(&self) -> bool;
}

impl Wait {
    pub fn new(name: impl Into<String>, deadline: Duration) -> Self {
        Self { name: name.into(), deadline, consecutive: 1, confirmed: 0, sooner: None }
    }

    /// The state must be seen so often in a row: an eventually consistent service may answer from
    /// a place that does not know it yet.
    pub fn consecutive(mut self, times: u32) -> Self {
        self.consecutive = times;
        self
    }

    /// As soon as the state is there, so many further looks at once must see it too: each goes over a
    /// connection of its own, so an eventually consistent service answers from several places.
    pub fn confirmed(mut self, looks: u32) -> Self {
        self.confirmed = looks;
        self
    }

    /// Whoever may notice first: when told so, it is looked at once.
    pub fn sooner(mut self, told: Arc<Notify>) -> Self {
        self.sooner = Some(told);
        self
    }

    /// Looks until the state is there.
    ///
    /// # Errors
    /// When the deadline is over, when it can never come, or when looking failed for good.
    pub async fn until<T, E, F>(&self, mut look: impl FnMut() -> F) -> Result<T, WaitError<E>>
    where
        F: Future<Output = Result<Look<T, E>, E>>,
        E: Passing,
    {
        let (start, mut seen) = (Instant::now(), Seen::default());
        loop {
            let mut end = self.judge(look().await, &mut seen, start.elapsed());
            if matches!(end, Some(Ok(_))) {
                let again = join_all((0..self.confirmed).map(|_| look())).await;
                end = again.into_iter().fold(end, |end, look| match end {
                    Some(Ok(_)) => self.judge(look, &mut seen, start.elapsed()),
                    disagreed => disagreed,
                });
            }
            if let Some(end) = end {
                return end;
            }
            self.pause(interval(start.elapsed(), &seen)).await;
        }
    }

    async fn pause(&self, pause: Duration) {
        match &self.sooner {
            Some(told) => drop(timeout(pause, told.notified()).await),
            None => sleep(pause).await,
        }
    }

    /// What a look after `elapsed` means; `None` is another look.
    fn judge<T, E: Passing>(
        &self,
        look: Result<Look<T, E>, E>,
        seen: &mut Seen,
        elapsed: Duration,
    ) -> Option<Result<T, WaitError<E>>> {
        let over = elapsed >= self.deadline;
        let last = match look {
            Err(error) if error.passes() && !over => return None,
            Err(error) => return Some(Err(WaitError::Look(error))),
            Ok(Look::Over(state)) => return Some(Err(WaitError::Over { name: self.name.clone(), state })),
            Ok(Look::There(value)) if seen.in_a_row() >= self.consecutive => return Some(Ok(value)),
            Ok(Look::There(_)) => format!("seen, but not {} times in a row", self.consecutive),
            Ok(Look::Unseen(error)) if seen.missing_for(elapsed) >= UNSEEN || over => {
                return Some(Err(WaitError::Look(error)));
            }
            Ok(Look::Unseen(_)) => "not visible yet".into(),
            Ok(Look::NotYet(state)) => {
                *seen = Seen::default();
                state
            }
        };
        over.then(|| Err(WaitError::TooLong { name: self.name.clone(), waited: self.deadline, last }))
    }
}

/// What the looks so far have shown. A look without an answer changes nothing of it.
#[derive(Default)]
struct Seen {
    /// How often in a row the wanted state was seen.
    row: u32,
    /// Since when nothing at all was seen.
    missing: Option<Duration>,
}

impl Seen {
    fn in_a_row(&mut self) -> u32 {
        *self = Self { row: self.row + 1, missing: None };
        self.row
    }

    fn missing_for(&mut self, elapsed: Duration) -> Duration {
        *self = Self { row: 0, missing: self.missing.or(Some(elapsed)) };
        elapsed - self.missing.unwrap_or(elapsed)
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

/// Grows with the time that was waited already. A state that must be seen several times in a row is looked
/// at with time in between, or it would be asked of the same place.
fn interval(elapsed: Duration, seen: &Seen) -> Duration {
    let least = if seen.row > 0 { INTERVAL } else { (elapsed / 2).clamp(FIRST, INTERVAL) };
    least.mul_f64(rand::random_range(1.0..=JITTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Looks = Vec<Look<u32, &'static str>>;

    const LOST: &str = "the connection was lost";

    impl Passing for &str {
        fn passes(&self) -> bool {
            *self == LOST
        }
    }

    /// The looks in order, then always the same, on a clock that jumps from look to look.
    fn after(wait: &Wait, looks: Looks) -> (Result<u32, WaitError<&'static str>>, Duration) {
        answered(wait, looks.into_iter().map(Ok).collect())
    }

    /// The same, when some of the looks fail.
    fn answered(
        wait: &Wait,
        looks: Vec<Result<Look<u32, &'static str>, &'static str>>,
    ) -> (Result<u32, WaitError<&'static str>>, Duration) {
        let (mut elapsed, mut seen, mut looks) = (Duration::ZERO, Seen::default(), looks.into_iter());
        loop {
            let look = looks.next().unwrap_or_else(|| Ok(Look::NotYet("the same".to_owned())));
            if let Some(end) = wait.judge(look, &mut seen, elapsed) {
                return (end, elapsed);
            }
            elapsed += interval(elapsed, &seen);
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
    fn between_looks_lies_about_a_second_and_less_at_the_beginning() {
        let between = |elapsed: u64, row| {
            interval(Duration::from_millis(elapsed), &Seen { row, missing: None }).as_millis()
        };
        assert!((0..100).all(|_| (200..=340).contains(&between(0, 0))));
        assert!((0..100).all(|_| (500..=850).contains(&between(1000, 0))));
        assert!((0..100).all(|_| (700..=1190).contains(&between(60_000, 0))));
        assert!((0..100).all(|_| (700..=1190).contains(&between(0, 1))), "what is there is confirmed later");
    }

    #[test]
    fn looks_must_agree_in_a_row() {
        let looks =
            vec![Look::There(1), Look::NotYet("p".into()), Look::There(2), Look::There(3), Look::There(4)];
        assert_eq!(after(&wait(99).consecutive(3), looks).0, Ok(4));
        let looks = vec![Look::There(1), Look::Unseen("no"), Look::There(2), Look::There(3)];
        assert!(after(&wait(9).consecutive(3), looks).0.is_err());
    }

    #[tokio::test]
    async fn what_others_do_not_confirm_is_looked_at_again() {
        let mut looks = [Look::There(1), Look::There(2), Look::NotYet("p".into())].into_iter();
        let mut count = 0;
        let mut look = || {
            count += 1;
            std::future::ready(Ok::<_, &str>(looks.next().unwrap_or(Look::There(3))))
        };
        assert_eq!(wait(9).confirmed(2).until(&mut look).await, Ok(3));
        assert_eq!(count, 6);
    }

    #[tokio::test]
    async fn whoever_is_told_looks_at_once() {
        let told = Arc::new(Notify::new());
        let wait = Wait::new("it runs", Duration::from_secs(600)).sooner(told.clone());
        let mut looks = 0;
        let look = || {
            looks += 1;
            // Without that, a thousand looks would take a quarter of an hour.
            told.notify_one();
            let look = if looks < 1000 { Look::NotYet("p".to_owned()) } else { Look::There(looks) };
            std::future::ready(Ok::<_, &str>(look))
        };
        assert_eq!(wait.until(look).await, Ok(1000));
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
        assert!(took >= UNSEEN && took < UNSEEN + Duration::from_secs(5), "{took:?}");
    }

    #[test]
    fn what_was_seen_before_may_be_unseen_for_a_moment_at_any_time() {
        let mut looks: Looks = (0..600).map(|_| Look::NotYet("pending".into())).collect();
        looks.extend([
            Look::Unseen("no"),
            Look::NotYet("pending".into()),
            Look::Unseen("no"),
            Look::There(1),
        ]);
        assert_eq!(after(&wait(4000), looks).0, Ok(1));
    }

    #[test]
    fn a_lost_connection_is_waited_out_and_told_when_it_stays_lost() {
        let mut looks = vec![Ok(Look::There(1))];
        looks.extend((0..100).map(|_| Err(LOST)));
        looks.push(Ok(Look::There(2)));
        assert_eq!(answered(&wait(600).consecutive(2), looks).0, Ok(2));
        let (result, took) = answered(&wait(60), (0..100).map(|_| Err(LOST)).collect());
        assert_eq!(result, Err(WaitError::Look(LOST)));
        assert!(took >= Duration::from_secs(60), "{took:?}");
    }

    #[test]
    fn a_refusal_ends_the_wait_at_once() {
        let (result, took) = answered(&wait(60), vec![Err("denied")]);
        assert_eq!((result, took), (Err(WaitError::Look("denied")), Duration::ZERO));
    }
}

//! A token bucket: how many calls may go out at once, and how many a second after that.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use crate::time::Moment;

/// EC2 lets an account burst to about 100 calls of a kind and refills 20 a second; other tools of
/// the account need their part of it.
const BURST: f64 = 40.0;
const PER_SECOND: f64 = 10.0;

#[derive(Debug)]
pub struct Limiter {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Below zero when calls are waiting for tokens that are promised to them.
    tokens: f64,
    at: Option<Instant>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { state: Mutex::new(State { tokens: BURST, at: None }) }
    }
}

impl Limiter {
    /// Comes back when the next call may go out, in the order of asking.
    pub async fn take(&self) {
        let turn = self.reserve(Instant::now());
        sleep_until(turn).await;
    }

    /// AWS refused a call: whoever comes next starts with an empty bucket.
    pub fn drain(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.refill(Instant::now());
        state.tokens = state.tokens.min(0.0);
    }

    fn reserve(&self, now: Instant) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.refill(now);
        state.tokens -= 1.0;
        now.later(Duration::from_secs_f64((-state.tokens).max(0.0) / PER_SECOND))
    }
}

impl State {
    fn refill(&mut self, now: Instant) {
        let since = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.tokens = (self.tokens + since.as_secs_f64() * PER_SECOND).min(BURST);
        self.at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long the calls of one moment wait for their turns.
    fn turns(limiter: &Limiter, now: Instant, calls: usize) -> Vec<u128> {
        (0..calls).map(|_| (limiter.reserve(now) - now).as_millis()).collect()
    }

    #[tokio::test]
    async fn a_burst_goes_out_at_once_and_the_rest_in_turn() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let turns = turns(&limiter, now, 43);
        assert!(turns[..40].iter().all(|turn| *turn == 0));
        assert_eq!(turns[40..], [100, 200, 300]);
        limiter.take().await;
    }

    #[test]
    fn after_a_refusal_the_burst_is_over() {
        let limiter = Limiter::default();
        limiter.drain();
        let now = limiter.state.lock().unwrap().at.unwrap();
        assert_eq!(turns(&limiter, now, 2), [100, 200]);
        // What was promised before a refusal stays promised.
        limiter.drain();
        assert!(limiter.state.lock().unwrap().tokens <= -1.9);
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_burst() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        turns(&limiter, now, 41);
        let turns = turns(&limiter, now + Duration::from_secs(3600), 41);
        assert_eq!((turns[39], turns[40]), (0, 100));
    }
}

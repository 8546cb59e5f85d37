//! Times as people read them: UTC everywhere, as in the log and in JSON, and marked as such. And moments reckoned from
//! others: the operators of the standard library and of jiff panic beyond the end of their clocks.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// As good as never, and within every clock.
const FAR_AHEAD: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// A moment from which others are reckoned.
pub trait Moment: Sized {
    /// So much later; far ahead where the clock does not tell a moment as late as that.
    #[must_use]
    fn later(self, by: Duration) -> Self;

    /// So much earlier; the earliest moment that the clock tells where that is later.
    #[must_use]
    fn earlier(self, by: Duration) -> Self;
}

impl Moment for Instant {
    fn later(self, by: Duration) -> Self {
        self.checked_add(by).or_else(|| self.checked_add(FAR_AHEAD)).unwrap_or(self)
    }

    fn earlier(self, by: Duration) -> Self {
        self.checked_sub(by).unwrap_or(self)
    }
}

impl Moment for tokio::time::Instant {
    fn later(self, by: Duration) -> Self {
        self.into_std().later(by).into()
    }

    fn earlier(self, by: Duration) -> Self {
        self.into_std().earlier(by).into()
    }
}

impl Moment for Timestamp {
    fn later(self, by: Duration) -> Self {
        self.checked_add(by).unwrap_or(Self::MAX)
    }

    fn earlier(self, by: Duration) -> Self {
        self.checked_sub(by).unwrap_or(Self::MIN)
    }
}

/// `19:25:59Z`, for lines of a run.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// `2026-11-27 19:25Z`.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// `2026-11-27 19:25:59Z`.
pub fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_moment_is_beyond_the_end_of_its_clock() {
        let now = Instant::now();
        for by in [Duration::MAX, Duration::from_secs(u64::MAX / 2), Duration::from_secs(1 << 62)] {
            assert!(now.later(by) >= now.later(FAR_AHEAD));
            assert!(tokio::time::Instant::now().later(by) > tokio::time::Instant::now());
            assert_eq!(Timestamp::UNIX_EPOCH.later(by), Timestamp::MAX);
            assert_eq!(Timestamp::UNIX_EPOCH.earlier(by), Timestamp::MIN);
            assert!(now.earlier(by) <= now);
        }
        assert_eq!(now.later(Duration::from_secs(7)).duration_since(now).as_secs(), 7);
        assert_eq!(now.later(FAR_AHEAD).earlier(FAR_AHEAD), now);
    }

    #[test]
    fn every_time_says_that_it_is_utc() {
        let at = Timestamp::from_second(1_795_807_559).unwrap();
        assert_eq!(clock(at), "19:25:59Z");
        assert_eq!(minute(at), "2026-11-27 19:25Z");
        assert_eq!(second(at), "2026-11-27 19:25:59Z");
    }
}

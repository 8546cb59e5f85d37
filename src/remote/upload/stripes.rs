//! Over how many SSH sessions an upload goes. A session has at most one window of bytes under way (2 MiB
//! with OpenSSH, `CHAN_SES_WINDOW_DEFAULT` in its channels.h), so a long round trip limits each of them.

use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, join_all};

use super::plan::Sizes;
use crate::remote::{Remote, RemoteError};

/// What one session has under way at most.
const WINDOW: u64 = 2 << 20;

/// The shell on the builder reads from descriptors of one digit, and processors are busy with as many.
const MOST: u64 = 7;

/// One session is one thread's encryption at each end, which a fast line outruns: two of them are worth
/// having for as much as this, however short the way is.
const MUCH: u64 = 64 << 20;

/// Another session is worth having for so many windows: it is there after eight round trips or so, while the
/// first one is at work, and then takes its share of what is left.
const WINDOWS: u64 = 5;

/// Below this a window carries more than 100 MB/s, and on a busy computer any answer takes a while.
const SHORT: Duration = Duration::from_millis(15);

/// What one piece comes to over a single session.
const LARGE: u64 = 8 << 20;

/// A slice, and an archive, over several: two of each session's are in memory.
const SLICE: u64 = 4 << 20;
const ARCHIVE: u64 = 1 << 20;

/// No file up to this comes in slices.
pub(super) const SMALLEST: u64 = SLICE;

/// About ten windows: opening others takes eight round trips and the time of a login.
const OPENING: u64 = 10 * WINDOW;

/// Sessions that are being opened.
pub(super) type More<'a> = BoxFuture<'a, Vec<Box<dyn Remote>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stripes(u64);

impl Stripes {
    /// For so many bytes over sessions with this round trip.
    pub fn of(bytes: u64, round_trip: Duration) -> Self {
        let windows = bytes / WINDOW;
        if round_trip < SHORT {
            return Self(if bytes < MUCH { 1 } else { 2 });
        }
        Self((windows / WINDOWS).clamp(1, MOST))
    }

    fn are_several(self) -> bool {
        self.0 > 1
    }

    /// How large the pieces are. Those with which several begin are short, so that a session that joins
    /// later soon has its share.
    pub fn sizes(self) -> Sizes {
        match self.are_several() {
            true => Sizes { archive: ARCHIVE, slice: SLICE, opening: OPENING },
            false => Sizes { archive: LARGE, slice: LARGE, opening: 0 },
        }
    }

    /// The sessions beside the first. One that cannot be had only makes the others work longer.
    pub fn more(self, remote: &dyn Remote) -> More<'_> {
        let opened = join_all((1..self.0).map(|_| remote.another()));
        let had = |results: Vec<Result<_, RemoteError>>| {
            results.into_iter().filter_map(|result| result.ok().flatten()).collect()
        };
        opened.map(had).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_much_over_a_long_way_is_worth_several_sessions() {
        let count = |bytes: u64, millis| Stripes::of(bytes, Duration::from_millis(millis)).0;
        assert_eq!(count(1 << 30, 1), 2);
        assert_eq!(count(50 << 20, 1), 1);
        assert_eq!(count(8 << 20, 50), 1);
        assert_eq!(count(32 << 20, 50), 3);
        assert_eq!(count(1 << 40, 50), MOST);
    }
}

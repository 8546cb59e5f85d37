//! What is prepared for the next command while one runs: a channel, and in it a shell that waits to be told
//! the command's line. And what of the last one is still to be heard: that its channel is closed.

use std::{
    cell::RefCell,
    mem::take,
    time::{Duration, Instant},
};

use ssh2::{BlockDirections, Channel};

use super::drive::{Wire, would_block};
use crate::time::Moment;

/// Becomes the command that it is told. It knows nothing that is old when it is told that: `sudo` reads
/// limits, groups and `/etc/environment` when the line runs.
pub(super) const WAITER: &str = r#"sh -c 'IFS= read -r line && eval "$line"'"#;

/// A request of a few bytes is sent at once, unless the network is gone.
const SENT: Duration = Duration::from_secs(5);

/// How far the next command's shell is.
#[derive(Default)]
pub(super) enum Ahead {
    #[default]
    None,
    /// A channel was asked for.
    Opening,
    /// The shell was asked for.
    Starting(Channel),
    /// It waits.
    Waiting(Channel),
    /// The server gives no second channel beside the first.
    Refused,
}

/// For a wire: the next command, and the channels that are being closed.
#[derive(Default)]
pub(super) struct Beside {
    pub ahead: RefCell<Ahead>,
    leaving: RefCell<Vec<Channel>>,
}

impl Wire {
    /// Goes on with what is prepared, without waiting for the server. Where that does not work, the next
    /// command opens a channel of its own.
    pub(super) fn prepare_next(&self) {
        let ahead = &mut *self.beside.ahead.borrow_mut();
        // Half a packet of something else must be followed by its other half.
        if matches!(ahead, Ahead::Waiting(_) | Ahead::Refused) || !self.has_room() {
            return;
        }
        let deadline = Instant::now().later(SENT);
        loop {
            let (further, result) = self.further(take(ahead));
            *ahead = further;
            match result {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) if !would_block(&error) => {
                    *ahead = Ahead::Refused;
                    return;
                }
                Err(_) if self.waits_to_hear() || Instant::now() >= deadline => return,
                Err(_) => self.wait(),
            }
        }
    }

    /// One call; says whether there is another one to make at once.
    fn further(&self, ahead: Ahead) -> (Ahead, Result<bool, ssh2::Error>) {
        match ahead {
            Ahead::None | Ahead::Opening => match self.session.channel_session() {
                Ok(channel) => (Ahead::Starting(channel), Ok(true)),
                Err(error) => (Ahead::Opening, Err(error)),
            },
            Ahead::Starting(mut channel) => match channel.exec(WAITER) {
                Ok(()) => (Ahead::Waiting(channel), Ok(false)),
                Err(error) => (Ahead::Starting(channel), Err(error)),
            },
            ahead @ (Ahead::Waiting(_) | Ahead::Refused) => (ahead, Ok(false)),
        }
    }

    /// Everything that was to be sent has been, and an answer is waited for.
    pub(super) fn waits_to_hear(&self) -> bool {
        matches!(self.session.block_directions(), BlockDirections::Inbound)
    }

    /// Closes a channel, and does not wait until the server does so too.
    pub(super) fn leave(&self, mut channel: Channel) {
        // After half a packet of another call nothing goes out.
        if self.is_sending() {
            return;
        }
        let deadline = Instant::now().later(SENT);
        while !self.has_room() && Instant::now() < deadline {
            self.wait_to_send();
        }
        while let Err(error) = channel.close() {
            if !would_block(&error) || self.is_cut() {
                return;
            }
            if self.waits_to_hear() || Instant::now() >= deadline {
                self.beside.leaving.borrow_mut().push(channel);
                return;
            }
            self.wait();
        }
    }

    /// Frees the channels that the server has closed by now.
    pub(super) fn let_go(&self) {
        if self.has_room() {
            let closing = |channel: &mut Channel| channel.close().is_err_and(|error| would_block(&error));
            self.beside.leaving.borrow_mut().retain_mut(closing);
        }
    }
}

//! Beginning a command with as few round trips as can be: its channel was opened while the command before
//! it ran, and whether the server runs it is heard while its input is sent already.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use ssh2::{BlockDirections, Channel, ErrorCode};

use super::{
    Exit, RemoteError,
    drive::{Stuck, Wire, would_block},
    exec::{CONTROL, finish, lost},
};

/// The channel of the next command.
#[derive(Default)]
pub(super) enum Ahead {
    #[default]
    None,
    /// Asked for.
    Opening,
    Open(Channel),
    /// The server gives no second one beside the first.
    Refused,
}

/// A command that was asked for.
pub(super) struct Started<'a> {
    pub channel: Channel,
    line: &'a str,
    answered: bool,
}

/// # Errors
/// When there is no channel for it, or it cannot be asked for.
pub(super) fn start<'a>(wire: &Wire, line: &'a str) -> Result<Started<'a>, RemoteError> {
    let deadline = Instant::now() + CONTROL;
    let mut channel = channel(wire, deadline)?;
    loop {
        match channel.exec(line) {
            Ok(()) => return Ok(Started { channel, line, answered: true }),
            Err(error) if !would_block(&error) => return Err(failed(&error)),
            // All of it is on its way: what is sent now arrives after it.
            Err(_) if wire.waits_to_hear() => return Ok(Started { channel, line, answered: false }),
            Err(_) if Instant::now() >= deadline => return Err(failed(&Stuck::Deadline)),
            Err(_) => wire.wait(),
        }
    }
}

fn channel(wire: &Wire, deadline: Instant) -> Result<Channel, RemoteError> {
    match wire.ahead.take() {
        Ahead::Open(channel) => return Ok(channel),
        Ahead::None => {}
        Ahead::Refused => drop(wire.ahead.replace(Ahead::Refused)),
        // It was asked for while another one was open, which may be what the server did not like.
        Ahead::Opening => match wire.drive(deadline, |session| session.channel_session()) {
            Ok(channel) => return Ok(channel),
            Err(_) => drop(wire.ahead.replace(Ahead::Refused)),
        },
    }
    let patience = Instant::now() + FREED;
    loop {
        let begun = Instant::now();
        match wire.drive(deadline, |session| session.channel_session()) {
            Err(Stuck::Ssh(error)) if error.code() == REFUSED && Instant::now() < patience => wire.wait(),
            Err(stuck) => return Err(failed(&stuck)),
            Ok(channel) => {
                wire.answered(begun.elapsed());
                return Ok(channel);
            }
        }
    }
}

fn failed(why: &dyn std::fmt::Display) -> RemoteError {
    lost("starting a command", why)
}

impl Started<'_> {
    /// Takes in what the server has said about the command. Says whether it was news.
    ///
    /// # Errors
    /// When it does not run it.
    pub fn hear(&mut self, wire: &Wire) -> Result<bool, RemoteError> {
        if self.answered {
            wire.open_ahead();
            return Ok(false);
        }
        match self.channel.exec(self.line) {
            Err(error) if would_block(&error) => Ok(false),
            Err(error) => Err(failed(&error)),
            Ok(()) => {
                self.answered = true;
                Ok(true)
            }
        }
    }

    /// Closes the channel and asks how the command ended.
    ///
    /// # Errors
    /// When the line is lost.
    pub fn finish(&mut self, wire: &Wire) -> Result<Exit, RemoteError> {
        // An answer that nobody took in would be taken for that of a later channel with the same number.
        if !self.answered {
            let (channel, line) = (&mut self.channel, self.line);
            wire.drive(Instant::now() + CONTROL, |_| channel.exec(line)).map_err(|stuck| failed(&stuck))?;
        }
        finish(wire, &mut self.channel)
    }
}

impl Wire {
    /// Everything that was to be sent has been, and an answer is waited for.
    fn waits_to_hear(&self) -> bool {
        matches!(self.session.block_directions(), BlockDirections::Inbound)
    }

    /// Opens the channel of the next command without waiting for it. Where that does not work, the next
    /// command opens its own.
    pub(super) fn open_ahead(&self) {
        let ahead = &mut *self.ahead.borrow_mut();
        // Half a packet of something else must be followed by its other half.
        if self.is_sending() || !matches!(ahead, Ahead::None | Ahead::Opening) {
            return;
        }
        let deadline = Instant::now() + SENT;
        loop {
            *ahead = match self.session.channel_session() {
                Ok(channel) => Ahead::Open(channel),
                Err(error) if !would_block(&error) => Ahead::Refused,
                Err(_) if self.waits_to_hear() || Instant::now() >= deadline => Ahead::Opening,
                Err(_) => {
                    self.wait();
                    continue;
                }
            };
            return;
        }
    }
}

/// libssh2's code for a channel that was not opened (`LIBSSH2_ERROR_CHANNEL_FAILURE`).
const REFUSED: ErrorCode = ErrorCode::Session(-21);

/// A server that gives few channels frees the last one a moment after its end.
const FREED: Duration = Duration::from_secs(3);

/// A request of a few bytes is sent at once, unless the network is gone.
const SENT: Duration = Duration::from_secs(5);

/// For a wire.
pub(super) type NextChannel = RefCell<Ahead>;

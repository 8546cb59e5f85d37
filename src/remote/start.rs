//! Beginning a command with as few round trips as can be: the shell that waits for one is told its line. Where
//! there is none, one is started in a channel of its own, and whether the server does so is heard while the line
//! and the command's input are sent already.

use std::{
    io::{self, Write},
    mem::take,
    time::{Duration, Instant},
};

use ssh2::{Channel, ErrorCode};

use super::{
    Exit, RemoteError,
    ahead::{Ahead, WAITER},
    drive::{Stuck, Wire, would_block},
    exec::{CONTROL, lost},
};
use crate::time::Moment;

/// libssh2's code for a channel that was not opened (`LIBSSH2_ERROR_CHANNEL_FAILURE`).
const REFUSED: ErrorCode = ErrorCode::Session(-21);

/// A server that gives few channels frees the last one a moment after its end.
const FREED: Duration = Duration::from_secs(3);

/// A command that was asked for.
pub(super) struct Started {
    pub channel: Channel,
    answered: bool,
    /// A shell was there to be told the line; nobody knows whether it still was when that arrived.
    pub prepared: bool,
}

/// `line` is what the shell is told.
///
/// # Errors
/// When there is no channel for it, or it cannot be asked for.
pub(super) fn start(wire: &Wire, line: &str) -> Result<Started, RemoteError> {
    let deadline = Instant::now().later(CONTROL);
    wire.let_go();
    let mut channel = match prepared(wire, deadline) {
        Prepared::Shell(mut shell) => match tell(wire, &mut shell, line, deadline) {
            Ok(()) => return Ok(Started { channel: shell, answered: true, prepared: true }),
            // It has ended, as a step may have seen to.
            Err(_) => own(wire, deadline)?,
        },
        Prepared::Channel(channel) => channel,
        Prepared::Nothing => own(wire, deadline)?,
    };
    let answered = ask_for_shell(wire, &mut channel, deadline)?;
    tell(wire, &mut channel, line, deadline).map_err(|error| failed(&error))?;
    Ok(Started { channel, answered, prepared: false })
}

/// Says whether the server has answered by now. If not, all of the question is on its way: what is sent now arrives
/// after it.
fn ask_for_shell(wire: &Wire, channel: &mut Channel, deadline: Instant) -> Result<bool, RemoteError> {
    loop {
        match channel.exec(WAITER) {
            Ok(()) => return Ok(true),
            Err(error) if !would_block(&error) => return Err(failed(&error)),
            Err(_) if wire.waits_to_hear() => return Ok(false),
            Err(_) if Instant::now() >= deadline => return Err(failed(&Stuck::Deadline)),
            Err(_) => wire.wait(),
        }
    }
}

enum Prepared {
    Nothing,
    Channel(Channel),
    Shell(Channel),
}

/// What was asked for while the last command ran, when it is there.
fn prepared(wire: &Wire, deadline: Instant) -> Prepared {
    let ahead = &mut *wire.beside.ahead.borrow_mut();
    let result = match take(ahead) {
        Ahead::None => return Prepared::Nothing,
        Ahead::Waiting(channel) => Ok(Prepared::Shell(channel)),
        Ahead::Opening => wire.drive(deadline, |session| session.channel_session()).map(Prepared::Channel),
        Ahead::Starting(mut channel) => {
            wire.drive(deadline, |_| channel.exec(WAITER)).map(|()| Prepared::Shell(channel))
        }
        Ahead::Refused => Err(Stuck::Deadline),
    };
    // It was asked for while another one was open, which may be what the server did not like.
    result.unwrap_or_else(|_| {
        *ahead = Ahead::Refused;
        Prepared::Nothing
    })
}

fn tell(wire: &Wire, shell: &mut Channel, line: &str, deadline: Instant) -> io::Result<()> {
    if shell.eof() {
        return Err(io::ErrorKind::BrokenPipe.into());
    }
    let text = format!("{line}\n");
    let mut left = text.as_bytes();
    while !left.is_empty() {
        match shell.write(left) {
            Ok(count) => left = &left[count..],
            Err(error) if error.kind() != io::ErrorKind::WouldBlock || Instant::now() >= deadline => {
                return Err(error);
            }
            Err(_) => wire.wait(),
        }
    }
    Ok(())
}

/// A channel for this command alone.
fn own(wire: &Wire, deadline: Instant) -> Result<Channel, RemoteError> {
    let patience = Instant::now().later(FREED);
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

impl Started {
    /// Takes in what the server has said about the command. Says whether it was news.
    ///
    /// # Errors
    /// When it does not run it.
    pub fn hear(&mut self, wire: &Wire) -> Result<bool, RemoteError> {
        if self.answered {
            wire.prepare_next();
            return Ok(false);
        }
        match self.channel.exec(WAITER) {
            Err(error) if would_block(&error) => Ok(false),
            Err(error) => Err(failed(&error)),
            Ok(()) => {
                self.answered = true;
                Ok(true)
            }
        }
    }

    /// Closes the channel and asks how the server says that the command ended.
    ///
    /// # Errors
    /// When the line is lost.
    pub fn finish(&mut self, wire: &Wire) -> Result<Exit, RemoteError> {
        // An answer that nobody took in would be taken for that of a later channel with the same number.
        if !self.answered {
            let channel = &mut self.channel;
            wire.drive(Instant::now().later(CONTROL), |_| channel.exec(WAITER))
                .map_err(|stuck| failed(&stuck))?;
        }
        closed(wire, &mut self.channel)
    }
}

/// Closes the channel and asks how the command ended.
fn closed(wire: &Wire, channel: &mut Channel) -> Result<Exit, RemoteError> {
    let deadline = Instant::now().later(CONTROL);
    let lost = |stuck: Stuck| lost("waiting for a command's exit code", &stuck);
    wire.drive(deadline, |_| channel.close()).map_err(lost)?;
    wire.drive(deadline, |_| channel.wait_close()).map_err(lost)?;
    let signal = channel.exit_signal().ok().and_then(|exit| exit.exit_signal);
    match signal {
        Some(name) => Ok(Exit::Signal(name)),
        None => channel.exit_status().map(Exit::Code).map_err(|error| self::lost("a command ran", &error)),
    }
}

//! Moving bytes between a session's socket and the channel of another session, until one of them
//! is at its end; and noticing that nothing comes back.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    os::{fd::AsFd, unix::net::UnixStream},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags};
use ssh2::Channel;

use super::{alive::keep_alive, drive::Wire};
use crate::time::Moment;

/// What one read moves at most.
const CHUNK: usize = 32 * 1024;

/// How long closing a channel may take.
const CLOSE: Duration = Duration::from_secs(5);

/// The bastion or endpoint goes on acknowledging what it gets when the builder behind it is dead, so
/// TCP does not notice. The session does: it asks for a sign of life every few seconds.
pub(super) const SILENCE: Duration = Duration::from_secs(120);

/// Since when the other side owes an answer.
#[derive(Default)]
pub(super) struct Owed(Option<Instant>);

impl Owed {
    pub fn sent(&mut self, now: Instant) {
        self.0.get_or_insert(now);
    }

    pub fn received(&mut self) {
        self.0 = None;
    }

    pub fn for_too_long(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.0.map(|since| since.later(SILENCE))
    }
}

/// Says that nothing came back for too long.
pub(super) fn silence() -> String {
    format!("the builder has not answered for {} s", SILENCE.as_secs())
}

/// Pumps until one side ends; an error says which failed and why.
pub(super) fn channel(wire: &Wire, mut channel: Channel, socket: &UnixStream) -> Result<(), String> {
    let (mut up, mut down, mut owed) = (Flow::default(), Flow::default(), Owed::default());
    loop {
        let sent = up.refill(&mut &*socket)? | up.drain(&mut channel)?;
        let received = down.refill(&mut Far(&mut channel))? | down.drain(&mut &*socket)?;
        if received {
            wire.heard();
            owed.received();
        }
        if sent {
            owed.sent(Instant::now());
        }
        if owed.for_too_long(Instant::now()) {
            return Err(silence());
        }
        if up.is_over() {
            // Whether the bastion heard of it or not: nobody is left on this side.
            wire.drive(Instant::now().later(CLOSE), |_| channel.close()).ok();
            return Ok(());
        }
        if down.is_over() {
            return socket.shutdown(Shutdown::Both).map_err(|error| error.to_string());
        }
        if !(sent || received) {
            wait(wire, socket, &up, &down);
            keep_alive(wire, SILENCE).map_err(|error| error.to_string())?;
        }
    }
}

/// A channel in which nothing to read is not taken for the end of it.
struct Far<'a>(&'a mut Channel);

impl Read for Far<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer) {
            Ok(0) if !self.0.eof() => Err(ErrorKind::WouldBlock.into()),
            result => result,
        }
    }
}

fn wait(wire: &Wire, socket: &UnixStream, up: &Flow, down: &Flow) {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, up.wants_more());
    flags.set(PollFlags::OUT, !down.wants_more());
    if !down.wants_more() {
        // It is this side that does not listen.
        wire.heard();
    }
    // What nobody would read now is not waited for, or this would not wait at all.
    let mut far = PollFlags::empty();
    far.set(PollFlags::IN, down.wants_more() || !up.wants_more());
    let near = (!flags.is_empty()).then(|| PollFd::from_borrowed_fd(socket.as_fd(), flags));
    wire.wait_beside(far, near);
}

/// One direction: what was read and not yet written.
#[derive(Default)]
struct Flow {
    buffer: Vec<u8>,
    written: usize,
    ended: bool,
}

impl Flow {
    fn wants_more(&self) -> bool {
        !self.ended && self.written == self.buffer.len()
    }

    fn is_over(&self) -> bool {
        self.ended && self.written == self.buffer.len()
    }

    /// Says whether anything was read.
    fn refill(&mut self, from: &mut dyn Read) -> Result<bool, String> {
        if !self.wants_more() {
            return Ok(false);
        }
        self.buffer.resize(CHUNK, 0);
        self.written = 0;
        let result = from.read(&mut self.buffer);
        self.buffer.truncate(*result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) => {
                self.ended = true;
                Ok(true)
            }
            Ok(_) => Ok(true),
            Err(error) => would_wait(&error),
        }
    }

    /// Says whether anything was written.
    fn drain(&mut self, to: &mut dyn Write) -> Result<bool, String> {
        if self.written == self.buffer.len() {
            return Ok(false);
        }
        match to.write(&self.buffer[self.written..]) {
            Ok(count) => {
                self.written += count;
                Ok(count > 0)
            }
            Err(error) => would_wait(&error),
        }
    }
}

fn would_wait(error: &std::io::Error) -> Result<bool, String> {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::Interrupted => Ok(false),
        _ => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_owed_from_the_first_word_on_and_no_longer_when_it_came() {
        let (start, mut owed) = (Instant::now(), Owed::default());
        assert!(!owed.for_too_long(start + SILENCE * 9), "nothing was asked");
        owed.sent(start);
        owed.sent(start + SILENCE / 2);
        assert!(!owed.for_too_long(start + SILENCE / 2));
        assert!(owed.for_too_long(start + SILENCE));
        owed.received();
        assert!(!owed.for_too_long(start + SILENCE * 2));
    }
}

//! One command over one channel: standard input fed, output split into lines, deadline kept, and
//! the remote process group killed when it is over.

use std::{
    io::{ErrorKind, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use ssh2::Channel;

use super::{
    Command, Exit, RemoteError,
    drive::{Stuck, Wire, would_block},
    feed::Feed,
    start::start,
};
use crate::event::Stream;

/// How long opening and closing a channel may take.
pub(super) const CONTROL: Duration = Duration::from_secs(30);

/// How long the output of a command that has ended is waited for. It stays open when the command
/// left a process running in the background.
const LINGER: Duration = Duration::from_secs(1);

/// A command that cannot be followed over another line is not given up early: the builder may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// One write moves a packet of the session, 32 KiB at most.
const PUSHES: u32 = 32;

/// What one read moves at most.
pub(super) const CHUNK: usize = 64 * 1024;

/// Receives what a command prints.
pub(super) trait Output {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()>;

    /// The exit code that the command told in its output.
    fn told(&self) -> Option<i32> {
        None
    }

    /// Whether the command has printed anything.
    fn spoke(&self) -> bool {
        false
    }

    /// Nothing more comes.
    fn end(&mut self) {}
}

/// Tells a running command's thread that nobody waits for it any more.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Tells it when its holder goes away.
pub(super) struct StopOnDrop(pub Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// Runs `command` and hands its output on as it comes.
pub(super) fn execute(
    wire: &Wire,
    command: Command,
    output: &mut dyn Output,
    stop: &Stop,
) -> Result<Exit, RemoteError> {
    let again = command.again();
    if let Some(exit) = once(wire, command, output, stop)? {
        return Ok(exit);
    }
    let exit = match again {
        Some(command) => once(wire, command, output, stop)?,
        None => None,
    };
    exit.ok_or_else(|| lost("starting a command", &"the shell that was to become it had been ended"))
}

/// `None` when it never began.
fn once(
    wire: &Wire,
    command: Command,
    output: &mut dyn Output,
    stop: &Stop,
) -> Result<Option<Exit>, RemoteError> {
    let mut started = start(wire, &command.line)?;
    let deadline = command.timeout.map(|timeout| (Instant::now() + timeout, timeout));
    let mut feed = Feed::new(command.stdin).over(wire.round_trip());
    let mut over: Option<(Instant, i32)> = None;
    wire.heard();
    loop {
        let heard = started.hear(wire)?;
        let received = drain(wire, &mut started.channel, output)?;
        started.heard |= received;
        if output.spoke() {
            feed.asked();
        }
        let moved = heard | received | push(&mut feed, &mut started.channel)?;
        if started.channel.eof() {
            return started.finish(wire);
        }
        if over.is_none() {
            over = output.told().map(|code| (Instant::now() + LINGER, code));
        }
        if let Some((_, code)) = over.filter(|(end, _)| Instant::now() >= *end) {
            let lost = |stuck: Stuck| lost("leaving what a command left running", &stuck);
            wire.drive(Instant::now() + CONTROL, |_| started.channel.close()).map_err(lost)?;
            return Ok(Some(Exit::Code(code)));
        }
        if let Some((_, timeout)) = deadline.filter(|(end, _)| Instant::now() >= *end) {
            return Err(RemoteError::TimedOut(timeout));
        }
        if stop.stopped() {
            return Err(lost("a command ran", &"hornero was told to stop"));
        }
        if !moved {
            wire.wait();
            keep_alive(wire, PATIENCE)?;
        }
    }
}

/// Sends until the channel takes no more, but looks at what comes back from time to time.
fn push(feed: &mut Feed, channel: &mut Channel) -> Result<bool, RemoteError> {
    for count in 0..PUSHES {
        if !feed.push(channel)? {
            return Ok(count > 0);
        }
    }
    Ok(true)
}

/// Reads what is there. Says whether anything was.
pub(super) fn drain(
    wire: &Wire,
    channel: &mut Channel,
    output: &mut dyn Output,
) -> Result<bool, RemoteError> {
    let mut buffer = [0; CHUNK];
    let mut moved = false;
    for (stream, id) in [(Stream::Stdout, 0), (Stream::Stderr, 1)] {
        match channel.stream(id).read(&mut buffer) {
            Ok(0) => {}
            Ok(count) => {
                moved = true;
                wire.heard();
                output.bytes(stream, &buffer[..count])?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(lost("a command ran", &error)),
        }
    }
    Ok(moved)
}

/// Closes the channel and asks how the command ended.
pub(super) fn finish(wire: &Wire, channel: &mut Channel) -> Result<Exit, RemoteError> {
    let deadline = Instant::now() + CONTROL;
    let lost = |stuck: Stuck| lost("waiting for a command's exit code", &stuck);
    wire.drive(deadline, |_| channel.close()).map_err(lost)?;
    wire.drive(deadline, |_| channel.wait_close()).map_err(lost)?;
    let signal = channel.exit_signal().ok().and_then(|exit| exit.exit_signal);
    match signal {
        Some(name) => Ok(Exit::Signal(name)),
        None => channel.exit_status().map(Exit::Code).map_err(|error| self::lost("a command ran", &error)),
    }
}

/// Asks for a sign of life from time to time, and notices when none comes. What only carries bytes for
/// others goes on answering for a builder that is dead, so this is not left to TCP.
pub(super) fn keep_alive(wire: &Wire, patience: Duration) -> Result<(), RemoteError> {
    // Half a packet must be followed by its other half.
    if wire.is_sending() && wire.silence() <= patience {
        return Ok(());
    }
    match wire.session.keepalive_send() {
        Err(error) if !would_block(&error) => Err(lost("a command ran", &error)),
        Ok(_) | Err(_) if wire.silence() > patience => {
            let silence = format!("nothing was heard of the builder for {} s", patience.as_secs());
            Err(lost("a command ran", &silence))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

pub(super) fn lost(during: &str, why: &dyn std::fmt::Display) -> RemoteError {
    RemoteError::Lost { during: during.into(), why: why.to_string() }
}

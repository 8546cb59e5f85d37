//! One command over one channel: standard input fed, output split into lines, deadline kept, and
//! the remote process group killed when it is over.

use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

use ssh2::Channel;

use super::{
    Command, Exit, RemoteError,
    alive::keep_alive,
    drive::{Wire, would_block},
    feed::Feed,
    frame::Framed,
    output::Output,
    start::{Started, start},
    stop::Stop,
};
use crate::{event::Stream, time::Moment};

/// How long opening and closing a channel may take.
pub(super) const CONTROL: Duration = Duration::from_secs(30);

/// How long the output of a command that has ended is waited for. It stays open when the command
/// left a process running in the background.
const LINGER: Duration = Duration::from_secs(1);

/// A command that cannot be followed over another line is not given up early: the builder may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a command that is over waits for the network to take what it has begun to send.
const SETTLED: Duration = Duration::from_secs(5);

/// One write moves a packet of the session, 32 KiB at most.
const PUSHES: u32 = 32;

/// What one read moves at most.
pub(super) const CHUNK: usize = 64 * 1024;

/// What a shell adds to the number of the signal that has ended its command.
const KILLED: i32 = 128;

/// Runs `command` and hands its output on as it comes.
pub(super) fn execute<O: Output>(
    wire: &Wire,
    command: Command,
    output: &mut Framed<O>,
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
fn once<O: Output>(
    wire: &Wire,
    command: Command,
    output: &mut Framed<O>,
    stop: &Stop,
) -> Result<Option<Exit>, RemoteError> {
    let mut started = start(wire, &output.begin(command.purpose, &command.line))?;
    let mut feed = Feed::new(command.stdin).over(wire.round_trip());
    let limits = Limits::of(command.timeout, command.silence);
    let over = match attend(wire, &mut started, &mut feed, limits, output, stop) {
        // The line itself is all right when a file on this side is not.
        Err(error) if !matches!(error, RemoteError::Lost { .. }) => Over::Left(Err(error)),
        over => over?,
    };
    settle(wire, &mut started.channel, &mut feed);
    match over {
        Over::Ended => conclude(started.finish(wire)?, started.prepared, output),
        Over::Left(result) => {
            wire.leave(started.channel);
            result.map(Some)
        }
    }
}

/// How a command ended whose channel ended with `exit`; `None` is one that never began, for the command before it
/// may have ended the shell that was to become it.
pub(super) fn conclude<O: Output>(
    exit: Exit,
    prepared: bool,
    output: &Framed<O>,
) -> Result<Option<Exit>, RemoteError> {
    if prepared && is_killed(&exit) && !output.has_begun() {
        return Ok(None);
    }
    output.conclude(exit).map(Some)
}

/// Whether it was ended by a signal.
pub(super) fn is_killed(exit: &Exit) -> bool {
    match exit {
        Exit::Signal(_) => true,
        Exit::Code(code) => *code > KILLED,
    }
}

/// How long a command may take.
struct Limits {
    whole: Option<(Instant, Duration)>,
    silence: Option<Duration>,
    moved: Instant,
}

impl Limits {
    fn of(timeout: Option<Duration>, silence: Option<Duration>) -> Self {
        let whole = timeout.map(|timeout| (Instant::now().later(timeout), timeout));
        Self { whole, silence, moved: Instant::now() }
    }

    fn moved(&mut self) {
        self.moved = Instant::now();
    }

    /// Why it is over, where it is.
    fn exceeded(&self) -> Option<RemoteError> {
        let whole = self.whole.filter(|(end, _)| Instant::now() >= *end);
        let silence = self.silence.filter(|silence| self.moved.elapsed() >= *silence);
        whole.map(|(_, timeout)| RemoteError::TimedOut(timeout)).or(silence.map(RemoteError::Silent))
    }
}

/// How a command came to its end.
enum Over {
    /// With its channel.
    Ended,
    /// What it left running holds the channel, or nobody waits for it any longer.
    Left(Result<Exit, RemoteError>),
}

/// Feeds the command and hands on what it prints, until it is over.
fn attend<O: Output>(
    wire: &Wire,
    started: &mut Started,
    feed: &mut Feed,
    mut limits: Limits,
    output: &mut Framed<O>,
    stop: &Stop,
) -> Result<Over, RemoteError> {
    let mut told: Option<(Instant, i32)> = None;
    wire.heard();
    loop {
        let heard = started.hear(wire)?;
        let received = drain(wire, &mut started.channel, output)?;
        if let Err(error) = output.is_whole() {
            return Ok(Over::Left(Err(error)));
        }
        if output.spoke() {
            feed.asked();
        }
        let moved = heard | received | push(wire, feed, &mut started.channel)?;
        if started.channel.eof() {
            return Ok(Over::Ended);
        }
        if told.is_none() {
            told = output.told().map(|code| (Instant::now().later(LINGER), code));
        }
        if let Some((_, code)) = told.filter(|(end, _)| Instant::now() >= *end) {
            return Ok(Over::Left(Ok(Exit::Code(code))));
        }
        if let Some(error) = limits.exceeded() {
            return Ok(Over::Left(Err(error)));
        }
        if stop.stopped() {
            return Ok(Over::Left(Err(lost("a command ran", &"hornero was told to stop"))));
        }
        if moved {
            limits.moved();
        } else {
            wire.wait();
            keep_alive(wire, PATIENCE)?;
        }
    }
}

/// Sends the rest of a packet that the socket took a part of. A command may end, or its time, with most of its
/// input unsent; libssh2 goes on with such a packet in no other call than the one that began it, and sends
/// nothing else before it.
fn settle(wire: &Wire, channel: &mut Channel, feed: &mut Feed) {
    let deadline = Instant::now().later(SETTLED);
    loop {
        // It is the leave to send more output, or of the input.
        let owes = channel.adjust_receive_window(0, false).is_err_and(|error| would_block(&error));
        let half = feed.is_half_sent();
        if !(owes || half && wire.is_sending()) || wire.is_cut() || Instant::now() >= deadline {
            return;
        }
        match if half { feed.push(wire, channel) } else { Ok(false) } {
            Ok(true) => {}
            Ok(false) => wire.wait_to_send(),
            // Whatever is asked of a line that is lost says so.
            Err(_) => return,
        }
    }
}

/// Sends until the channel takes no more, but looks at what comes back from time to time.
fn push(wire: &Wire, feed: &mut Feed, channel: &mut Channel) -> Result<bool, RemoteError> {
    for count in 0..PUSHES {
        if !feed.push(wire, channel)? {
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
                output.bytes(stream, &buffer[..count]).map_err(RemoteError::Received)?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(lost("a command ran", &error)),
        }
    }
    Ok(moved)
}

pub(super) fn lost(during: &str, why: &dyn std::fmt::Display) -> RemoteError {
    RemoteError::Lost { during: during.into(), why: why.to_string() }
}

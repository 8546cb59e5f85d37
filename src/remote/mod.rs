//! The wire to the builder: `Remote` runs commands there and moves files. `ssh` is the real one;
//! `key` makes the keys of a run, `route` says which way leads to the builder (`dial` straight,
//! `bastion`, `endpoint`), `upload` brings a bake's files there.

pub mod agent;
mod ahead;
mod alive;
pub mod bastion;
mod cut;
pub mod dial;
mod drive;
pub mod endpoint;
pub mod entries;
pub mod exchange;
mod exec;
mod feed;
mod follow;
pub mod forward;
mod frame;
pub mod group;
mod guard;
pub mod job;
pub mod key;
mod line;
pub mod lines;
mod login;
mod marks;
mod output;
pub mod patience;
pub mod properties;
mod pump;
pub mod purpose;
pub mod route;
mod said;
mod session;
pub mod ssh;
mod start;
mod stop;
pub mod upload;

use std::{io::BufRead, time::Duration};

use async_trait::async_trait;

use self::{
    job::Followed,
    purpose::{Purpose, TimeLimit},
};
use crate::event::Stream;

pub use self::output::hand_over;

/// A command for the builder. Its line is constant text; what is private or long goes through
/// standard input, because every user of the builder can read an argv.
pub struct Command {
    pub purpose: Purpose,
    /// Run by a POSIX shell of the SSH account.
    pub line: String,
    pub stdin: Input,
    /// After this its process group is killed.
    pub timeout: Option<Duration>,
    /// The same when nothing was sent, and nothing heard of it, for so long.
    pub silence: Option<Duration>,
}

/// What goes into a command's standard input.
pub enum Input {
    Bytes(Vec<u8>),
    Stream(Box<dyn BufRead + Send>),
    /// The second part follows when the command has printed something: what comes sooner than it is read
    /// lies in the server's memory, and OpenSSH copies all of that anew for each packet that it adds.
    Asked(Vec<u8>, Box<dyn BufRead + Send>),
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(i32),
    /// Ended by a signal, by its name without `SIG`.
    Signal(String),
}

#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error("connecting to the builder at {address}: no SSH answer within {}", crate::template::units::Span(*.waited))]
    Unreachable { address: String, waited: Duration, last: String },
    #[error("the builder stopped running while hornero was connecting: {0}")]
    BuilderGone(String),
    #[error("the builder at {address} shows the host key {found}, not the pinned {expected}")]
    HostKey { address: String, expected: String, found: String },
    #[error("logging in to {address} as `{user}`: {why}")]
    Login { address: String, user: String, why: String, by_cloud_init: bool },
    #[error("the connection to the builder was lost while {during}: {why}")]
    Lost { during: String, why: String },
    /// The builder has ended what it was told to do.
    #[error("not done after {}; its processes were ended", crate::template::units::Span(*.0))]
    TimedOut(Duration),
    #[error("nothing was heard of it for {}; its processes were ended", crate::template::units::Span(*.0))]
    Silent(Duration),
    /// Nothing is known of what became of the command.
    #[error("no answer within {}; the command may still run on the builder", crate::template::units::Span(*.0))]
    NoAnswer(Duration),
    /// Of what ran there nothing is left.
    #[error("the builder restarted meanwhile")]
    Restarted,
    /// Nobody is left who could tell how it ended.
    #[error("it was ended on the builder before it was done")]
    Ended,
    /// The account is not one that a bake can work with.
    #[error("the account `{user}` at {address} {why}")]
    Account { user: String, address: String, why: String, hint: String },
    /// The login is no shell: it did nothing of what it was told.
    #[error("the login does not run commands: it {}", ended_with(.said, .exit))]
    NoCommands { said: String, exit: Exit },
    #[error("what the builder answers is not the whole answer of a command: {0}")]
    Garbled(String),
    /// The way to the builder is closed, and waiting does not open it.
    #[error("reaching the builder through {way}: {why}")]
    Route { way: String, why: String, hint: String },
    #[error("preparing a command on the builder: {0}")]
    Setup(String),
    /// The builder cannot put something at its place.
    #[error("`{path}` cannot be written: {why}")]
    Refused { path: String, why: String, hint: Option<String> },
    /// The files cannot be what they are to be there.
    #[error("{0}")]
    Upload(String),
    /// What a command prints cannot be put where it is to go on this computer.
    #[error("writing what comes from the builder: {0}")]
    Received(std::io::Error),
    /// A local file changed under a bake.
    #[error(transparent)]
    Changed(#[from] entries::ChangedFile),
    #[error("reading what is to be sent to the builder: {0}")]
    Local(#[from] std::io::Error),
}

fn ended_with(said: &str, exit: &Exit) -> String {
    match said.is_empty() {
        true => format!("printed nothing and ended with {exit}"),
        false => format!("printed `{said}` and ended with {exit}"),
    }
}

/// What a job prints. Both of its streams are one, in the order of writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printed {
    /// A whole line, without its end.
    Line(String),
    /// The end of a line that has no end yet; it is part of a `Line` later.
    Unfinished(String),
}

/// Receives what a job prints as it comes.
pub type PrintedSink<'a> = &'a mut (dyn FnMut(Printed) + Send);

/// Receives each line of output as it comes.
pub type LineSink<'a> = &'a mut (dyn FnMut(Stream, &str) + Send);

/// The line to one builder. One command runs at a time.
#[async_trait]
pub trait Remote: Send + Sync {
    /// What a command line that needs to be root starts with: empty, or `sudo -n `.
    fn sudo(&self) -> &'static str;

    /// Runs a command to its end.
    ///
    /// # Errors
    /// Only what kept it from running to its end; a failing command is an `Exit`.
    async fn run(&self, command: Command, sink: LineSink<'_>) -> Result<Exit, RemoteError>;

    /// Follows a job to its end, and starts it if no earlier line has. After a lost line it can be
    /// followed over another one: what the lines hand on together is what it has printed.
    ///
    /// # Errors
    /// As with `run`; one that ran out of time has been ended.
    async fn follow(&self, job: &Followed, sink: PrintedSink<'_>) -> Result<Exit, RemoteError>;

    /// The host key that the builder has shown and that its pin has accepted, as it goes over the wire.
    /// Programs that make their own connections need all of it where only its fingerprint was pinned.
    fn host_key(&self) -> Option<&[u8]> {
        None
    }

    /// How long a question to the builder takes to be answered.
    fn round_trip(&self) -> Duration;

    /// A further line of its own to the same builder; `None` where the way there is not meant for more.
    ///
    /// # Errors
    /// As with the first one.
    async fn another(&self) -> Result<Option<Box<dyn Remote>>, RemoteError>;

    /// Runs a command and hands its standard output to `out`, byte for byte.
    async fn fetch(&self, command: Command, out: Box<dyn std::io::Write + Send>)
    -> Result<Exit, RemoteError>;
}

impl Command {
    /// With the time that its purpose gives it.
    pub fn new(purpose: Purpose, line: impl Into<String>) -> Self {
        let (timeout, silence) = match purpose.time_limit() {
            TimeLimit::Whole(time) => (Some(time), None),
            TimeLimit::Silence(time) => (None, Some(time)),
        };
        Self { purpose, line: line.into(), stdin: Input::Bytes(Vec::new()), timeout, silence }
    }

    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(bytes.into());
        self
    }

    pub fn stream(mut self, reader: impl BufRead + Send + 'static) -> Self {
        self.stdin = Input::Stream(Box::new(reader));
        self
    }

    pub fn asked(mut self, head: Vec<u8>, reader: impl BufRead + Send + 'static) -> Self {
        self.stdin = Input::Asked(head, Box::new(reader));
        self
    }

    /// A time of its own in place of its purpose's.
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// The same once more, unless its input can be read only once.
    fn again(&self) -> Option<Self> {
        match &self.stdin {
            Input::Bytes(bytes) => {
                let (line, stdin) = (self.line.clone(), Input::Bytes(bytes.clone()));
                Some(Self {
                    purpose: self.purpose,
                    line,
                    stdin,
                    timeout: self.timeout,
                    silence: self.silence,
                })
            }
            Input::Stream(_) | Input::Asked(..) => None,
        }
    }
}

impl Exit {
    pub fn success(&self) -> bool {
        *self == Self::Code(0)
    }

    /// None where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Code(code) => Some(*code),
            Self::Signal(_) => None,
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(name) => write!(f, "signal {name}"),
        }
    }
}

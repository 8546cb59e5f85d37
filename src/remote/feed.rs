//! A command's standard input, sent as far as its channel takes it.

use std::{
    io::{BufRead, Cursor, ErrorKind, Read, Write},
    time::Duration,
};

use ssh2::Channel;

use super::{
    Input, RemoteError,
    drive::{Wire, would_block},
    exec::lost,
};

/// What is sent in one round trip, in bytes for each second of it: 2 MiB, OpenSSH's window, for 50 ms.
const RATE: u64 = 40 << 20;

/// Under way at least, so that the command need not wait for more.
const LEAST: u64 = 256 << 10;

/// The command's standard input.
pub(super) struct Feed {
    source: Source,
    /// What the command has not asked for yet.
    later: Option<Box<dyn BufRead + Send>>,
    state: FeedState,
    /// So many bytes may be under way. What the command has not read yet lies in its server's memory, which
    /// OpenSSH grows with each packet, all that lies there moved (`sshbuf.c`): a full window costs a slow
    /// builder seconds, and over a short way nobody gains by it.
    most: u64,
    /// What the channel took when nothing was under way.
    window: u32,
    /// The last packet may not have gone as a whole.
    half: bool,
}

enum Source {
    /// Sent from where it lies.
    Whole(Box<dyn BufRead + Send>),
    /// More may be said when all of it has been sent.
    Talk { said: Vec<u8>, sent: usize },
}

#[derive(PartialEq)]
enum FeedState {
    Open,
    Eof,
    Done,
}

impl Feed {
    pub fn new(input: Input) -> Self {
        let (first, later): (Box<dyn BufRead + Send>, _) = match input {
            Input::Bytes(bytes) => (Box::new(Cursor::new(bytes)), None),
            Input::Stream(reader) => (reader, None),
            Input::Asked(head, rest) => (Box::new(Cursor::new(head)), Some(rest)),
        };
        Self { later, ..Self::of(Source::Whole(first)) }
    }

    fn of(source: Source) -> Self {
        Self { source, later: None, state: FeedState::Open, most: u64::MAX, window: 0, half: false }
    }

    /// Over a session with this round trip.
    pub fn over(self, round_trip: Duration) -> Self {
        let most = u128::from(RATE) * round_trip.as_micros() / 1_000_000;
        Self { most: u64::try_from(most).unwrap_or(u64::MAX).max(LEAST), ..self }
    }

    /// One that begins with this and stays open for what is said later.
    pub fn talk(opening: Vec<u8>) -> Self {
        Self::of(Source::Talk { said: opening, sent: 0 })
    }

    /// The command wants what was kept for later.
    pub fn asked(&mut self) {
        if let (Source::Whole(source), Some(rest)) = (&mut self.source, self.later.take()) {
            let first = std::mem::replace(source, Box::new(Cursor::new(Vec::new())));
            *source = Box::new(first.chain(rest));
        }
    }

    /// Adds to a talk.
    pub fn say(&mut self, text: &str) {
        if let Source::Talk { said, sent } = &mut self.source {
            said.drain(..std::mem::take(sent));
            said.extend_from_slice(text.as_bytes());
        }
    }

    /// Nothing more will be said.
    pub fn hang_up(&mut self) {
        if let Source::Talk { said, sent } = &mut self.source {
            said.drain(..*sent);
            self.source = Source::Whole(Box::new(Cursor::new(std::mem::take(said))));
        }
    }

    pub fn is_done(&self) -> bool {
        self.state == FeedState::Done
    }

    pub fn is_half_sent(&self) -> bool {
        self.half
    }

    /// Sends what the channel takes. Says whether anything went.
    pub fn push(&mut self, wire: &Wire, channel: &mut Channel) -> Result<bool, RemoteError> {
        match self.state {
            FeedState::Open => self.write(wire, channel),
            FeedState::Eof => self.end(wire, channel),
            FeedState::Done => Ok(false),
        }
    }

    fn write(&mut self, wire: &Wire, channel: &mut Channel) -> Result<bool, RemoteError> {
        if self.is_enough(channel) {
            return Ok(false);
        }
        let left = match &mut self.source {
            Source::Whole(source) => source.fill_buf()?,
            Source::Talk { said, sent } if *sent == said.len() => return Ok(false),
            Source::Talk { said, sent } => &said[*sent..],
        };
        if left.is_empty() && self.later.is_some() {
            return Ok(false);
        }
        if left.is_empty() {
            self.state = FeedState::Eof;
            return self.end(wire, channel);
        }
        let result = channel.write(left);
        self.half = matches!(&result, Err(error) if error.kind() == ErrorKind::WouldBlock);
        match result {
            Ok(count) => {
                self.source.sent(count);
                Ok(count > 0)
            }
            Err(_) if self.half => Ok(false),
            // The command closed its end; how it ended says why.
            Err(_) if channel.eof() => {
                self.state = FeedState::Done;
                Ok(true)
            }
            Err(error) => Err(lost("sending to a command", &error)),
        }
    }

    fn is_enough(&mut self, channel: &Channel) -> bool {
        let free = channel.write_window().remaining;
        self.window = self.window.max(free);
        u64::from(self.window - free) >= self.most
    }

    fn end(&mut self, wire: &Wire, channel: &mut Channel) -> Result<bool, RemoteError> {
        if !wire.has_room() {
            return Ok(false);
        }
        match channel.send_eof() {
            Err(error) if would_block(&error) => Ok(false),
            Err(error) if !channel.eof() => Err(lost("sending to a command", &error)),
            Ok(()) | Err(_) => {
                self.state = FeedState::Done;
                Ok(true)
            }
        }
    }
}

impl Source {
    fn sent(&mut self, count: usize) {
        match self {
            Self::Whole(source) => source.consume(count),
            Self::Talk { sent, .. } => *sent += count,
        }
    }
}

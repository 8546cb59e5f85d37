//! A command's standard input, sent as far as its channel takes it.

use std::io::{ErrorKind, Read, Write};

use ssh2::Channel;

use super::{
    Input, RemoteError,
    drive::would_block,
    exec::{CHUNK, lost},
};

/// The command's standard input: what was read from its source and not yet sent.
pub(super) struct Feed {
    /// `None` while more may be said, but nothing is left to be read.
    source: Option<Box<dyn Read + Send>>,
    buffer: Vec<u8>,
    sent: usize,
    state: FeedState,
}

#[derive(PartialEq)]
enum FeedState {
    Open,
    Eof,
    Done,
}

impl Feed {
    pub fn new(input: Input) -> Self {
        let source: Box<dyn Read + Send> = match input {
            Input::Bytes(bytes) => Box::new(std::io::Cursor::new(bytes)),
            Input::Stream(reader) => reader,
        };
        Self { source: Some(source), buffer: Vec::new(), sent: 0, state: FeedState::Open }
    }

    /// One that begins with this and stays open for what is said later.
    pub fn talk(opening: Vec<u8>) -> Self {
        Self { source: None, buffer: opening, sent: 0, state: FeedState::Open }
    }

    /// Adds to a talk.
    pub fn say(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// Nothing more will be said.
    pub fn hang_up(&mut self) {
        self.source = Some(Box::new(std::io::empty()));
    }

    pub fn is_done(&self) -> bool {
        self.state == FeedState::Done
    }

    /// Sends what the channel takes. Says whether anything went.
    pub fn push(&mut self, channel: &mut Channel) -> Result<bool, RemoteError> {
        if self.state == FeedState::Open && self.sent == self.buffer.len() {
            self.refill()?;
        }
        match self.state {
            FeedState::Open if self.sent == self.buffer.len() => Ok(false),
            FeedState::Open => self.write(channel),
            FeedState::Eof => self.end(channel),
            FeedState::Done => Ok(false),
        }
    }

    fn refill(&mut self) -> Result<(), RemoteError> {
        self.buffer.clear();
        self.sent = 0;
        let Some(source) = &mut self.source else { return Ok(()) };
        self.buffer.resize(CHUNK, 0);
        let count = source.read(&mut self.buffer)?;
        self.buffer.truncate(count);
        if count == 0 {
            self.state = FeedState::Eof;
        }
        Ok(())
    }

    fn write(&mut self, channel: &mut Channel) -> Result<bool, RemoteError> {
        match channel.write(&self.buffer[self.sent..]) {
            Ok(count) => {
                self.sent += count;
                Ok(count > 0)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            // The command closed its end; how it ended says why.
            Err(_) if channel.eof() => {
                self.state = FeedState::Done;
                Ok(true)
            }
            Err(error) => Err(lost("sending to a command", &error)),
        }
    }

    fn end(&mut self, channel: &mut Channel) -> Result<bool, RemoteError> {
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

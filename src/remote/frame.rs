//! The frame around every command: the builder's shell prints a mark before the command's own output and a mark
//! with the exit code after it. Only these two show that a command was run: a login that is not a shell may answer
//! with anything and exit with 0.

use super::{Exit, RemoteError, marks, output::Output, purpose::Purpose};
use crate::{event::Stream, remote::said::Said};

/// No line of ours is longer after its mark.
const LONGEST_WORD: usize = 64;

/// The marks of one command. They hold a word that nobody can guess, and that does not stand in what is sent: the
/// shell joins its two halves. An echo of what was sent is no answer.
struct Frame {
    first: String,
    second: String,
}

impl Frame {
    fn new() -> Self {
        let word = ulid::Ulid::generate().to_string().to_lowercase();
        // The end of it is the part that is random.
        let (first, second) = word.split_at(word.len() - 8);
        Self { first: first.into(), second: second.into() }
    }

    /// One line for a POSIX shell. The command finds the halves of the word as its first two arguments.
    fn around(&self, purpose: Purpose, line: &str) -> String {
        let Self { first, second } = self;
        let line = one_line(line);
        format!(
            ": {}; set -- {first} {second}; printf '\\001%s%s begin\\n' \"$1\" \"$2\"; ( {line} ); hornero_code=$?; \
             printf '\\001%s%s end %s\\n' \"$1\" \"$2\" \"$hornero_code\"; exit \"$hornero_code\"",
            purpose.word()
        )
    }

    fn mark(&self) -> Vec<u8> {
        format!("\u{1}{}{} ", self.first, self.second).into_bytes()
    }
}

/// The same command without line ends, which would end what the shell reads.
fn one_line(line: &str) -> String {
    if !line.contains('\n') {
        return line.to_owned();
    }
    let text = line.replace('\\', "\\0134").replace('\'', "\\0047").replace('\n', "\\0012");
    format!("eval \"$(printf '%b' '{text}')\"")
}

/// What one command prints, taken out of its frame.
pub(super) struct Framed<O> {
    pub inner: O,
    frame: Frame,
    mark: Vec<u8>,
    /// What may be the beginning of a line of ours.
    held: Vec<u8>,
    /// What the login has printed before the frame began.
    before: Said,
    state: State,
    spoke: bool,
    /// The process group that the command has told.
    pub group: Option<u32>,
}

enum State {
    /// What comes is not the command's.
    Before,
    Begun,
    Ended(i32),
    /// Not what our own commands print.
    Broken(&'static str),
}

impl<O: Output> Framed<O> {
    pub fn new(inner: O) -> Self {
        let frame = Frame::new();
        let mark = frame.mark();
        let (held, before) = (Vec::new(), Said::default());
        Self { inner, frame, mark, held, before, state: State::Before, spoke: false, group: None }
    }

    /// What the shell is told for a new try of the command.
    pub fn begin(&mut self, purpose: Purpose, line: &str) -> String {
        self.frame = Frame::new();
        self.mark = self.frame.mark();
        self.held.clear();
        self.state = State::Before;
        self.frame.around(purpose, line)
    }

    pub fn has_begun(&self) -> bool {
        !matches!(self.state, State::Before)
    }

    /// How the command ended, where its channel ended with `exit`.
    ///
    /// # Errors
    /// When nothing proves that it was run to its end.
    pub fn conclude(&self, exit: Exit) -> Result<Exit, RemoteError> {
        match (&self.state, exit) {
            (State::Ended(code), _) => Ok(Exit::Code(*code)),
            (State::Broken(why), _) => Err(RemoteError::Garbled((*why).into())),
            (State::Before, exit) => Err(RemoteError::NoCommands { said: self.before.text(), exit }),
            // The shell itself was ended, with the command.
            (State::Begun, exit @ Exit::Signal(_)) => Ok(exit),
            (State::Begun, exit @ Exit::Code(_)) => {
                Err(RemoteError::Garbled(format!("it broke off, and the login ended with {exit}")))
            }
        }
    }

    /// What is wrong already, before the channel ends.
    ///
    /// # Errors
    /// When the output is not that of our own command.
    pub fn is_whole(&self) -> Result<(), RemoteError> {
        match &self.state {
            State::Broken(why) => Err(RemoteError::Garbled((*why).into())),
            State::Before | State::Begun | State::Ended(_) => Ok(()),
        }
    }

    /// What the login has printed in place of an answer.
    pub fn said(&self) -> String {
        self.before.text()
    }

    fn own(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self.state {
            State::Before => self.before.push(bytes),
            State::Begun => {
                self.spoke |= !bytes.is_empty();
                self.inner.bytes(Stream::Stdout, bytes)?;
            }
            // Of a process in the background: nobody's command any more.
            State::Ended(_) | State::Broken(_) => {}
        }
        Ok(())
    }

    fn word(&mut self, word: &str) {
        let state = match (&self.state, word.split_once(' ')) {
            (State::Before, None) if word == "begin" => State::Begun,
            (State::Begun, Some(("group", number))) if self.group.is_none() => {
                self.group = number.parse().ok();
                return;
            }
            (State::Begun, Some(("end", code))) => match code.parse() {
                Ok(code) => State::Ended(code),
                Err(_) => State::Broken("a line of it was changed on the way"),
            },
            (State::Broken(why), _) => State::Broken(why),
            (State::Before, _) if word == "begin\r" => {
                State::Broken("the login changes line ends: it puts a terminal before its commands")
            }
            (State::Begun | State::Ended(_), None) if word == "begin" => State::Broken("it came twice"),
            (State::Ended(_), Some(("end", _))) => State::Broken("it came twice"),
            (State::Before | State::Begun | State::Ended(_), _) => {
                State::Broken("a line of it was changed on the way")
            }
        };
        self.state = state;
    }
}

impl<O: Output> Output for Framed<O> {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        if stream == Stream::Stderr {
            if matches!(self.state, State::Before) {
                self.before.push(bytes);
            }
            return self.inner.bytes(stream, bytes);
        }
        self.held.extend_from_slice(bytes);
        loop {
            let (own, word) = marks::split(&mut self.held, &self.mark);
            self.own(&own)?;
            match word {
                Some(word) => self.word(&word),
                None if self.held.len() > self.mark.len() + LONGEST_WORD => {
                    self.held.clear();
                    self.state = State::Broken("a line of it was changed on the way");
                    return Ok(());
                }
                None => return Ok(()),
            }
        }
    }

    fn end(&mut self) {
        self.inner.end();
    }

    fn spoke(&self) -> bool {
        self.spoke
    }

    fn told(&self) -> Option<i32> {
        match self.state {
            State::Ended(code) => Some(code),
            State::Before | State::Begun | State::Broken(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;

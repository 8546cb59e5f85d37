//! The process group of a command: how it tells its number, and how it is ended when its time is over.

use std::time::Duration;

use super::{
    Command,
    drive::Wire,
    exec::execute,
    marks::{self, line_after},
    output::Output,
    stop::Stop,
};
use crate::event::Stream;

/// How a command tells its process group, in its first line of standard output.
pub const GROUP_MARK: &str = "\u{1}hornero-group ";

/// How it tells its exit code in the last one: the group again, so that no file can look like it.
const EXIT_MARK: &str = "\u{1}hornero-exit ";

/// Hands output on, without the group's and the exit code's line.
pub(super) struct Watch<'a> {
    inner: &'a mut dyn Output,
    /// What may be the beginning of a line that is ours.
    held: Vec<u8>,
    state: State,
    spoke: bool,
    pub group: Option<u32>,
}

enum State {
    /// Before the first line.
    First,
    /// After it, until the line that begins with this.
    Until(String),
    /// Nothing more to look for.
    Through,
    Ended(i32),
}

impl<'a> Watch<'a> {
    pub fn new(inner: &'a mut dyn Output) -> Self {
        Self { inner, held: Vec::new(), state: State::First, spoke: false, group: None }
    }

    /// What of the bytes held is the command's own output.
    fn own(&mut self) -> Vec<u8> {
        match &self.state {
            State::First => self.first(),
            State::Until(mark) => {
                let mark = mark.clone();
                self.until(mark.as_bytes())
            }
            State::Through => std::mem::take(&mut self.held),
            // Of a process in the background: nobody's step any more.
            State::Ended(_) => {
                self.held.clear();
                Vec::new()
            }
        }
    }

    fn first(&mut self) -> Vec<u8> {
        let mark = GROUP_MARK.as_bytes();
        if !self.held.starts_with(&mark[..mark.len().min(self.held.len())]) {
            self.state = State::Through;
            return self.own();
        }
        let Some(number) = line_after(&mut self.held, mark.len()) else { return Vec::new() };
        self.group = number.parse().ok();
        self.state = State::Until(format!("{EXIT_MARK}{number} "));
        self.own()
    }

    fn until(&mut self, mark: &[u8]) -> Vec<u8> {
        let (own, code) = marks::split(&mut self.held, mark);
        if let Some(code) = code {
            self.state = State::Ended(code.parse().unwrap_or(1));
        }
        own
    }
}

impl Output for Watch<'_> {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        match stream {
            Stream::Stdout => {
                self.held.extend_from_slice(bytes);
                let own = self.own();
                self.spoke |= !own.is_empty();
                self.inner.bytes(stream, &own)
            }
            Stream::Stderr => self.inner.bytes(stream, bytes),
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
            State::First | State::Until(_) | State::Through => None,
        }
    }
}

/// Ends a process group: first politely, then by force.
pub(super) fn kill(wire: &Wire, sudo: &str, group: u32) {
    const SCRIPT: &str = "kill -s TERM -- -$1; i=0; while kill -s 0 -- -$1 && [ $i -lt 20 ]; do sleep 0.1; \
                          i=$((i+1)); done; kill -s KILL -- -$1";
    let command = Command::new(format!("{sudo}sh -c '{SCRIPT}' sh {group} 2>/dev/null"))
        .timeout(Some(Duration::from_secs(10)));
    // The exit code says only whether force was needed; a lost line shows at the next command.
    execute(wire, command, &mut Discard, &Stop::default()).ok();
}

pub(super) struct Discard;

impl Output for Discard {
    fn bytes(&mut self, _: Stream, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Kept(Vec<u8>);

    impl Output for Kept {
        fn bytes(&mut self, _: Stream, bytes: &[u8]) -> std::io::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }

    fn through(chunks: &[&str]) -> (Option<u32>, String) {
        let (group, _, text) = watched(chunks);
        (group, text)
    }

    fn watched(chunks: &[&str]) -> (Option<u32>, Option<i32>, String) {
        let mut kept = Kept(Vec::new());
        let mut watch = Watch::new(&mut kept);
        for chunk in chunks {
            watch.bytes(Stream::Stdout, chunk.as_bytes()).unwrap();
        }
        let (group, told) = (watch.group, watch.told());
        (group, told, String::from_utf8(kept.0).unwrap())
    }

    #[test]
    fn the_group_line_is_taken_out_even_when_it_comes_in_pieces() {
        assert_eq!(through(&["\u{1}horn", "ero-group 4", "2\nhe", "llo\n"]), (Some(42), "hello\n".into()));
    }

    #[test]
    fn the_exit_code_is_taken_out_wherever_the_pieces_end() {
        let text = "\u{1}hornero-group 42\nout\u{1}\u{1}hornero-exit 41 0\nlast\u{1}hornero-exit 42 7\nlate";
        for size in 1..text.len() {
            let chunks: Vec<String> = text
                .as_bytes()
                .chunks(size)
                .map(|chunk| String::from_utf8(chunk.to_vec()).unwrap())
                .collect();
            let chunks: Vec<&str> = chunks.iter().map(String::as_str).collect();
            let own = "out\u{1}\u{1}hornero-exit 41 0\nlast".to_owned();
            assert_eq!(watched(&chunks), (Some(42), Some(7), own), "in pieces of {size}");
        }
    }

    #[test]
    fn output_without_a_group_line_passes_whole() {
        assert_eq!(through(&["\u{1}horses\n", "x"]), (None, "\u{1}horses\nx".into()));
    }
}

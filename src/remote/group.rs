//! The process group of a command: how it tells its number, and how it is ended when its time is over.

use std::time::Duration;

use super::{
    Command,
    drive::Wire,
    exec::{Output, Stop, execute},
};
use crate::event::Stream;

/// How a command tells its process group, in its first line of standard output.
pub const GROUP_MARK: &str = "\u{1}hornero-group ";

/// Hands output on, without the group line at its beginning.
pub(super) struct Watch<'a> {
    inner: &'a mut dyn Output,
    start: Vec<u8>,
    passed: bool,
    pub group: Option<u32>,
}

impl<'a> Watch<'a> {
    pub fn new(inner: &'a mut dyn Output) -> Self {
        Self { inner, start: Vec::new(), passed: false, group: None }
    }

    /// What of `bytes` is the command's own output; nothing while the first line is not whole.
    fn strip(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.start.extend_from_slice(bytes);
        let mark = GROUP_MARK.as_bytes();
        if !self.start.starts_with(&mark[..mark.len().min(self.start.len())]) {
            self.passed = true;
            return std::mem::take(&mut self.start);
        }
        let Some(end) = self.start.iter().position(|&byte| byte == b'\n') else { return Vec::new() };
        self.passed = true;
        let rest = self.start.split_off(end + 1);
        let number = std::str::from_utf8(&self.start[mark.len()..end]);
        self.group = number.ok().and_then(|number| number.parse().ok());
        rest
    }
}

impl Output for Watch<'_> {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        match stream {
            Stream::Stdout if !self.passed => {
                let own = self.strip(bytes);
                self.inner.bytes(stream, &own)
            }
            Stream::Stdout | Stream::Stderr => self.inner.bytes(stream, bytes),
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

struct Discard;

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
        let mut kept = Kept(Vec::new());
        let mut watch = Watch::new(&mut kept);
        for chunk in chunks {
            watch.bytes(Stream::Stdout, chunk.as_bytes()).unwrap();
        }
        let group = watch.group;
        (group, String::from_utf8(kept.0).unwrap())
    }

    #[test]
    fn the_group_line_is_taken_out_even_when_it_comes_in_pieces() {
        assert_eq!(through(&["\u{1}horn", "ero-group 4", "2\nhe", "llo\n"]), (Some(42), "hello\n".into()));
    }

    #[test]
    fn output_without_a_group_line_passes_whole() {
        assert_eq!(through(&["\u{1}horses\n", "x"]), (None, "\u{1}horses\nx".into()));
    }
}

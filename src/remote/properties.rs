//! What holds whatever a builder says on the line (`crate::properties`).

pub use super::upload::properties::{accounts, upload};
use super::{Exit, frame::Framed, lines::Lines, output::Output};
use crate::event::Stream;

/// Counts what it is handed.
#[derive(Default)]
struct Counted(usize);

impl Output for Counted {
    fn bytes(&mut self, _: Stream, bytes: &[u8]) -> std::io::Result<()> {
        self.0 += bytes.len();
        Ok(())
    }
}

/// Without the word of this very command nothing counts as its end, however the answer is cut.
pub fn frame(text: &[u8]) {
    let mut framed = Framed::new(Counted::default());
    let mut sizes = text.iter().map(|byte| usize::from(*byte % 13) + 1).cycle();
    let mut rest = text;
    while !rest.is_empty() {
        let size = sizes.next().unwrap_or(1).min(rest.len());
        framed.bytes(Stream::Stdout, &rest[..size]).expect("counting does not fail");
        rest = &rest[size..];
    }
    framed.end();
    assert!(framed.inner.0 <= text.len());
    assert!(
        framed.conclude(Exit::Code(0)).is_err(),
        "a command whose word nobody knows was ended by {text:?}"
    );
}

/// Lines hold what was said, and nothing waits without bound.
pub fn lines(text: &[u8]) {
    let (mut lines, mut characters) = (Lines::default(), 0);
    let mut count = |line: &str| characters += line.chars().count() + 2;
    text.chunks(7).for_each(|chunk| lines.push(chunk, &mut count));
    assert!(lines.unfinished().is_none_or(|shown| shown.len() <= 16 * 1024));
    lines.finish(&mut count);
    assert!(characters >= String::from_utf8_lossy(text).chars().count());
}

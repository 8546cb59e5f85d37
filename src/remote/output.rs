//! Where what a command prints goes: byte for byte into a writer, or as lines to the asynchronous side.

use std::io::Write;

use tokio::sync::mpsc;

use super::lines::Lines;
use crate::event::Stream;

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

/// Standard output as it is; what the command says on standard error is not part of it.
pub(super) struct ToWriter(pub Box<dyn Write + Send>);

impl Output for ToWriter {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        match stream {
            Stream::Stdout => self.0.write_all(bytes),
            Stream::Stderr | Stream::Merged => Ok(()),
        }
    }
}

/// Lines, handed to the asynchronous side as they come.
pub(super) struct ToLines {
    lines: [Lines; 2],
    sender: mpsc::UnboundedSender<(Stream, String)>,
}

impl ToLines {
    pub fn new(sender: mpsc::UnboundedSender<(Stream, String)>) -> Self {
        Self { lines: Default::default(), sender }
    }
}

impl Output for ToLines {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        let lines = &mut self.lines[usize::from(stream == Stream::Stderr)];
        // A receiver that is gone has been dropped together with the command.
        lines.push(bytes, |line| drop(self.sender.send((stream, line.to_owned()))));
        Ok(())
    }

    fn end(&mut self) {
        for (lines, stream) in self.lines.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
            lines.finish(|line| drop(self.sender.send((stream, line.to_owned()))));
        }
    }
}

/// Gives out each thing that is printed as it comes, until what prints is through.
pub(super) async fn hand_on<T, M>(
    running: impl Future<Output = T>,
    mut receiver: mpsc::UnboundedReceiver<M>,
    sink: &mut (dyn FnMut(M) + Send),
) -> T {
    let mut running = std::pin::pin!(running);
    loop {
        tokio::select! {
            biased;
            Some(printed) = receiver.recv() => sink(printed),
            result = &mut running => {
                while let Ok(printed) = receiver.try_recv() {
                    sink(printed);
                }
                return result;
            }
        }
    }
}

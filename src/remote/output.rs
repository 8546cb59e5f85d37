//! Where what a command prints goes: byte for byte into a writer, or as lines to the asynchronous side. That side is
//! waited for: what a builder prints is kept there until somebody takes it, and never here.

use std::{
    io::Write,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::lines::Lines;
use crate::event::Stream;

/// So many reads may wait for whoever takes their lines.
const QUEUED_READS: usize = 4;

/// Who takes lines lets others of the same task have their turn after this time.
const LONGEST_TURN: Duration = Duration::from_millis(50);

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

/// What is printed, on its way to the asynchronous side: all of one read goes together.
pub(super) struct Batch<M> {
    held: Vec<M>,
    sender: mpsc::Sender<Vec<M>>,
}

impl<M> Batch<M> {
    pub fn channel() -> (Self, mpsc::Receiver<Vec<M>>) {
        let (sender, receiver) = mpsc::channel(QUEUED_READS);
        (Self { held: Vec::new(), sender }, receiver)
    }

    pub fn push(&mut self, one: M) {
        self.held.push(one);
    }

    /// Waits until there is room for it, on a thread that may wait.
    pub fn send(&mut self) {
        if !self.held.is_empty() {
            // A receiver that is gone has been dropped together with the command.
            self.sender.blocking_send(std::mem::take(&mut self.held)).ok();
        }
    }
}

/// Lines, handed to the asynchronous side as they come.
pub(super) struct ToLines {
    lines: [Lines; 2],
    batch: Batch<(Stream, String)>,
}

impl ToLines {
    pub fn new(batch: Batch<(Stream, String)>) -> Self {
        Self { lines: Default::default(), batch }
    }
}

impl Output for ToLines {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        let lines = &mut self.lines[usize::from(stream == Stream::Stderr)];
        lines.push(bytes, |line| self.batch.push((stream, line.to_owned())));
        self.batch.send();
        Ok(())
    }

    fn end(&mut self) {
        for (lines, stream) in self.lines.iter_mut().zip([Stream::Stdout, Stream::Stderr]) {
            lines.finish(|line| self.batch.push((stream, line.to_owned())));
        }
        self.batch.send();
    }
}

/// Gives out each thing that is printed as it comes, until what prints is through.
pub(super) async fn hand_on<T, M>(
    running: impl Future<Output = T>,
    mut receiver: mpsc::Receiver<Vec<M>>,
    sink: &mut (dyn FnMut(M) + Send),
) -> T {
    let mut running = std::pin::pin!(running);
    loop {
        tokio::select! {
            biased;
            Some(batch) = receiver.recv() => hand_over(batch, sink).await,
            result = &mut running => {
                while let Ok(batch) = receiver.try_recv() {
                    batch.into_iter().for_each(&mut *sink);
                }
                return result;
            }
        }
    }
}

/// Gives out what was printed. Whoever waits for something else in the same task, such as a signal, is asked in
/// between: a line in which secrets are looked for may take a while.
pub async fn hand_over<M>(batch: Vec<M>, sink: &mut (dyn FnMut(M) + Send)) {
    let mut begun = Instant::now();
    for printed in batch {
        sink(printed);
        if begun.elapsed() >= LONGEST_TURN {
            tokio::task::yield_now().await;
            begun = Instant::now();
        }
    }
    tokio::task::yield_now().await;
}

#[cfg(test)]
mod tests {

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_nobody_takes_is_not_read() {
        let (batch, mut receiver) = Batch::channel();
        let reads = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = reads.clone();
        let printing = tokio::task::spawn_blocking(move || {
            let mut output = ToLines::new(batch);
            for _ in 0..100 {
                output.bytes(Stream::Stdout, b"one\ntwo\n").unwrap();
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(reads.load(std::sync::atomic::Ordering::SeqCst), QUEUED_READS);
        let mut lines = 0;
        while let Some(batch) = receiver.recv().await {
            lines += batch.len();
        }
        printing.await.unwrap();
        assert_eq!(lines, 200);
    }
}

//! What is sent over one line: its pieces one after the other, as standard input of the script that takes
//! them there.

use std::{
    io::{self, BufRead, Read},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{progress::Progress, seal::Sealed};

/// What a line is handed: a piece, or why there is none. When nobody is left to hand it any, it is done.
pub(super) type Handed = io::Result<Sealed>;

/// The standard input of one line.
pub(super) struct Line {
    pieces: Receiver<Handed>,
    current: Sealed,
    read: usize,
    over: bool,
    progress: Arc<Progress>,
}

impl Line {
    /// With where it is handed its pieces: two ahead of what is sent at most, so that a large upload takes no
    /// more memory than a small one.
    pub fn new(progress: &Arc<Progress>) -> (SyncSender<Handed>, Self) {
        let (sender, pieces) = sync_channel(1);
        let current = Sealed::default();
        (sender, Self { pieces, current, read: 0, over: false, progress: progress.clone() })
    }
}

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Line {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.read == self.current.head.len() + self.current.bytes.len() && !self.over {
            self.read = 0;
            self.current = Sealed::default();
            match self.pieces.recv() {
                Ok(handed) => self.current = handed?,
                // All is sent; or another line has ended: the builder says why, or its end does.
                Err(_) => self.over = true,
            }
        }
        Ok(match self.read.checked_sub(self.current.head.len()) {
            None => &self.current.head[self.read..],
            Some(read) => &self.current.bytes[read..],
        })
    }

    /// A piece counts for its files as far as its bytes have been sent.
    fn consume(&mut self, count: usize) {
        let Sealed { head, bytes, files } = &self.current;
        let share = |read: usize| {
            let sent = read.saturating_sub(head.len()) as u64;
            (files * sent).checked_div(bytes.len() as u64).unwrap_or(0)
        };
        let before = share(self.read);
        self.read += count;
        self.progress.add(share(self.read) - before);
    }
}

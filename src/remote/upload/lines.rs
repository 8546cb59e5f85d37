//! The pieces, handed out to the lines in turn: made by one thread, two ahead of each line at most, so
//! that a large upload takes no more memory than a small one.

use std::{
    io::{self, BufRead, Read},
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
};

use super::{
    Work,
    progress::Progress,
    seal::{Sealed, Sealer},
};

/// What a line is handed.
enum Handed {
    Piece(Sealed),
    /// Nothing more comes.
    End,
    Failed(io::ErrorKind, String),
}

/// The standard input of one line.
pub(super) struct Line {
    pieces: Receiver<Handed>,
    current: Sealed,
    read: usize,
    over: bool,
    progress: Arc<Progress>,
}

/// Begins to make the pieces from the one with this number on, for one line and so many more, in an
/// attempt of this name.
///
/// # Errors
/// When no thread can be started.
pub(super) fn start(
    work: &Arc<Work>,
    (from, attempt): (usize, String),
    more: usize,
    progress: &Arc<Progress>,
) -> io::Result<(Line, Vec<Line>)> {
    let line = || {
        let (sender, pieces) = sync_channel(1);
        let current = Sealed::default();
        (sender, Line { pieces, current, read: 0, over: false, progress: progress.clone() })
    };
    let (sender, first) = line();
    let (mut senders, rest): (Vec<_>, Vec<_>) = (0..more).map(|_| line()).unzip();
    senders.insert(0, sender);
    let work = work.clone();
    std::thread::Builder::new()
        .name("upload".into())
        .spawn(move || make(&work, (from, &attempt), &senders))?;
    Ok((first, rest))
}

/// A line that does not take its pieces any more has ended, and with it the attempt.
fn make(work: &Work, (from, attempt): (usize, &str), senders: &[SyncSender<Handed>]) {
    let mut sealer = Sealer::new(&work.entries, &work.ids, attempt);
    let turns = senders.iter().cycle();
    for ((number, piece), sender) in work.pieces.iter().enumerate().skip(from).zip(turns) {
        let handed = match sealer.seal(number, piece) {
            Ok(sealed) => sender.send(Handed::Piece(sealed)),
            Err(error) => {
                let failed = || Handed::Failed(error.kind(), error.to_string());
                // Those that have ended already have their own reason.
                return senders.iter().for_each(|sender| drop(sender.send(failed())));
            }
        };
        if handed.is_err() {
            return;
        }
    }
    let last = (work.pieces.len() - from) % senders.len();
    let end = Sealed { head: format!("{} end\n", work.pieces.len()).into_bytes(), ..Sealed::default() };
    drop(senders[last].send(Handed::Piece(end)));
    senders.iter().for_each(|sender| drop(sender.send(Handed::End)));
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
                Ok(Handed::Piece(sealed)) => self.current = sealed,
                Ok(Handed::End) => self.over = true,
                Ok(Handed::Failed(kind, why)) => return Err(io::Error::new(kind, why)),
                // Another line has ended: the builder says why, or its end does.
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

//! The pieces, made by one thread and handed out to the lines in turn. It begins over one line, for opening
//! others takes many round trips; they join when they are there.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, Sender, SyncSender, channel},
    },
};

use super::{
    Work,
    lines::{Handed, Line},
    progress::Progress,
    seal::{Sealed, Sealer},
};
use crate::remote::entries::ChangedFile;

/// Where further lines join.
pub(super) struct Joining {
    lines: Sender<Vec<SyncSender<Handed>>>,
    progress: Arc<Progress>,
}

/// Lines that are to join as soon as the builder has them.
pub(super) struct Joined {
    lines: Vec<SyncSender<Handed>>,
    joining: Sender<Vec<SyncSender<Handed>>>,
}

/// The numbers of further lines, which are those of their descriptors on the builder.
pub(super) fn numbers(lines: usize) -> impl Iterator<Item = usize> {
    (3..).take(lines)
}

/// Begins to make the pieces from the one with this number on, in an attempt of this name; gives the
/// first line.
///
/// # Errors
/// When no thread can be started.
pub(super) fn start(
    work: &Arc<Work>,
    (from, attempt): (usize, String),
    progress: &Arc<Progress>,
) -> io::Result<(Line, Joining)> {
    let (sender, first) = Line::new(progress);
    let (lines, joined) = channel();
    let maker = Maker { work: work.clone(), attempt, lines: vec![sender], joined };
    std::thread::Builder::new().name("upload".into()).spawn(move || maker.run(from))?;
    Ok((first, Joining { lines, progress: progress.clone() }))
}

impl Joining {
    /// So many lines, which are handed nothing before they have joined.
    pub fn lines(self, count: usize) -> (Vec<Line>, Joined) {
        let (lines, streams) = (0..count).map(|_| Line::new(&self.progress)).unzip();
        (streams, Joined { lines, joining: self.lines })
    }
}

impl Joined {
    /// The builder has them all.
    pub fn ready(self) {
        // Nobody is there any more when everything has been handed out.
        drop(self.joining.send(self.lines));
    }
}

/// Makes the pieces.
struct Maker {
    work: Arc<Work>,
    attempt: String,
    lines: Vec<SyncSender<Handed>>,
    joined: Receiver<Vec<SyncSender<Handed>>>,
}

/// A line does not take its pieces any more: it has ended, and with it the attempt.
struct Over;

impl Maker {
    fn run(mut self, from: usize) {
        // Who ends by itself says why, or the builder does.
        self.hand_out(from).ok();
    }

    fn hand_out(&mut self, from: usize) -> Result<(), Over> {
        let work = self.work.clone();
        let attempt = std::mem::take(&mut self.attempt);
        let mut sealer = Sealer::new(&work.entries, &work.ids, &attempt);
        let mut turn = 0;
        for (number, piece) in work.pieces.iter().enumerate().skip(from) {
            if turn == 0 {
                self.let_join()?;
            }
            match sealer.seal(number, piece) {
                Ok(sealed) => hand(&self.lines[turn], sealed)?,
                Err(error) => {
                    self.fail(&error);
                    return Err(Over);
                }
            }
            turn = (turn + 1) % self.lines.len();
        }
        hand(&self.lines[turn], told(format!("{} end", work.pieces.len())))
    }

    /// The first line, whose turn it is, says who takes turns from now on.
    fn let_join(&mut self) -> Result<(), Over> {
        let Ok(lines) = self.joined.try_recv() else { return Ok(()) };
        let names: Vec<String> = numbers(lines.len()).map(|number| number.to_string()).collect();
        hand(&self.lines[0], told(format!("0 join plain 0 {}", names.join(" "))))?;
        self.lines.extend(lines);
        Ok(())
    }

    /// Lines that have ended already have their own reason.
    fn fail(&self, error: &io::Error) {
        if let Some(changed) = ChangedFile::behind(error) {
            // The first one is told.
            self.work.changed.set(changed.clone()).ok();
        }
        let why = || io::Error::new(error.kind(), error.to_string());
        self.lines.iter().for_each(|line| drop(line.send(Err(why()))));
    }
}

fn hand(line: &SyncSender<Handed>, sealed: Sealed) -> Result<(), Over> {
    line.send(Ok(sealed)).map_err(|_| Over)
}

/// A word to the builder.
fn told(word: String) -> Sealed {
    Sealed { head: (word + "\n").into_bytes(), ..Sealed::default() }
}

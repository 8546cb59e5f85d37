//! The on-disk record of a run: what it is about to do outside of itself, before it does so, and what
//! came of it. Every line is on the disk when the call that writes it comes back, so that another
//! process knows what a run that was killed may have left. The file is locked for as long as its run
//! lives; the kernel lets go of the lock however the run ends.

mod entry;
mod format;
mod history;
#[cfg(test)]
mod tests;
mod unanswered;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

pub use entry::{Effect, Entry, Header, Place, Thing};
pub use format::{FIRST_FORMAT, NEWER_HINT, NewerFormat, Stamped, check_format};
pub use history::{History, Session};
pub use unanswered::Unanswered;

/// Name of the file in a run's folder.
pub const FILE: &str = "journal";

/// Why a journal could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{doing} the journal `{}`: {why}", path.display())]
pub struct JournalError {
    doing: &'static str,
    path: PathBuf,
    why: io::Error,
}

impl JournalError {
    /// Whether a newer hornero has written it.
    pub fn is_newer(&self) -> bool {
        self.why.get_ref().is_some_and(|why| why.is::<NewerFormat>())
    }
}

/// The journal of one run, open for writing. Clones write the same file.
#[derive(Clone, Debug)]
pub struct Journal(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    inner: Mutex<Inner>,
    calls: unanswered::Counter,
}

#[derive(Debug)]
struct Inner {
    file: File,
    state: State,
}

/// What is known of what was written so far.
#[derive(Debug, Default)]
struct State {
    /// Of the last intent.
    number: u32,
    /// What was made and is not gone.
    open: Vec<Thing>,
    /// The last line is not whole: what follows begins on a line of its own.
    torn: bool,
}

/// An effect that is about to happen.
#[derive(Debug)]
#[must_use = "the result of an effect belongs into the journal"]
pub struct Intent {
    journal: Journal,
    number: u32,
}

impl Journal {
    /// Begins the journal of a new run in its folder.
    ///
    /// # Errors
    /// When there is one already, or the folder cannot be written to.
    pub fn begin(folder: &Path, header: Header) -> Result<Self, JournalError> {
        let path = folder.join(FILE);
        let opened = OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(&path);
        let file = opened.and_then(|file| {
            file.try_lock().map_err(io::Error::from)?;
            File::open(folder)?.sync_all()?;
            Ok(file)
        });
        let journal = Self::over(path, file, State::default())?;
        journal.append(&mut journal.lock(), &Stamped::new(FIRST_FORMAT, &Entry::Begun(header)))?;
        Ok(journal)
    }

    /// Takes over the journal of a run that is dead; `None` while it lives.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn take_over(folder: &Path) -> Result<Option<(Self, History)>, JournalError> {
        let path = folder.join(FILE);
        let failed = |why| JournalError { doing: "reading", path: path.clone(), why };
        let mut file = OpenOptions::new().read(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).and_then(|_| file.seek(io::SeekFrom::End(0))).map_err(failed)?;
        let history = history_of(&text).map_err(failed)?;
        let torn = text.last().is_some_and(|last| *last != b'\n');
        let (number, open) = (history.last_number, history.things.clone());
        let journal = Self::over(path.clone(), Ok(file), State { number, open, torn })?;
        Ok(Some((journal, history)))
    }

    fn over(path: PathBuf, file: io::Result<File>, state: State) -> Result<Self, JournalError> {
        match file {
            Ok(file) => {
                let (inner, calls) = (Mutex::new(Inner { file, state }), Default::default());
                Ok(Self(Arc::new(Shared { path, inner, calls })))
            }
            Err(why) => Err(JournalError { doing: "beginning", path, why }),
        }
    }

    /// To be called before the effect, which must not happen when this fails.
    ///
    /// # Errors
    /// When the entry is not safely on the disk.
    pub fn intend(&self, effect: Effect) -> Result<Intent, JournalError> {
        let mut inner = self.lock();
        inner.state.number += 1;
        let number = inner.state.number;
        self.append(&mut inner, &Entry::Intent { number, at: Timestamp::now(), effect })?;
        drop(inner);
        Ok(Intent { journal: self.clone(), number })
    }

    /// Something is there that has to be removed again.
    ///
    /// # Errors
    /// When the entry is not safely on the disk. The thing is known to this process all the same.
    pub fn made(&self, thing: Thing) -> Result<(), JournalError> {
        let mut inner = self.lock();
        inner.state.open.push(thing.clone());
        self.append(&mut inner, &Entry::Made { at: Timestamp::now(), thing })
    }

    /// It was removed. Nothing happens for what was not made.
    ///
    /// # Errors
    /// When the entry is not safely on the disk; whoever cleans up then looks for it in vain.
    pub fn gone(&self, of: impl Fn(&Thing) -> bool) -> Result<(), JournalError> {
        let mut inner = self.lock();
        let gone: Vec<Thing> = inner.state.open.extract_if(.., |thing| of(thing)).collect();
        let at = Timestamp::now();
        gone.into_iter().try_for_each(|thing| self.append(&mut inner, &Entry::Gone { at, thing }))
    }

    /// The image is complete.
    ///
    /// # Errors
    /// When the entry is not safely on the disk.
    pub fn kept(&self, image: &str, folder: &Path) -> Result<(), JournalError> {
        self.write(&Entry::Kept { at: Timestamp::now(), image: image.into(), folder: folder.into() })
    }

    /// The builder stays, for a person to look at and to go on with.
    ///
    /// # Errors
    /// When the entry is not safely on the disk.
    pub fn builder_kept(&self, until: Timestamp) -> Result<(), JournalError> {
        self.write(&Entry::BuilderKept { at: Timestamp::now(), until })
    }

    /// This process goes on with a run that another one has begun.
    ///
    /// # Errors
    /// When the entry is not safely on the disk.
    pub fn taken_up(&self) -> Result<(), JournalError> {
        self.write(&Entry::TakenUp { at: Timestamp::now(), pid: std::process::id() })
    }

    /// The run is over, with this exit code if it came to its own end.
    ///
    /// # Errors
    /// When the entry is not safely on the disk.
    pub fn ended(&self, exit_code: Option<u8>) -> Result<(), JournalError> {
        let mut inner = self.lock();
        let clean = inner.state.open.is_empty();
        self.append(&mut inner, &Entry::Ended { at: Timestamp::now(), clean, exit_code })
    }

    /// What was made and is not gone, the latest first.
    pub fn open_things(&self) -> Vec<Thing> {
        self.lock().state.open.iter().rev().cloned().collect()
    }

    fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        self.append(&mut self.lock(), entry)
    }

    fn append(&self, inner: &mut Inner, entry: &impl Serialize) -> Result<(), JournalError> {
        let write = |inner: &mut Inner| {
            let mut line = if inner.state.torn { b"\n".to_vec() } else { Vec::new() };
            serde_json::to_writer(&mut line, entry)?;
            line.push(b'\n');
            // One write, which a full disk or a kill can only tear at its end.
            inner.state.torn = true;
            inner.file.write_all(&line)?;
            inner.state.torn = false;
            inner.file.sync_data()
        };
        write(inner).map_err(|why| self.error("writing", why))
    }

    /// In a file that nobody else can see.
    #[cfg(test)]
    pub fn of_a_test() -> Self {
        Self::over("journal".into(), tempfile::tempfile(), State::default()).unwrap()
    }

    fn error(&self, doing: &'static str, why: io::Error) -> JournalError {
        JournalError { doing, path: self.0.path.clone(), why }
    }

    /// A panic elsewhere does not make what is on the disk wrong.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intent {
    /// # Errors
    /// When the entry is not safely on the disk.
    pub fn result(self, ok: bool) -> Result<(), JournalError> {
        self.journal.write(&Entry::Result { number: self.number, at: Timestamp::now(), ok })
    }
}

/// Whether a process is at work on the run of this folder.
///
/// # Errors
/// When the journal cannot be opened or asked for its lock.
pub fn is_held(folder: &Path) -> Result<bool, JournalError> {
    let path = folder.join(FILE);
    let asked = File::open(&path).map(|file| file.try_lock_shared());
    let failed = |why| JournalError { doing: "reading", path, why };
    match asked.map_err(failed.clone())? {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(why)) => Err(failed(why)),
    }
}

/// What is known of a run, dead or alive; `None` when it has no journal.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(folder: &Path) -> Result<Option<History>, JournalError> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(text) => match history_of(&text) {
            Ok(history) => Ok(Some(history)),
            Err(why) => Err(JournalError { doing: "reading", path, why }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(JournalError { doing: "reading", path, why }),
    }
}

/// What a journal tells, unless a newer hornero has written it: of that nothing may be taken for granted.
fn history_of(text: &[u8]) -> io::Result<History> {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    check_format(first, FIRST_FORMAT).map_err(io::Error::other)?;
    Ok(History::of(text))
}

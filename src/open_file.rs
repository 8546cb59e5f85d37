//! The one door through which every file is opened that a template or the command line names. It lets ordinary
//! files pass, from where they may lie: nothing is waited for, and no more bytes are read than were asked for.

mod refusal;

use std::{
    fs::File,
    io::{self, Read},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    path::{Path, PathBuf},
};

pub use refusal::OpenError;
use refusal::kind_of;
use rustix::fs::{Mode, OFlags};
use sha2::{Digest, Sha256};

/// A larger file is not sent to a builder: reading it takes minutes, and most such files are mistakes.
pub const LARGEST_SENT_BYTES: u64 = 64 << 30;

/// Of a private key: the largest is far smaller.
pub const LARGEST_KEY_BYTES: u64 = 64 << 10;

/// Read at once: large enough that the system calls do not show.
const CHUNK_BYTES: u64 = 1 << 20;

/// Where the file that a path names may really lie.
#[derive(Clone, Copy, Debug)]
pub enum Confinement<'a> {
    /// Wherever links lead: whoever runs hornero has named it, or it was judged before.
    Anywhere,
    /// In one of these real folders.
    Within(&'a [PathBuf]),
    /// At this very path, which is no link.
    NoLink,
}

/// An ordinary file that is open for reading.
#[derive(Debug)]
pub struct OrdinaryFile {
    pub file: File,
    /// As many bytes as it had when it was opened.
    pub size: u64,
    /// Permission bits.
    pub mode: u32,
}

/// A whole file in memory.
#[derive(Debug)]
pub struct FileBytes {
    pub bytes: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
}

/// Opens a file that is an ordinary one. A pipe, device or socket is looked at and never opened: that alone
/// may block, or do something.
///
/// # Errors
/// When it is no ordinary file, lies elsewhere, or may not be read.
pub fn open(path: &Path, reach: Confinement<'_>) -> Result<OrdinaryFile, OpenError> {
    let handle = look_at(path, reach)?;
    let file = reopen(&handle, path)?;
    let metadata = file.metadata()?;
    Ok(OrdinaryFile { size: metadata.len(), mode: metadata.mode() & 0o7777, file })
}

/// Looks whether [`open`] would take the file, without a right to read it.
///
/// # Errors
/// As [`open`].
pub fn judge(path: &Path, reach: Confinement<'_>) -> Result<(), OpenError> {
    look_at(path, reach).map(drop)
}

/// The content of a file of at most `most` bytes.
///
/// # Errors
/// As [`open`], and when it has more bytes.
pub fn read(path: &Path, reach: Confinement<'_>, most: u64) -> Result<FileBytes, OpenError> {
    let OrdinaryFile { file, size, mode } = open(path, reach)?;
    let mut bytes = Vec::new();
    if size <= most {
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    match size.max(bytes.len() as u64) {
        found if found > most => Err(OpenError::TooLarge { size: found, most }),
        _ => Ok(FileBytes { bytes, mode }),
    }
}

impl OrdinaryFile {
    /// SHA-256 of what it holds.
    ///
    /// # Errors
    /// When it has another length than when it was opened: whoever writes to it may never end.
    pub fn sum(self) -> Result<[u8; 32], OpenError> {
        let (mut sum, mut read) = (Sha256::new(), 0);
        // Small files come by the thousands: the large buffer would cost more than reading them.
        let mut buffer = vec![0; self.size.clamp(4096, CHUNK_BYTES) as usize];
        let mut bounded = (&self.file).take(self.size + 1);
        loop {
            match bounded.read(&mut buffer)? {
                0 if read == self.size => return Ok(sum.finalize().into()),
                0 => return Err(OpenError::Changed),
                count => sum.update(&buffer[..count]),
            }
            read = self.size + 1 - bounded.limit();
        }
    }
}

/// A handle that stands for the file and has not opened it.
fn look_at(path: &Path, reach: Confinement<'_>) -> Result<OwnedFd, OpenError> {
    let links = if matches!(reach, Confinement::NoLink) { OFlags::NOFOLLOW } else { OFlags::empty() };
    let handle = rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC | links, Mode::empty())?;
    let stat = rustix::fs::fstat(&handle)?;
    if let Some(refused) = kind_of(stat.st_mode) {
        return Err(refused);
    }
    if refusal::is_made_by_the_kernel(rustix::fs::fstatfs(&handle)?.f_type as u64) {
        return Err(OpenError::Special("a file that the kernel makes up when it is read"));
    }
    if let Confinement::Within(folders) = reach {
        let real = real_path(&handle, path)?;
        if !folders.iter().any(|folder| real.starts_with(folder)) {
            return Err(OpenError::Elsewhere { real });
        }
    }
    Ok(handle)
}

/// Where the open file lies, whatever has become of the path meanwhile.
fn real_path(handle: &OwnedFd, path: &Path) -> io::Result<PathBuf> {
    let known = std::fs::read_link(in_proc(handle));
    // Without /proc the path is asked once more.
    known.or_else(|_| std::fs::canonicalize(path))
}

fn reopen(handle: &OwnedFd, path: &Path) -> Result<File, OpenError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match rustix::fs::open(in_proc(handle), flags, Mode::empty()) {
        Ok(opened) => Ok(File::from(opened)),
        Err(rustix::io::Errno::NOENT) => {
            let opened = rustix::fs::open(path, flags | OFlags::NOFOLLOW, Mode::empty())?;
            let (now, then) = (rustix::fs::fstat(&opened)?, rustix::fs::fstat(handle)?);
            let is_same = (now.st_dev, now.st_ino) == (then.st_dev, then.st_ino);
            if is_same { Ok(File::from(opened)) } else { Err(OpenError::Changed) }
        }
        Err(error) => Err(error.into()),
    }
}

fn in_proc(handle: &OwnedFd) -> PathBuf {
    format!("/proc/self/fd/{}", handle.as_raw_fd()).into()
}

#[cfg(test)]
mod tests;

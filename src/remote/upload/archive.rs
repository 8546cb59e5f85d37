//! The archive of one piece: entries as tar, with owner, mode and time as they are to be there.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::accounts::Ids;
use crate::{
    open_file::{self, Confinement},
    remote::entries::{ChangedFile, Content, Entry, FileChange, FileSum},
};

/// What an archive is made of.
const BLOCK: usize = 512;

/// A longer name stands in two blocks of its own.
const NAME: usize = 100;

/// About the bytes that they come to.
pub(super) fn size<'a>(entries: impl Iterator<Item = &'a Entry>) -> usize {
    let blocks = entries.map(|entry| {
        let head = if entry.destination.as_os_str().len() > NAME { 3 } else { 1 };
        head + usize::try_from(entry.content.size()).unwrap_or(0).div_ceil(BLOCK)
    });
    (blocks.sum::<usize>() + 2) * BLOCK
}

/// # Errors
/// When a file cannot be read or changes meanwhile; the message names it.
pub(super) fn write<'a>(
    out: impl Write,
    entries: impl Iterator<Item = &'a Entry>,
    ids: &Ids,
) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    for entry in entries {
        append(&mut archive, entry, inside(&entry.destination), ids).map_err(|error| named(entry, error))?;
    }
    archive.into_inner()?.flush()
}

/// Archives have no absolute names.
fn inside(destination: &Path) -> &Path {
    destination.strip_prefix("/").unwrap_or(destination)
}

/// The same error, with the name of what it is about.
pub(super) fn named(entry: &Entry, error: io::Error) -> io::Error {
    // It says its name.
    if ChangedFile::behind(&error).is_some() {
        return error;
    }
    io::Error::new(error.kind(), format!("{}: {error}", entry.content.shown(&entry.destination)))
}

fn append(archive: &mut tar::Builder<impl Write>, entry: &Entry, path: &Path, ids: &Ids) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    let (uid, gid) = ids.of(&entry.owner);
    header.set_uid(uid);
    header.set_gid(gid);
    header.set_mode(entry.mode);
    header.set_mtime(entry.modified);
    header.set_size(0);
    match &entry.content {
        Content::Bytes(bytes) => {
            header.set_size(bytes.len() as u64);
            archive.append_data(&mut header, path, bytes.as_slice())
        }
        Content::File { path: local, size, data: _, sum } => {
            header.set_size(*size);
            // A file that shrinks or grows meanwhile must not shift what follows it in the archive.
            let content = sum.map(|_| Sha256::new());
            let mut file = Exactly { inner: open(local)?.take(*size), left: *size, content };
            archive.append_data(&mut header, path, &mut file)?;
            judge(local, *sum, file.content)
        }
        // Folders are made before anything is unpacked.
        Content::Folder { .. } => Ok(()),
        Content::HardLink(first) => {
            header.set_entry_type(tar::EntryType::Link);
            archive.append_link(&mut header, path, inside(first))
        }
        Content::Link(target) => {
            header.set_entry_type(tar::EntryType::Symlink);
            archive.append_link(&mut header, path, target)
        }
    }
}

/// What became a link after it was looked at may lead anywhere.
pub(super) fn open(path: &Path) -> io::Result<File> {
    Ok(open_file::open(path, Confinement::NoLink)?.file)
}

/// Whether a file holds what it must.
///
/// # Errors
/// When it is not what it was when the bake began.
pub(super) fn judge(path: &Path, expected: Option<FileSum>, found: Option<Sha256>) -> io::Result<()> {
    match expected == found.map(|found| found.finalize().into()) {
        true => Ok(()),
        false => Err(ChangedFile::error(path, FileChange::Content)),
    }
}

/// Sums what it reads where that is wanted, and fails when its source ends before `left` bytes.
struct Exactly<R> {
    inner: R,
    left: u64,
    content: Option<Sha256>,
}

impl<R: Read> Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left -= count as u64;
        if let Some(content) = &mut self.content {
            content.update(&buffer[..count]);
        }
        if count == 0 && self.left > 0 && !buffer.is_empty() {
            return Err(changed());
        }
        Ok(count)
    }
}

pub(super) fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it changed while it was read")
}

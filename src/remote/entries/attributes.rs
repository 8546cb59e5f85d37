//! What a local file has beside its name and bytes: holes, and bits that are not sent.

use std::{
    fs::Metadata,
    io,
    ops::Range,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use rustix::{fs::SeekFrom, io::Errno};

use crate::open_file::{self, Confinement};

/// A hole in a smaller file is not worth a piece of its own.
const SMALLEST_WITH_HOLES: u64 = 256 << 10;

/// What `stat` counts the blocks of a file in.
const BLOCK: u64 = 512;

/// Setuid, setgid and sticky.
const SPECIAL: u32 = 0o7000;

/// The parts of a file that are data, where others are holes.
pub(super) fn data(path: &Path, metadata: &Metadata) -> Option<Vec<Range<u64>>> {
    let size = metadata.len();
    if size < SMALLEST_WITH_HOLES || metadata.blocks() * BLOCK >= size {
        return None;
    }
    // Where the file system does not tell, all of it is data.
    let ranges = ranges(path, size).ok()?;
    let whole = ranges.first().is_some_and(|first| *first == (0..size));
    (!whole).then_some(ranges)
}

fn ranges(path: &Path, size: u64) -> io::Result<Vec<Range<u64>>> {
    let file = open_file::open(path, Confinement::NoLink)?.file;
    let (mut ranges, mut at) = (Vec::new(), 0);
    while at < size {
        let start = match rustix::fs::seek(&file, SeekFrom::Data(at)) {
            Ok(start) => start,
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let end = rustix::fs::seek(&file, SeekFrom::Hole(start))?.min(size);
        if start >= end {
            break;
        }
        ranges.push(start..end);
        at = end;
    }
    Ok(ranges)
}

/// Whether a file or folder has something on this computer that it will not have on the builder: a git checkout
/// keeps none of it, and root's files must not get such a bit by chance.
pub(super) fn loses(path: &Path, metadata: &Metadata, mode_is_declared: bool) -> bool {
    let special = metadata.permissions().mode() & SPECIAL != 0 && !mode_is_declared;
    special || has_capabilities(path)
}

fn has_capabilities(path: &Path) -> bool {
    rustix::fs::lgetxattr(path, "security.capability", &mut [0_u8; 64]).is_ok()
}

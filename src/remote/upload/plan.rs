//! What an upload comes to: its pieces, in the order in which they are sent. Small files travel together
//! as an archive; a large one comes in slices beside its destination and takes its place when it is whole.
//! So nothing half-written is ever at a destination. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::remote::entries::{Content, Entry};

/// A header of an archive, for the bytes that a small file comes to.
const HEADER: u64 = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Unpacked together; places in the list of entries.
    Together(Vec<usize>),
    Slice {
        entry: usize,
        offset: u64,
        bytes: u64,
        compressed: bool,
    },
    /// All slices of the file have come.
    Place(usize),
}

impl Piece {
    /// The bytes of the files in it.
    pub fn bytes(&self, entries: &[Entry]) -> u64 {
        match self {
            Self::Together(places) => places.iter().map(|place| entries[*place].content.size()).sum(),
            Self::Slice { bytes, .. } => *bytes,
            Self::Place(_) => 0,
        }
    }
}

/// A slice where others may follow over another line soon: what is queued when one joins goes first.
const SHORT: u64 = 1 << 20;

/// Each slice of a compressed file costs the builder some programs: they are as much longer as the file
/// shrinks, so many times at most.
const LONGER: u64 = 4;

/// And no longer than this, for they are made in memory.
const LONGEST: u64 = 16 << 20;

/// The bytes of a piece, about.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    pub archive: u64,
    /// A larger file comes in slices of about so many bytes on the line.
    pub slice: u64,
    /// The first slices of an upload are short, for so many bytes of them.
    pub opening: u64,
}

/// `estimates` has the place of each file that is sent compressed, and the bytes that it is likely to come to.
pub(super) fn pieces(entries: &[Entry], sizes: Sizes, estimates: &BTreeMap<usize, u64>) -> Vec<Piece> {
    let Sizes { archive, slice, opening: mut short } = sizes;
    let (mut pieces, mut together, mut filled) = (Vec::new(), Vec::new(), 0);
    for (place, entry) in entries.iter().enumerate() {
        let bytes = entry.content.size();
        let alone = matches!(entry.content, Content::File { .. }) && bytes > slice;
        if alone || filled + bytes > archive {
            close(&mut pieces, &mut together);
            filled = 0;
        }
        if alone {
            pieces.extend(slices((place, bytes), estimates.get(&place).copied(), slice, &mut short));
        } else {
            together.push(place);
            filled += bytes + HEADER;
        }
    }
    close(&mut pieces, &mut together);
    if pieces.len() > 1 {
        // What comes into a folder later changes its time, and one that was missing was made for it.
        let mut folders: Vec<usize> =
            (0..entries.len()).filter(|place| matches!(entries[*place].content, Content::Folder)).collect();
        close(&mut pieces, &mut folders);
    }
    pieces
}

fn close(pieces: &mut Vec<Piece>, together: &mut Vec<usize>) {
    if !together.is_empty() {
        pieces.push(Piece::Together(std::mem::take(together)));
    }
}

fn slices(
    (entry, bytes): (usize, u64),
    estimate: Option<u64>,
    size: u64,
    short: &mut u64,
) -> impl Iterator<Item = Piece> {
    let longer = estimate.map_or(1, |sent| (bytes / sent.max(1)).clamp(1, LONGER));
    let mut offset = 0;
    let slices = std::iter::from_fn(move || {
        let left = bytes - offset;
        let next =
            (if *short > 0 { size.min(SHORT) } else { size } * longer).min(LONGEST.max(size)).min(left);
        let slice = Piece::Slice { entry, offset, bytes: next, compressed: estimate.is_some() };
        *short = short.saturating_sub(next / longer);
        offset += next;
        (left > 0).then_some(slice)
    });
    slices.chain([Piece::Place(entry)])
}

/// The first entry whose way leads through a link that comes with this upload and may lead out of its
/// folder: where that would be written, nobody can tell from the template.
pub(super) fn astray(entries: &[Entry]) -> Option<(&str, &str)> {
    let leaves =
        |target: &Path| target.is_absolute() || target.components().any(|part| part.as_os_str() == "..");
    let links: BTreeSet<&Path> = entries
        .iter()
        .filter(|entry| matches!(&entry.content, Content::Link(target) if leaves(target)))
        .map(|entry| Path::new(&entry.destination))
        .collect();
    entries.iter().find_map(|entry| {
        let through = Path::new(&entry.destination).ancestors().skip(1).find(|parent| links.contains(parent));
        through.and_then(Path::to_str).map(|link| (entry.destination.as_str(), link))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::model::Owner;

    fn entry(destination: &str, content: Content) -> Entry {
        Entry { destination: destination.into(), owner: Owner::default(), mode: 0o644, modified: 0, content }
    }

    fn file(destination: &str, size: u64) -> Entry {
        entry(destination, Content::File { path: destination.into(), size })
    }

    fn sizes(size: u64) -> Sizes {
        Sizes { archive: size, slice: size, opening: 0 }
    }

    #[test]
    fn small_files_travel_together_and_a_large_one_in_slices_that_cover_it() {
        let entries = [file("/a", 10), file("/b", 20), file("/big", 2500), file("/c", 30)];
        let slice = |offset, bytes| Piece::Slice { entry: 2, offset, bytes, compressed: false };
        assert_eq!(
            pieces(&entries, sizes(1000), &BTreeMap::new()),
            [
                Piece::Together(vec![0, 1]),
                slice(0, 1000),
                slice(1000, 1000),
                slice(2000, 500),
                Piece::Place(2),
                Piece::Together(vec![3]),
            ]
        );
        let all: u64 =
            pieces(&entries, sizes(1000), &BTreeMap::new()).iter().map(|piece| piece.bytes(&entries)).sum();
        assert_eq!(all, 2560);
    }

    #[test]
    fn where_other_lines_may_join_it_begins_with_short_slices() {
        let (size, whole) = (4 << 20, 10 << 20);
        let sizes = Sizes { opening: 3 << 20, ..sizes(size) };
        let slices = |estimates| -> Vec<u64> {
            let pieces = pieces(&[file("/big", whole)], sizes, &estimates);
            pieces.iter().map(|piece| piece.bytes(&[]) >> 20).collect()
        };
        assert_eq!(slices(BTreeMap::new()), [1, 1, 1, 4, 3, 0]);
        assert_eq!(slices(BTreeMap::from([(0, whole / 2)])), [2, 2, 2, 4, 0], "twice as long, half as large");
        assert_eq!(slices(BTreeMap::from([(0, 1000)])), [4, 4, 2, 0], "there is an end to it");
    }

    #[test]
    fn folders_come_again_at_the_end_where_there_is_more_than_one_piece() {
        let entries = [entry("/d", Content::Folder), file("/d/a", 900), file("/d/b", 900)];
        assert_eq!(pieces(&entries, sizes(1000), &BTreeMap::new()).last(), Some(&Piece::Together(vec![0])));
        assert_eq!(pieces(&entries, sizes(9000), &BTreeMap::new()), [Piece::Together(vec![0, 1, 2])]);
        assert!(pieces(&[], sizes(1000), &BTreeMap::new()).is_empty());
    }

    #[test]
    fn a_way_through_a_link_that_leads_elsewhere_is_found() {
        let through = |target: &str| {
            let entries = [entry("/srv/out", Content::Link(target.into())), file("/srv/out/file", 1)];
            astray(&entries).map(|(file, link)| (file.to_owned(), link.to_owned()))
        };
        assert_eq!(through("/etc"), Some(("/srv/out/file".into(), "/srv/out".into())));
        assert!(through("../etc").is_some());
        assert_eq!(through("releases/1"), None);
    }
}

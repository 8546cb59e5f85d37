//! What an upload comes to: its pieces, in the order in which they are sent. Small files travel together
//! as an archive; a large one comes in slices beside its destination and takes its place when it is whole.
//! So nothing half-written is ever at a destination. Pure.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::Range,
    path::Path,
};

use crate::{
    remote::entries::{Content, Entry},
    template::model::Owner,
};

/// A header of an archive, for the bytes that a small file comes to.
const HEADER: u64 = 512;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Whether everything can take its place, asked before anything changes.
    Look,
    /// Made where they are missing, and given what the template says of them; of one owner and mode.
    Folders(Vec<usize>),
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
            Self::Look | Self::Folders(_) | Self::Place(_) => 0,
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
    let (mut pieces, mut together, mut filled) = (beginning(entries), Vec::new(), 0);
    for (place, entry) in entries.iter().enumerate() {
        let bytes = entry.content.size();
        let alone = match &entry.content {
            Content::File { size, data, .. } => *size > slice || data.is_some(),
            Content::Folder { .. } => continue,
            Content::Bytes(_) | Content::Link(_) | Content::HardLink(_) => false,
        };
        if alone || filled + bytes > archive {
            close(&mut pieces, &mut together);
            filled = 0;
        }
        if alone {
            for range in entry.content.data() {
                pieces.extend(slices((place, range), estimates.get(&place).copied(), slice, &mut short));
            }
            pieces.push(Piece::Place(place));
        } else {
            together.push(place);
            filled += bytes + HEADER;
        }
    }
    close(&mut pieces, &mut together);
    pieces
}

/// What goes before all files: a look at their places, and the folders that they lie in.
fn beginning(entries: &[Entry]) -> Vec<Piece> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<(&Owner, Option<u32>), usize> = HashMap::new();
    for (place, entry) in entries.iter().enumerate() {
        let Content::Folder { keeps_mode } = entry.content else { continue };
        let group = *known.entry((&entry.owner, (!keeps_mode).then_some(entry.mode))).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Vec::new());
        }
        groups[group].push(place);
    }
    let look = (!entries.is_empty()).then_some(Piece::Look);
    look.into_iter().chain(groups.into_iter().map(Piece::Folders)).collect()
}

fn close(pieces: &mut Vec<Piece>, together: &mut Vec<usize>) {
    if !together.is_empty() {
        pieces.push(Piece::Together(std::mem::take(together)));
    }
}

fn slices(
    (entry, range): (usize, Range<u64>),
    estimate: Option<u64>,
    size: u64,
    short: &mut u64,
) -> impl Iterator<Item = Piece> {
    let bytes = range.end - range.start;
    let longer = estimate.map_or(1, |sent| (bytes / sent.max(1)).clamp(1, LONGER));
    let mut offset = range.start;
    std::iter::from_fn(move || {
        let left = range.end - offset;
        let next =
            (if *short > 0 { size.min(SHORT) } else { size } * longer).min(LONGEST.max(size)).min(left);
        let slice = Piece::Slice { entry, offset, bytes: next, compressed: estimate.is_some() };
        *short = short.saturating_sub(next / longer);
        offset += next;
        (left > 0).then_some(slice)
    })
}

/// The first entry whose way leads through a link that comes with this upload and may lead out of its
/// folder: where that would be written, nobody can tell from the template.
pub(super) fn astray(entries: &[Entry]) -> Option<(&Path, &Path)> {
    let leaves =
        |target: &Path| target.is_absolute() || target.components().any(|part| part.as_os_str() == "..");
    let links: BTreeSet<&Path> = entries
        .iter()
        .filter(|entry| matches!(&entry.content, Content::Link(target) if leaves(target)))
        .map(|entry| entry.destination.as_path())
        .collect();
    entries.iter().find_map(|entry| {
        let through = entry.destination.ancestors().skip(1).find(|parent| links.contains(parent));
        through.map(|link| (entry.destination.as_path(), link))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(destination: &str, content: Content) -> Entry {
        Entry { destination: destination.into(), owner: Owner::default(), mode: 0o644, modified: 0, content }
    }

    fn file(destination: &str, size: u64) -> Entry {
        entry(destination, Content::file(destination, size))
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
                Piece::Look,
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
            pieces.iter().skip(1).map(|piece| piece.bytes(&[]) >> 20).collect()
        };
        assert_eq!(slices(BTreeMap::new()), [1, 1, 1, 4, 3, 0]);
        assert_eq!(slices(BTreeMap::from([(0, whole / 2)])), [2, 2, 2, 4, 0], "twice as long, half as large");
        assert_eq!(slices(BTreeMap::from([(0, 1000)])), [4, 4, 2, 0], "there is an end to it");
    }

    #[test]
    fn folders_come_first_and_those_of_one_owner_and_mode_together() {
        let folder = |destination, user: Option<&str>, keeps_mode| {
            let owner = Owner { user: user.map(Into::into), group: None };
            Entry { owner, ..entry(destination, Content::Folder { keeps_mode }) }
        };
        let entries = [
            folder("/d", None, true),
            file("/d/a", 900),
            folder("/d/web", Some("web"), true),
            folder("/d/sub", None, true),
            folder("/d/own", None, false),
        ];
        assert_eq!(
            pieces(&entries, sizes(1000), &BTreeMap::new()),
            [
                Piece::Look,
                Piece::Folders(vec![0, 3]),
                Piece::Folders(vec![2]),
                Piece::Folders(vec![4]),
                Piece::Together(vec![1]),
            ]
        );
        assert!(pieces(&[], sizes(1000), &BTreeMap::new()).is_empty());
    }

    #[test]
    fn holes_are_not_sent() {
        let content = Content::File {
            path: "/big".into(),
            size: 9000,
            data: Some(vec![0..1500, 8000..8100]),
            sum: None,
        };
        let slice = |offset, bytes| Piece::Slice { entry: 0, offset, bytes, compressed: false };
        assert_eq!(
            pieces(&[entry("/big", content)], sizes(1000), &BTreeMap::new()),
            [Piece::Look, slice(0, 1000), slice(1000, 500), slice(8000, 100), Piece::Place(0)]
        );
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

//! One piece as it goes over the line: what the builder is told about it, and its bytes.

use std::{
    collections::HashSet,
    fs::File,
    io,
    os::unix::{ffi::OsStrExt, fs::FileExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    accounts::Ids,
    archive::{self, changed, named},
    cksum::{self, Cksum},
    plan::Piece,
    squeeze,
};
use crate::remote::entries::{Content, Entry};

/// Ready to be sent.
#[derive(Default)]
pub(super) struct Sealed {
    pub head: Vec<u8>,
    pub bytes: Vec<u8>,
    /// How many bytes of files this stands for.
    pub files: u64,
}

/// Makes pieces in their order; the slices of a file follow each other.
pub(super) struct Sealer<'a> {
    pub entries: &'a [Entry],
    pub ids: &'a Ids,
    /// Names this attempt on the builder.
    pub attempt: &'a str,
    file: Option<Slices>,
}

/// A large file under way.
struct Slices {
    /// Of the file in the list of entries.
    place: usize,
    file: Option<File>,
    /// Of a compressed file each slice has its own.
    sum: Option<Cksum>,
    /// Where it is known what it must be.
    content: Option<ContentSum>,
}

impl Slices {
    fn of(place: usize, entry: &Entry) -> Self {
        let is_known = matches!(entry.content, Content::File { sum: Some(_), .. });
        Self { place, file: None, sum: None, content: is_known.then(ContentSum::default) }
    }
}

/// SHA-256 of a file that is read piece by piece; its holes count as the zeros that they read as.
#[derive(Default)]
struct ContentSum {
    sum: Sha256,
    bytes: u64,
}

impl ContentSum {
    fn update_at(&mut self, offset: u64, bytes: &[u8]) {
        self.zeros_until(offset);
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn zeros_until(&mut self, offset: u64) {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        while self.bytes < offset {
            let count = (offset - self.bytes).min(ZEROS.len() as u64);
            self.sum.update(&ZEROS[..count as usize]);
            self.bytes += count;
        }
    }

    fn whole(mut self, size: u64) -> Sha256 {
        self.zeros_until(size);
        self.sum
    }
}

impl<'a> Sealer<'a> {
    pub fn new(entries: &'a [Entry], ids: &'a Ids, attempt: &'a str) -> Self {
        Self { entries, ids, attempt, file: None }
    }

    /// # Errors
    /// When a file cannot be read or changes meanwhile; the message names it.
    pub fn seal(&mut self, number: usize, piece: &Piece) -> io::Result<Sealed> {
        let (head, bytes) = match piece {
            Piece::Look => self.look(number)?,
            Piece::Folders(places) => self.folders(number, places)?,
            Piece::Together(places) => self.together(number, places)?,
            Piece::Slice { entry, offset, bytes, compressed } => {
                let about = &self.entries[*entry];
                let slice = self.slice(number, *entry, (*offset, *bytes), *compressed);
                slice.map_err(|error| named(about, error))?
            }
            Piece::Place(entry) => (self.place(number, *entry)?, Vec::new()),
        };
        Ok(Sealed { head, bytes, files: piece.bytes(self.entries) })
    }

    /// What comes to which places, and the folders on the way that are not made by this upload.
    fn look(&self, number: usize) -> io::Result<Framed> {
        let mut items = Vec::new();
        let mut seen: HashSet<&Path> = HashSet::from([Path::new("/")]);
        for entry in self.entries {
            let kind = match entry.content {
                Content::Bytes(_) | Content::File { .. } | Content::HardLink(_) => b'f',
                Content::Link(_) => b'l',
                Content::Folder { .. } => b'd',
            };
            if kind != b'd' || seen.insert(&entry.destination) {
                item(&mut items, kind, &entry.destination);
            }
            let mut above = entry.destination.parent();
            while let Some(folder) = above.filter(|folder| seen.insert(folder)) {
                item(&mut items, b'd', folder);
                above = folder.parent();
            }
        }
        self.block(&format!("{number} look"), items, "")
    }

    /// Folders of one owner and mode.
    fn folders(&self, number: usize, places: &[usize]) -> io::Result<Framed> {
        let mut items = Vec::new();
        places.iter().for_each(|place| listed(&mut items, &self.entries[*place].destination));
        let Some(first) = places.first().map(|place| &self.entries[*place]) else { return Err(changed()) };
        let owner = self.ids.declared(&first.owner).unwrap_or_else(|| "-".to_owned());
        let keeps_mode = matches!(first.content, Content::Folder { keeps_mode: true });
        // With five digits a setgid bit that is there goes too, if the mode has none.
        let mode = if keeps_mode { "-".to_owned() } else { format!("0{:04o}", first.mode) };
        self.block(&format!("{number} folders"), items, &format!(" {owner} {mode}"))
    }

    fn block(&self, head: &str, bytes: Vec<u8>, more: &str) -> io::Result<Framed> {
        let sum = cksum::of(&bytes);
        let squeezed = if self.ids.zstd { squeeze::compress_if_it_pays(&bytes)? } else { None };
        Ok(framed(head, bytes, squeezed, &format!("{sum}{more}")))
    }

    fn together(&self, number: usize, places: &[usize]) -> io::Result<Framed> {
        let entries = || places.iter().map(|place| &self.entries[*place]);
        let mut archive = Vec::with_capacity(archive::size(entries()));
        archive::write(&mut archive, entries(), self.ids)?;
        self.block(&format!("{number} tar"), archive, "")
    }

    fn slice(
        &mut self,
        number: usize,
        place: usize,
        (offset, size): (u64, u64),
        compressed: bool,
    ) -> io::Result<Framed> {
        let entry = &self.entries[place];
        let mut bytes = vec![0; usize::try_from(size).map_err(io::Error::other)?];
        let slices = self.slices_of(place)?;
        let file = slices.file.as_ref().ok_or_else(changed)?;
        file.read_exact_at(&mut bytes, offset).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => changed(),
            _ => error,
        })?;
        if let Some(content) = &mut slices.content {
            content.update_at(offset, &bytes);
        }
        let squeezed = if compressed { Some(squeeze::compress(&bytes)?) } else { None };
        if !compressed {
            slices.sum.get_or_insert_default().update_at(offset, &bytes);
        }
        let rest = format!("{offset} {} {}", octal(&self.beside(place)), octal(&entry.destination));
        Ok(framed(&format!("{number} slice"), bytes, squeezed, &rest))
    }

    /// The file whose slices these are, opened for its first one.
    fn slices_of(&mut self, place: usize) -> io::Result<&mut Slices> {
        let opened = match self.file.take().filter(|slices| slices.place == place) {
            Some(slices) => slices,
            None => {
                let Content::File { path, .. } = &self.entries[place].content else { return Err(changed()) };
                Slices { file: Some(archive::open(path)?), ..Slices::of(place, &self.entries[place]) }
            }
        };
        Ok(self.file.insert(opened))
    }

    fn place(&mut self, number: usize, place: usize) -> io::Result<Vec<u8>> {
        let entry = &self.entries[place];
        let size = entry.content.size();
        // Of one that is all holes nothing was read.
        let slices = self.file.take().filter(|slices| slices.place == place);
        let Slices { sum, content, .. } = slices.unwrap_or_else(|| Slices::of(place, entry));
        if let Content::File { path, sum: expected, .. } = &entry.content {
            archive::judge(path, *expected, content.map(|content| content.whole(size)))?;
        }
        // An attempt never begins between a file's slices and this.
        let sum = sum.map_or_else(|| format!("- {size}"), |sum| sum.line_at(size));
        let (uid, gid) = self.ids.of(&entry.owner);
        let (mode, time, path) = (entry.mode, entry.modified, octal(&entry.destination));
        let beside = octal(&self.beside(place));
        let form = if entry.content.holes() { "holes" } else { "whole" };
        let line =
            format!("{number} place plain 0 {uid}:{gid} {mode:o} {time} {path} {sum} {beside} {form}\n");
        Ok(line.into_bytes())
    }

    /// Where a large file is until it is whole: in the folder of its destination, for there it only has
    /// to be renamed.
    fn beside(&self, place: usize) -> PathBuf {
        self.entries[place].destination.with_file_name(format!(".hornero-{}-{place}", self.attempt))
    }
}

fn item(items: &mut Vec<u8>, kind: u8, path: &Path) {
    items.push(kind);
    listed(items, path);
}

/// A name may hold everything but a zero byte.
fn listed(items: &mut Vec<u8>, path: &Path) {
    items.extend(path.as_os_str().as_bytes());
    items.push(0);
}

/// A line, and the bytes that it announces.
type Framed = (Vec<u8>, Vec<u8>);

fn framed(head: &str, plain: Vec<u8>, squeezed: Option<Vec<u8>>, rest: &str) -> Framed {
    let (form, bytes) = squeezed.map_or(("plain", plain), |squeezed| ("zstd", squeezed));
    (format!("{head} {form} {} {rest}\n", bytes.len()).into_bytes(), bytes)
}

/// As `printf %b` reads it: what a shell could mind is an octal number.
fn octal(path: &Path) -> String {
    path.as_os_str()
        .as_bytes()
        .iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("\\0{byte:03o}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_so_that_no_shell_minds_it() {
        assert_eq!(octal(Path::new("/srv/a b/ü\n")), "/srv/a\\0040b/\\0303\\0274\\0012");
    }
}

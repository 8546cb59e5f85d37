//! One piece as it goes over the line: what the builder is told about it, and its bytes.

use std::{
    fs::File,
    io::{self, Read},
};

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
    file: File,
    /// Of a compressed file each slice has its own.
    sum: Option<Cksum>,
}

impl<'a> Sealer<'a> {
    pub fn new(entries: &'a [Entry], ids: &'a Ids, attempt: &'a str) -> Self {
        Self { entries, ids, attempt, file: None }
    }

    /// # Errors
    /// When a file cannot be read or changes meanwhile; the message names it.
    pub fn seal(&mut self, number: usize, piece: &Piece) -> io::Result<Sealed> {
        let (head, bytes) = match piece {
            Piece::Together(places) => self.together(number, places)?,
            Piece::Slice { entry, offset, bytes, compressed } => {
                let about = &self.entries[*entry];
                let slice = self.slice(number, *entry, (*offset, *bytes), *compressed);
                slice.map_err(|error| named(about, error))?
            }
            Piece::Place(entry) => (self.place(number, *entry), Vec::new()),
        };
        Ok(Sealed { head, bytes, files: piece.bytes(self.entries) })
    }

    fn together(&self, number: usize, places: &[usize]) -> io::Result<Framed> {
        let entries = || places.iter().map(|place| &self.entries[*place]);
        let mut archive = Vec::with_capacity(archive::size(entries()));
        archive::write(&mut archive, entries(), self.ids)?;
        let sum = cksum::of(&archive);
        let squeezed = if self.ids.zstd { squeeze::compress_if_it_pays(&archive)? } else { None };
        Ok(framed(&format!("{number} tar"), archive, squeezed, &sum))
    }

    fn slice(
        &mut self,
        number: usize,
        place: usize,
        (offset, size): (u64, u64),
        compressed: bool,
    ) -> io::Result<Framed> {
        let entry = &self.entries[place];
        let mut bytes = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)?);
        if offset == 0 {
            let Content::File { path, .. } = &entry.content else { return Err(changed()) };
            self.file = Some(Slices { file: archive::open(path)?, sum: None });
        }
        let Some(slices) = &mut self.file else { return Err(changed()) };
        if (&slices.file).take(size).read_to_end(&mut bytes)? as u64 != size {
            return Err(changed());
        }
        let squeezed = if compressed { Some(squeeze::compress(&bytes)?) } else { None };
        if !compressed {
            slices.sum.get_or_insert_default().update(&bytes);
        }
        let rest = format!("{offset} {}", octal(&self.beside(place)));
        Ok(framed(&format!("{number} slice"), bytes, squeezed, &rest))
    }

    fn place(&mut self, number: usize, place: usize) -> Vec<u8> {
        let entry = &self.entries[place];
        let sum = self.file.take().and_then(|slices| slices.sum);
        // An attempt never begins between a file's slices and this.
        let sum = sum.map_or_else(|| format!("- {}", entry.content.size()), Cksum::line);
        let (uid, gid) = self.ids.of(&entry.owner);
        let (mode, time, path) = (entry.mode, entry.modified, octal(&entry.destination));
        format!("{number} place plain 0 {uid}:{gid} {mode:o} {time} {path} {sum}\n").into_bytes()
    }

    /// Where a large file is until it is whole: in the folder of its destination, for there it only has
    /// to be renamed.
    fn beside(&self, place: usize) -> String {
        let destination = &self.entries[place].destination;
        let folder = destination.rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{folder}/.hornero-{}-{place}", self.attempt)
    }
}

/// A line, and the bytes that it announces.
type Framed = (Vec<u8>, Vec<u8>);

fn framed(head: &str, plain: Vec<u8>, squeezed: Option<Vec<u8>>, rest: &str) -> Framed {
    let (form, bytes) = squeezed.map_or(("plain", plain), |squeezed| ("zstd", squeezed));
    (format!("{head} {form} {} {rest}\n", bytes.len()).into_bytes(), bytes)
}

/// As `printf %b` reads it: what a shell could mind is an octal number.
fn octal(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
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
        assert_eq!(octal("/srv/a b/ü\n"), "/srv/a\\0040b/\\0303\\0274\\0012");
    }
}

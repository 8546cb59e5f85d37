//! Disks that somebody else has made: which format they have, and whether their content is all in their own file.
//! QEMU is never asked: it would guess the format, and open every file that such a disk names.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use tokio::task::spawn_blocking;

use super::qcow2_header::{self, LONGEST_HEADER_BYTES, Qcow2Error};
use crate::{
    open_file::{self, Confinement},
    platform::PlatformError,
};

/// What raw disks are counted in.
const SECTOR_BYTES: u64 = 512;

/// The formats that are used as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskFormat {
    Qcow2,
    Raw,
}

impl DiskFormat {
    /// As QEMU's programs call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Qcow2 => "qcow2",
            Self::Raw => "raw",
        }
    }
}

/// A disk that needs no other file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeDisk {
    pub file: PathBuf,
    pub format: DiskFormat,
    pub virtual_size: u64,
}

/// How files begin that are no disks in a format that is used: those of other programs, and packed ones.
const FOREIGN: [(&[u8], &str, Advice); 18] = [
    (b"KDMV", "VMDK", Advice::Convert("vmdk")),
    (b"COWD", "VMDK", Advice::Convert("vmdk")),
    (b"# Disk DescriptorFile", "VMDK", Advice::Convert("vmdk")),
    (b"# Disk Descriptor File", "VMDK", Advice::Convert("vmdk")),
    (b"vhdxfile", "VHDX", Advice::Convert("vhdx")),
    (b"conectix", "VHD", Advice::Convert("vpc")),
    (b"QED\0", "QED", Advice::Convert("qed")),
    (b"WithoutFreeSpace", "Parallels", Advice::Convert("parallels")),
    (b"WithouFreSpacExt", "Parallels", Advice::Convert("parallels")),
    (b"Bochs Virtual HD Image", "Bochs", Advice::Convert("bochs")),
    (b"#!/bin/sh\n#V2.0 Format", "cloop", Advice::Convert("cloop")),
    (b"LUKS\xba\xbe", "LUKS", Advice::Convert("luks")),
    (b"\x1f\x8b", "gzip", Advice::Unpack),
    (b"\xfd7zXZ\0", "xz", Advice::Unpack),
    (b"\x28\xb5\x2f\xfd", "zstd", Advice::Unpack),
    (b"BZh", "bzip2", Advice::Unpack),
    (b"PK\x03\x04", "ZIP", Advice::Unpack),
    (b"7z\xbc\xaf\x27\x1c", "7z", Advice::Unpack),
];

/// VirtualBox says it not at the beginning.
const VDI_MAGIC: [u8; 4] = 0xbeda_107f_u32.to_le_bytes();
const VDI_MAGIC_AT: usize = 64;
/// VHD and the images of macOS say it in their last sector too.
const ENDS: [(&[u8], &str, Advice); 2] =
    [(b"conectix", "VHD", Advice::Convert("vpc")), (b"koly", "DMG", Advice::Convert("dmg"))];

/// What somebody can do who has a file of another format.
#[derive(Clone, Copy, Debug)]
enum Advice {
    Convert(&'static str),
    Unpack,
}

/// Looks at a disk.
///
/// # Errors
/// When it is no ordinary file, has another format, or needs other files.
pub async fn inspect(file: &Path) -> Result<WholeDisk, PlatformError> {
    let path = file.to_owned();
    let failed =
        |error: io::Error| PlatformError::new(format!("reading the disk image `{}`", file.display()), error);
    spawn_blocking(move || look(&path)).await.map_err(io::Error::other).map_err(failed)?
}

fn look(path: &Path) -> Result<WholeDisk, PlatformError> {
    let failed =
        |error: io::Error| PlatformError::new(format!("reading the disk image `{}`", path.display()), error);
    let opened = open_file::open(path, Confinement::Anywhere).map_err(|error| failed(error.into()))?;
    let (start, end) = edges(&opened.file, opened.size).map_err(failed)?;
    let refuse = |why: &str| PlatformError::new(format!("using the disk image `{}`", path.display()), why);
    let (format, virtual_size) = if start.starts_with(&qcow2_header::MAGIC) {
        let header = qcow2_header::parse(&start).map_err(|error| {
            let hint = hint(&error);
            let refused = refuse(&error.to_string());
            if let Some(hint) = hint { refused.hint(hint) } else { refused }
        })?;
        (DiskFormat::Qcow2, header.virtual_size)
    } else if let Some((format, advice)) = foreign(&start, &end) {
        return Err(
            refuse(&format!("it is a file of the format {format}, not qcow2 or raw")).hint(advice.hint())
        );
    } else {
        (DiskFormat::Raw, opened.size.next_multiple_of(SECTOR_BYTES))
    };
    match virtual_size {
        0 => Err(refuse("it is empty")),
        _ => Ok(WholeDisk { file: std::path::absolute(path).map_err(failed)?, format, virtual_size }),
    }
}

/// The beginning of a disk's file, and its last sector.
fn edges(file: &File, size: u64) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut start = vec![0; size.min(LONGEST_HEADER_BYTES as u64) as usize];
    file.read_exact_at(&mut start, 0)?;
    let mut end = vec![0; size.min(SECTOR_BYTES) as usize];
    let before_end = size - end.len() as u64;
    file.read_exact_at(&mut end, before_end)?;
    Ok((start, end))
}

fn foreign(start: &[u8], end: &[u8]) -> Option<(&'static str, Advice)> {
    if start.get(VDI_MAGIC_AT..).is_some_and(|rest| rest.starts_with(&VDI_MAGIC)) {
        return Some(("VDI", Advice::Convert("vdi")));
    }
    let begins = FOREIGN.iter().find(|(magic, ..)| start.starts_with(magic));
    let ends = || ENDS.iter().find(|(magic, ..)| end.starts_with(magic));
    begins.or_else(ends).map(|(_, format, advice)| (*format, *advice))
}

fn hint(error: &Qcow2Error) -> Option<&'static str> {
    match error {
        Qcow2Error::Backing(_) | Qcow2Error::DataFile(_) => Some(
            "only if you trust whoever made it, for it names files of this computer, put all of it into one file: \
             qemu-img convert -f qcow2 -O qcow2 FILE NEW",
        ),
        Qcow2Error::Encrypted => Some("decrypt it first"),
        Qcow2Error::Corrupt => Some("repair it: qemu-img check -r all -f qcow2 FILE"),
        Qcow2Error::Version(_) | Qcow2Error::UnknownFeatures => {
            Some("write it anew as qcow2 of version 3: qemu-img convert -f qcow2 -O qcow2 FILE NEW")
        }
        Qcow2Error::Broken | Qcow2Error::Size => None,
    }
}

impl Advice {
    fn hint(self) -> String {
        match self {
            Self::Convert(format) => format!(
                "only if you trust whoever made it, for such a file can name others of this computer, convert it: \
                 qemu-img convert -f {format} -O qcow2 FILE NEW"
            ),
            Self::Unpack => "unpack it first, and name the disk that is in it".into(),
        }
    }
}

#[cfg(test)]
mod tests;

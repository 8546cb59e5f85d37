//! The header of a qcow2 disk, as far as it says where the content lies (QEMU, `docs/interop/qcow2.txt`). A disk that
//! somebody else has made may name any file of this computer in it, which QEMU would then open. Pure.

/// The header and what extends it lie in the first cluster, which has at most so many bytes.
pub const LONGEST_HEADER_BYTES: usize = 2 << 20;

pub const MAGIC: [u8; 4] = *b"QFI\xfb";

/// Bits of features that a reader must know. What the others mean nobody knows yet.
const CORRUPT: u64 = 1 << 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const KNOWN_FEATURES: u64 = 0b1_1111;

/// Kinds of header extensions.
const END: u32 = 0;
const DATA_FILE_NAME: u32 = 0x4441_5441;
const ENCRYPTION: u32 = 0x0537_be77;

const SHORT_HEADER_BYTES: usize = 72;
const LONG_HEADER_BYTES: usize = 104;
const LARGEST_DISK_BYTES: u64 = 1 << 60;

/// A disk whose content is all in its own file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Qcow2Header {
    pub virtual_size: u64,
}

/// Why a disk is none to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Qcow2Error {
    #[error("its header is cut short or broken")]
    Broken,
    #[error("it has version {0} of qcow2, which is not read")]
    Version(u32),
    #[error("it is only an overlay on `{}`", .0.escape_ascii())]
    Backing(Vec<u8>),
    #[error("its content is in another file, `{}`", .0.escape_ascii())]
    DataFile(Vec<u8>),
    #[error("it is encrypted")]
    Encrypted,
    #[error("it is marked as corrupt")]
    Corrupt,
    #[error("it uses features of qcow2 that are not known here")]
    UnknownFeatures,
    #[error("it is empty, or larger than any disk")]
    Size,
}

/// Reads the beginning of a disk's file. It takes any bytes.
///
/// # Errors
/// When the content is not all in that file, or the header cannot be believed.
pub fn parse(start: &[u8]) -> Result<Qcow2Header, Qcow2Error> {
    if start.get(..4) != Some(MAGIC.as_slice()) {
        return Err(Qcow2Error::Broken);
    }
    let (version, cluster_bits) = (number32(start, 4)?, number32(start, 20)?);
    if !(2..=3).contains(&version) {
        return Err(Qcow2Error::Version(version));
    }
    let backing = number64(start, 8)?;
    if backing != 0 {
        return Err(Qcow2Error::Backing(name(start, backing, number32(start, 16)?)));
    }
    if !(9..=21).contains(&cluster_bits) {
        return Err(Qcow2Error::Broken);
    }
    if number32(start, 32)? != 0 {
        return Err(Qcow2Error::Encrypted);
    }
    let header_length = if version == 2 { SHORT_HEADER_BYTES } else { long_header(start)? };
    let cluster = start.get(..1 << cluster_bits).unwrap_or(start);
    extensions(cluster, header_length)?;
    match number64(start, 24)? {
        virtual_size if (1..=LARGEST_DISK_BYTES).contains(&virtual_size) => Ok(Qcow2Header { virtual_size }),
        _ => Err(Qcow2Error::Size),
    }
}

/// The length of a header that says it itself.
fn long_header(start: &[u8]) -> Result<usize, Qcow2Error> {
    let features = number64(start, 72)?;
    let length = number32(start, 100)? as usize;
    match () {
        // Its name stands in an extension; without one QEMU is told it elsewhere.
        () if features & EXTERNAL_DATA != 0 => {
            let told = extension(start, length, DATA_FILE_NAME).ok().flatten();
            Err(Qcow2Error::DataFile(told.unwrap_or_default().to_vec()))
        }
        () if features & CORRUPT != 0 => Err(Qcow2Error::Corrupt),
        () if features & !KNOWN_FEATURES != 0 => Err(Qcow2Error::UnknownFeatures),
        () if length < LONG_HEADER_BYTES || !length.is_multiple_of(8) => Err(Qcow2Error::Broken),
        () => Ok(length),
    }
}

/// None of the extensions may lead elsewhere, whatever the features say.
fn extensions(cluster: &[u8], header_length: usize) -> Result<(), Qcow2Error> {
    if let Some(data_file) = extension(cluster, header_length, DATA_FILE_NAME)? {
        return Err(Qcow2Error::DataFile(data_file.to_vec()));
    }
    match extension(cluster, header_length, ENCRYPTION)? {
        Some(_) => Err(Qcow2Error::Encrypted),
        None => Ok(()),
    }
}

/// The data of the first extension of a kind.
fn extension(cluster: &[u8], header_length: usize, wanted: u32) -> Result<Option<&[u8]>, Qcow2Error> {
    let mut at = header_length;
    // One that fills the cluster needs no end.
    while at.checked_add(8).is_some_and(|data| data <= cluster.len()) {
        let (kind, length) = (number32(cluster, at)?, number32(cluster, at + 4)? as usize);
        if kind == END {
            return Ok(None);
        }
        let data = cluster.get(at + 8..).and_then(|rest| rest.get(..length)).ok_or(Qcow2Error::Broken)?;
        if kind == wanted {
            return Ok(Some(data));
        }
        at += 8 + length.next_multiple_of(8);
    }
    Ok(None)
}

fn name(start: &[u8], offset: u64, length: u32) -> Vec<u8> {
    const LONGEST_NAME_BYTES: usize = 1023;
    let from = usize::try_from(offset).ok().and_then(|offset| start.get(offset..)).unwrap_or_default();
    from[..from.len().min(length as usize).min(LONGEST_NAME_BYTES)].to_vec()
}

fn number32(bytes: &[u8], at: usize) -> Result<u32, Qcow2Error> {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Qcow2Error::Broken)?;
    Ok(u32::from_be_bytes(*field))
}

fn number64(bytes: &[u8], at: usize) -> Result<u64, Qcow2Error> {
    let field = bytes.get(at..).and_then(|rest| rest.first_chunk()).ok_or(Qcow2Error::Broken)?;
    Ok(u64::from_be_bytes(*field))
}

#[cfg(test)]
mod tests;

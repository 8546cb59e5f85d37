//! Why a file is not opened, in words that go on with "it".

use std::{io, path::PathBuf};

use bytesize::ByteSize;
use rustix::fs::FileType;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("it is a folder, not a file")]
    Folder,
    /// What it is instead of an ordinary file.
    #[error("it is {0}, not an ordinary file")]
    Special(&'static str),
    #[error("it is a symbolic link, not a file")]
    Link,
    #[error("it is in truth `{}`, which lies elsewhere", real.display())]
    Elsewhere { real: PathBuf },
    #[error("it has {}, more than {}", ByteSize(*size).display().iec(), ByteSize(*most).display().iec())]
    TooLarge { size: u64, most: u64 },
    #[error("it changed while it was read")]
    Changed,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl From<rustix::io::Errno> for OpenError {
    fn from(error: rustix::io::Errno) -> Self {
        Self::Io(error.into())
    }
}

impl From<OpenError> for io::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Io(error) => error,
            OpenError::Folder
            | OpenError::Special(_)
            | OpenError::Link
            | OpenError::Elsewhere { .. }
            | OpenError::TooLarge { .. }
            | OpenError::Changed => Self::other(error),
        }
    }
}

/// Why a file of this `st_mode` is none to read; `None` for an ordinary one.
pub(super) fn kind_of(mode: u32) -> Option<OpenError> {
    Some(match FileType::from_raw_mode(mode) {
        FileType::RegularFile => return None,
        FileType::Directory => OpenError::Folder,
        FileType::Symlink => OpenError::Link,
        FileType::Fifo => OpenError::Special("a named pipe"),
        FileType::Socket => OpenError::Special("a socket"),
        FileType::CharacterDevice | FileType::BlockDevice => OpenError::Special("a device"),
        FileType::Unknown => OpenError::Special("of an unknown kind"),
    })
}

/// File systems whose files say of themselves that they are ordinary ones, and some of which never end
/// (`linux/magic.h`).
const MADE_BY_THE_KERNEL: [u64; 14] = [
    0x9fa0,      // proc
    0x6265_6572, // sysfs
    0x6462_6720, // debugfs
    0x7472_6163, // tracefs
    0x7363_6673, // securityfs
    0x0027_e0eb, // cgroup
    0x6367_7270, // cgroup2
    0xcafe_4a11, // bpf
    0x6265_6570, // configfs
    0xde5e_81e4, // efivarfs
    0x6165_676c, // pstore
    0x1cd1,      // devpts
    0xf97c_ff8c, // selinuxfs
    0x4249_4e4d, // binfmt_misc
];

pub(super) fn is_made_by_the_kernel(file_system: u64) -> bool {
    MADE_BY_THE_KERNEL.contains(&(file_system & 0xffff_ffff))
}

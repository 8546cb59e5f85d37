//! Files for programs of this computer that lie in memory alone: scripts with secrets. They are gone when
//! the last process that has them open is.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsRawFd, OwnedFd},
    path::PathBuf,
};

use rustix::fs::{MemfdFlags, memfd_create};

/// Makes one. Only a program that is given it can open it.
///
/// # Errors
/// When there is no memory for it.
pub fn create(text: &str) -> io::Result<OwnedFd> {
    let mut file = File::from(memfd_create(c"hornero", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    Ok(file.into())
}

/// Where a program that has it open finds it, from its beginning on.
pub fn path(file: &OwnedFd) -> PathBuf {
    format!("/dev/fd/{}", file.as_raw_fd()).into()
}

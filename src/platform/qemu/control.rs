//! The way to QEMU's control line: a socket in the folder of the machine, so that a later process finds
//! it too. The folder is its owner's alone.

use std::{fs::File, io, os::fd::AsRawFd, path::Path, time::Duration};

use tokio::{
    net::UnixStream,
    time::{Instant, sleep},
};

use super::{qmp::Qmp, running::Running};
use crate::time::Moment;

/// Its name in the folder.
pub const SOCKET: &str = "control";
/// That of the line to a guest that is saved or was.
pub const PORT_SOCKET: &str = "port";

/// QEMU opens it within milliseconds; a busy computer may take seconds.
const OPEN: Duration = Duration::from_secs(30);
const AGAIN: Duration = Duration::from_millis(10);

/// Opens the line of a QEMU that was just started.
///
/// # Errors
/// When it ends, or does not open it in time.
pub async fn opened(folder: &Path, running: &mut Running) -> io::Result<Qmp> {
    let end = Instant::now().later(OPEN);
    loop {
        let not_yet = match connect(folder).await {
            Err(error) if is_not_there(&error) && Instant::now() < end => error,
            result => return result,
        };
        if running.how_it_ended().is_some() {
            return Err(io::Error::other(format!("it has no control line: {not_yet}")));
        }
        sleep(AGAIN).await;
    }
}

fn is_not_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

/// Opens the line of a QEMU that runs. One process at a time can have it.
///
/// # Errors
/// When nobody listens there.
pub async fn connect(folder: &Path) -> io::Result<Qmp> {
    Qmp::open(socket(folder, SOCKET).await?).await
}

/// Opens a socket in the folder of a machine.
///
/// # Errors
/// When nobody listens there.
pub async fn socket(folder: &Path, name: &str) -> io::Result<UnixStream> {
    // An address of a socket has 108 bytes at most, a folder of a user may have more.
    let folder = File::open(folder)?;
    UnixStream::connect(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd())).await
}

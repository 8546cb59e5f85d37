//! The socket that a session runs over: a TCP connection to the builder, or the near end of a pair
//! whose far end is pumped through a tunnel.

use std::{
    io,
    net::TcpStream,
    os::{fd::OwnedFd, unix::net::UnixStream},
    sync::{Arc, OnceLock},
};

use super::RemoteError;

/// An open way to the builder's SSH port; non-blocking.
pub struct Line {
    pub(super) socket: OwnedFd,
    pub(super) ended: Ended,
}

/// Why a tunnel ended, told by what pumps it: the session above sees only a socket that closed.
#[derive(Clone, Default)]
pub(super) struct Ended(Arc<OnceLock<String>>);

impl Line {
    pub(super) fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        // A dead peer is noticed by what it does not acknowledge; the kernel's own default is 15 minutes.
        rustix::net::sockopt::set_tcp_user_timeout(&stream, 30_000)?;
        Ok(Self { socket: stream.into(), ended: Ended::default() })
    }

    /// Both ends of a pair: ours, and the one to be pumped.
    pub(super) fn pair() -> io::Result<(Self, UnixStream)> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        Ok((Self { socket: near.into(), ended: Ended::default() }, far))
    }
}

impl Ended {
    /// To be told before the far end is closed. The first reason is the one that counts.
    pub fn because(&self, why: impl Into<String>) {
        self.0.set(why.into()).ok();
    }

    /// A line that was lost because its tunnel ended is told so.
    pub fn explain(&self, error: RemoteError) -> RemoteError {
        match (error, self.0.get()) {
            (RemoteError::Lost { during, .. }, Some(why)) => RemoteError::Lost { during, why: why.clone() },
            (error, _) => error,
        }
    }
}

//! What comes before the other side is known: counted, and handed to the session in small pieces. libssh2 reads as long
//! as something comes, keeps what it does not know, and looks at no clock meanwhile. So it gets a socket of our own,
//! in which there is never more than one piece, until the login is done; then it gets the server's in its place.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::{DupFlags, dup3, ioctl_fionread},
};

use super::exchange::Limit;

/// What the session is given at once; libssh2 takes 16 KiB and more in one read.
const PIECE_BYTES: usize = 4 * 1024;

/// The socket that a session reads and writes. Clones are the same one.
#[derive(Clone)]
pub(super) struct SessionSocket(Arc<Mutex<OwnedFd>>);

impl AsRawFd for SessionSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_raw_fd()
    }
}

/// Stands between a session and its server.
pub(super) struct Guard {
    server: Stream,
    session: SessionSocket,
    /// The other end of the session's socket.
    far: UnixStream,
    received: u64,
    limit: Limit,
    /// What the session has said and the server has not taken yet.
    unsent: Vec<u8>,
}

/// A socket that is read and written by its descriptor, whatever kind it is.
struct Stream(OwnedFd);

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&self.0, buffer)?)
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::net::send(&self.0, bytes, rustix::net::SendFlags::NOSIGNAL)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Guard {
    /// Before a server from which no more than this is taken; with the socket for the session.
    pub fn new(server: OwnedFd, limit: Limit) -> io::Result<(Self, SessionSocket)> {
        let (near, far) = UnixStream::pair()?;
        near.set_nonblocking(true)?;
        far.set_nonblocking(true)?;
        let session = SessionSocket(Arc::new(Mutex::new(near.into())));
        let (server, unsent) = (Stream(server), Vec::new());
        Ok((Self { server, session: session.clone(), far, received: 0, limit, unsent }, session))
    }

    /// Hands on what there is in both directions. Waits a moment where there is nothing. To be called when the session
    /// has read all that it was given.
    ///
    /// # Errors
    /// When the server sends more than it may.
    pub fn carry(&mut self, slice: &Timespec) -> io::Result<()> {
        self.carry_to_server()?;
        let mut piece = [0; PIECE_BYTES];
        match (&self.server).read(&mut piece) {
            Ok(0) => self.far.shutdown(Shutdown::Write)?,
            Ok(count) => {
                self.received += count as u64;
                if self.received > self.limit.bytes {
                    return Err(io::Error::other(self.limit.exceeded()));
                }
                self.far.write_all(&piece[..count])?;
            }
            Err(error) if would_wait(&error) => self.wait(slice),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn carry_to_server(&mut self) -> io::Result<()> {
        let mut piece = [0; PIECE_BYTES];
        loop {
            match self.far.read(&mut piece) {
                Ok(count) => self.unsent.extend_from_slice(&piece[..count]),
                Err(error) if would_wait(&error) => break,
                Err(error) => return Err(error),
            }
        }
        while !self.unsent.is_empty() {
            match (&self.server).write(&self.unsent) {
                Ok(count) => drop(self.unsent.drain(..count)),
                Err(error) if would_wait(&error) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn wait(&self, slice: &Timespec) {
        let wanted = if self.unsent.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        // One that fails (EINTR) only means that the caller looks again sooner.
        poll(&mut [PollFd::from_borrowed_fd(self.server.0.as_fd(), wanted)], Some(slice)).ok();
    }

    /// Steps aside: from now on the session talks to the server itself.
    ///
    /// # Errors
    /// When something of what was said is still on its way by `deadline`.
    pub fn step_aside(mut self, slice: &Timespec, deadline: Instant) -> io::Result<()> {
        self.carry_to_server()?;
        while !self.unsent.is_empty() {
            if Instant::now() >= deadline {
                return Err(ErrorKind::TimedOut.into());
            }
            self.wait(slice);
            self.carry_to_server()?;
        }
        let mut session = self.session.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ioctl_fionread(&*session)? > 0 {
            return Err(io::Error::other("the session has not read what the server has said"));
        }
        Ok(dup3(&self.server.0, &mut session, DupFlags::CLOEXEC)?)
    }
}

fn would_wait(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SLICE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
    const LIMIT: Limit = Limit { bytes: 10_000, time: Duration::from_secs(1) };

    fn between() -> (Guard, UnixStream, UnixStream) {
        let (ours, server) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let (guard, socket) = Guard::new(ours.into(), LIMIT).unwrap();
        let session = socket.0.lock().unwrap().try_clone().unwrap().into();
        (guard, session, server)
    }

    #[test]
    fn a_server_says_so_much_and_no_more() {
        let (mut guard, mut session, mut server) = between();
        server.write_all(&[b'x'; 20_000]).unwrap();
        let mut buffer = [0; 64 * 1024];
        let mut taken = 0;
        let why = loop {
            match guard.carry(&SLICE) {
                Ok(()) => taken += session.read(&mut buffer).unwrap(),
                Err(error) => break error.to_string(),
            }
        };
        assert!(taken <= 10_000, "{taken} bytes came through");
        assert!(why.contains("10000 bytes"), "{why}");
    }

    #[test]
    fn what_is_said_before_and_after_it_steps_aside_arrives_in_order() {
        let (mut guard, session, mut server) = between();
        let socket = guard.session.clone();
        (&session).write_all(b"one ").unwrap();
        server.write_all(b"1 ").unwrap();
        guard.carry(&SLICE).unwrap();
        let mut buffer = [0; 16];
        assert_eq!((&session).read(&mut buffer).unwrap(), 2);
        (&session).write_all(b"two ").unwrap();
        guard.step_aside(&SLICE, Instant::now()).unwrap();
        let mut session = UnixStream::from(socket.0.lock().unwrap().try_clone().unwrap());
        session.write_all(b"three").unwrap();
        let count = server.read(&mut buffer).unwrap();
        assert_eq!(&buffer[..count], b"one two three");
        server.write_all(b"2").unwrap();
        assert_eq!(session.read(&mut buffer).unwrap(), 1);
    }

    #[test]
    fn it_does_not_step_aside_over_what_the_session_has_not_read() {
        let (mut guard, _session, mut server) = between();
        server.write_all(b"unread").unwrap();
        guard.carry(&SLICE).unwrap();
        assert!(guard.step_aside(&SLICE, Instant::now()).is_err());
    }
}

//! Noticing that the builder is gone while nothing comes from it. What only carries bytes for others goes on
//! answering for a builder that is dead, so this is not left to TCP.

use std::time::Duration;

use super::{
    RemoteError,
    drive::{Wire, would_block},
    exec::lost,
};

/// Asks for a sign of life from time to time, and notices when none has come for `patience`.
///
/// # Errors
/// When the line is lost.
pub(super) fn keep_alive(wire: &Wire, patience: Duration) -> Result<(), RemoteError> {
    if wire.silence() > patience {
        let silence = format!("nothing was heard of the builder for {} s", patience.as_secs());
        return Err(lost("a command ran", &silence));
    }
    if !wire.has_room() {
        return Ok(());
    }
    match wire.session.keepalive_send() {
        Err(error) if !would_block(&error) => Err(lost("a command ran", &error)),
        Ok(_) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{ErrorKind, Read, Write},
        os::{fd::OwnedFd, unix::net::UnixStream},
        time::Instant,
    };

    use rustix::event::{PollFd, PollFlags};
    use ssh2::Session;

    use super::*;
    use crate::remote::line::{Ended, Line};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// A session that has said who it is, to a server that says nothing.
    fn talking() -> (Wire, UnixStream) {
        let (Line { socket, .. }, far) = Line::pair().unwrap();
        let mut session = Session::new().unwrap();
        session.set_tcp_stream(socket.try_clone().unwrap());
        session.set_blocking(false);
        session.set_keepalive(true, 5);
        assert!(would_block(&session.handshake().unwrap_err()));
        (Wire::new(session, socket, Ended::default()), far)
    }

    fn fill(socket: &OwnedFd) {
        let mut near = UnixStream::from(socket.try_clone().unwrap());
        while near.write(&[0; 1024]).is_ok() {}
    }

    fn all_there(mut far: &UnixStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        assert_eq!(far.read_to_end(&mut bytes).unwrap_err().kind(), ErrorKind::WouldBlock);
        bytes
    }

    #[test]
    fn a_question_for_which_there_is_no_room_is_asked_when_there_is() {
        let asked = |far| String::from_utf8_lossy(&all_there(far)).contains("keepalive@libssh2.org");
        let (wire, far) = talking();
        fill(&wire.socket);
        keep_alive(&wire, PATIENCE).unwrap();
        assert!(!wire.is_sending(), "half a packet keeps everything else in the session");
        assert!(!asked(&far));
        keep_alive(&wire, PATIENCE).unwrap();
        assert!(asked(&far));
    }

    #[test]
    fn what_comes_while_another_socket_is_waited_for_is_a_sign_of_life_too() {
        let (wire, mut far) = talking();
        let (other, _end) = UnixStream::pair().unwrap();
        let before = Instant::now();
        far.write_all(b"S").unwrap();
        wire.wait_beside(PollFlags::IN, Some(PollFd::new(&other, PollFlags::IN)));
        assert!(wire.silence() <= before.elapsed());
        assert!(keep_alive(&wire, Duration::ZERO).is_err());
    }
}

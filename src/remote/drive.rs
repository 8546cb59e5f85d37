//! Non-blocking libssh2 calls driven to their end on a blocking thread. A blocking session would
//! hold its lock while it waits, and then a command that hangs could not be killed over it.

use std::{
    cell::{Cell, RefCell},
    iter::once,
    os::fd::{AsFd, OwnedFd},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::{BlockDirections, ErrorCode, Session};

use super::{ahead::Beside, guard::Guard, line::Ended};
use crate::time::Moment;

/// libssh2's code for "would block" (`LIBSSH2_ERROR_EAGAIN`).
const EAGAIN: i32 = -37;

/// Longest wait for the socket before deadlines and keep-alives are looked at again.
const SLICE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// How long the last words of a login may take to be sent.
const SENT: Duration = Duration::from_secs(5);

/// A session and the socket under it.
pub(super) struct Wire {
    pub session: Session,
    pub socket: OwnedFd,
    pub ended: Ended,
    /// Until the other side is known.
    guard: RefCell<Option<Guard>>,
    /// When the other side was heard last.
    heard: Cell<Instant>,
    /// The shortest time of an answer: one round trip.
    trip: Cell<Duration>,
    /// Something waits until the socket takes it as a whole.
    crowded: Cell<bool>,
    /// The other end of the socket is gone.
    closed: Cell<bool>,
    /// What is done beside the command that runs.
    pub beside: Beside,
}

/// Why a call did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stuck {
    #[error("no answer in time")]
    Deadline,
    #[error("the other side is gone")]
    Closed,
    #[error("{0}")]
    Guarded(String),
    #[error("{}", .0.message())]
    Ssh(ssh2::Error),
}

pub(super) fn would_block(error: &ssh2::Error) -> bool {
    error.code() == ErrorCode::Session(EAGAIN)
}

impl Wire {
    pub fn new(session: Session, socket: OwnedFd, ended: Ended) -> Self {
        Self {
            session,
            socket,
            ended,
            guard: RefCell::default(),
            heard: Cell::new(Instant::now()),
            trip: Cell::new(Duration::MAX),
            crowded: Cell::new(false),
            closed: Cell::new(false),
            beside: Beside::default(),
        }
    }

    /// The same with a guard before the other side.
    pub fn guarded(self, guard: Guard) -> Self {
        self.guard.replace(Some(guard));
        self
    }

    /// The other side is known: it is no longer counted what it says.
    pub fn trust(&self) -> Result<(), Stuck> {
        let guarded = |error: std::io::Error| Stuck::Guarded(error.to_string());
        match self.guard.take() {
            Some(guard) => guard.step_aside(&SLICE, Instant::now().later(SENT)).map_err(guarded),
            None => Ok(()),
        }
    }

    /// Says that something came, or begins to count anew.
    pub fn heard(&self) {
        self.heard.set(Instant::now());
    }

    /// For how long nothing has come.
    pub fn silence(&self) -> Duration {
        self.heard.get().elapsed()
    }

    /// A question was answered in this time.
    pub fn answered(&self, time: Duration) {
        self.trip.set(self.trip.get().min(time));
    }

    /// The shortest time of an answer so far; zero before the first.
    pub fn round_trip(&self) -> Duration {
        match self.trip.get() {
            Duration::MAX => Duration::ZERO,
            trip => trip,
        }
    }

    /// Repeats `call` until it says something else than "would block".
    pub fn drive<T>(
        &self,
        deadline: Instant,
        mut call: impl FnMut(&Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, Stuck> {
        loop {
            match call(&self.session) {
                Err(error) if would_block(&error) => {
                    if self.is_cut() {
                        return Err(Stuck::Closed);
                    }
                    if Instant::now() >= deadline {
                        return Err(Stuck::Deadline);
                    }
                    match &mut *self.guard.borrow_mut() {
                        Some(guard) => {
                            guard.carry(&SLICE).map_err(|error| Stuck::Guarded(error.to_string()))?;
                        }
                        None => self.wait(),
                    }
                }
                result => return result.map_err(Stuck::Ssh),
            }
        }
    }

    /// Waits until the socket is ready for what the session wants, a slice at most.
    pub fn wait(&self) {
        self.wait_beside(PollFlags::IN, None);
    }

    /// The same, where nothing is read before something was sent.
    pub fn wait_to_send(&self) {
        self.wait_beside(PollFlags::OUT, None);
    }

    /// Waits for this of the socket, for the rest of what the session sends, and for that other socket.
    pub fn wait_beside(&self, wanted: PollFlags, other: Option<PollFd<'_>>) {
        let sends = if self.is_sending() | self.crowded.take() { PollFlags::OUT } else { PollFlags::empty() };
        let ours = PollFd::from_borrowed_fd(self.socket.as_fd(), wanted | sends);
        let mut sockets: Vec<PollFd<'_>> = once(ours).chain(other).collect();
        // A failing poll (EINTR) only means that the caller looks again sooner.
        if poll(&mut sockets, Some(&SLICE)).is_err() {
            return;
        }
        let told = sockets[0].revents();
        if told.contains(PollFlags::IN) {
            self.heard();
        }
        self.closed.set(self.closed.get() | told.intersects(PollFlags::HUP | PollFlags::ERR));
    }

    /// Nobody takes the rest of a packet any more. libssh2 does not see that: it does not ask the socket before
    /// the call comes that began the packet.
    pub fn is_cut(&self) -> bool {
        self.closed.get() && self.is_sending()
    }

    /// The socket has not taken all of a packet yet.
    pub fn is_sending(&self) -> bool {
        matches!(self.session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
    }

    /// Whether a packet of a few bytes would go as a whole; the next wait ends when it would. libssh2 (1.11)
    /// keeps some of its packets on the stack, and so forgets what it has sent half of: nothing else leaves the
    /// session after that.
    pub fn has_room(&self) -> bool {
        let mut socket = [PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::OUT)];
        let asked = poll(&mut socket, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        let room = !self.is_sending() && asked.is_ok() && socket[0].revents().contains(PollFlags::OUT);
        self.crowded.set(!room);
        room
    }
}

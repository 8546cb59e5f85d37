//! What a signal asks for, by what came before it and whether a person can have sent it.

use std::time::{Duration, Instant};

use tokio::signal::unix::SignalKind;

/// Signals that come sooner than this after the first Ctrl-C belong to the same wish.
const SAME_WISH: Duration = Duration::from_secs(1);

/// A signal that asks a run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// SIGINT: Ctrl-C, or a CI system that cancels a job.
    Interrupt,
    /// SIGTERM
    Terminate,
    /// SIGHUP: the terminal was closed. The shell and the kernel each send one.
    HangUp,
}

/// What is to be done about a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    CleanUp,
    StopAtOnce,
    /// The clean-up that is under way goes on.
    None,
}

/// The signals so far.
#[derive(Debug, Default)]
pub struct Requests {
    cleaning_up: bool,
    first_interrupt: Option<Instant>,
}

impl Request {
    pub const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::HangUp];

    pub fn signal(self) -> SignalKind {
        match self {
            Self::Interrupt => SignalKind::interrupt(),
            Self::Terminate => SignalKind::terminate(),
            Self::HangUp => SignalKind::hangup(),
        }
    }
}

impl Requests {
    pub fn answer(&mut self, request: Request, at: Instant, has_terminal: bool) -> Answer {
        let again = request == Request::Interrupt
            && has_terminal
            && self.first_interrupt.is_some_and(|first| at.duration_since(first) >= SAME_WISH);
        if request == Request::Interrupt {
            self.first_interrupt.get_or_insert(at);
        }
        match (std::mem::replace(&mut self.cleaning_up, true), again) {
            (false, _) => Answer::CleanUp,
            (true, true) => Answer::StopAtOnce,
            (true, false) => Answer::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Request::*, *};

    fn answers(signals: &[(Request, u64)], has_terminal: bool) -> Vec<Answer> {
        let (mut requests, start) = (Requests::default(), Instant::now());
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let each = signals.iter().map(|(request, after)| requests.answer(*request, at(*after), has_terminal));
        each.collect()
    }

    #[test]
    fn only_a_second_interrupt_from_a_terminal_after_a_second_stops_at_once() {
        let second = |signals: &[(Request, u64)], terminal| answers(signals, terminal).pop().unwrap();
        assert_eq!(second(&[(Interrupt, 0), (Interrupt, 1000)], true), Answer::StopAtOnce);
        assert_eq!(second(&[(Interrupt, 0), (Interrupt, 999)], true), Answer::None);
        assert_eq!(second(&[(Interrupt, 0), (Interrupt, 5000)], false), Answer::None);
        assert_eq!(second(&[(Interrupt, 0), (Interrupt, 500), (Interrupt, 1200)], true), Answer::StopAtOnce);
        assert_eq!(second(&[(Terminate, 0), (Interrupt, 5000)], true), Answer::None, "it is the first one");
        for first in Request::ALL {
            assert_eq!(answers(&[(first, 0)], true), [Answer::CleanUp]);
            for other in [Terminate, HangUp] {
                for after in [10, 7500] {
                    assert_eq!(
                        second(&[(first, 0), (other, after)], true),
                        Answer::None,
                        "{first:?} {other:?}"
                    );
                }
            }
        }
    }
}

//! A step that is followed over one line after another: what of its output has arrived, and how it ended.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Exit, Printed, RemoteError, lines::Lines, marks};
use crate::{provision::supervisor::Place, time::Moment};

/// So many lines may try to end a step whose time is over.
const TRIES: u32 = 3;

/// A step on the builder. Clones are the same one.
#[derive(Clone)]
pub struct Followed {
    pub(super) place: Place,
    start: Arc<[u8]>,
    limit: Option<TimeLimit>,
    so_far: Arc<Mutex<SoFar>>,
}

/// Counted here, whether there is a line or not.
#[derive(Clone, Copy)]
struct TimeLimit {
    length: Duration,
    until: Instant,
}

/// What is known of it.
#[derive(Default)]
pub(super) struct SoFar {
    /// It was started: no line may start it again.
    started: bool,
    /// Of the boot in which it was started.
    boot_id: String,
    /// Another boot answers, and nothing is left of the step.
    restarted: bool,
    pub arrived: u64,
    lines: Lines,
    code: Option<i32>,
    /// How often it could not be ended when its time was over.
    not_ended: u32,
}

impl Followed {
    /// `start` is what the builder is told to start it. Without a `timeout` it takes as long as it takes.
    pub fn new(place: Place, start: Vec<u8>, timeout: Option<Duration>) -> Self {
        let limit = timeout.map(|length| TimeLimit { length, until: Instant::now().later(length) });
        Self { place, start: start.into(), limit, so_far: Arc::default() }
    }

    pub(super) fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next line is told first.
    pub(super) fn opening(&self) -> Vec<u8> {
        let so_far = self.so_far();
        match so_far.started {
            true => self.place.resume(so_far.arrived),
            false => self.start.to_vec(),
        }
    }

    /// How many bytes have arrived.
    pub fn arrived(&self) -> u64 {
        self.so_far().arrived
    }

    /// The boot in which it was started; empty before that.
    pub fn boot_id(&self) -> String {
        self.so_far().boot_id.clone()
    }

    /// How long it may still take, where that is limited.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.until.saturating_duration_since(Instant::now()))
    }

    pub(super) fn in_time(&self) -> Result<(), RemoteError> {
        match self.limit {
            Some(limit) if Instant::now() >= limit.until => Err(RemoteError::TimedOut(limit.length)),
            Some(_) | None => Ok(()),
        }
    }
}

impl SoFar {
    pub fn has_begun(&self) -> bool {
        self.started
    }

    /// How the step ended, as it has told itself.
    ///
    /// # Errors
    /// When it did not tell.
    pub fn exit(&self) -> Result<Exit, RemoteError> {
        match self.code {
            Some(code) => Ok(Exit::Code(code)),
            None if self.restarted => Err(RemoteError::Restarted),
            None => Err(RemoteError::Ended),
        }
    }

    /// A line says in which boot it follows the step. Says whether the step can be there.
    fn begin(&mut self, boot_id: &str) -> bool {
        if self.started && self.boot_id != boot_id {
            self.restarted = true;
            return false;
        }
        self.started = true;
        boot_id.clone_into(&mut self.boot_id);
        true
    }

    /// It could not be ended; whether another line may try that.
    pub fn try_again(&mut self) -> bool {
        self.not_ended += 1;
        self.not_ended < TRIES
    }

    /// Hands on what has no line end.
    pub fn finish(&mut self, each: &mut dyn FnMut(Printed)) {
        self.lines.finish(|line| each(Printed::Line(line.to_owned())));
    }

    fn print(&mut self, bytes: &[u8], each: &mut dyn FnMut(Printed)) {
        self.lines.push(bytes, |line| each(Printed::Line(line.to_owned())));
        if let Some(text) = self.lines.unfinished().filter(|_| !bytes.is_empty()) {
            each(Printed::Unfinished(text));
        }
    }
}

/// What it prints, as one line brings it.
pub(super) struct Reader {
    mark: Vec<u8>,
    /// What may be the beginning of a line of ours; it has not arrived before it is known not to be.
    held: Vec<u8>,
    state: State,
}

#[derive(PartialEq)]
enum State {
    /// What the login has to say comes first, and is not the step's.
    Greeting,
    Output,
    /// It has told its end: nothing more comes.
    Over,
    /// Nothing more comes, and nobody is left to tell why.
    Abandoned,
}

impl Reader {
    pub fn new(place: &Place) -> Self {
        Self { mark: place.mark().into_bytes(), held: Vec::new(), state: State::Greeting }
    }

    /// Nothing more comes of it, whether it has told an exit code or not.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over | State::Abandoned)
    }

    pub fn bytes(&mut self, bytes: &[u8], so_far: &mut SoFar, each: &mut dyn FnMut(Printed)) {
        self.held.extend_from_slice(bytes);
        while matches!(self.state, State::Greeting | State::Output) {
            let (own, word) = marks::split(&mut self.held, &self.mark);
            self.own(&own, so_far, each);
            let Some(word) = word else { return };
            self.word(&word, so_far);
        }
    }

    fn own(&self, bytes: &[u8], so_far: &mut SoFar, each: &mut dyn FnMut(Printed)) {
        // A later login repeats itself.
        if self.state == State::Greeting && so_far.started {
            return;
        }
        if self.state == State::Output {
            so_far.arrived += bytes.len() as u64;
        }
        so_far.print(bytes, each);
    }

    fn word(&mut self, word: &str, so_far: &mut SoFar) {
        match word.split_once(' ') {
            Some(("follow", boot_id)) if so_far.begin(boot_id) => self.state = State::Output,
            Some(("exit", code)) => {
                so_far.code = Some(code.parse().unwrap_or(1));
                self.state = State::Over;
            }
            None | Some(_) => self.state = State::Abandoned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { root: "/run/r".into(), id: "7".into() }
    }

    /// What one line brings, in pieces of this size.
    fn hear(so_far: &mut SoFar, text: &str, size: usize) -> (Reader, Vec<String>) {
        let (mut reader, mut lines) = (Reader::new(&place()), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            reader.bytes(piece, so_far, &mut |printed| match printed {
                Printed::Line(line) => lines.push(line),
                Printed::Unfinished(_) => {}
            });
        }
        (reader, lines)
    }

    #[test]
    fn output_goes_on_where_the_last_line_broke_off_wherever_that_was() {
        let output = "one\n\u{1}hornero 8 exit 3\ntwo\n";
        let whole = format!("{output}\u{1}hornero 7 exit 5\n");
        for cut in 0..=whole.len() {
            let mut so_far = SoFar::default();
            let first = format!("welcome\n\u{1}hornero 7 follow b1\n{}", &whole[..cut]);
            let (_, mut lines) = hear(&mut so_far, &first, 3);
            let rest = &whole[so_far.arrived as usize..];
            let (_, more) = hear(&mut so_far, &format!("welcome\n\u{1}hornero 7 follow b1\n{rest}"), 3);
            lines.extend(more);
            assert_eq!(lines, ["welcome", "one", "\u{1}hornero 8 exit 3", "two"], "cut at {cut}");
            assert_eq!(so_far.exit().unwrap(), Exit::Code(5), "cut at {cut}");
            assert_eq!(so_far.arrived as usize, output.len());
        }
    }

    #[test]
    fn a_step_whose_supervisor_is_gone_is_over_without_a_code() {
        let mut so_far = SoFar::default();
        let (reader, lines) = hear(&mut so_far, "\u{1}hornero 7 follow b1\nhalf\n\u{1}hornero 7 ended\n", 64);
        assert!(reader.is_over() && matches!(so_far.exit(), Err(RemoteError::Ended)));
        assert_eq!(lines, ["half"]);
    }

    #[test]
    fn a_line_to_another_boot_finds_nothing_of_the_step() {
        let mut so_far = SoFar::default();
        hear(&mut so_far, "\u{1}hornero 7 follow b1\nhalf", 64);
        let (reader, lines) = hear(&mut so_far, "\u{1}hornero 7 follow b2\n\u{1}hornero 7 ended\n", 64);
        assert!(reader.is_over() && lines.is_empty());
        assert!(matches!(so_far.exit(), Err(RemoteError::Restarted)));
    }

    #[test]
    fn a_time_limit_that_no_clock_can_tell_is_none() {
        let never = Followed::new(place(), Vec::new(), Some(Duration::MAX));
        assert!(never.in_time().is_ok());
        assert!(Followed::new(place(), Vec::new(), None).in_time().is_ok());
        assert!(Followed::new(place(), Vec::new(), Some(Duration::ZERO)).in_time().is_err());
    }

    #[test]
    fn what_is_printed_after_the_end_is_nobodys() {
        let mut so_far = SoFar::default();
        let said = "\u{1}hornero 7 follow b1\nx\n\u{1}hornero 7 exit 3\nlate\n\u{1}hornero 7 exit 0\n";
        let (reader, lines) = hear(&mut so_far, said, 64);
        assert!(reader.is_over());
        assert_eq!((so_far.exit().unwrap(), lines), (Exit::Code(3), vec!["x".to_owned()]));
    }

    #[test]
    fn a_line_that_is_being_rewritten_is_shown_and_handed_on_once() {
        let (mut so_far, mut all) = (SoFar::default(), Vec::new());
        let mut reader = Reader::new(&place());
        for piece in ["\u{1}hornero 7 follow b1\n10 %\r", "50 %\r", "100 %\r\nnext\n"] {
            reader.bytes(piece.as_bytes(), &mut so_far, &mut |printed| all.push(printed));
        }
        let unfinished = |text: &str| Printed::Unfinished(text.into());
        let line = |text: &str| Printed::Line(text.into());
        let expected =
            [unfinished("10 %\r"), unfinished("10 %\r50 %\r"), line("10 %\r50 %\r100 %"), line("next")];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_step_that_was_started_is_never_started_again() {
        let job = Followed::new(place(), b"start".to_vec(), Some(Duration::from_secs(9)));
        assert_eq!(job.opening(), b"start");
        hear(&mut job.so_far(), "\u{1}hornero 7 follow b1\nabc\n", 64);
        assert_eq!(job.opening(), place().resume(4));
    }
}

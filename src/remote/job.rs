//! A step that is followed over one line after another: what of its output has arrived, and how it ended.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::{Exit, RemoteError, lines::Lines, marks};
use crate::{
    event::Stream,
    provision::supervisor::{Arrived, Place},
};

/// So many lines may try to end a step whose time is over.
const TRIES: u32 = 3;

/// A step on the builder. Clones are the same one.
#[derive(Clone)]
pub struct Followed {
    pub(super) place: Place,
    start: Arc<[u8]>,
    timeout: Duration,
    /// Counted here, whether there is a line or not.
    until: Instant,
    so_far: Arc<Mutex<SoFar>>,
}

/// What is known of it.
#[derive(Default)]
pub(super) struct SoFar {
    /// It was started: no line may start it again.
    started: bool,
    streams: [StreamSoFar; 2],
    /// How often it could not be ended when its time was over.
    not_ended: u32,
}

#[derive(Default)]
struct StreamSoFar {
    arrived: u64,
    lines: Lines,
    code: Option<i32>,
}

impl Followed {
    /// `start` is what the builder is told to start it.
    pub fn new(place: Place, start: Vec<u8>, timeout: Duration) -> Self {
        let until = Instant::now() + timeout;
        Self { place, start: start.into(), timeout, until, so_far: Arc::default() }
    }

    pub(super) fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next line is told first.
    pub(super) fn opening(&self) -> Vec<u8> {
        let so_far = self.so_far();
        match so_far.started {
            true => self.place.resume(so_far.arrived()),
            false => self.start.to_vec(),
        }
    }

    /// How many bytes have arrived.
    pub fn arrived(&self) -> u64 {
        let Arrived { out, err } = self.so_far().arrived();
        out + err
    }

    pub(super) fn in_time(&self) -> Result<(), RemoteError> {
        match Instant::now() < self.until {
            true => Ok(()),
            false => Err(RemoteError::TimedOut(self.timeout)),
        }
    }
}

impl SoFar {
    pub fn has_begun(&self) -> bool {
        self.started
    }

    pub fn arrived(&self) -> Arrived {
        Arrived { out: self.streams[0].arrived, err: self.streams[1].arrived }
    }

    /// How the step ended, as either stream has told.
    pub fn exit(&self) -> Option<Exit> {
        self.streams[1].code.or(self.streams[0].code).map(Exit::Code)
    }

    /// It could not be ended; whether another line may try that.
    pub fn try_again(&mut self) -> bool {
        self.not_ended += 1;
        self.not_ended < TRIES
    }

    /// Hands on what has no line end.
    pub fn finish(&mut self, each: &mut dyn FnMut(Stream, &str)) {
        for (number, stream) in [Stream::Stdout, Stream::Stderr].into_iter().enumerate() {
            self.streams[number].lines.finish(|line| each(stream, line));
        }
    }
}

/// One stream of it over one line.
pub(super) struct Reader {
    stream: Stream,
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
    pub fn new(stream: Stream, place: &Place) -> Self {
        Self { stream, mark: place.mark().into_bytes(), held: Vec::new(), state: State::Greeting }
    }

    /// Nothing more comes of it, whether it has told an exit code or not.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over | State::Abandoned)
    }

    pub fn bytes(&mut self, bytes: &[u8], so_far: &mut SoFar, each: &mut dyn FnMut(Stream, &str)) {
        self.held.extend_from_slice(bytes);
        while matches!(self.state, State::Greeting | State::Output) {
            let (own, word) = marks::split(&mut self.held, &self.mark);
            self.own(&own, so_far, each);
            let Some(word) = word else { return };
            self.word(&word, so_far);
        }
    }

    fn own(&self, bytes: &[u8], so_far: &mut SoFar, each: &mut dyn FnMut(Stream, &str)) {
        // A later login repeats itself.
        if self.state == State::Greeting && so_far.started {
            return;
        }
        let stream = &mut so_far.streams[usize::from(self.stream == Stream::Stderr)];
        if self.state == State::Output {
            stream.arrived += bytes.len() as u64;
        }
        stream.lines.push(bytes, |line| each(self.stream, line));
    }

    fn word(&mut self, word: &str, so_far: &mut SoFar) {
        let stream = &mut so_far.streams[usize::from(self.stream == Stream::Stderr)];
        match word.split_once(' ') {
            None if word == "follow" => {
                so_far.started = true;
                self.state = State::Output;
            }
            Some(("exit", code)) => {
                stream.code = Some(code.parse().unwrap_or(1));
                self.state = State::Over;
            }
            None | Some(_) => self.state = State::Abandoned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: Stream = Stream::Stdout;

    fn place() -> Place {
        Place { root: "/run/r".into(), id: "7".into() }
    }

    /// What one line brings, in pieces of this size.
    fn hear(so_far: &mut SoFar, text: &str, size: usize) -> (Reader, Vec<String>) {
        let (mut reader, mut lines) = (Reader::new(STREAM, &place()), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            reader.bytes(piece, so_far, &mut |_, line| lines.push(line.to_owned()));
        }
        (reader, lines)
    }

    #[test]
    fn output_goes_on_where_the_last_line_broke_off_wherever_that_was() {
        let output = "one\n\u{1}hornero 8 exit 3\ntwo\n";
        let whole = format!("{output}\u{1}hornero 7 exit 5\n");
        for cut in 0..=whole.len() {
            let mut so_far = SoFar::default();
            let first = format!("welcome\n\u{1}hornero 7 follow\n{}", &whole[..cut]);
            let (_, mut lines) = hear(&mut so_far, &first, 3);
            let rest = &whole[so_far.streams[0].arrived as usize..];
            let (_, more) = hear(&mut so_far, &format!("welcome\n\u{1}hornero 7 follow\n{rest}"), 3);
            lines.extend(more);
            assert_eq!(lines, ["welcome", "one", "\u{1}hornero 8 exit 3", "two"], "cut at {cut}");
            assert_eq!(so_far.streams[0].code, Some(5), "cut at {cut}");
            assert_eq!(so_far.streams[0].arrived as usize, output.len());
        }
    }

    #[test]
    fn a_step_whose_supervisor_is_gone_is_over_without_a_code() {
        let mut so_far = SoFar::default();
        let (reader, lines) = hear(&mut so_far, "\u{1}hornero 7 follow\nhalf\n\u{1}hornero 7 ended\n", 64);
        assert!(reader.is_over() && so_far.exit().is_none());
        assert_eq!(lines, ["half"]);
    }

    #[test]
    fn one_stream_is_enough_to_tell_how_a_step_ended() {
        let mut so_far = SoFar::default();
        let (out, _) = hear(&mut so_far, "\u{1}hornero 7 follow\nx\n\u{1}hornero 7 exit 3\n", 64);
        let mut err = Reader::new(Stream::Stderr, &place());
        err.bytes(b"\x01hornero 7 follow\nno mark", &mut so_far, &mut |_, _| {});
        assert!(out.is_over() && !err.is_over(), "it may still say something");
        err.bytes(b"\n\x01hornero 7 ended\n", &mut so_far, &mut |_, _| {});
        assert!(err.is_over());
        assert_eq!(so_far.exit(), Some(Exit::Code(3)));
    }

    #[test]
    fn a_step_that_was_started_is_never_started_again() {
        let job = Followed::new(place(), b"start".to_vec(), Duration::from_secs(9));
        assert_eq!(job.opening(), b"start");
        hear(&mut job.so_far(), "\u{1}hornero 7 follow\nabc\n", 64);
        assert_eq!(job.opening(), place().resume(Arrived { out: 4, err: 0 }));
    }
}

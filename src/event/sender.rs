//! The sending end of a run's events. What is printed waits for whoever keeps the record, and so, in the end, does the
//! builder that prints it; it waits a moment only for whoever shows it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::{Event, EventReceiver, RunState, Sent, Stream, redacted::SecretFilter, room::Room};
use crate::redact::Redact;

/// Keeps the record of a run: it is told every event before anybody else, and told the next one when it is done. An
/// error ends the record, and is told as a warning.
pub type Recorder = Box<dyn FnMut(&Event, Timestamp) -> Result<(), String> + Send>;

/// The sending end. Cheap to clone; sending never fails, for a bake must not depend on who listens.
#[derive(Clone)]
pub struct Events {
    sender: mpsc::UnboundedSender<Sent>,
    room: Arc<Room>,
    redact: Arc<SecretFilter>,
    /// One event after the other, so that record and listeners have the same order.
    told: Arc<Mutex<Told>>,
}

/// What has been told so far.
#[derive(Default)]
pub(super) struct Told {
    state: RunState,
    recorder: Option<Recorder>,
    /// Lines that no listener has been told, since the last that one was.
    skipped: u64,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events")
    }
}

impl Events {
    pub fn channel() -> (Self, EventReceiver) {
        Self::redacted(Redact::default())
    }

    /// A channel that no secret passes.
    pub fn redacted(redact: Redact) -> (Self, EventReceiver) {
        let (sender, receiver) = mpsc::unbounded_channel();
        let room = Arc::<Room>::default();
        let told = Arc::<Mutex<Told>>::default();
        let receiver = EventReceiver::new(receiver, room.clone(), told.clone());
        (Self { sender, room, redact: Arc::new(SecretFilter::new(redact)), told }, receiver)
    }

    /// With somebody who keeps the record.
    #[must_use]
    pub fn recorded(self, recorder: Recorder) -> Self {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).recorder = Some(recorder);
        self
    }

    /// Nobody listens when the receiver is gone, which is the listener's choice and no error.
    pub fn send(&self, mut event: Event) {
        self.redact.take_out(&mut event);
        let (bytes, at) = (event.bytes(), Timestamp::now());
        let shown = !event.may_be_skipped() || self.room.wait_for(bytes, event.is_outdated_soon());
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.state.take(&event);
        if let Some(warning) = told.record(&event, at) {
            self.tell(warning, at);
        }
        match (shown, &event) {
            (true, _) => {
                if let lines @ 1.. = std::mem::take(&mut told.skipped) {
                    self.tell(Event::OutputSkipped { lines }, at);
                }
                self.tell(event, at);
            }
            (false, Event::Output { .. }) => told.skipped += 1,
            // The next one says more.
            (false, _) => {}
        }
    }

    fn tell(&self, event: Event, at: Timestamp) {
        self.room.take(event.bytes());
        self.sender.send(Sent { event, at }).ok();
    }

    /// What the events so far come to.
    pub fn state(&self) -> RunState {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).state.clone()
    }

    /// Of the step that goes on, if it is the one that printed something.
    fn number_of_step(&self, source: &str) -> Option<usize> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.state.running_step().filter(|(_, name)| *name == source).map(|(number, _)| number)
    }

    /// For what is told in other ways than by an event.
    pub fn redact(&self) -> &Redact {
        self.redact.redact()
    }

    pub fn note(&self, message: impl Into<String>) {
        self.send(Event::Note { message: message.into() });
    }

    pub fn warn(&self, message: impl Into<String>) {
        self.send(Event::Warning { message: message.into(), place: None });
    }

    pub fn reused(&self, what: impl Into<String>, detail: impl Into<String>) {
        self.send(Event::Reused { what: what.into(), detail: detail.into() });
    }

    pub fn output(&self, source: &str, stream: Stream, line: impl Into<String>) {
        let number = self.number_of_step(source);
        self.send(Event::Output { source: source.into(), number, stream, line: line.into() });
    }

    pub fn unfinished_line(&self, source: &str, line: impl Into<String>) {
        let number = self.number_of_step(source);
        self.send(Event::UnfinishedLine { source: source.into(), number, line: line.into() });
    }

    pub fn progress(&self, task: &str, done: u64, total: Option<u64>) {
        self.send(Event::Progress { task: task.into(), done, total });
    }
}

impl Told {
    /// What is to be told of a record that cannot be kept any more.
    pub(super) fn record(&mut self, event: &Event, at: Timestamp) -> Option<Event> {
        let result = self.recorder.as_mut()?(event, at);
        result.err().map(|message| {
            self.recorder = None;
            Event::Warning { message, place: None }
        })
    }
}

impl Event {
    /// Whether a listener may go without it: there may be any number of them.
    fn may_be_skipped(&self) -> bool {
        matches!(self, Self::Output { .. }) || self.is_outdated_soon()
    }

    /// Whether the next one of its kind says all that it does.
    fn is_outdated_soon(&self) -> bool {
        matches!(self, Self::UnfinishedLine { .. } | Self::Progress { .. })
    }

    /// What it takes of memory while it waits, where that is much.
    pub(super) fn bytes(&self) -> usize {
        let mut bytes = size_of::<Sent>();
        if let Self::Output { source, line, .. } | Self::UnfinishedLine { source, line, .. } = self {
            bytes += source.len() + line.len();
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends lines until so many bytes of text have gone.
    fn print(events: &Events, bytes: usize) -> u64 {
        let line = "x".repeat(1000);
        (0..bytes / line.len()).map(|_| events.output("step", Stream::Merged, &line)).count() as u64
    }

    #[test]
    fn a_listener_that_does_not_listen_costs_no_memory_and_is_told_how_much_it_has_missed() {
        let (events, mut receiver) = Events::channel();
        let recorded = Arc::new(Mutex::new(0));
        let record = recorded.clone();
        let events = events.recorded(Box::new(move |_, _| {
            *record.lock().unwrap() += 1;
            Ok(())
        }));
        let sent = print(&events, 40 << 20);
        assert_eq!(*recorded.lock().unwrap(), sent, "the record has every line");
        events.note("done");
        drop(events);
        let (mut heard, mut skipped, mut bytes) = (0, 0, 0);
        let mut last = None;
        while let Some(event) = receiver.try_recv() {
            bytes += event.bytes();
            match &event {
                Event::Output { .. } => heard += 1,
                Event::OutputSkipped { lines } => skipped += lines,
                _ => {}
            }
            last = Some(event);
        }
        assert_eq!(heard + skipped, sent);
        assert!(bytes < 10 << 20, "{bytes} bytes were waiting");
        assert_eq!(last, Some(Event::Note { message: "done".into() }), "what matters is never skipped");
    }

    #[test]
    fn a_listener_that_listens_hears_every_line_however_much_comes() {
        let (events, mut receiver) = Events::channel();
        let listener = std::thread::spawn(move || {
            let (mut heard, runtime) = (0, tokio::runtime::Builder::new_current_thread().build().unwrap());
            while let Some(event) = runtime.block_on(receiver.recv()) {
                assert!(matches!(event, Event::Output { .. }), "{event:?}");
                heard += 1;
            }
            heard
        });
        let sent = print(&events, 40 << 20);
        drop(events);
        assert_eq!(listener.join().unwrap(), sent);
    }

    #[test]
    fn a_record_that_cannot_be_kept_is_told_once() {
        let (events, mut receiver) = Events::channel();
        let events = events.recorded(Box::new(|_, _| Err("disk full".into())));
        events.note("one");
        events.note("two");
        let note = |message: &str| Event::Note { message: message.into() };
        let heard: Vec<Event> = std::iter::from_fn(|| receiver.try_recv()).collect();
        assert_eq!(
            heard,
            [Event::Warning { message: "disk full".into(), place: None }, note("one"), note("two")]
        );
    }
}

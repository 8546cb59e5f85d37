//! What happened, as data. Every room that does something sends events; user interfaces, the log
//! and the report listen. `docs/events.md` describes their JSON form for other programs.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::redact::Redact;

/// Something that happened in a run. Written as JSON with a `type` field; every duration is in
/// seconds, every size in bytes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    RunStarted {
        run: String,
        image: String,
        version: Option<String>,
        platform: String,
        log: String,
    },
    PhaseStarted {
        phase: Phase,
    },
    PhaseFinished {
        phase: Phase,
        seconds: f64,
        ok: bool,
    },
    /// A step, numbered from 1.
    StepStarted {
        number: usize,
        total: usize,
        name: String,
        kind: String,
    },
    StepRetried {
        number: usize,
        name: String,
        attempt: u32,
        reason: String,
    },
    StepFinished {
        number: usize,
        name: String,
        seconds: f64,
        ok: bool,
    },
    /// One line that a step, cloud-init or a program started by hornero printed.
    Output {
        source: String,
        stream: Stream,
        line: String,
    },
    /// The line that a step is writing and has not ended: progress that rewrites itself, or a question. It
    /// may come again and again; the whole line is an `Output` later.
    UnfinishedLine {
        source: String,
        line: String,
    },
    /// How far a transfer or a conversion is. `total` is unknown for some.
    Progress {
        task: String,
        done: u64,
        total: Option<u64>,
    },
    /// Something costly that was there already: a base, a download, the accelerator's answer.
    Reused {
        what: String,
        detail: String,
    },
    /// Worth a line, nothing to worry about.
    Note {
        message: String,
    },
    Warning {
        message: String,
    },
    CheckFinished {
        name: String,
        ok: bool,
        expected: String,
        found: String,
    },
    ImageCaptured {
        image: String,
        location: String,
        bytes: u64,
    },
    /// The image that the bake would make is there already.
    UpToDate {
        name: String,
        version: Option<String>,
        image: String,
        parameter: String,
        created: Timestamp,
    },
    Published {
        parameter: String,
        value: String,
        version: u64,
        /// Where the image was copied to; none where it was made.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<String>,
    },
    RunFinished {
        ok: bool,
        seconds: f64,
        error: Option<String>,
        /// What to do now, where something can be said.
        hint: Option<String>,
        /// The last lines that explain the error, where it brings its own.
        tail: Vec<String>,
    },
}

/// The phases of a bake, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Base,
    /// Of files from the web.
    Fetch,
    Launch,
    Connect,
    CloudInit,
    Upload,
    Steps,
    Checks,
    Seal,
    Stop,
    Capture,
    /// The checks again, on a machine started from the image.
    Test,
    Publish,
    Cleanup,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Stdout,
    Stderr,
    /// Both in the order of writing, which only one pipe keeps; which of them a line was, it does not tell.
    Merged,
}

/// The sending end. Cheap to clone; sending never waits and never fails, for a bake must not
/// depend on who listens.
#[derive(Clone, Debug)]
pub struct Events {
    sender: Arc<mpsc::UnboundedSender<Event>>,
    redact: Arc<Redact>,
}

impl Events {
    pub fn channel() -> (Self, mpsc::UnboundedReceiver<Event>) {
        Self::redacted(Redact::default())
    }

    /// A channel that no secret passes.
    pub fn redacted(redact: Redact) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self { sender: Arc::new(sender), redact: Arc::new(redact) }, receiver)
    }

    /// Nobody listens when the receiver is gone, which is the listener's choice and no error.
    pub fn send(&self, mut event: Event) {
        event.texts(|text| self.redact.in_place(text));
        self.sender.send(event).ok();
    }

    /// For what is told in other ways than by an event.
    pub fn redact(&self) -> &Redact {
        &self.redact
    }

    pub fn note(&self, message: impl Into<String>) {
        self.send(Event::Note { message: message.into() });
    }

    pub fn warn(&self, message: impl Into<String>) {
        self.send(Event::Warning { message: message.into() });
    }

    pub fn reused(&self, what: impl Into<String>, detail: impl Into<String>) {
        self.send(Event::Reused { what: what.into(), detail: detail.into() });
    }

    pub fn output(&self, source: &str, stream: Stream, line: impl Into<String>) {
        self.send(Event::Output { source: source.into(), stream, line: line.into() });
    }

    pub fn unfinished_line(&self, source: &str, line: impl Into<String>) {
        self.send(Event::UnfinishedLine { source: source.into(), line: line.into() });
    }

    pub fn progress(&self, task: &str, done: u64, total: Option<u64>) {
        self.send(Event::Progress { task: task.into(), done, total });
    }
}

impl Event {
    /// Shows every text: also names come from templates, and hold what variables do.
    fn texts(&mut self, mut each: impl FnMut(&mut String)) {
        match self {
            Self::Note { message: text }
            | Self::Warning { message: text }
            | Self::StepFinished { name: text, .. }
            | Self::Progress { task: text, .. } => each(text),
            Self::Output { source: one, line: other, .. }
            | Self::UnfinishedLine { source: one, line: other }
            | Self::StepStarted { name: one, kind: other, .. }
            | Self::StepRetried { name: one, reason: other, .. }
            | Self::Reused { what: one, detail: other }
            | Self::ImageCaptured { image: one, location: other, .. } => {
                [one, other].into_iter().for_each(each);
            }
            Self::CheckFinished { name, expected, found, .. } => {
                [name, expected, found].into_iter().for_each(each);
            }
            Self::RunStarted { run, image, version, platform, log } => {
                [run, image, platform, log].into_iter().chain(version).for_each(each);
            }
            Self::UpToDate { name, version, image, parameter, created: _ } => {
                [name, image, parameter].into_iter().chain(version).for_each(each);
            }
            Self::Published { parameter, value, region, .. } => {
                [parameter, value].into_iter().chain(region).for_each(each);
            }
            Self::RunFinished { error, hint, tail, .. } => {
                error.iter_mut().chain(hint).chain(tail).for_each(each);
            }
            Self::PhaseStarted { .. } | Self::PhaseFinished { .. } => {}
        }
    }
}

impl Phase {
    /// What a person reads.
    pub fn title(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Fetch => "fetch",
            Self::Launch => "launch",
            Self::Connect => "connect",
            Self::CloudInit => "cloud-init",
            Self::Upload => "upload",
            Self::Steps => "steps",
            Self::Checks => "checks",
            Self::Seal => "seal",
            Self::Stop => "stop",
            Self::Capture => "capture",
            Self::Test => "test",
            Self::Publish => "publish",
            Self::Cleanup => "cleanup",
        }
    }
}

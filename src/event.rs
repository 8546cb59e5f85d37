//! What happened, as data. Every room that does something sends events; user interfaces, the log
//! and the report listen. `docs/events.md` describes their JSON form for other programs.

use jiff::Timestamp;
use serde::Serialize;
use strum::EnumDiscriminants;

mod parts;
mod phase;
mod receiver;
mod redacted;
mod role;
mod room;
mod run_state;
mod sender;

pub use parts::{CheckPlace, RunEnd, Stream, TemplatePlace, WaitKind};
use parts::{milliseconds, milliseconds_if_known};
pub use phase::Phase;
pub use receiver::{EventReceiver, Sent};
pub use role::{Advance, Role};
pub use run_state::RunState;
pub use sender::{Events, Recorder};

/// Something that happened in a run. Written as JSON with a `type` field; every duration is in
/// seconds, every size in bytes.
#[derive(Clone, Debug, PartialEq, Serialize, EnumDiscriminants)]
#[strum_discriminants(name(EventKind), derive(Hash, strum::VariantArray))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    RunStarted {
        run: String,
        image: String,
        version: Option<String>,
        platform: String,
        log: String,
        /// Of these events.
        format: u32,
        /// The version of hornero.
        hornero: String,
        /// How long the run will take, as earlier ones tell.
        #[serde(serialize_with = "milliseconds_if_known")]
        expected_seconds: Option<f64>,
    },
    PhaseStarted {
        phase: Phase,
    },
    PhaseFinished {
        phase: Phase,
        #[serde(serialize_with = "milliseconds")]
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
        #[serde(serialize_with = "milliseconds")]
        seconds: f64,
        ok: bool,
        /// Of its last attempt; none where no process ended by itself.
        exit_code: Option<i32>,
        /// One more than it was retried.
        attempts: u32,
    },
    /// One line that a step, cloud-init or a program started by hornero printed.
    Output {
        source: String,
        /// Of the step that printed it, if it was one.
        number: Option<usize>,
        stream: Stream,
        line: String,
    },
    /// So many lines of output are not shown here: they came faster than they could be. The log has them.
    OutputSkipped {
        lines: u64,
    },
    /// The line that a step is writing and has not ended: progress that rewrites itself, or a question. It
    /// may come again and again; the whole line is an `Output` later.
    UnfinishedLine {
        source: String,
        number: Option<usize>,
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
        /// Where it is about a file that the user wrote.
        #[serde(flatten)]
        place: Option<TemplatePlace>,
    },
    /// The way into a machine is tried again and again; this is what the last try came to.
    Waiting {
        kind: WaitKind,
        target: String,
        /// How long it has been tried.
        #[serde(serialize_with = "milliseconds")]
        seconds: f64,
        answer: String,
    },
    CheckFinished {
        machine: CheckPlace,
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
        #[serde(serialize_with = "milliseconds")]
        seconds: f64,
        error: Option<String>,
        /// What to do now, where something can be said.
        hint: Option<String>,
        /// The last lines that explain the error, where it brings its own.
        tail: Vec<String>,
        #[serde(flatten)]
        end: RunEnd,
    },
    /// A command failed outside of a run, or before there was one.
    Error {
        /// Of the image, where several are baked and it is about one of them.
        image: Option<String>,
        /// The exit code.
        code: u8,
        kind: String,
        message: String,
        hint: Option<String>,
        tail: Vec<String>,
    },
    /// A template of several was not begun.
    NotBaked {
        image: String,
        reason: String,
    },
}

impl Event {
    /// Raised when an event changes so that a reader of old ones would misunderstand it.
    pub const FORMAT: u32 = 1;

    /// Shows every text: also names come from templates, and hold what variables do.
    pub fn texts(&mut self, mut each: impl FnMut(&mut String)) {
        match self {
            Self::Note { message: text }
            | Self::StepFinished { name: text, .. }
            | Self::Progress { task: text, .. } => each(text),
            Self::Output { source: one, line: other, .. }
            | Self::UnfinishedLine { source: one, line: other, .. }
            | Self::Waiting { target: one, answer: other, .. }
            | Self::StepStarted { name: one, kind: other, .. }
            | Self::StepRetried { name: one, reason: other, .. }
            | Self::Reused { what: one, detail: other }
            | Self::ImageCaptured { image: one, location: other, .. } => {
                [one, other].into_iter().for_each(each);
            }
            Self::Warning { message, place } => {
                let places = place.iter_mut().flat_map(|place| [Some(&mut place.file), place.hint.as_mut()]);
                [Some(message)].into_iter().chain(places).flatten().for_each(each);
            }
            Self::CheckFinished { name, expected, found, .. } => {
                [name, expected, found].into_iter().for_each(each);
            }
            Self::RunStarted {
                run,
                image,
                version,
                platform,
                log,
                format: _,
                hornero,
                expected_seconds: _,
            } => {
                [run, image, platform, log, hornero].into_iter().chain(version).for_each(each);
            }
            Self::UpToDate { name, version, image, parameter, created: _ } => {
                [name, image, parameter].into_iter().chain(version).for_each(each);
            }
            Self::Published { parameter, value, region, .. } => {
                [parameter, value].into_iter().chain(region).for_each(each);
            }
            Self::RunFinished { error, hint, tail, end, .. } => {
                let RunEnd { code: _, kind, phase: _, step, image, parameter } = end;
                let ends = [kind, step, image, parameter].into_iter().flatten();
                error.iter_mut().chain(hint).chain(tail).chain(ends).for_each(each);
            }
            Self::Error { image, code: _, kind, message, hint, tail } => {
                [kind, message].into_iter().chain(image).chain(hint).chain(tail).for_each(each);
            }
            Self::NotBaked { image: one, reason: other } => [one, other].into_iter().for_each(each),
            Self::PhaseStarted { .. } | Self::PhaseFinished { .. } | Self::OutputSkipped { .. } => {}
        }
    }
}

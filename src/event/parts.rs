//! What events are made of besides texts and numbers.

use serde::{Serialize, Serializer};

use super::Phase;

/// How a run ended, for whoever has not read what came before.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunEnd {
    /// The exit code that it calls for.
    pub code: u8,
    /// What kind of failure it was.
    pub kind: Option<String>,
    /// The phase that failed or was interrupted.
    pub phase: Option<Phase>,
    /// The step that failed or was interrupted.
    pub step: Option<String>,
    /// The ID of the image that there is.
    pub image: Option<String>,
    /// The parameter that points at it.
    pub parameter: Option<String>,
}

/// The place in a file that a warning is about, and what can be done there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TemplatePlace {
    pub file: String,
    /// From 1; none where it is about the whole file.
    pub line: Option<usize>,
    /// From 1, in characters.
    pub column: Option<usize>,
    pub hint: Option<String>,
}

/// Where a check was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckPlace {
    Builder,
    /// One that was started from the image.
    TestMachine,
}

/// What is waited for on the way into a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// An SSH server that greets, by whichever way it is reached.
    Server,
    /// A login that the server accepts, at a host that proves to be the right one.
    Login,
}

impl WaitKind {
    /// What a person reads.
    pub fn title(self) -> &'static str {
        match self {
            Self::Server => "SSH",
            Self::Login => "a login",
        }
    }
}

/// Where a line was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    Stdout,
    Stderr,
    /// Both in the order of writing, which only one pipe keeps; which of them a line was, it does not tell.
    Merged,
}

/// Three digits are what a clock of a busy computer is worth.
pub(super) fn milliseconds<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1000.0).round() / 1000.0)
}

/// The same of a time that may not be known.
pub(super) fn milliseconds_if_known<S: Serializer>(
    seconds: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match seconds {
        Some(seconds) => milliseconds(seconds, serializer),
        None => serializer.serialize_none(),
    }
}

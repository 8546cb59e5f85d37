//! The top error: what kind it is (and so the exit code), the chain of causes, the last lines of
//! output that explain it, and what to do now. Rooms have their own errors; here they meet.

use std::error::Error as StdError;

use crate::causes;

/// What went wrong, as far as a calling script can tell. `docs/exit-codes.md` is the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line, or a name that nothing goes by.
    Usage,
    /// A template, or something that it names.
    Template,
    /// The platform: launching, stopping, capturing, a base.
    Platform,
    /// The line to the builder.
    Remote,
    /// What the template asked for failed on the builder: cloud-init, a step, an upload, the seal.
    Bake,
    /// A check found something else than expected.
    Check,
    /// The store of images and parameters.
    Store,
    /// Files of hornero's own: state, data, logs.
    Local,
    /// Another bake of the same image is under way, and was not to be waited for.
    Locked,
    /// Stopped by a signal.
    Interrupted,
}

#[derive(Clone, Debug)]
pub struct Error {
    pub kind: Kind,
    pub message: String,
    /// From the nearest cause to the farthest.
    pub causes: Vec<String>,
    pub tail: Vec<String>,
    pub hint: Option<String>,
    /// A builder was removed after it that could have been kept.
    pub builder_lost: bool,
}

impl Kind {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Usage => 2,
            Self::Template => 3,
            Self::Platform => 4,
            Self::Remote => 5,
            Self::Bake => 6,
            Self::Check => 7,
            Self::Store => 8,
            Self::Locked => 9,
            Self::Interrupted => 130,
        }
    }
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            tail: Vec::new(),
            hint: None,
            builder_lost: false,
        }
    }

    /// Adds a cause and what that was caused by.
    pub fn because(mut self, cause: &(dyn StdError + 'static)) -> Self {
        self.causes.extend(causes::of(cause).map(ToString::to_string));
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same where nothing better is known.
    pub fn or_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    pub fn tail(mut self, tail: Vec<String>) -> Self {
        self.tail = tail;
        self
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl From<crate::platform::PlatformError> for Error {
    fn from(error: crate::platform::PlatformError) -> Self {
        let mut top = Self::new(Kind::Platform, error.to_string()).tail(error.tail);
        top.hint = error.hint;
        top
    }
}

impl From<crate::journal::JournalError> for Error {
    fn from(error: crate::journal::JournalError) -> Self {
        let hint = match error.is_newer() {
            true => crate::journal::NEWER_HINT,
            false => "nothing is done that is not written down: look at the state directory and at its disk",
        };
        Self::new(Kind::Local, error.to_string()).hint(hint)
    }
}

impl Error {
    /// A file of ours that a newer hornero has written.
    pub fn newer(reading: impl std::fmt::Display, newer: &crate::journal::NewerFormat) -> Self {
        Self::new(Kind::Local, format!("{reading}: {newer}")).hint(crate::journal::NEWER_HINT)
    }
}

impl From<crate::plan::PlanError> for Error {
    fn from(error: crate::plan::PlanError) -> Self {
        Self::new(Kind::Template, error.to_string()).hint(error.hint)
    }
}

impl From<crate::provision::ProvisionError> for Error {
    fn from(error: crate::provision::ProvisionError) -> Self {
        Self::new(Kind::Template, "writing what the template asks for as text for the builder")
            .because(&error)
    }
}

impl From<crate::store::StoreError> for Error {
    fn from(error: crate::store::StoreError) -> Self {
        let hint = error.hint();
        let mut top = Self::new(Kind::Store, error.to_string());
        if let Some(source) = StdError::source(&error) {
            top = top.because(source);
        }
        Self { hint, ..top }
    }
}

impl From<crate::fetch::FetchError> for Error {
    fn from(error: crate::fetch::FetchError) -> Self {
        let mut top = Self::new(Kind::Local, error.to_string()).hint(error.hint());
        if let Some(source) = StdError::source(&error) {
            top = top.because(source);
        }
        top
    }
}

impl From<crate::remote::RemoteError> for Error {
    fn from(error: crate::remote::RemoteError) -> Self {
        use crate::remote::RemoteError as Remote;
        let hint = match &error {
            Remote::Unreachable { last, .. } => Some(format!("the last try said: {last}")),
            Remote::HostKey { .. } => {
                Some("another machine answers at this address, or the base does not run cloud-init".into())
            }
            Remote::Login { .. } => {
                Some("look whether cloud-init ran: the builder account is made by it".into())
            }
            Remote::Route { hint, .. } | Remote::Account { hint, .. } => Some(hint.clone()),
            Remote::NoCommands { .. } => {
                Some("look for what the builder runs in place of commands, and since which step".into())
            }
            Remote::Garbled(_) => {
                Some("look for what stands between hornero and the commands on the builder: a forced command, a terminal".into())
            }
            Remote::TimedOut(_) => Some("raise the step's `timeout`, or find out what it waits for".into()),
            Remote::Ended => Some("find out what ends processes there".into()),
            Remote::BuilderGone(_)
            | Remote::Restarted
            | Remote::Lost { .. }
            | Remote::Setup(_)
            | Remote::Local(_) => None,
        };
        let top = Self::new(Kind::Remote, error.to_string());
        Self { hint, ..top }
    }
}

//! The top error: what kind it is (and so the exit code), the chain of causes, the last lines of
//! output that explain it, and what to do now. Rooms have their own errors; here they meet.

mod panic;

use std::error::Error as StdError;

pub use panic::{caught, note_panics};

use crate::{
    aws::{AwsError, Fault},
    causes,
};

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
    /// Another bake of the same image is under way, and was not to be waited for; or it has begun while this one
    /// was away.
    Locked,
    /// A mistake of hornero's own: something in it panicked.
    Internal,
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
            // As of every program in Rust.
            Self::Internal => 101,
            Self::Interrupted => 130,
        }
    }

    /// The word for it in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Usage => "usage",
            Self::Template => "template",
            Self::Platform => "platform",
            Self::Remote => "remote",
            Self::Bake => "bake",
            Self::Check => "check",
            Self::Store => "store",
            Self::Locked => "locked",
            Self::Internal => "internal",
            Self::Interrupted => "interrupted",
        }
    }

    /// The same cause has the same kind, whoever met it: without credentials no part of AWS can be asked.
    /// Anything else is of the `usual` kind there.
    pub fn of_aws(error: &AwsError, usual: Self) -> Self {
        match error.fault {
            Fault::Setup => Self::Usage,
            Fault::Credentials | Fault::Expired => Self::Platform,
            Fault::Throttled
            | Fault::NotFound
            | Fault::Denied
            | Fault::Quota
            | Fault::Capacity
            | Fault::Invalid
            | Fault::Transient
            | Fault::Other => usual,
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
        let (kind, message) = match error.is_setup {
            // Whatever was to be done, this comes first.
            true => (Kind::Usage, error.why.clone()),
            false => (Kind::Platform, error.to_string()),
        };
        let mut top = Self::new(kind, message).tail(error.tail);
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

impl From<crate::quote::QuoteError> for Error {
    fn from(error: crate::quote::QuoteError) -> Self {
        crate::provision::ProvisionError::from(error).into()
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
        let is_lock_lost = matches!(
            error,
            crate::store::StoreError::LockLost { .. } | crate::store::StoreError::WrittenLate { .. }
        );
        let kind = if is_lock_lost { Kind::Locked } else { Kind::Store };
        let mut top = Self::new(kind, error.to_string());
        if let crate::store::StoreError::Aws { source, .. } = &error {
            if source.is_setup() {
                return Self::from((**source).clone());
            }
            top.kind = Kind::of_aws(source, Kind::Store);
        }
        if let Some(source) = StdError::source(&error) {
            top = top.because(source);
        }
        Self { hint, ..top }
    }
}

/// Of AWS itself, before a platform or a store is in play.
impl From<AwsError> for Error {
    fn from(error: AwsError) -> Self {
        Self::new(Kind::of_aws(&error, Kind::Platform), error.to_string()).hint(error.hint())
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

/// What to do when the builder did not answer a command in time.
const HELD_UP: &str = "raise the `timeout` of the step if it has one, or find out what holds the builder up: \
                       `--on-error keep` leaves it for `hornero ssh`";

impl From<crate::remote::RemoteError> for Error {
    fn from(error: crate::remote::RemoteError) -> Self {
        use crate::remote::RemoteError as Remote;
        let hint = match &error {
            Remote::Unreachable { last, .. } => Some(format!("the last try said: {last}")),
            Remote::HostKey { .. } => {
                Some(
                    "another machine answers at this address, or `host_key` of [ssh] is that of another; without one, \
                     the base does not run cloud-init, which gives it its key"
                        .into(),
                )
            }
            Remote::Login { by_cloud_init: true, .. } => {
                Some("look whether cloud-init ran, which makes the account, and at `user` and `private_key` of [ssh] where they are given".into())
            }
            Remote::Login { by_cloud_init: false, .. } => {
                Some("look at `user` and `private_key` of [ssh]: the public half of that key has to be in the user's authorized_keys".into())
            }
            Remote::Route { hint, .. } | Remote::Account { hint, .. } => Some(hint.clone()),
            Remote::NoCommands { .. } => {
                Some("look for what the builder runs in place of commands, and since which step".into())
            }
            Remote::Garbled(_) => {
                Some("look for what stands between hornero and the commands on the builder: a forced command, a terminal".into())
            }
            Remote::Refused { hint, .. } => hint.clone(),
            Remote::TimedOut(_) | Remote::NoAnswer(_) => Some(HELD_UP.into()),
            Remote::Silent(_) => Some("find out what it waits for on the builder".into()),
            Remote::Ended => Some("find out what ends processes there".into()),
            Remote::Changed(_) => Some(crate::remote::entries::ChangedFile::HINT.into()),
            Remote::BuilderGone(_)
            | Remote::Restarted
            | Remote::Lost { .. }
            | Remote::Setup(_)
            | Remote::Upload(_)
            | Remote::Received(_)
            | Remote::Local(_) => None,
        };
        let kind = match &error {
            Remote::Changed(_) => Kind::Template,
            // The line did its part.
            Remote::Refused { .. } | Remote::Upload(_) | Remote::Received(_) | Remote::Local(_) => Kind::Bake,
            Remote::Unreachable { .. }
            | Remote::BuilderGone(_)
            | Remote::HostKey { .. }
            | Remote::Login { .. }
            | Remote::Lost { .. }
            | Remote::TimedOut(_)
            | Remote::Silent(_)
            | Remote::NoAnswer(_)
            | Remote::Ended
            | Remote::Restarted
            | Remote::Route { .. }
            | Remote::Account { .. }
            | Remote::NoCommands { .. }
            | Remote::Garbled(_)
            | Remote::Setup(_) => Kind::Remote,
        };
        let top = Self::new(kind, error.to_string());
        Self { hint, ..top }
    }
}

//! What a run has left behind: found by its journal or by tags, and removed again.

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use ulid::Ulid;

use crate::journal::{History, Place};

/// Whose leftovers are looked for.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// Those of a run whose journal is here.
    Run { id: &'a str, history: &'a History },
    /// Those of every run that may have been here, by what it has tagged.
    Anyone { place: &'a Place },
}

/// One thing that can be removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Leftover {
    pub run: String,
    pub kind: LeftoverKind,
    /// The platform's name for it, or a path.
    pub id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Since when it is there, where that is known.
    pub since: Option<Timestamp>,
    /// Until then its run may be alive on another computer.
    pub expires: Option<Timestamp>,
    /// What its tag says of that where it is no time. Somebody wrote it by hand, so nobody else may say that it is
    /// over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable_expiry: Option<String>,
    /// What else a person wants to know of it: its type, its size.
    pub detail: String,
}

/// In the order in which the kinds can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeftoverKind {
    SpotRequest,
    Instance,
    Volume,
    SecurityGroup,
    /// One that was not finished.
    Ami,
    Snapshot,
    /// A QEMU process.
    Machine,
    /// The disks of a machine that is gone.
    Disks,
    /// A folder with a half-made image.
    Folder,
    /// The lock of an image, in the store.
    Lock,
}

impl LeftoverKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::SpotRequest => "spot request",
            Self::Instance => "instance",
            Self::Volume => "volume",
            Self::SecurityGroup => "security group",
            Self::Ami => "unfinished AMI",
            Self::Snapshot => "snapshot",
            Self::Machine => "virtual machine",
            Self::Disks => "disks",
            Self::Folder => "folder",
            Self::Lock => "lock",
        }
    }

    /// What keeping it costs.
    pub fn cost(self) -> &'static str {
        match self {
            Self::Instance => "by the hour",
            Self::SpotRequest => "may start an instance",
            Self::Volume | Self::Ami | Self::Snapshot => "by the gigabyte and month",
            Self::SecurityGroup | Self::Lock => "free",
            Self::Machine => "memory here",
            Self::Disks | Self::Folder => "disk space here",
        }
    }
}

impl Leftover {
    pub fn here(run: &str, kind: LeftoverKind, id: String, detail: String) -> Self {
        Self {
            run: run.into(),
            kind,
            id,
            place: None,
            since: None,
            expires: None,
            unreadable_expiry: None,
            detail,
        }
    }

    /// The path of what lies on this computer.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(&self.id)
    }

    /// How long it is there; since the run began, where nothing else is known.
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let begun = || {
            let ulid = Ulid::from_string(self.run.rsplit('-').next()?).ok()?;
            Timestamp::from_millisecond(i64::try_from(ulid.timestamp_ms()).ok()?).ok()
        };
        now.duration_since(self.since.or_else(begun)?).try_into().ok()
    }

    /// Whether its run may still be alive somewhere, as far as its tags say.
    pub fn may_be_in_use(&self, now: Timestamp) -> bool {
        self.unreadable_expiry.is_some() || self.expires.is_some_and(|expires| expires > now)
    }
}

impl std::fmt::Display for Leftover {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.id)?;
        self.place.iter().try_for_each(|place| write!(f, " in {}", place.region))
    }
}

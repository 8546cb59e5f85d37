//! The phases of a bake: their order, and what a person reads of each.

use serde::Serialize;

/// The phases of a bake, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, strum::VariantArray)]
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

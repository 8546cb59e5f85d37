//! The rooms that read what comes from outside, as a crate of their own without the AWS SDK: what fuzzing links
//! (`tests/fuzz`). The program itself has nothing of this file.

#![allow(dead_code, unused_imports, reason = "the rooms that use the rest are not here")]

pub mod amount;
mod causes;
pub mod event;
pub mod journal;
pub mod load;
mod open_file;
pub mod plan;
mod private;
pub mod properties;
pub mod provision;
pub mod quote;
pub mod redact;
pub mod remote;
pub mod sum;
pub mod template;
pub mod time;
pub mod wait;

/// Of the engine what a builder and a file can say.
pub mod engine {
    pub mod manifest;
    pub mod phases;
    pub mod survey;
}

/// Of the platforms what stands in a manifest.
pub mod platform {
    mod image;
    mod settings;

    pub mod qemu {
        pub mod qcow2_header;
    }

    pub use image::{CaptureSpec, Captured, CapturedDisk, CloudImage, ImageCopy};
    pub use settings::Settings;

    /// As far as a manifest names it.
    #[derive(Clone, Debug)]
    pub struct BaseImage {
        pub id: String,
        pub description: String,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}: {1}")]
    pub struct PlatformError(String, String);

    impl PlatformError {
        pub fn new(what: impl Into<String>, why: impl std::fmt::Display) -> Self {
            Self(what.into(), why.to_string())
        }

        pub fn hint(self, _: impl Into<String>) -> Self {
            self
        }
    }
}

/// As far as the rooms above make errors.
pub mod error {
    pub async fn caught<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        work.await
    }

    #[derive(Clone, Copy, Debug)]
    pub enum Kind {
        Local,
    }

    #[derive(Clone, Debug, thiserror::Error)]
    #[error("{0}")]
    pub struct Error(String);

    impl Error {
        pub fn new(_: Kind, message: impl Into<String>) -> Self {
            Self(message.into())
        }

        pub fn because(self, cause: &(dyn std::error::Error + 'static)) -> Self {
            Self(format!("{}: {cause}", self.0))
        }

        pub fn hint(self, _: impl Into<String>) -> Self {
            self
        }

        pub fn or_hint(self, _: impl Into<String>) -> Self {
            self
        }

        pub fn newer(reading: impl std::fmt::Display, newer: &crate::journal::NewerFormat) -> Self {
            Self(format!("{reading}: {newer}"))
        }
    }
}

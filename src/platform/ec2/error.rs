//! What AWS refused, as an error of the platform: what was being done, which call failed on what,
//! and what to do now.

use crate::{aws::AwsError, platform::PlatformError, wait::WaitError};

/// `doing` says what for: ``starting the builder `web-01` ``.
pub fn failed(doing: impl Into<String>) -> impl FnOnce(AwsError) -> PlatformError {
    let doing = doing.into();
    move |error| PlatformError::new(doing, &error).hint(error.hint()).setup(error.is_setup())
}

/// The same for a wait that came to nothing.
pub fn waited(doing: impl Into<String>, hint: &str) -> impl FnOnce(WaitError<AwsError>) -> PlatformError {
    let (doing, hint) = (doing.into(), hint.to_owned());
    move |error| match error {
        WaitError::Look(error) => failed(doing)(error),
        error => PlatformError::new(doing, error).hint(hint),
    }
}

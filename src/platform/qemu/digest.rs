//! SHA-256 of disks, with the error in the platform's words.

use std::path::Path;

use crate::{platform::PlatformError, sum};

/// In lower-case hex.
pub async fn of_file(file: &Path) -> Result<String, PlatformError> {
    sum::of_file_aside(file.to_owned())
        .await
        .map_err(|error| PlatformError::new(format!("computing the sum of `{}`", file.display()), error))
}

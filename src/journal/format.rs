//! Formats of the files that hornero writes and reads back. A file of a later format is told as such before
//! anything else in it is read: what it says may mean something else there.

use serde::{Deserialize, Serialize};

/// The only format so far. Files of the first versions do not name theirs.
pub const FIRST_FORMAT: u32 = 1;

/// What a person does about a file of a later format.
pub const NEWER_HINT: &str =
    "use the hornero that wrote it, or a newer one; this one has changed nothing in it";

/// What every such file says of itself.
#[derive(Deserialize)]
struct Stamp {
    #[serde(default = "first_format")]
    format: u64,
}

/// A file of a later format than this hornero knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it was written by a newer hornero: it has format {found}, and this one knows formats up to {known}")]
pub struct NewerFormat {
    pub found: u64,
    pub known: u32,
}

/// A value that is written with the format that it has.
#[derive(Serialize)]
pub struct Stamped<'a, T> {
    format: u32,
    #[serde(flatten)]
    value: &'a T,
}

impl<'a, T> Stamped<'a, T> {
    pub fn new(format: u32, value: &'a T) -> Self {
        Self { format, value }
    }
}

/// Refuses the JSON of a file whose format is later than `known`.
///
/// # Errors
/// When a newer hornero has written it.
pub fn check_format(json: &[u8], known: u32) -> Result<(), NewerFormat> {
    // What is no such file at all is told by whoever reads all of it.
    match serde_json::from_slice(json) {
        Ok(Stamp { format }) if format > u64::from(known) => Err(NewerFormat { found: format, known }),
        Ok(Stamp { .. }) | Err(_) => Ok(()),
    }
}

const fn first_format() -> u64 {
    FIRST_FORMAT as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_format_is_refused() {
        for fine in [r#"{"format": 1}"#, r#"{"run": "web-1"}"#, "no JSON", "[]"] {
            assert_eq!(check_format(fine.as_bytes(), 1), Ok(()), "{fine}");
        }
        let later = check_format(br#"{"format": 7, "unknown": {}}"#, 1);
        assert_eq!(later, Err(NewerFormat { found: 7, known: 1 }));
    }
}

//! What can go wrong with a store, in words that say what to do about it.

use std::path::PathBuf;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot open the store `{file}`: {why}")]
    Open { file: PathBuf, why: String },
    #[error("the store `{file}` is damaged: {why}")]
    Damaged { file: PathBuf, why: String },
    #[error("`{file}` is an SQLite file of another program, not a store of hornero")]
    Foreign { file: PathBuf },
    #[error(
        "the store `{file}` was written by a newer hornero: its schema is {found}, this one knows up to {known}"
    )]
    Newer { file: PathBuf, found: i64, known: i64 },
    #[error("cannot {what} in the store `{file}`")]
    Query { what: String, file: PathBuf, source: rusqlite::Error },
    #[error("there is no image `{image}` in the store `{file}`, so `{parameter}` cannot point at it")]
    PointsNowhere { parameter: String, image: String, file: PathBuf },
    #[error("there is no image `{image}` in the store `{file}`")]
    NoImage { image: String, file: PathBuf },
    #[error("`{prefix}` is the beginning of several image IDs: {}", ids.join(", "))]
    Ambiguous { prefix: String, ids: Vec<String> },
    #[error("another image is already recorded as `{image}`")]
    OtherImage { image: String },
    #[error("image `{image}` is in use: {} points at it", parameters.join(", "))]
    InUse { image: String, parameters: Vec<String> },
    #[error("`{parameter}` points at images and cannot be overwritten with a text")]
    Pointer { parameter: String },
    #[error("`{name}` is no name for a parameter: {why}")]
    BadName { name: String, why: &'static str },
    #[error("the store's thread ended without an answer")]
    Stopped,
}

impl StoreError {
    /// What to do now, where something can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Open { .. } => Some("check that the folder exists, is yours and has free space".into()),
            Self::Damaged { file, .. } => Some(format!(
                "nothing was changed; move `{0}`, `{0}-wal` and `{0}-shm` away together and put a copy back; \
                 without a copy, `sqlite3 {0} .recover` saves what can be read; the images are not in it",
                file.display()
            )),
            Self::Foreign { .. } => Some("choose another folder with `--state-dir`".into()),
            Self::Newer { .. } => Some("update hornero; the store was not changed".into()),
            Self::Query { source, .. } if is_busy(source) => {
                Some("another process holds the store for long; run this again when it has ended".into())
            }
            Self::Query { .. } => None,
            Self::PointsNowhere { .. } | Self::NoImage { .. } => {
                Some("`hornero images` lists the images there are".into())
            }
            Self::Ambiguous { .. } => Some("give more characters of the ID".into()),
            Self::OtherImage { .. } => None,
            Self::InUse { .. } => Some("point the parameter at another image first".into()),
            Self::Pointer { .. } => Some("point it at an image, or choose another name".into()),
            Self::BadName { .. } => Some("a name looks like `/images/web/dev`".into()),
            Self::Stopped => Some("this is a bug in hornero; please report it".into()),
        }
    }
}

fn is_busy(err: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(err.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

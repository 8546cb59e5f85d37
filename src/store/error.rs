//! What can go wrong with a store, in words that say what to do about it.

use std::{path::PathBuf, time::Duration};

use super::{Lease, ValueKind};
use crate::{aws::AwsError, time::second, wait::Passing};

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
    #[error("cannot {what}")]
    Aws { what: String, source: Box<AwsError> },
    #[error("the image `{image}` is {state} in {region}, so `{parameter}` cannot point at it")]
    NotAvailable { parameter: String, image: String, region: String, state: String },
    #[error("the image `{image}` in {region} has no tags of a bake")]
    Untagged { image: String, region: String },
    #[error(
        "`{parameter}` has the data type `text` in {region}, which AWS never changes, so it cannot point at an image"
    )]
    IsText { parameter: String, region: String },
    #[error("`{parameter}` is no plain parameter in {region} but a {kind}")]
    OtherType { parameter: String, region: String, kind: String },
    #[error(
        "AWS took `{value}` for `{parameter}` in {region} as version {version}, and has not stored it after {} s{}; \
         last seen: {last}", waited.as_secs(), not_accepted(*.kind)
    )]
    NotStored {
        parameter: String,
        value: String,
        region: String,
        version: u64,
        waited: Duration,
        last: String,
        kind: ValueKind,
    },
    #[error("another writer was faster: `{parameter}` in {region} is at {found}, and ours was {ours}")]
    Overtaken { parameter: String, region: String, ours: String, found: String },
    #[error(
        "AWS stored version {version} of `{parameter}` in {region}, `{value}`, after the lock had ended: another bake \
         may have published meanwhile"
    )]
    WrittenLate { parameter: String, region: String, version: u64, value: String },
    #[error("`{parameter}` has 100 versions in {region}, and the oldest cannot be dropped: it has a label")]
    Labelled { parameter: String, region: String },
    #[error("AWS took a claim of the lock `{lock}` in {region} and does not show it; last seen: {last}")]
    LockUnseen { lock: String, region: String, last: String },
    #[error("`{parameter}` was not written: the lock `{lock}` is lost, {}", who_has_it(.now.as_deref()))]
    LockLost { parameter: String, lock: String, now: Option<Box<Lease>> },
    #[error("the parameter `{lock}` in {region} is no lock that hornero made")]
    NoLock { lock: String, region: String },
    #[error("the lock `{lock}` in {region} is held by a newer hornero: {why}")]
    NewerLock { lock: String, region: String, why: String },
    #[error("`{parameter}` in {region} is not a key that hornero made")]
    BadKey { parameter: String, region: String },
    #[error("the store's thread ended without an answer")]
    Stopped,
}

impl Passing for StoreError {
    /// The store has already tried again whatever may help.
    fn passes(&self) -> bool {
        false
    }
}

impl StoreError {
    /// `what` completes "cannot ...".
    pub fn aws(what: impl Into<String>) -> impl FnOnce(AwsError) -> Self {
        let what = what.into();
        move |source| Self::Aws { what, source: Box::new(source) }
    }

    /// `now` is who has the lock by now.
    pub fn lock_lost(parameter: &str, lock: &str, now: Option<Lease>) -> Self {
        let (parameter, lock) = (parameter.to_owned(), lock.to_owned());
        Self::LockLost { parameter, lock, now: now.map(Box::new) }
    }

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
            Self::Aws { source, .. } => Some(source.hint()),
            Self::Untagged { image, .. } => Some(format!(
                "look whether it is there and available: `aws ec2 describe-images --image-ids {image}`"
            )),
            Self::NotAvailable { region, .. } => Some(format!(
                "look whether it was made in {region} and is yours: `hornero images` lists what is there"
            )),
            Self::IsText { parameter, .. } => Some(format!(
                "publish under another name; or delete it, which loses its history and labels (`aws ssm \
                 delete-parameter --name {parameter}`); or set data_type = \"text\" in [publish], which auto scaling \
                 and launch templates cannot use; then `hornero publish` the run"
            )),
            Self::OtherType { .. } => {
                Some("publish under another name, then `hornero publish` the run".into())
            }
            Self::NotStored { parameter, value, region, kind, .. } => {
                Some(look_at_image(parameter, value, region, *kind))
            }
            Self::Overtaken { .. } => {
                Some("let one bake at a time publish there, then `hornero publish` the run".into())
            }
            Self::WrittenLate { parameter, region, .. } => Some(look_at_versions(parameter, region)),
            Self::Labelled { parameter, .. } => Some(format!(
                "move its label to a newer version, or remove it: `aws ssm get-parameter-history --name {parameter}` \
                 shows it, `aws ssm unlabel-parameter-version` removes it"
            )),
            Self::LockLost { lock, .. } => Some(look_at_history(lock)),
            Self::LockUnseen { .. } => Some("try again: the claim ends by itself".into()),
            Self::NoLock { lock, .. } => Some(of_others(lock)),
            Self::NewerLock { .. } => Some("use the hornero that the others use, or a newer one".into()),
            Self::BadKey { parameter, .. } => Some(renewed(parameter)),
            Self::Stopped => Some("this is a bug in hornero; please report it".into()),
        }
    }
}

fn not_accepted(kind: ValueKind) -> &'static str {
    match kind {
        ValueKind::Image => ": it did not accept it as an image",
        ValueKind::Text => "",
    }
}

fn who_has_it(now: Option<&Lease>) -> String {
    match now {
        Some(lease) => format!("{} has it since {}", lease.who, second(lease.since)),
        None => "another had it meanwhile".to_owned(),
    }
}

fn look_at_image(parameter: &str, value: &str, region: &str, kind: ValueKind) -> String {
    let stored = format!("`aws ssm get-parameter --name {parameter}` shows what is stored; then");
    match kind {
        ValueKind::Text => format!("{stored} `hornero publish` the run"),
        ValueKind::Image => format!(
            "the image stays, and the parameter points where it did; look whether {value} is available in \
             {region} (`aws ec2 describe-images --image-ids {value}`), and whether whoever ran this has \
             ec2:DescribeImages beside ssm:PutParameter; {stored}, five minutes later, `hornero publish` the run"
        ),
    }
}

fn look_at_history(lock: &str) -> String {
    let image = lock.rsplit('/').next().unwrap_or(lock);
    format!(
        "this process did not say in time that it lives, as when its computer sleeps, so another took the lock; \
         `hornero history {image}` shows what was published meanwhile"
    )
}

fn look_at_versions(parameter: &str, region: &str) -> String {
    format!(
        "look which image it should point at: `aws ssm get-parameter-history --name {parameter} --region {region}`; \
         then `hornero publish` the run of that image"
    )
}

fn of_others(lock: &str) -> String {
    format!(
        "somebody else put it there, perhaps to stop bakes: ask, or `aws ssm delete-parameter --name {lock}`"
    )
}

fn renewed(key: &str) -> String {
    format!(
        "if nothing else uses it, delete it: `aws ssm delete-parameter --name {key}`; a new one is made then, and \
         images whose templates have secrets are baked anew"
    )
}

fn is_busy(err: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked};
    matches!(err.sqlite_error_code(), Some(DatabaseBusy | DatabaseLocked))
}

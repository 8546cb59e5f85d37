//! What became of each run of this computer, as its journal tells.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;

use super::{Context, known, show};
use crate::{
    engine::outcome,
    error::{Error, Kind},
    journal::{self, History},
};

/// One run: what it was for, how it stands, and where its log lies.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    pub run: String,
    /// The name of the image.
    pub image: String,
    pub platform: String,
    pub state: RunState,
    pub began: Timestamp,
    /// How long hornero has been at work on it.
    pub seconds: f64,
    /// `None` for a run that still works, was killed, or was made by an earlier version.
    pub exit_code: Option<u8>,
    /// The ID of the image that it has made.
    pub image_id: Option<String>,
    /// Until when it keeps its builder, if it does.
    pub kept_until: Option<Timestamp>,
    pub log: PathBuf,
    #[serde(skip)]
    pub folder: PathBuf,
    /// Whether it has left something that `hornero clean` removes.
    #[serde(skip)]
    pub is_open: bool,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// A process is at work on it.
    Running,
    /// It did what it was to do.
    Finished,
    Failed,
    /// It failed and keeps its builder.
    BuilderKept,
    /// It was told to end, and cleaned up.
    Interrupted,
    /// Its process ended without a word.
    Killed,
    /// It was killed, and `hornero clean` has removed what it left.
    CleanedUp,
}

impl RunState {
    /// What a person reads.
    pub fn title(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::BuilderKept => "builder kept",
            Self::Interrupted => "interrupted",
            Self::Killed => "killed",
            Self::CleanedUp => "cleaned up",
        }
    }

    fn of(history: &History, held: bool, image_id: Option<&str>) -> Self {
        let interrupted = Kind::Interrupted.exit_code();
        match (held, history.ended, history.exit_code) {
            (true, _, _) => Self::Running,
            (false, _, _) if history.builder_kept.is_some() && history.is_open() => Self::BuilderKept,
            (false, None, _) => Self::Killed,
            (false, Some(_), Some(0)) => Self::Finished,
            (false, Some(_), Some(code)) if code == interrupted => Self::Interrupted,
            (false, Some(_), Some(_)) => Self::Failed,
            // Journals of earlier versions have no exit codes.
            (false, Some(_), None) if image_id.is_some() => Self::Finished,
            (false, Some(_), None) => Self::CleanedUp,
        }
    }
}

impl RunSummary {
    /// `None` where not even the first line of the journal was written, or a newer hornero has written it.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>, Error> {
        // First: a run that ends in between is then told as one that runs, and not as one that was killed.
        let held = journal::is_held(folder)?;
        let history = match journal::read(folder) {
            // Whoever names this run is told so by the command.
            Err(newer) if newer.is_newer() => {
                show::stderr(&format!("warning: {newer}\n"));
                return Ok(None);
            }
            history => history?.unwrap_or_default(),
        };
        let Some(header) = history.header.clone() else { return Ok(None) };
        let image_id = outcome::complete(&history).map(|(image, _)| image);
        let state = RunState::of(&history, held, image_id.as_deref());
        let work_time = match (held, history.sessions.last()) {
            (true, Some(session)) => history.work_time() + Timestamp::now().duration_since(session.last_seen),
            (true, None) | (false, _) => history.work_time(),
        };
        Ok(Some(Self {
            run: header.run,
            image: header.image,
            platform: header.platform,
            state,
            began: header.at,
            seconds: work_time.as_secs_f64(),
            exit_code: history.exit_code.filter(|_| !held),
            image_id,
            kept_until: history.builder_kept.filter(|_| state == RunState::BuilderKept),
            log: folder.join("log"),
            folder: folder.to_owned(),
            is_open: history.is_open(),
        }))
    }

    /// All runs of this computer that are known, the newest first.
    ///
    /// # Errors
    /// When a folder or a journal cannot be read.
    pub fn list(context: &Context) -> Result<Vec<Self>, Error> {
        let mut runs = Vec::new();
        for folder in known::folders(context)? {
            runs.extend(Self::read(&folder)?);
        }
        runs.sort_by(|one, other| (other.began, &other.run).cmp(&(one.began, &one.run)));
        Ok(runs)
    }
}

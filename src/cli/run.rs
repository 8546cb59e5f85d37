//! One run from its ID to its end: folders, listeners, and the event that closes it.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use jiff::Timestamp;

use super::{Context, estimate, interrupt, known, show, wiring};
use crate::{
    engine::RunFolders,
    error::{Error, Kind},
    event::{Event, Events, RunEnd},
    journal::{Header, Journal},
    private,
    redact::Redact,
    ui,
};

/// A run under way.
pub struct Run {
    pub folders: RunFolders,
    pub events: Events,
    log: PathBuf,
    /// By which other state directories find it.
    link: PathBuf,
    shown: ui::Shown,
    start: Instant,
    /// How long earlier bakes of the image took.
    expected_seconds: Option<f64>,
}

/// Why a run failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code that it calls for.
    pub code: u8,
    /// No secret is in it.
    pub reason: String,
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        failure.code.into()
    }
}

impl Run {
    /// Makes the run's folders and starts its listeners.
    ///
    /// # Errors
    /// When a folder or the log cannot be written.
    pub fn start(name: &str, redact: Redact, context: &Context) -> Result<Self, Error> {
        let id = format!("{name}-{}", ulid::Ulid::generate().to_string().to_lowercase());
        let run = context.state()?.join("runs").join(&id);
        private_folder(&run)?;
        let header = Header {
            run: id.clone(),
            image: name.into(),
            platform: context.global.platform.name().into(),
            tool: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            at: Timestamp::now(),
        };
        let journal = Journal::begin(&run, header)?;
        // Before its own run is known, and worth no failure.
        let expected_seconds = estimate::expected_seconds(name, context).unwrap_or_default();
        known::tell(&id, &run, context)?;
        Self::listening((id, run), journal, redact, expected_seconds, context)
    }

    /// Over a journal that is this process's: of a new run, or of one that is gone on with in its own
    /// folder and with its own log.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub fn over(
        id: String,
        run: PathBuf,
        journal: Journal,
        redact: Redact,
        context: &Context,
    ) -> Result<Self, Error> {
        Self::listening((id, run), journal, redact, None, context)
    }

    fn listening(
        (id, run): (String, PathBuf),
        journal: Journal,
        redact: Redact,
        expected_seconds: Option<f64>,
        context: &Context,
    ) -> Result<Self, Error> {
        let (data, log) = (context.data()?, run.join("log"));
        let places = [run.clone(), data.clone(), context.state()?];
        let ours = places.map(|path| path.display().to_string()).into_iter().chain([id.clone()]);
        let (events, receiver) = Events::redacted(redact.leaving(ours));
        let events = events.recorded(wiring::log(&log)?);
        let shown = show::listen(receiver, wiring::listeners(context, &id))?;
        interrupt::watch(&id, &journal);
        let link = known::link(&id, context)?;
        let (images, downloads) = (data.join("images"), data.join("downloads"));
        let folders = RunFolders { id, run, images, downloads, journal };
        Ok(Self { folders, events, log, link, shown, start: Instant::now(), expected_seconds })
    }

    /// Announces it.
    pub fn announce(&self, image: &str, version: Option<String>, platform: &str) {
        let (run, log) = (self.folders.id.clone(), self.log.display().to_string());
        self.events.send(Event::RunStarted {
            run,
            image: image.into(),
            version,
            platform: platform.into(),
            log,
            format: Event::FORMAT,
            hornero: env!("CARGO_PKG_VERSION").into(),
            expected_seconds: self.expected_seconds,
        });
    }

    /// Tells how it ended and waits until that has been shown.
    ///
    /// # Errors
    /// With the exit code and the reason, which have been shown.
    pub async fn finish<T>(self, result: Result<T, Error>) -> Result<T, Failure> {
        let seconds = self.start.elapsed().as_secs_f64();
        let code = result.as_ref().err().map_or(0, |error| error.kind.exit_code());
        match self.folders.journal.ended(Some(code)) {
            Ok(()) if self.folders.journal.open_things().is_empty() => known::forget(&self.link),
            Ok(()) => {}
            Err(error) => self.events.warn(error.to_string()),
        }
        let ok = result.is_ok();
        let reason =
            result.as_ref().err().map(|error| self.events.redact().apply(&error.to_string()).into_owned());
        let (error, hint, tail) = match &result {
            Ok(_) => (None, None, Vec::new()),
            Err(error) => (Some(error.to_string()), error.hint.clone(), error.tail.clone()),
        };
        let state = self.events.state();
        let (phase, step) = match &result {
            Ok(_) => (None, None),
            Err(_) => (state.phase(), state.step().map(str::to_owned)),
        };
        let kind = result.as_ref().err().map(|error| error.kind.name().to_owned());
        let end = RunEnd { code, kind, phase, step, image: state.image, parameter: state.parameter };
        self.events.send(Event::RunFinished { ok, seconds, error, hint, tail, end });
        drop(self.events);
        show::wait_until_shown(self.shown).await;
        result.map_err(|_| Failure { code, reason: reason.unwrap_or_default() })
    }
}

/// A folder for its owner alone, and those above it.
pub fn private_folder(path: &Path) -> Result<(), Error> {
    private::folder(path).map_err(|error| {
        Error::new(Kind::Local, format!("making the folder `{}`", path.display()))
            .because(&error)
            .hint("give another one with --state-dir")
    })
}

//! What commands share: the global options, the folders, and what surrounds the process.

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    sync::Arc,
};

use directories::ProjectDirs;

use super::Global;
use crate::{
    aws::Accounts,
    error::{Error, Kind},
    ui::{OutputStyle, Screen, Surroundings},
};

pub struct Context {
    pub global: Global,
    pub around: Surroundings,
    /// Nothing of AWS is loaded before one is opened.
    pub accounts: Arc<Accounts>,
    /// What runs are shown on.
    pub screen: Screen,
}

impl Context {
    pub fn new(global: Global) -> Self {
        let variable = |name| std::env::var(name).ok();
        let around = Surroundings {
            stderr_is_terminal: std::io::stderr().is_terminal(),
            term: variable("TERM"),
            ci: variable("CI"),
            no_color: variable("NO_COLOR"),
        };
        Self { global, around, accounts: Accounts::new(Default::default()), screen: Screen::stderr() }
    }

    /// The same for runs of these images at once: each is told apart by its name. For one image alone,
    /// nothing changes.
    pub fn several<'a>(&self, images: impl IntoIterator<Item = &'a str>) -> Self {
        let (global, around) = (self.global.clone(), self.around.clone());
        let (accounts, screen) = (self.accounts.clone(), self.screen.clone().several(images));
        Self { global, around, accounts, screen }
    }

    /// Whether somebody has said where builders run, or it is only what is usual.
    pub fn platform_is_said(&self) -> bool {
        self.global.platform_is_said
    }

    pub fn style(&self) -> OutputStyle {
        self.global.output.resolve(&self.around)
    }

    pub fn json(&self) -> bool {
        self.style() == OutputStyle::Json
    }

    /// Whether standard output holds events, one a line. It does not where it is a single answer.
    pub fn tells_events(&self) -> bool {
        self.json() && !self.global.answer_is_one_document
    }

    pub fn color(&self) -> bool {
        self.global.color.enabled(&self.around)
    }

    /// Columns of the terminal, or as many as a log is read with.
    pub fn width(&self) -> usize {
        let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok();
        size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0).unwrap_or(100)
    }

    /// Images, bases, downloads and the store.
    ///
    /// # Errors
    /// When the user has no home and gave no folder.
    pub fn data(&self) -> Result<PathBuf, Error> {
        folder(self.global.data_dir.as_deref(), "--data-dir", |dirs| dirs.data_dir().to_owned())
    }

    /// Runs.
    ///
    /// # Errors
    /// When the user has no home and gave no folder.
    pub fn state(&self) -> Result<PathBuf, Error> {
        folder(self.global.state_dir.as_deref(), "--state-dir", |dirs| {
            dirs.state_dir().unwrap_or_else(|| dirs.data_dir()).to_owned()
        })
    }
}

fn folder(
    given: Option<&Path>,
    option: &str,
    default: impl Fn(&ProjectDirs) -> PathBuf,
) -> Result<PathBuf, Error> {
    let chosen =
        given.map(Path::to_owned).or_else(|| ProjectDirs::from("", "", "hornero").as_ref().map(default));
    let chosen = chosen.ok_or_else(|| {
        Error::new(Kind::Local, "finding a folder for hornero's files: this user has no home")
            .hint(format!("give one with {option}"))
    })?;
    std::path::absolute(&chosen).map_err(|error| {
        Error::new(Kind::Local, format!("finding the folder `{}`", chosen.display())).because(&error)
    })
}

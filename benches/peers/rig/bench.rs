//! What all rows share: the program, a folder that ends with this value, the Python environment.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::{process::Command, sync::OnceCell};

use super::job::run;
use crate::args::Args;

pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub struct Bench<'a> {
    pub args: &'a Args,
    /// Everything that is made for a run, on one filesystem.
    folder: TempDir,
    python: OnceCell<PathBuf>,
}

impl<'a> Bench<'a> {
    pub fn new(args: &'a Args) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("hornero-bench-").tempdir_in(ground());
        let folder = folder.context("making a temporary folder")?;
        Ok(Self { args, folder, python: OnceCell::new() })
    }

    /// Where data that several rows use is made once.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A folder for one row alone.
    pub fn room(&self) -> Result<TempDir> {
        tempfile::tempdir_in(self.folder.path()).context("making a temporary folder")
    }

    /// Python with moto; the tests have the same one.
    pub async fn python(&self) -> Result<&Path> {
        let install = || async {
            let mut script = Command::new(Path::new(ROOT).join("scripts/python.sh"));
            script.arg(env!("CARGO_TARGET_TMPDIR"));
            let ran = run("scripts/python.sh", script).await?;
            let folder = ran.lines.last().context("scripts/python.sh printed no folder")?;
            Ok(Path::new(&folder.text).join("python"))
        };
        self.python.get_or_try_init(install).await.map(PathBuf::as_path)
    }
}

/// What the rows need at a time: data, what has arrived, a base, what was saved of a machine, images.
const ROOM: u64 = 6 << 30;

/// In memory, where there is room and the user names no other folder: a disk's moods are not what is measured.
pub fn ground() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail * found.f_frsize);
    match std::env::var_os("TMPDIR") {
        None if free >= ROOM => memory.to_owned(),
        _ => std::env::temp_dir(),
    }
}

/// What a program prints, standard error too, for versions and the like; empty where it is not there.
pub async fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await;
    let text = output.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&text).trim().to_owned()
}

//! A machine for searches: a folder with files, and programs that a test may take away or replace.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::{Command, Stdio},
};

use tempfile::TempDir;

use super::super::{BEGIN, SearchScript, Sought, script};
use crate::provision::seal::SealAnswer;

/// A folder to be searched, beside the script.
pub struct Machine {
    pub folder: TempDir,
    pub root: PathBuf,
    path: String,
}

impl Machine {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        Self { folder, root, path: std::env::var("PATH").unwrap() }
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Its programs are these and no others.
    pub fn only_has(&mut self, programs: &[&str]) -> PathBuf {
        let bin = self.folder.path().join("bin");
        fs::create_dir(&bin).unwrap();
        for name in programs {
            symlink(format!("/usr/bin/{name}"), bin.join(name)).unwrap();
        }
        self.path = bin.display().to_string();
        bin
    }

    /// Puts another program in the place of one.
    pub fn replace(&mut self, program: &str, script: &str) {
        let bin = self.folder.path().join("other");
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join(program), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
        if !self.path.contains("/other") {
            self.path = format!("{}:{}", bin.display(), self.path);
        }
    }

    /// What the script of the search tells; `before` is run in the same shell.
    pub fn search_after(&self, before: &str, sought: &[Sought]) -> SealAnswer {
        let SearchScript { run, program } = script(sought, "01canary02canary").unwrap();
        let conclusion = "printf '\\001%s concluded %s\\n' word \"remains= found=$hits search=$search\"";
        let text = format!("mark=word\n{before}\n{run}{conclusion}\nexit\n{BEGIN}mark=word\n{program}");
        let file = self.folder.path().join("script");
        fs::write(&file, text).unwrap();
        let mut command = Command::new("/bin/sh");
        command.arg(&file).env("HORNERO_SEARCH_IN", &self.root).env("PATH", &self.path).stderr(Stdio::null());
        let output = command.output().unwrap();
        let left: Vec<_> =
            fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("search.")), "{left:?}");
        let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(Into::into).collect();
        SealAnswer::of(&lines, "word", sought)
    }

    pub fn search(&self, sought: &[Sought]) -> SealAnswer {
        self.search_after("", sought)
    }

    /// The secrets that are found, and how.
    pub fn hits(&self, sought: &[Sought]) -> Vec<(String, String)> {
        let answer = self.search(sought);
        assert_eq!(answer.failures, Vec::<String>::new());
        let root = format!("{}/", self.root.display());
        let place = |place: &str| place.trim_start_matches("it is in ").replace(&root, "");
        let hits = answer.hits.iter().map(|hit| (hit.secret.clone().unwrap_or_default(), place(&hit.place)));
        let mut hits: Vec<_> = hits.collect();
        hits.sort();
        assert_eq!(answer.concluded(true).is_ok(), hits.is_empty(), "{answer:?}");
        hits
    }

    pub fn is_clean(&self, sought: &[Sought]) -> bool {
        let answer = self.search(sought);
        answer.hits.is_empty() && answer.failures.is_empty() && answer.concluded(true).is_ok()
    }
}

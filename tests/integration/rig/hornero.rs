//! The program itself, as a user runs it, with a state directory of its own. Bases are shared by
//! all tests: building one takes minutes.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

pub struct Hornero {
    pub folder: TempDir,
    data: PathBuf,
    /// Whether what other tests have baked is there too.
    shared: bool,
    /// Whether builders may start from saved machines.
    warm: bool,
}

/// What a run of a program came to.
#[derive(serde::Deserialize)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Hornero {
    /// Shares bases, images and the store with the other tests.
    pub fn new() -> Self {
        let data = Path::new(env!("CARGO_TARGET_TMPDIR")).join("data");
        Self { folder: tempfile::tempdir().unwrap(), data, shared: true, warm: false }
    }

    /// Shares nothing.
    pub fn alone() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { data: folder.path().join("data"), folder, shared: false, warm: false }
    }

    /// Lets builders start from saved machines: a machine is saved only for what is started often.
    pub fn warm(self) -> Self {
        Self { warm: true, ..self }
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hornero"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HORNERO_DATA_DIR", &self.data)
            .env("HORNERO_STATE_DIR", self.folder.path().join("state"))
            .env("HORNERO_PLATFORM", "qemu")
            .env("HORNERO_COLD", if self.warm { "no" } else { "yes" })
            .env_remove("HORNERO_OUTPUT")
            .env_remove("NO_COLOR");
        if self.shared && arguments.first() == Some(&"bake") {
            // An earlier run of the same test has left its image.
            command.arg("--force");
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.finish(&mut self.command(arguments))
    }

    pub fn finish(&self, command: &mut Command) -> Ran {
        Ran::from(command.output().unwrap())
    }

    /// Writes a template and gives its path.
    pub fn template(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// Bakes, and gives the folder of the image.
    pub fn bake(&self, template: &str) -> (String, PathBuf) {
        self.bake_with(template, &[])
    }

    /// The same with further options.
    pub fn bake_with(&self, template: &str, options: &[&str]) -> (String, PathBuf) {
        let ran = self.run(&[&["bake", template], options].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let id = ran.stdout.trim().to_owned();
        let folder = self.data.join("images").join(&id);
        assert!(folder.join("manifest.json").is_file(), "{} has no manifest", folder.display());
        (id, folder)
    }

    /// What is left of QEMU and of builders' disks.
    pub fn leftovers(&self) -> Vec<String> {
        let state = self.folder.path().join("state");
        let disks = walkdir::WalkDir::new(&state).into_iter().filter_map(Result::ok);
        let disks = disks.filter(|entry| entry.path().extension().is_some_and(|end| end == "qcow2"));
        let mut left: Vec<String> = disks.map(|entry| entry.path().display().to_string()).collect();
        let pids = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        for line in pids.filter_map(|pid| std::fs::read_to_string(pid.path().join("cmdline")).ok()) {
            if line.starts_with("qemu") && line.contains(&state.display().to_string()) {
                left.push(line.replace('\0', " "));
            }
        }
        left
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// A template of the repository.
pub fn shipped(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(name).display().to_string()
}

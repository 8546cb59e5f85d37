//! A Python of the tests' own, with moto in it, made once under the target directory.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::image::output;

/// The interpreter. The first test that asks makes the environment, others wait for it.
pub fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("moto");
    fs::create_dir_all(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let lock = File::create(folder.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let python = folder.join("bin/python");
    if !folder.join("bin/moto_server").is_file() {
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet", "moto[server]"]));
    }
    python
}

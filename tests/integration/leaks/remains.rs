//! What a bake on this computer may leave behind it, and everything else that is there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use hornero::journal::Journal;
use walkdir::WalkDir;

/// Of a run: what tells how it went.
const OF_A_RUN: [&str; 8] = [
    "journal",
    "log",
    "plan.json",
    "image.json",
    "builder/console.log",
    "builder/qemu.log",
    "test/console.log",
    "test/qemu.log",
];

/// Of this computer: what was found out, and the store.
const OF_ALL: [&str; 4] = ["accelerator.json", "store.sqlite3", "store.sqlite3-shm", "store.sqlite3-wal"];

/// Everything that must not be there when nobody works on the run: processes, files, images that are
/// not whole or that nobody can go on with, a journal that is held.
pub fn left(folder: &Path, of_run: &Path) -> Vec<String> {
    let mut left = processes(folder);
    left.extend(files(folder, of_run).into_iter().map(|path| path.display().to_string()));
    for image in images(folder) {
        left.extend(wrong_with(&image, of_run).map(|why| format!("{}: {why}", image.display())));
    }
    match Journal::take_over(of_run) {
        Ok(Some(_)) => {}
        held => left.push(format!("the journal is not free: {held:?}")),
    }
    left
}

fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let of = |pid: fs::DirEntry| fs::read_to_string(pid.path().join("cmdline")).ok();
    let lines = fs::read_dir("/proc").unwrap().filter_map(|pid| of(pid.unwrap()));
    lines.filter(|line| line.contains(&folder)).map(|line| line.replace('\0', " ")).collect()
}

/// Files and links that are neither known nor of an image.
fn files(folder: &Path, of_run: &Path) -> Vec<PathBuf> {
    let mut stay: Vec<PathBuf> = OF_A_RUN.iter().map(|name| of_run.join(name)).collect();
    stay.extend(OF_ALL.iter().map(|name| folder.join("data").join(name)));
    let of_image = |path: &Path| images(folder).iter().any(|image| path.starts_with(image));
    let all = ["state", "data", "elsewhere"].into_iter().flat_map(|name| WalkDir::new(folder.join(name)));
    let files = all.filter_map(Result::ok).filter(|entry| !entry.file_type().is_dir());
    files.map(walkdir::DirEntry::into_path).filter(|path| !stay.contains(path) && !of_image(path)).collect()
}

/// Folders that have the name of an image.
fn images(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder.join("data/images")) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("img-")).collect()
}

/// An image is whole, and known to its run, so that `hornero publish` can go on with it.
fn wrong_with(image: &Path, of_run: &Path) -> Option<&'static str> {
    let mut check = Command::new("sha256sum");
    let whole = check.current_dir(image).args(["--check", "--quiet", "SHA256SUMS"]).output().unwrap();
    let known = fs::read_to_string(of_run.join("image.json")).unwrap_or_default();
    match (whole.status.success(), known.contains(&image.display().to_string())) {
        (false, _) => Some("the image is not whole"),
        (true, false) => Some("nobody knows of the image"),
        (true, true) => None,
    }
}

/// Copies a folder as it is, with its links, into another.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success(), "{} was not copied to {}", from.display(), to.display());
}

//! What runs have left on this computer: processes that outlived hornero, disks of machines, folders of
//! half-made images, bases and saved machines.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{running::Running, staging};
use crate::{
    journal::{Effect, History},
    platform::{Leftover, LeftoverKind, PlatformError},
};

/// Of a machine's folder the logs stay, for whoever asks what happened.
const NOT_DISKS: [&str; 2] = ["console.log", "qemu.log"];

/// What is made for all runs, each in a folder of its own here.
const OF_ALL: [&str; 2] = ["bases", super::warm::FOLDER];

/// What the journal tells of, and bases and saved machines that nobody makes any more: those are of all
/// runs, so no journal needs to tell.
///
/// # Errors
/// When a folder cannot be read.
pub fn find(run: &str, history: &History, data: &Path) -> Result<Vec<Leftover>, PlatformError> {
    let here = |kind, id: String, detail| Leftover::here(run, kind, id, detail);
    let mut found = Vec::new();
    for place in OF_ALL.map(|name| data.join(name)) {
        for folder in staging::abandoned(&place).map_err(|error| unreadable(&place, error))? {
            let half = files(&folder, LeftoverKind::Folder).map_err(|error| unreadable(&folder, error))?;
            found.push(here(LeftoverKind::Folder, folder.display().to_string(), size(&half)));
        }
    }
    for effect in history.effects.iter().rev() {
        let (kind, folder) = match effect {
            Effect::Machine { folder } => (LeftoverKind::Disks, folder),
            Effect::Folder { path } => (LeftoverKind::Folder, path),
            Effect::Call { .. } | Effect::Complete { .. } | Effect::Record { .. } | Effect::Point { .. } => {
                continue;
            }
        };
        let processes = processes_of(folder).into_iter();
        found.extend(processes.map(|pid| here(LeftoverKind::Machine, pid.to_string(), named(folder))));
        let left = files(folder, kind).map_err(|error| unreadable(folder, error))?;
        if !left.is_empty() || (kind == LeftoverKind::Folder && folder.is_dir()) {
            found.push(here(kind, folder.display().to_string(), size(&left)));
        }
    }
    // Processes first: they hold the disks.
    found.sort_by_key(|left| left.kind);
    found.dedup();
    Ok(found)
}

/// # Errors
/// When a process does not end, or a file cannot be removed.
pub async fn release(left: &Leftover) -> Result<(), PlatformError> {
    let failed = |why: io::Error| PlatformError::new(format!("removing the {left}"), why);
    match left.kind {
        LeftoverKind::Machine => end(&left.id).await.map_err(failed),
        LeftoverKind::Disks => remove_disks(&left.path()).map_err(failed),
        LeftoverKind::Folder if staging::is_staging(&left.path()) => {
            staging::discard(&left.path()).map_err(failed)
        }
        LeftoverKind::Folder => absent_is_fine(fs::remove_dir_all(left.path())).map_err(failed),
        LeftoverKind::SpotRequest
        | LeftoverKind::Instance
        | LeftoverKind::Volume
        | LeftoverKind::SecurityGroup
        | LeftoverKind::Ami
        | LeftoverKind::Snapshot
        | LeftoverKind::Lock => Err(failed(io::Error::other("it is not on this computer"))),
    }
}

/// Removes the files of a machine that is gone, all but its logs.
pub fn remove_disks(folder: &Path) -> io::Result<()> {
    files(folder, LeftoverKind::Disks)?.into_iter().try_for_each(|file| absent_is_fine(fs::remove_file(file)))
}

fn files(folder: &Path, kind: LeftoverKind) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let stays = kind == LeftoverKind::Disks
            && (NOT_DISKS.iter().any(|name| entry.file_name() == *name) || entry.file_type()?.is_dir());
        if !stays {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn size(files: &[PathBuf]) -> String {
    let bytes = |file: &PathBuf| fs::metadata(file).map_or(0, |data| data.len());
    crate::template::units::Size(files.iter().map(bytes).sum()).to_string()
}

/// The emulators whose disks lie in `folder`: a number alone may belong to another process by now.
fn processes_of(folder: &Path) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| is_machine_of(*pid, folder)).collect()
}

/// Whether the process is an emulator with disks in `folder`.
pub fn is_machine_of(pid: u32, folder: &Path) -> bool {
    let inside = format!("{}/", folder.display());
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let mut arguments = command.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    arguments.next().is_some_and(|program| program.contains("qemu-system"))
        && arguments.any(|argument| argument.contains(&inside))
}

async fn end(pid: &str) -> io::Result<()> {
    let pid: u32 = pid.parse().map_err(io::Error::other)?;
    // One that cannot be held has ended.
    let Ok(process) = Running::hold(pid) else { return Ok(()) };
    let mut running = Running::attach(pid, process)?;
    running.kill().await;
    running.how_it_ended().map(drop).ok_or_else(|| io::Error::other("it does not end"))
}

fn named(folder: &Path) -> String {
    format!("of {}", folder.display())
}

fn unreadable(folder: &Path, error: io::Error) -> PlatformError {
    PlatformError::new(format!("looking for what is left in `{}`", folder.display()), error)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(effects: Vec<Effect>) -> History {
        History { effects, ..History::default() }
    }

    #[tokio::test]
    async fn disks_and_half_made_images_are_removed_and_logs_stay() {
        let state = tempfile::tempdir().unwrap();
        let (machine, image) = (state.path().join("builder"), state.path().join(".incomplete-1"));
        fs::create_dir_all(&machine).unwrap();
        fs::create_dir_all(image.join("deep")).unwrap();
        for file in ["root.qcow2", "seed.img", "console.log", "qemu.log"] {
            fs::write(machine.join(file), "x").unwrap();
        }
        let effects =
            vec![Effect::Machine { folder: machine.clone() }, Effect::Folder { path: image.clone() }];
        let left = find("web-1", &history(effects.clone()), state.path()).unwrap();
        let kinds: Vec<_> = left.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [LeftoverKind::Disks, LeftoverKind::Folder]);
        for one in &left {
            release(one).await.unwrap();
            release(one).await.unwrap();
        }
        assert!(find("web-1", &history(effects), state.path()).unwrap().is_empty());
        assert!(machine.join("console.log").exists() && !image.exists());
    }

    #[test]
    fn a_process_that_is_no_emulator_is_not_taken_for_one() {
        // This one has the folder in its arguments too, as far as a test's own name allows it.
        assert!(processes_of(Path::new("/")).iter().all(|pid| *pid != std::process::id()));
    }
}

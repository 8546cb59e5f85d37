//! Collects the files that decide what a step does: whole folders without what version control and caches
//! keep in them, at most so many files and bytes.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use super::{disk::Disk, text::trouble};
use crate::{amount, template::check::Trouble};

/// All files of one step: each plan reads every one of them.
const MOST_FILES: usize = 50_000;
const MOST_BYTES: u64 = 4 << 30;

/// Folders and files that tools make for themselves. No step is about them.
const LEFT_OUT: [&str; 22] = [
    ".git",
    ".hg",
    ".svn",
    ".bzr",
    ".jj",
    ".ansible",
    ".cache",
    ".direnv",
    ".DS_Store",
    ".idea",
    ".molecule",
    ".mypy_cache",
    ".pytest_cache",
    ".terraform",
    ".tox",
    ".vagrant",
    ".venv",
    ".vscode",
    "__pycache__",
    "ansible.log",
    "node_modules",
    "venv",
];
const LEFT_OUT_ENDS: [&str; 4] = ["pyc", "retry", "swp", "tmp"];

/// The files that were found, each once and in a fixed order.
#[derive(Debug)]
pub struct FileSet {
    pub files: BTreeSet<PathBuf>,
    /// Links that lead to where hornero may not look.
    pub outside: Vec<PathBuf>,
    bytes: u64,
    most_files: usize,
    most_bytes: u64,
}

impl Default for FileSet {
    fn default() -> Self {
        Self::limited(MOST_FILES, MOST_BYTES)
    }
}

impl FileSet {
    fn limited(most_files: usize, most_bytes: u64) -> Self {
        Self { files: BTreeSet::new(), outside: Vec::new(), bytes: 0, most_files, most_bytes }
    }

    /// Adds a file, or every file below a folder. Nothing is added of what lies outside of `root` and of
    /// what the user allows.
    pub fn add(&mut self, disk: &Disk, root: &Path, path: &Path) -> Result<(), Trouble> {
        let mut entries = walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                // A link that leads nowhere, or back to where it lies.
                Err(error) if is_link(error.path()) || error.loop_ancestor().is_some() => continue,
                Err(error) => return Err(Trouble { why: error.to_string().to_lowercase(), hint: None }),
            };
            let is_folder = entry.file_type().is_dir();
            let leads_out = entry.path_is_symlink() && disk.inside(root, entry.path()).is_err();
            if leads_out {
                self.outside.push(entry.path().to_owned());
            }
            if leads_out || (entry.depth() > 0 && is_left_out(entry.file_name())) {
                if is_folder {
                    entries.skip_current_dir();
                }
            } else if entry.file_type().is_file() {
                self.add_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn add_file(&mut self, path: &Path) -> Result<(), Trouble> {
        let bytes = fs::metadata(path).map_err(|error| trouble(&error))?.len();
        if self.files.insert(path.to_owned()) {
            self.bytes += bytes;
        }
        if self.files.len() <= self.most_files && self.bytes <= self.most_bytes {
            return Ok(());
        }
        let (most, files) = (amount::size(self.most_bytes), amount::count(self.most_files, "file"));
        let why = format!("there are more than {files} or {most} that would have to be read each time");
        let hint = "keep what the step reads in a folder of its own".to_owned();
        Err(Trouble { why, hint: Some(hint) })
    }
}

fn is_link(path: Option<&Path>) -> bool {
    path.and_then(|path| path.symlink_metadata().ok()).is_some_and(|metadata| metadata.is_symlink())
}

pub fn is_left_out(name: &OsStr) -> bool {
    let end = Path::new(name).extension().and_then(OsStr::to_str);
    name.to_str().is_some_and(|name| LEFT_OUT.contains(&name) || name.ends_with('~'))
        || end.is_some_and(|end| LEFT_OUT_ENDS.contains(&end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{load::Inputs, template::model::PlatformKind};

    #[test]
    fn more_files_or_bytes_than_can_be_read_each_time_are_a_mistake_and_pipes_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        for name in ["a", "b", "c~", "d.pyc"] {
            fs::write(path.join(name), "1234").unwrap();
        }
        rustix::fs::mknodat(rustix::fs::CWD, path.join("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .unwrap();
        std::os::unix::fs::symlink("nowhere", path.join("dangling")).unwrap();
        std::os::unix::fs::symlink(".", path.join("loop")).unwrap();
        let inputs = Inputs::for_platform(PlatformKind::Qemu);
        let disk = Disk::new(&inputs);
        let found = |files, bytes| {
            let mut set = FileSet::limited(files, bytes);
            set.add(&disk, path, path).map(|()| set.files.len()).map_err(|trouble| trouble.hint.is_some())
        };
        assert_eq!(found(2, 8), Ok(2));
        assert_eq!(found(1, 8), Err(true));
        assert_eq!(found(2, 7), Err(true));
    }
}

//! Everything in the file system of a disk: names, kinds, modes, owners and contents.

use std::{collections::BTreeMap, path::Path, process::Command};

use crate::rig::image::{Filesystem, output};

/// Each path with what is there.
pub struct Tree(BTreeMap<String, String>);

/// Times and counters of file systems and of caches that hold them.
const LIST: &str = "find . -mindepth 1 -printf '%P\\t%y %m %l\\n'";
const SUMS: &str = "find . -type f -exec sha256sum {} +";

impl Tree {
    pub fn of(disk: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Filesystem::open(disk).copy(folder.path());
        let ask = |script| output(Command::new("sh").current_dir(folder.path()).args(["-c", script]));
        let mut tree = BTreeMap::new();
        for line in ask(LIST).lines() {
            let (path, kind) = line.split_once('\t').unwrap();
            tree.insert(path.to_owned(), kind.to_owned());
        }
        for line in ask(SUMS).lines() {
            let (sum, path) = line.split_once("  ./").unwrap();
            if let Some(entry) = tree.get_mut(path) {
                *entry += sum;
            }
        }
        assert!(!tree.is_empty(), "{} was not read", disk.display());
        Self(tree)
    }

    /// Where this one is neither like two others that are alike, nor like one of them where they are not.
    pub fn beyond(&self, one: &Self, two: &Self) -> Vec<String> {
        let paths = self.0.keys().chain(one.0.keys()).chain(two.0.keys());
        let mut found: Vec<String> = paths
            .filter(|path| one.0.get(*path) == two.0.get(*path) && self.0.get(*path) != one.0.get(*path))
            .map(|path| format!("{path}: {:?}, and not {:?}", self.0.get(path), one.0.get(path)))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}

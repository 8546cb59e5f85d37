//! What a playbook can read on this computer: its folder, the roles, collections and plugins that it is
//! told to look for elsewhere, and files that it mentions.

mod config;
mod mentions;
mod used;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use config::{Config, NamedFolder, is_there};
use mentions::mentioned;

use super::{disk::Disk, text, tree::FileSet};
use crate::{
    open_file::Confinement,
    template::{
        check::{PlaybookFiles, Trouble},
        model::AnsibleSettings,
        path_name::{on_disk, path_name, tidy_path},
    },
};

/// What Ansible itself looks for beside a playbook.
const BESIDE: [&str; 23] = [
    "action_plugins",
    "become_plugins",
    "cache_plugins",
    "callback_plugins",
    "collections",
    "connection_plugins",
    "defaults",
    "files",
    "filter_plugins",
    "group_vars",
    "handlers",
    "host_vars",
    "library",
    "lookup_plugins",
    "meta",
    "module_utils",
    "playbooks",
    "roles",
    "strategy_plugins",
    "tasks",
    "templates",
    "test_plugins",
    "vars",
];
/// Ends of files that are read for what they mention.
const YAML: [&str; 2] = ["yml", "yaml"];
/// Ends of files beside a playbook that can only be meant for Ansible.
const BESIDE_ENDS: [&str; 3] = ["yml", "yaml", "j2"];

/// Every file that decides what `playbook` does, as far as that can be known.
pub fn files_of(
    disk: &Disk,
    root: &Path,
    playbook: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<PlaybookFiles, Trouble> {
    disk.inside(root, playbook)?;
    let config = Config::find(disk, root, playbook, environment);
    let folder = playbook.parent().unwrap_or(Path::new(""));
    let mut reach = Reach { disk, root, folder, found: FileSet::default(), unknown: Vec::new() };
    reach.add(playbook)?;
    reach.add_surroundings()?;
    if let Some(file) = &config.file {
        reach.add_if_allowed(file)?;
    }
    for named in config.folders() {
        reach.add_named(&named)?;
    }
    reach.follow_mentions()?;
    reach.add_used(&config)?;
    let settings = AnsibleSettings { callback_plugins: config.callback_plugins(), config: config.file };
    let outside =
        reach.found.outside.iter().map(|link| format!("where the link `{}` leads", path_name(link)));
    let unknown = reach.unknown.into_iter().chain(outside).collect();
    Ok(PlaybookFiles { files: reach.found.files.into_iter().collect(), unknown, settings })
}

struct Reach<'a> {
    disk: &'a Disk,
    root: &'a Path,
    /// The playbook's own.
    folder: &'a Path,
    found: FileSet,
    /// What the playbook may use and hornero does not look at.
    unknown: Vec<String>,
}

impl Reach<'_> {
    fn add(&mut self, path: &Path) -> Result<(), Trouble> {
        self.found.add(self.disk, self.root, path)
    }

    /// The whole folder of the playbook. Where that is the template's own too, it holds much that no
    /// playbook is about, so only what Ansible itself would look for.
    fn add_surroundings(&mut self) -> Result<(), Trouble> {
        if !self.holds_the_template(self.folder) {
            return self.add(self.folder);
        }
        for name in BESIDE {
            let path = self.folder.join(name);
            if path.is_dir() {
                self.add_if_allowed(&path)?;
            }
        }
        let entries = fs::read_dir(on_disk(self.folder)).map_err(|error| text::trouble(&error))?;
        for entry in entries.filter_map(Result::ok) {
            let (name, path) = (entry.file_name(), self.folder.join(entry.file_name()));
            let hidden = name.as_encoded_bytes().starts_with(b".");
            if !hidden && ends_in(&path, &BESIDE_ENDS) && path.is_file() {
                self.add_if_allowed(&path)?;
            }
        }
        Ok(())
    }

    fn add_if_allowed(&mut self, path: &Path) -> Result<(), Trouble> {
        match self.disk.inside(self.root, path) {
            Ok(_) => self.add(path),
            Err(_) => {
                self.unknown.push(format!("what `{}` says", path_name(path)));
                Ok(())
            }
        }
    }

    fn add_named(&mut self, named: &NamedFolder) -> Result<(), Trouble> {
        let unknown = || format!("what `{}` holds", named.written.escape_debug());
        match &named.path {
            Some(path) if !is_there(path) => {}
            Some(path) if self.disk.inside(self.root, path).is_ok() => {
                // A folder that holds the template as well holds roles beside it.
                return if self.holds_the_template(path) { self.add_roles_in(path) } else { self.add(path) };
            }
            Some(_) | None => self.unknown.push(unknown()),
        }
        Ok(())
    }

    fn add_roles_in(&mut self, folder: &Path) -> Result<(), Trouble> {
        let entries = fs::read_dir(folder).map_err(|error| text::trouble(&error))?;
        let folders = entries.filter_map(Result::ok).map(|entry| folder.join(entry.file_name()));
        let is_role = |path: &PathBuf| {
            ["tasks", "meta", "ansible_collections"].iter().any(|name| path.join(name).is_dir())
        };
        for role in folders.filter(is_role) {
            self.add_if_allowed(&role)?;
        }
        Ok(())
    }

    /// Files that are mentioned in files that are known, and those that are mentioned in them.
    fn follow_mentions(&mut self) -> Result<(), Trouble> {
        let mut queue: Vec<PathBuf> = self.found.files.iter().cloned().collect();
        let (mut read, mut added) = (BTreeSet::new(), BTreeSet::new());
        while let Some(file) = queue.pop() {
            if !ends_in(&file, &YAML) || !read.insert(file.clone()) {
                continue;
            }
            let reach = self.disk.reach(self.root)?;
            let Ok(text) = text::read(&file, Confinement::Within(&reach), text::LARGEST_TEMPLATE) else {
                continue;
            };
            let own = file.parent().unwrap_or(Path::new(""));
            for path in mentioned(&text.text, &[self.folder, own]) {
                let path = tidy_path(&path);
                if !self.found.files.contains(&path) && added.insert(path.clone()) && self.may_be_meant(&path)
                {
                    self.add(&path)?;
                    queue.extend(self.found.files.iter().filter(|found| found.starts_with(&path)).cloned());
                }
            }
        }
        Ok(())
    }

    fn may_be_meant(&self, path: &Path) -> bool {
        path.exists() && self.disk.inside(self.root, path).is_ok() && !self.holds_the_template(path)
    }

    fn holds_the_template(&self, folder: &Path) -> bool {
        let real = |path: &Path| fs::canonicalize(on_disk(path)).ok();
        let (root, folder) = (real(self.root), real(folder));
        root.zip(folder).is_some_and(|(root, folder)| root.starts_with(folder))
    }
}

fn ends_in(path: &Path, ends: &[&str]) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|end| ends.contains(&end))
}

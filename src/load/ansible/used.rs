//! Roles and collections that a playbook uses from where Ansible finds them without being told: those of the user
//! and of the computer. Only what is used counts, for such folders hold much else.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{Reach, YAML, config::Config, ends_in, mentions::words};
use crate::{load::text, open_file::Confinement, template::check::Trouble};

impl Reach<'_> {
    /// What is used may use more, until there is nothing new.
    pub(super) fn add_used(&mut self, config: &Config<'_>) -> Result<(), Trouble> {
        let places: Vec<Used> = roles_in(&config.usual_roles())
            .chain(config.usual_collections().iter().flat_map(|folder| collections_in(folder)))
            .collect();
        let mut added = BTreeSet::new();
        while !places.is_empty() {
            let words = self.words();
            let used = places.iter().filter(|place| words.iter().any(|word| place.is_meant_by(word)));
            let new: Vec<&Used> = used.filter(|place| added.insert(place.folder.clone())).collect();
            if new.is_empty() {
                break;
            }
            for place in new {
                self.add_or_tell(place)?;
            }
            self.follow_mentions()?;
        }
        Ok(())
    }

    fn add_or_tell(&mut self, place: &Used) -> Result<(), Trouble> {
        match self.disk.inside(self.root, &place.folder) {
            Ok(_) => self.add(&place.folder),
            Err(_) => {
                self.unknown.push(format!("the {} `{}`", place.kind.title(), place.folder.display()));
                Ok(())
            }
        }
    }

    /// All words of the YAML files that are known so far.
    fn words(&self) -> BTreeSet<String> {
        let files = self.found.files.iter().filter(|file| ends_in(file, &YAML));
        let texts =
            files.filter_map(|file| text::read(file, Confinement::Anywhere, text::LARGEST_TEMPLATE).ok());
        texts.flat_map(|text| words(&text.text).map(str::to_owned).collect::<Vec<_>>()).collect()
    }
}

/// A role or a collection that may be used.
struct Used {
    kind: UsedKind,
    /// By which playbooks name it.
    name: String,
    folder: PathBuf,
}

impl Used {
    /// A role goes by its name; what a collection has, by names that begin with the collection's.
    fn is_meant_by(&self, word: &str) -> bool {
        let rest = word.strip_prefix(self.name.as_str());
        match self.kind {
            UsedKind::Role => rest == Some(""),
            UsedKind::Collection => rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        }
    }
}

#[derive(Clone, Copy)]
enum UsedKind {
    Role,
    Collection,
}

impl UsedKind {
    fn title(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Collection => "collection",
        }
    }
}

/// The first folder of each role counts, as it does for Ansible.
fn roles_in(folders: &[PathBuf]) -> impl Iterator<Item = Used> {
    let mut known = BTreeSet::new();
    let roles = folders.iter().flat_map(|folder| folders_in(folder));
    roles.filter_map(move |folder| {
        let name = folder.file_name()?.to_str()?.to_owned();
        known.insert(name.clone()).then_some(Used { kind: UsedKind::Role, name, folder })
    })
}

fn collections_in(folder: &Path) -> Vec<Used> {
    let namespaces = folders_in(&folder.join("ansible_collections")).into_iter();
    let collections = namespaces.flat_map(|namespace| folders_in(&namespace)).filter_map(|folder| {
        let namespace = folder.parent()?.file_name()?.to_str()?;
        let name = format!("{namespace}.{}", folder.file_name()?.to_str()?);
        Some(Used { kind: UsedKind::Collection, name, folder })
    });
    collections.collect()
}

/// What cannot be read, Ansible cannot use either.
fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

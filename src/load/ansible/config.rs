//! The `ansible.cfg` that a playbook runs with, and the folders that it and the environment name.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use configparser::ini::Ini;

use crate::{
    load::{disk::Disk, text},
    open_file::Confinement,
    template::{check::Files, path_name::tidy_path},
};

/// Settings that name folders with what a playbook uses, and the variables of the environment that win
/// over them. Older versions of Ansible have some under two names.
const FOLDER_SETTINGS: [(&str, &str); 14] = [
    ("roles_path", "ANSIBLE_ROLES_PATH"),
    ("collections_path", "ANSIBLE_COLLECTIONS_PATH"),
    ("collections_paths", "ANSIBLE_COLLECTIONS_PATHS"),
    ("library", "ANSIBLE_LIBRARY"),
    ("module_utils", "ANSIBLE_MODULE_UTILS"),
    ("action_plugins", "ANSIBLE_ACTION_PLUGINS"),
    ("become_plugins", "ANSIBLE_BECOME_PLUGINS"),
    ("cache_plugins", "ANSIBLE_CACHE_PLUGINS"),
    ("connection_plugins", "ANSIBLE_CONNECTION_PLUGINS"),
    ("filter_plugins", "ANSIBLE_FILTER_PLUGINS"),
    ("lookup_plugins", "ANSIBLE_LOOKUP_PLUGINS"),
    ("strategy_plugins", "ANSIBLE_STRATEGY_PLUGINS"),
    ("test_plugins", "ANSIBLE_TEST_PLUGINS"),
    ("vars_plugins", "ANSIBLE_VARS_PLUGINS"),
];
const CALLBACK_PLUGINS: (&str, &str) = ("callback_plugins", "ANSIBLE_CALLBACK_PLUGINS");
const CONFIG: &str = "ANSIBLE_CONFIG";
const FILE: &str = "ansible.cfg";

/// Where Ansible looks for callback plugins when nothing else is said.
const USUAL_CALLBACK_PLUGINS: [&str; 2] =
    ["~/.ansible/plugins/callback", "/usr/share/ansible/plugins/callback"];

/// Where Ansible looks for roles and collections when nothing else is said.
const USUAL_ROLES: [&str; 3] = ["~/.ansible/roles", "/usr/share/ansible/roles", "/etc/ansible/roles"];
const USUAL_COLLECTIONS: [&str; 2] = ["~/.ansible/collections", "/usr/share/ansible/collections"];

/// Files of settings that apply where there is no nearer one.
const USUAL_FILES: [&str; 2] = ["~/.ansible.cfg", "/etc/ansible/ansible.cfg"];

/// What decides where Ansible looks for things.
pub struct Config<'a> {
    /// The file that applies, where one does.
    pub file: Option<PathBuf>,
    settings: Ini,
    /// Variables whose names begin with `ANSIBLE_`.
    environment: &'a BTreeMap<String, String>,
    home: Option<PathBuf>,
}

/// One folder as it is written, and where it is if that can be told.
pub struct NamedFolder {
    pub written: String,
    pub path: Option<PathBuf>,
}

impl<'a> Config<'a> {
    /// The file that the environment names; else the nearest one from the playbook's folder upwards, as far
    /// as the template's; else the one in the current folder, the user's, or the computer's.
    pub fn find(
        disk: &Disk,
        root: &Path,
        playbook: &Path,
        environment: &'a BTreeMap<String, String>,
    ) -> Self {
        let folder = playbook.parent().unwrap_or(Path::new(""));
        let above = folder.ancestors().take_while(|above| above.starts_with(root) || disk.allows(above));
        let usual = USUAL_FILES.iter().filter_map(|usual| at_home(disk.home(), usual));
        let near = above.map(|above| above.join(FILE)).chain([PathBuf::from(FILE)]).chain(usual);
        let file = match environment.get(CONFIG) {
            Some(named) => Some(PathBuf::from(named)),
            None => near.into_iter().find(|file| file.is_file()),
        };
        let file = file.map(|file| if file.is_dir() { file.join(FILE) } else { file });
        let mut settings = Ini::new();
        // What is wrong with it is told by Ansible itself.
        // What the environment names is the user's own.
        let reach = disk.reach(root).unwrap_or_else(|_| [].into());
        let reach = if environment.contains_key(CONFIG) {
            Confinement::Anywhere
        } else {
            Confinement::Within(&reach)
        };
        let read = |file: &Path| text::read(file, reach, text::LARGEST_TEMPLATE).ok();
        if let Some(text) = file.as_deref().and_then(read) {
            settings.read(text.text).ok();
        }
        Self { file, settings, environment, home: disk.home().map(Path::to_owned) }
    }

    /// The folders with roles, collections, modules and plugins that are named somewhere.
    pub fn folders(&self) -> Vec<NamedFolder> {
        FOLDER_SETTINGS.iter().flat_map(|setting| self.of(setting)).collect()
    }

    /// Folders of roles that are searched though nobody has named them.
    pub fn usual_roles(&self) -> Vec<PathBuf> {
        self.usual(&["roles_path"], &USUAL_ROLES)
    }

    /// Folders of collections that are searched though nobody has named them.
    pub fn usual_collections(&self) -> Vec<PathBuf> {
        self.usual(&["collections_path", "collections_paths"], &USUAL_COLLECTIONS)
    }

    fn usual(&self, settings: &[&str], usual: &[&str]) -> Vec<PathBuf> {
        let mut named = FOLDER_SETTINGS.iter().filter(|(setting, _)| settings.contains(setting));
        if named.any(|setting| !self.of(setting).is_empty()) {
            return Vec::new();
        }
        usual.iter().filter_map(|usual| at_home(self.home.as_deref(), usual)).collect()
    }

    /// Where Ansible looks for callback plugins.
    pub fn callback_plugins(&self) -> Vec<PathBuf> {
        let named = self.of(&CALLBACK_PLUGINS);
        let named = match named.is_empty() {
            true => USUAL_CALLBACK_PLUGINS.iter().map(|usual| self.named(usual, Path::new(""))).collect(),
            false => named,
        };
        // A folder that only Ansible can find stays as it is written.
        named.into_iter().map(|folder| folder.path.unwrap_or_else(|| folder.written.into())).collect()
    }

    fn of(&self, (setting, variable): &(&str, &str)) -> Vec<NamedFolder> {
        let (written, from) = match self.environment.get(*variable) {
            Some(value) => (value.clone(), PathBuf::new()),
            None => {
                let Some(value) = self.settings.get("defaults", setting) else { return Vec::new() };
                let folder = self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
                (value, folder.to_owned())
            }
        };
        let folders = written.split(':').map(str::trim).filter(|folder| !folder.is_empty());
        folders.map(|folder| self.named(folder, &from)).collect()
    }

    fn named(&self, written: &str, from: &Path) -> NamedFolder {
        let text = written.replace("{{CWD}}", ".").replace("{{ CWD }}", ".");
        let path = match text.strip_prefix("~/") {
            _ if text.contains('$') || text.contains("{{") => None,
            Some(rest) => self.home.as_ref().map(|home| home.join(rest)),
            None if text.starts_with('.') && written.contains("CWD") => Some(tidy_path(Path::new(&text))),
            None => Some(tidy_path(&from.join(&text))),
        };
        NamedFolder { written: written.to_owned(), path }
    }
}

/// A path that may begin with the user's home.
fn at_home(home: Option<&Path>, written: &str) -> Option<PathBuf> {
    match written.strip_prefix("~/") {
        Some(rest) => Some(home?.join(rest)),
        None => Some(PathBuf::from(written)),
    }
}

/// Whether Ansible could use anything from there.
pub fn is_there(folder: &Path) -> bool {
    fs::metadata(folder).is_ok()
}

//! The user's files on the disk: nothing outside the template's folder is read, also not through a
//! symbolic link, and every file is noted as an input.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    fs, iter,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Inputs, ansible, globs,
    input::InputFile,
    login_key, sent, shipped,
    text::{self, LARGEST_FILE, LARGEST_TEMPLATE, refused, trouble},
};
use crate::{
    open_file::{self, Confinement},
    template::{
        check::{Files, PlaybookFiles, Trouble, outside},
        diagnose::{Mistake, closest},
        path_name::{folder_of, on_disk},
    },
};

#[derive(Debug)]
pub struct Disk {
    inputs: RefCell<Noted>,
    /// Files with lines that end in `\r\n`.
    converted: RefCell<Vec<PathBuf>>,
    /// Real folders.
    allowed: Vec<PathBuf>,
    /// Where what is named from a root may lie.
    reaches: RefCell<HashMap<PathBuf, Arc<[PathBuf]>>>,
    home: Option<PathBuf>,
    /// Variables of Ansible in the environment.
    ansible: BTreeMap<String, String>,
}

/// Each file once, in the order in which they were met.
#[derive(Debug, Default)]
struct Noted {
    files: Vec<InputFile>,
    known: HashSet<Arc<Path>>,
}

impl Disk {
    pub fn new(inputs: &Inputs) -> Self {
        Self {
            inputs: RefCell::default(),
            converted: RefCell::default(),
            reaches: RefCell::default(),
            allowed: inputs.allowed.clone(),
            home: inputs.home.clone(),
            ansible: inputs.ansible.clone(),
        }
    }

    /// The real path, if no link leads out of the root and of what the user allows.
    pub fn inside(&self, root: &Path, path: &Path) -> Result<PathBuf, Trouble> {
        if shipped::is_shipped(path) {
            return self.exists(path).then(|| path.to_owned()).ok_or_else(not_shipped);
        }
        let root = on_disk(root);
        let real = fs::canonicalize(on_disk(path)).map_err(|error| missing(path, &error))?;
        if self.reach(root)?.iter().any(|folder| real.starts_with(folder)) {
            return Ok(real);
        }
        Err(Trouble {
            why: format!(
                "it is in truth `{}`, for a symbolic link leads out of `{}`",
                real.display(),
                root.display()
            ),
            hint: Some(outside("copy what it points to into the template's folder", &real)),
        })
    }

    /// The real folders that what is named from a root may lie in.
    pub fn reach(&self, root: &Path) -> Result<Arc<[PathBuf]>, Trouble> {
        if shipped::is_shipped(root) {
            // Its files are in this program.
            return Ok(Arc::from(&*self.allowed));
        }
        if let Some(known) = self.reaches.borrow().get(root) {
            return Ok(known.clone());
        }
        let real = fs::canonicalize(on_disk(root)).map_err(|error| trouble(&error))?;
        let folders: Arc<[PathBuf]> = iter::once(real).chain(self.allowed.iter().cloned()).collect();
        self.reaches.borrow_mut().insert(root.to_owned(), folders.clone());
        Ok(folders)
    }

    /// The text of a template, include or provisioner that lies in one of these roots.
    pub fn template(&self, roots: &[PathBuf], path: &Path) -> Result<String, Trouble> {
        let mut folders = Vec::new();
        for root in roots {
            folders.extend(self.reach(root)?.iter().cloned());
        }
        self.read_text(&folders, path, LARGEST_TEMPLATE)
    }

    fn read_text(&self, folders: &[PathBuf], path: &Path, largest: u64) -> Result<String, Trouble> {
        let (bytes, mode) = match shipped::content(path) {
            Some(content) => (content.to_vec(), shipped::MODE),
            None => {
                let read = text::read_bytes(path, Confinement::Within(folders), largest)?;
                (read.bytes, read.mode)
            }
        };
        self.note_file(InputFile::known(path, mode, &bytes));
        let read = text::text_of(bytes)?;
        let mut converted = self.converted.borrow_mut();
        if read.had_carriage_returns && !converted.iter().any(|known| known == path) {
            converted.push(path.to_owned());
        }
        Ok(read.text)
    }

    /// A warning for each file whose lines are not used as they end.
    pub fn converted_files(&self) -> Vec<Mistake> {
        self.converted.borrow().iter().map(|path| text::line_ends_warning(path)).collect()
    }

    pub fn into_inputs(self) -> Vec<InputFile> {
        self.inputs.into_inner().files
    }

    fn note(&self, root: &Path, path: &Path) -> Result<(), Trouble> {
        if let Some(content) = shipped::content(path) {
            self.note_file(InputFile::known(path, shipped::MODE, content));
            return Ok(());
        }
        self.note_file(self.input(root, path)?);
        Ok(())
    }

    /// A file as it is now.
    pub fn input(&self, root: &Path, path: &Path) -> Result<InputFile, Trouble> {
        let metadata = fs::metadata(path).map_err(|error| trouble(&error))?;
        Ok(InputFile::within(path, &metadata, self.reach(root)?))
    }

    fn note_file(&self, file: InputFile) {
        let mut inputs = self.inputs.borrow_mut();
        if inputs.known.insert(file.path.clone()) {
            inputs.files.push(file);
        }
    }
}

impl Files for Disk {
    fn read(&self, root: &Path, path: &Path) -> Result<String, Trouble> {
        self.inside(root, path)?;
        self.read_text(&self.reach(root)?, path, LARGEST_FILE)
    }

    fn look(&self, root: &Path, path: &Path, exclude: &[String]) -> Result<(), Trouble> {
        let real = self.inside(root, path)?;
        if shipped::is_shipped(path) {
            // What is sent as it is has to lie on the disk.
            return Err(not_shipped());
        }
        if real.is_dir() {
            return sent::files_of(path, exclude)?.into_iter().try_for_each(|file| {
                self.note_file(file);
                Ok(())
            });
        }
        open_file::judge(path, Confinement::Within(&self.reach(root)?)).map_err(refused)?;
        let metadata = fs::metadata(path).map_err(|error| trouble(&error))?;
        sent::is_small_enough(&metadata).map_err(refused)?;
        self.note(root, path)
    }

    fn matching(&self, root: &Path, base: &Path, pattern: &str) -> Result<Vec<PathBuf>, Trouble> {
        let found: Vec<PathBuf> = globs::files_of(self, root, base, pattern)?.files.into_iter().collect();
        found.iter().try_for_each(|file| self.note(root, file))?;
        Ok(found)
    }

    fn playbook(&self, root: &Path, playbook: &Path) -> Result<PlaybookFiles, Trouble> {
        let found = ansible::files_of(self, root, playbook, &self.ansible)?;
        found.files.iter().try_for_each(|file| self.note(root, file))?;
        Ok(found)
    }

    fn login_key(&self, path: &Path) -> Result<(), Trouble> {
        login_key::look(path)
    }

    fn judge(&self, path: &Path) -> Result<(), Trouble> {
        open_file::judge(path, Confinement::Anywhere).map_err(refused)
    }

    fn within(&self, root: &Path, path: &Path) -> Result<(), Trouble> {
        self.inside(root, nearest(path)).map(drop)
    }

    fn allows(&self, path: &Path) -> bool {
        // What is not there is looked for where it would be, so that its absence can be told.
        let real = fs::canonicalize(nearest(path)).unwrap_or_else(|_| path.to_owned());
        self.allowed.iter().any(|folder| real.starts_with(folder))
    }

    fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    fn exists(&self, path: &Path) -> bool {
        shipped::content(path).is_some() || path.metadata().is_ok_and(|found| !found.is_dir())
    }

    fn is_folder(&self, path: &Path) -> bool {
        shipped::is_folder(path) || path.is_dir()
    }
}

fn not_shipped() -> Trouble {
    let hint = "copy the provisioner's folder from hornero's sources to `provisioners/` beside the template";
    Trouble { why: "hornero brings no such file along".into(), hint: Some(hint.into()) }
}

/// The path itself, or the first folder above it that is there.
fn nearest(path: &Path) -> &Path {
    let there = path.ancestors().find(|above| above.symlink_metadata().is_ok());
    there.unwrap_or(Path::new("."))
}

/// Names a file that was perhaps meant.
fn missing(path: &Path, error: &std::io::Error) -> Trouble {
    let folder = folder_of(path);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let there: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let similar = closest(&name, there.iter().map(String::as_str));
    let hint = similar.map_or_else(
        || "paths are relative to the folder of the file they are written in".to_owned(),
        |similar| format!("did you mean `{similar}`?"),
    );
    Trouble { hint: Some(hint), ..trouble(error) }
}

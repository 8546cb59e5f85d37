//! Files and folders for their owner alone, whatever the umask: state, logs, keys, seeds, images.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

const FILE: u32 = 0o600;
const FOLDER: u32 = 0o700;

/// Makes a folder, and those above it that are missing. One that is there stays as it is.
///
/// # Errors
/// When the disk is full or the user may not.
pub fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(FOLDER).create(path)
}

/// A folder in `parent` with a name of its own, which goes away with what this gives back.
///
/// # Errors
/// When the disk is full or the user may not.
pub fn temporary(parent: &Path, prefix: &str) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(owner()).tempdir_in(parent)
}

/// The same with this name.
///
/// # Errors
/// When it is there already, the disk is full or the user may not.
pub fn named(parent: &Path, name: &str) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(name).rand_bytes(0).permissions(owner()).tempdir_in(parent)
}

fn owner() -> Permissions {
    Permissions::from_mode(FOLDER)
}

/// An empty file in the place of what was there.
///
/// # Errors
/// When the disk is full or the user may not.
pub fn create(path: &Path) -> io::Result<File> {
    closed(OpenOptions::new().write(true).create(true).truncate(true).mode(FILE).open(path)?)
}

/// A file that must not be there yet.
///
/// # Errors
/// When it is, the disk is full, or the user may not.
pub fn create_new(path: &Path) -> io::Result<File> {
    closed(OpenOptions::new().write(true).create_new(true).mode(FILE).open(path)?)
}

/// A file to add to.
///
/// # Errors
/// When the disk is full or the user may not.
pub fn append(path: &Path) -> io::Result<File> {
    closed(OpenOptions::new().append(true).create(true).mode(FILE).open(path)?)
}

/// Writes a whole file.
///
/// # Errors
/// When the disk is full or the user may not.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    create(path)?.write_all(bytes.as_ref())
}

/// Puts a file in the place of the old one, at once: a reader sees the one or the other, whole, whenever
/// this process ends.
///
/// # Errors
/// When the disk is full or the user may not.
pub fn replace(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    Replacement::write(path, |file| file.write_all(bytes.as_ref()))?.place()
}

/// A file that is whole and on the disk, and not yet in its place.
pub struct Replacement {
    /// Where it is until then.
    pub new: PathBuf,
    path: PathBuf,
}

impl Replacement {
    /// # Errors
    /// When the disk is full or the user may not.
    pub fn write(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<Self> {
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        let new = PathBuf::from(new);
        match fs::remove_file(&new) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed?,
        }
        let mut file = create_new(&new)?;
        write(&mut file)?;
        file.sync_all()?;
        Ok(Self { new, path: path.to_owned() })
    }

    /// Takes the place of the old one.
    ///
    /// # Errors
    /// When the user may not.
    pub fn place(self) -> io::Result<()> {
        fs::rename(self.new, self.path)
    }
}

/// A file that was there may have been open to others.
fn closed(file: File) -> io::Result<File> {
    if file.metadata()?.permissions().mode() & 0o777 != FILE {
        file.set_permissions(Permissions::from_mode(FILE))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_that_was_open_to_all_is_closed_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "long before").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        write(&path, "now").unwrap();
        assert_eq!((mode(&path), std::fs::read_to_string(&path).unwrap().as_str()), (0o600, "now"));
        assert!(create_new(&path).is_err());
    }

    #[test]
    fn a_file_is_replaced_whatever_a_killed_process_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.json");
        std::fs::write(folder.path().join("file.json.new"), "half").unwrap();
        replace(&path, "one").unwrap();
        replace(&path, "two").unwrap();
        assert_eq!((mode(&path), std::fs::read_to_string(&path).unwrap().as_str()), (0o600, "two"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn missing_folders_above_are_private_too() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        folder(&deep).unwrap();
        assert_eq!((mode(&deep), mode(&root.path().join("a"))), (0o700, 0o700));
    }
}

//! What the files of a template were when the bake began. What is sent is held against it: else an image would
//! hold other files than its fingerprint and its manifest say.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    io,
    ops::Bound,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::template::path_name::path_name;

/// SHA-256.
pub type FileSum = [u8; 32];

/// A file, a link, or a folder with nothing in it, as it was.
#[derive(Clone, Debug)]
pub struct KnownFile {
    pub path: Arc<Path>,
    /// Permission bits.
    pub mode: u32,
    /// Of the content, and of the target of a link.
    pub sum: FileSum,
}

#[derive(Debug, Default)]
pub struct KnownFiles(BTreeMap<Arc<Path>, KnownFile>);

/// A local file that is not what it was when the bake began.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}` {how} since this bake began", path_name(path))]
pub struct ChangedFile {
    pub path: PathBuf,
    pub how: FileChange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    Added,
    Removed,
    Content,
    Mode,
}

impl std::fmt::Display for FileChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Added => "was added",
            Self::Removed => "was removed",
            Self::Content => "was changed",
            Self::Mode => "was given another mode",
        })
    }
}

impl ChangedFile {
    /// What to do about it.
    pub const HINT: &str = "bake again: the image would hold other files than its fingerprint says; what a step of \
                            this template makes on this computer is made before the bake";

    pub fn error(path: &Path, how: FileChange) -> io::Error {
        io::Error::other(Self { path: path.to_owned(), how })
    }

    /// The change behind an error, if there is one.
    pub fn behind(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl FromIterator<KnownFile> for KnownFiles {
    fn from_iter<T: IntoIterator<Item = KnownFile>>(files: T) -> Self {
        Self(files.into_iter().map(|file| (file.path.clone(), file)).collect())
    }
}

impl KnownFiles {
    /// The sum of a file that is sent, whose path this was in the template.
    ///
    /// # Errors
    /// When it was not there, or its mode was another.
    pub fn file(&self, path: &Path, metadata: &Metadata) -> io::Result<FileSum> {
        let known = self.0.get(path).ok_or_else(|| ChangedFile::error(path, FileChange::Added))?;
        match metadata.permissions().mode() & 0o7777 == known.mode {
            true => Ok(known.sum),
            false => Err(ChangedFile::error(path, FileChange::Mode)),
        }
    }

    /// # Errors
    /// When it led elsewhere, or was none.
    pub fn link(&self, path: &Path, metadata: &Metadata, target: &Path) -> io::Result<()> {
        let then = self.file(path, metadata)?;
        let now: FileSum = Sha256::digest(target.as_os_str().as_bytes()).into();
        if now == then { Ok(()) } else { Err(ChangedFile::error(path, FileChange::Content)) }
    }

    /// # Errors
    /// When something was in it.
    pub fn empty_folder(&self, path: &Path) -> io::Result<()> {
        let is_known = self.0.contains_key(path);
        if is_known { Ok(()) } else { Err(ChangedFile::error(path, FileChange::Added)) }
    }

    /// Whether everything below a folder that is wanted was found there.
    ///
    /// # Errors
    /// When something is gone.
    pub fn none_is_missing(
        &self,
        root: &Path,
        found: &BTreeSet<PathBuf>,
        is_wanted: impl Fn(&Path) -> bool,
    ) -> io::Result<()> {
        let below = self
            .0
            .range::<Path, _>((Bound::Included(root), Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(root));
        for (path, _) in below {
            let inside = path.strip_prefix(root).unwrap_or(path);
            if is_wanted(inside) && !found.contains(path.as_ref()) {
                return Err(ChangedFile::error(path, FileChange::Removed));
            }
        }
        Ok(())
    }
}

//! Puts an image together: disks, manifest and sums in a folder that gets its final name only when
//! everything in it is complete and on the disk.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::manifest::{FILE, Manifest};
use crate::{
    error::{Error, Kind},
    journal::{Effect, Journal, Thing},
    platform::{CapturedDisk, Content},
    private::{self, Replacement},
    redact::Redact,
    sum,
};

/// A folder that is removed unless it becomes an image.
pub struct Staging {
    folder: tempfile::TempDir,
    images: PathBuf,
    journal: Journal,
    _written: Written,
}

/// The folder as the journal knows it; it is gone, or has become an image, when this is dropped.
struct Written(Journal, PathBuf);

impl Drop for Written {
    fn drop(&mut self) {
        // If that cannot be written, it is looked for in vain later.
        self.0.gone(|thing| matches!(thing, Thing::Folder { path } if *path == self.1)).ok();
    }
}

impl Staging {
    /// # Errors
    /// When the folder of images cannot be written to.
    pub fn new(images: &Path, run: &str, journal: &Journal) -> Result<Self, Error> {
        let name = format!(".incomplete-{run}");
        let path = images.join(&name);
        let intent = journal.intend(Effect::Folder { path: path.clone() })?;
        let folder = private::folder(images).and_then(|()| private::named(images, &name));
        intent.result(folder.is_ok())?;
        let folder = folder.map_err(|error| {
            Error::new(Kind::Local, format!("making a folder for the image in `{}`", images.display()))
                .because(&error)
        })?;
        journal.made(Thing::Folder { path: path.clone() })?;
        let written = Written(journal.clone(), path);
        Ok(Self { folder, images: images.to_owned(), journal: journal.clone(), _written: written })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes manifest and sums, and gives the folder its final name.
    ///
    /// # Errors
    /// When the disk is full or the name is taken.
    pub fn finish(self, manifest: &Manifest, redact: &Redact) -> Result<PathBuf, Error> {
        let target = self.images.join(&manifest.image);
        let journal = self.journal.clone();
        let effect = Effect::Complete { image: manifest.image.clone(), folder: target.clone() };
        let intent = journal.intend(effect)?;
        let complete = self.complete(manifest, redact, &target);
        intent.result(complete.is_ok())?;
        complete.map_err(|error| {
            Error::new(Kind::Local, format!("completing the image `{}`", target.display())).because(&error)
        })?;
        Ok(target)
    }

    fn complete(self, manifest: &Manifest, redact: &Redact, target: &Path) -> io::Result<()> {
        let written =
            Replacement::write(&self.path().join(FILE), |file| write_manifest(file, manifest, redact))?;
        write_synced(&self.path().join("SHA256SUMS"), &sums(&manifest.disks, &sum::of_file(&written.new)?))?;
        written.place()?;
        for (file, _) in files(&manifest.disks) {
            File::open(self.path().join(file))?.sync_all()?;
        }
        File::open(self.path())?.sync_all()?;
        fs::rename(self.path(), target)?;
        // It has moved: there is nothing left to remove.
        let _moved = self.folder.keep();
        File::open(&self.images)?.sync_all()
    }
}

/// Writes the manifest into the folder of the run, until the image has a folder of its own.
///
/// # Errors
/// When the run's folder cannot be written.
pub fn write_beside(run: &Path, manifest: &Manifest, redact: &Redact) -> Result<(), Error> {
    let write =
        || Replacement::write(&run.join(FILE), |file| write_manifest(file, manifest, redact))?.place();
    write().map_err(|error: io::Error| {
        Error::new(Kind::Local, format!("writing the manifest in `{}`", run.display())).because(&error)
    })
}

/// The image has a folder of its own. A manifest that stays beside that is the same.
pub fn remove_beside(run: &Path) {
    fs::remove_file(run.join(FILE)).ok();
}

/// Gives an image that the platform keeps its folder on this computer.
///
/// # Errors
/// When it cannot be written.
pub fn make_folder(folder: &Path, manifest: &Manifest, redact: &Redact) -> Result<(), Error> {
    private::folder(folder).map_err(|error| {
        Error::new(Kind::Local, format!("making the folder `{}`", folder.display())).because(&error)
    })?;
    rewrite(folder, manifest, redact)
}

/// Writes the manifest of a finished image anew, and the sums with it.
///
/// # Errors
/// When the image's folder cannot be written.
pub fn rewrite(folder: &Path, manifest: &Manifest, redact: &Redact) -> Result<(), Error> {
    let write = || {
        let written = Replacement::write(&folder.join(FILE), |file| write_manifest(file, manifest, redact))?;
        private::replace(&folder.join("SHA256SUMS"), sums(&manifest.disks, &sum::of_file(&written.new)?))?;
        written.place()
    };
    write().map_err(|error: io::Error| {
        Error::new(Kind::Local, format!("writing the manifest in `{}`", folder.display())).because(&error)
    })
}

/// With many files it is large, so it is never in memory as a text.
fn write_manifest(file: &mut File, manifest: &Manifest, redact: &Redact) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut out, &*manifest.without_secrets(redact))?;
    out.write_all(b"\n")?;
    out.flush()
}

/// In the form that `sha256sum --check` reads; `manifest` is the sum of that.
fn sums(disks: &[CapturedDisk], manifest: &str) -> String {
    let mut text: String = files(disks).map(|(file, sha256)| format!("{sha256}  {file}\n")).collect();
    text += &format!("{manifest}  {FILE}\n");
    text
}

/// Names and sums of the disks that are files; snapshots are kept by the platform.
fn files(disks: &[CapturedDisk]) -> impl Iterator<Item = (&str, &str)> {
    disks.iter().filter_map(|disk| match &disk.content {
        Content::File { file, sha256, .. } => Some((file.as_str(), sha256.as_str())),
        Content::Snapshot { .. } => None,
    })
}

fn write_synced(path: &Path, text: &str) -> io::Result<()> {
    let mut file = private::create_new(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

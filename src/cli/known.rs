//! Which runs there are on this computer. Each has a folder in its state directory and, while it may
//! have left something, a link in the data directory: so they are found from another state directory
//! too.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::Context;
use crate::{
    error::{Error, Kind},
    journal,
};

/// Of links, in the data directory.
const LINKS: &str = "runs";

/// Makes a run's folder known.
///
/// # Errors
/// When the data directory cannot be written.
pub fn tell(id: &str, run: &Path, context: &Context) -> Result<PathBuf, Error> {
    let link = link(id, context)?;
    let made = super::run::private_folder(&context.data()?.join(LINKS)).map(|()| symlink(run, &link));
    made?.map_err(|error| {
        Error::new(Kind::Local, format!("writing the link `{}`", link.display()))
            .because(&error)
            .hint("give another folder with --data-dir")
    })?;
    Ok(link)
}

/// It has left nothing. A link that cannot be removed leads to a run that is over, which is told there.
pub fn forget(link: &Path) {
    fs::remove_file(link).ok();
}

/// The link of a run.
///
/// # Errors
/// When the user has no home and gave no folder.
pub fn link(id: &str, context: &Context) -> Result<PathBuf, Error> {
    Ok(context.data()?.join(LINKS).join(id))
}

/// The folders of all runs that have a journal.
///
/// # Errors
/// When a folder cannot be read.
pub fn folders(context: &Context) -> Result<BTreeSet<PathBuf>, Error> {
    folders_that(context, |_| true)
}

/// The same of runs whose IDs begin with the name of an image, as those of other images may.
///
/// # Errors
/// As [`folders`].
pub fn folders_of(image: &str, context: &Context) -> Result<BTreeSet<PathBuf>, Error> {
    let start = format!("{image}-");
    folders_that(context, |id| id.starts_with(&start))
}

fn folders_that(context: &Context, wanted: impl Fn(&str) -> bool) -> Result<BTreeSet<PathBuf>, Error> {
    let mut found = BTreeSet::new();
    for parent in [context.state()?.join("runs"), context.data()?.join(LINKS)] {
        let failed = |error: io::Error| {
            Error::new(Kind::Local, format!("looking for runs in `{}`", parent.display())).because(&error)
        };
        let entries = match fs::read_dir(&parent) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries.map_err(failed)?,
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            if !path.file_name().and_then(|name| name.to_str()).is_some_and(&wanted) {
                continue;
            }
            // A link may lead nowhere by now.
            let Ok(folder) = fs::canonicalize(&path) else { continue };
            if folder.join(journal::FILE).is_file() {
                found.insert(folder);
            }
        }
    }
    Ok(found)
}

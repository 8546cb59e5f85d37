//! What a folder that is sent to the builder holds: its files and links, and folders with nothing in them.

use std::{
    collections::BTreeSet,
    fs::Metadata,
    path::{Path, PathBuf},
};

use super::{
    input::InputFile,
    text::{refused, trouble},
};
use crate::{
    open_file::{self, Confinement, LARGEST_SENT_BYTES, OpenError},
    provision::exclude::Excluded,
    template::{check::Trouble, path_name::path_name},
};

/// Every file and link below a folder, in a fixed order, without what stays at home. A link is sent as it is:
/// nobody follows it here, so it may lead anywhere, or nowhere.
pub fn files_of(folder: &Path, exclude: &[String]) -> Result<Vec<InputFile>, Trouble> {
    // A pattern that cannot be read has been told.
    let excluded = Excluded::of(exclude).ok();
    let is_wanted = |path: &Path| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        excluded.as_ref().is_none_or(|excluded| !excluded.names(inside))
    };
    let (mut found, mut empty) = (Vec::new(), BTreeSet::<PathBuf>::new());
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| is_wanted(entry.path())) {
        let entry = entry.map_err(|error| Trouble { why: error.to_string().to_lowercase(), hint: None })?;
        if let Some(above) = entry.path().parent().filter(|_| entry.depth() > 0) {
            empty.remove(above);
        }
        if entry.file_type().is_dir() {
            empty.insert(entry.path().to_owned());
        } else {
            found.push(file(entry.path())?);
        }
    }
    found.extend(empty.iter().filter(|path| *path != folder).map(|path| InputFile::empty_folder(path)));
    Ok(found)
}

fn file(path: &Path) -> Result<InputFile, Trouble> {
    let metadata = path.symlink_metadata().map_err(|error| trouble(&error))?;
    if !metadata.is_symlink() {
        let judged = match metadata.is_file() {
            true => is_small_enough(&metadata),
            false => open_file::judge(path, Confinement::NoLink),
        };
        judged.map_err(|error| in_it(path, refused(error)))?;
    }
    Ok(InputFile::found(path, &metadata))
}

/// Whether it can be sent in any useful time.
pub fn is_small_enough(metadata: &Metadata) -> Result<(), OpenError> {
    match metadata.len() {
        size if size > LARGEST_SENT_BYTES => Err(OpenError::TooLarge { size, most: LARGEST_SENT_BYTES }),
        _ => Ok(()),
    }
}

fn in_it(path: &Path, trouble: Trouble) -> Trouble {
    let why = format!("`{}` cannot be sent: {}", path_name(path), trouble.why);
    let hint = "remove it, or name it in `exclude` of the folder that is sent";
    Trouble { why, hint: Some(trouble.hint.unwrap_or_else(|| hint.into())) }
}

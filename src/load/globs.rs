//! The files that a pattern of `inputs` names.

use std::path::Path;

use globset::GlobBuilder;

use super::{
    disk::Disk,
    tree::{FileSet, is_left_out},
};
use crate::template::{check::Trouble, path_name::on_disk};

/// Every file that `pattern` matches below `base`, and everything in the folders that it matches. An empty
/// pattern is `base` itself.
pub fn files_of(disk: &Disk, root: &Path, base: &Path, pattern: &str) -> Result<FileSet, Trouble> {
    let mut found = FileSet::default();
    disk.inside(root, base)?;
    if pattern.is_empty() {
        found.add(disk, root, base)?;
        return Ok(found);
    }
    let glob = GlobBuilder::new(pattern.trim_end_matches('/')).literal_separator(true).build();
    let glob =
        glob.map_err(|error| Trouble { why: format!("it is no pattern: {}", error.kind()), hint: None })?;
    let matcher = glob.compile_matcher();
    let walk = walkdir::WalkDir::new(on_disk(base)).min_depth(1).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| !is_left_out(entry.file_name())) {
        let entry = entry.map_err(|error| Trouble { why: error.to_string().to_lowercase(), hint: None })?;
        let inside = entry.path().strip_prefix(on_disk(base)).unwrap_or(entry.path());
        let wanted = !pattern.ends_with('/') || entry.path().is_dir();
        if wanted && matcher.is_match(inside) {
            found.add(disk, root, &base.join(inside))?;
        }
    }
    Ok(found)
}

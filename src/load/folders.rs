//! The templates of a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::text::trouble;
use crate::template::diagnose::{Mistake, Mistakes};

/// Every `*.toml` directly in a folder, by name; a file is itself.
pub fn templates_in(path: &Path) -> Result<Vec<PathBuf>, Mistakes> {
    let cannot = |error: std::io::Error| {
        Mistakes::one(Mistake::about(path, format!("cannot look for templates: {}", trouble(&error).why)))
    };
    if !fs::metadata(path).map_err(cannot)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path).map_err(cannot)? {
        let file = entry.map_err(cannot)?.path();
        if file.extension().is_some_and(|extension| extension == "toml") && file.is_file() {
            found.push(file);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Mistakes::one(
            Mistake::about(path, "there are no templates in this folder").hint("templates end in `.toml`"),
        ));
    }
    Ok(found)
}

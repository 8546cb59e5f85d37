//! Runs of this computer, by their IDs.

use std::path::{Component, Path, PathBuf};

use super::Context;
use crate::error::{Error, Kind};

/// The folder of a run.
///
/// # Errors
/// When there is no run of this ID here.
pub fn folder(run: &str, context: &Context) -> Result<PathBuf, Error> {
    let runs = context.state()?.join("runs");
    let folder = runs.join(run);
    let named = matches!(Path::new(run).components().next(), Some(Component::Normal(name)) if name == run);
    if !named || !folder.is_dir() {
        let message = format!("there is no run `{run}` in `{}`", runs.display());
        return Err(Error::new(Kind::Usage, message)
            .hint("a bake tells its run's ID at its start; runs of another computer stay there"));
    }
    Ok(folder)
}

//! Files fetched from the builder.

use std::{io, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use crate::{
    engine::{machine::Machine, steps},
    error::{Error, Kind},
    provision::quote,
    remote::Command,
    template::model::Step,
};

/// Fetches a file from the builder; it appears under its name only when it is complete.
///
/// # Errors
/// When it is not there, cannot be read, or cannot be written here.
pub async fn download(
    step: &Step,
    machine: &Machine<'_>,
    source: &str,
    destination: &Path,
) -> Result<(), Error> {
    let what = || format!("step `{}`: fetching `{source}` from the builder", step.name);
    let local = |error: &io::Error| {
        Error::new(Kind::Bake, format!("{} to `{}`", what(), destination.display())).because(error)
    };
    let folder = destination.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(|error| local(&error))?;
    let part = tempfile::NamedTempFile::new_in(folder).map_err(|error| local(&error))?;
    let out = part.reopen().map_err(|error| local(&error))?;
    let timeout: Duration = step.timeout.map_or(steps::TIMEOUT, |timeout| timeout.0);
    let line = format!("{}cat -- {}", machine.remote.sudo(), quote(source)?);
    let exit = match machine.remote.fetch(Command::new(line).timeout(Some(timeout)), Box::new(out)).await {
        Ok(exit) => exit,
        Err(error) => return Err(machine.explain(error).await),
    };
    if !exit.success() {
        return Err(Error::new(Kind::Bake, what()).hint("the file is not there, or is no plain file"));
    }
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(part.path(), readable).map_err(|error| local(&error))?;
    part.persist(destination).map(drop).map_err(|error| local(&error.error))
}

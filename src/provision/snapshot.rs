//! Packages as of one moment: the script that turns a builder's package sources to the distribution's
//! archive of that moment, and the one that brings its own sources back before it is sealed.

use super::{ProvisionError, quote};
use crate::template::model::Snapshot;

const BEGIN: &str = include_str!("../../cloud-init/snapshot.sh");
const OVER: &str = include_str!("../../cloud-init/snapshot-over.sh");

/// From here on packages come from the snapshot. Can be run again.
///
/// # Errors
/// When the archive's address cannot be written into a shell script.
pub fn begin(snapshot: &Snapshot) -> Result<String, ProvisionError> {
    with_values(BEGIN, snapshot, "")
}

/// The builder's own sources are back afterwards, and nothing of the snapshot is left but its packages.
/// Fails where the packages cannot have come from it. Can be run again.
///
/// # Errors
/// When the archive's address cannot be written into a shell script.
pub fn over(snapshot: &Snapshot) -> Result<String, ProvisionError> {
    with_values(OVER, snapshot, "")
}

/// `root` is where the machine's files are.
fn with_values(script: &str, snapshot: &Snapshot, root: &str) -> Result<String, ProvisionError> {
    let archive = quote(snapshot.archive.as_deref().unwrap_or_default())?;
    Ok(format!("root={}\nstamp={}\narchive={archive}\n{script}", quote(root)?, snapshot.stamp()))
}

#[cfg(test)]
mod tests;

//! A builder that is kept: what is written down of the virtual machine, and the same one found again.

use std::{fs, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::{builder::QemuBuilder, leftovers::is_machine_of, machine::Drive, running::Running};
use crate::platform::{KeptBuilder, PlatformError, last_lines};

/// Lies in the run's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub name: String,
    /// Of the QEMU process.
    pub pid: u32,
    /// Where its disks, its console and its control line are.
    pub folder: PathBuf,
    pub console: PathBuf,
    /// The root disk comes first.
    pub disks: Vec<Drive>,
    /// Of this computer, which leads to its SSH.
    pub port: u16,
}

/// # Errors
/// When it has ended meanwhile.
pub fn attach(kept: &KeptBuilder<'_>) -> Result<QemuBuilder, PlatformError> {
    let written: Written = kept.read()?;
    let Ok(process) = Running::hold(written.pid) else { return Err(gone(&written, kept)) };
    if !is_machine_of(written.pid, &written.folder) {
        return Err(gone(&written, kept));
    }
    let running = Running::attach(written.pid, process)
        .map_err(|error| PlatformError::new(kept.doing(), format!("watching its process: {error}")))?;
    Ok(QemuBuilder::kept(written, running, kept.journal.cloned()))
}

fn gone(written: &Written, kept: &KeptBuilder<'_>) -> PlatformError {
    let said = fs::read(&written.console).unwrap_or_default();
    let why = format!(
        "the virtual machine (process {}) has ended: its time was over, or somebody powered it off",
        written.pid
    );
    kept.gone(why).tail(last_lines(&String::from_utf8_lossy(&said), 20))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Settings;

    #[tokio::test]
    async fn another_process_with_the_number_of_the_machine_is_not_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let console = folder.path().join("console.log");
        fs::write(&console, "the time to live of this builder is over\n").unwrap();
        let written = Written {
            name: "web-1".into(),
            pid: std::process::id(),
            folder: folder.path().into(),
            console,
            disks: Vec::new(),
            port: 1,
        };
        let data = serde_json::to_value(&written).unwrap();
        let settings = Settings::Ec2(Box::default());
        let kept = KeptBuilder { run: "web-1", data: &data, settings, disks: &[], journal: None };
        let Err(error) = attach(&kept) else { panic!("a test was taken for a virtual machine") };
        assert!(error.to_string().contains("has ended"), "{error}");
        assert_eq!(error.tail, ["the time to live of this builder is over"]);
        assert!(error.hint.unwrap().contains("hornero clean web-1"));
    }
}

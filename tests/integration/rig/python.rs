//! Python for the rig: a virtual environment under the target directory, made once.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The programs of the virtual environment: `python`, `aws`.
pub fn program(name: &str) -> PathBuf {
    static BIN: OnceLock<PathBuf> = OnceLock::new();
    BIN.get_or_init(installed).join(name)
}

/// Test processes run side by side: one installs, the others wait for it.
fn installed() -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/python.sh");
    let output = Command::new(script).arg(env!("CARGO_TARGET_TMPDIR")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}; scripts/setup.sh installs what this needs");
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

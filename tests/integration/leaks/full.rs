//! Disks that are full, and state that cannot be written.

use std::{path::Path, process::Command};

use super::Inventory;
use crate::{ec2::Cloud, rig::hornero::Ran};

/// The same command with a disk of so many kibibytes at `folder`, which nobody else sees.
fn on_a_small_disk(command: &Command, folder: &Path, kib: u32) -> Command {
    let mount = "mkdir -p \"$1\"; mount -t tmpfs -o size=\"$2\"k,mode=700 tmpfs \"$1\"; shift 2; exec \"$@\"";
    let mut small = Command::new("unshare");
    small.args(["--map-root-user", "--mount", "sh", "-ec", mount, "sh"]).arg(folder).arg(kib.to_string());
    small.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => small.env(name, value),
            None => small.env_remove(name),
        };
    }
    small.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    small
}

#[test]
fn a_state_directory_that_cannot_be_made_is_named_before_anything_is_done() {
    let mut cloud = Cloud::start();
    let mut command = cloud.command(&["bake", &cloud.template("", "")]);
    let ran = Ran::from(command.env("HORNERO_STATE_DIR", "/proc/hornero").output().unwrap());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("/proc/hornero") && ran.stderr.contains("--state-dir"), "{}", ran.stderr);
    assert_eq!(cloud.proxy.count("ec2:RunInstances"), 0);
}

#[test]
fn a_journal_that_can_no_longer_be_written_ends_the_bake_and_leaves_nothing() {
    let cloud = Cloud::start();
    let step = "[[steps]]\nname = \"talk\"\nrun = \"seq 100000\"\n";
    let command = cloud.command(&["bake", "--output", "lines", &cloud.template("", step)]);
    let state = cloud.hornero.folder.path().join("state");
    let ran = Ran::from(on_a_small_disk(&command, &state, 256).output().unwrap());
    // Of the platform, or of hornero's own files: whichever entry is the first that does not fit.
    assert!([1, 4].contains(&ran.code), "{}: {}", ran.code, ran.stderr);
    assert!(
        ran.stderr.contains("writing the journal") && ran.stderr.contains("No space left"),
        "{}",
        ran.stderr
    );
    assert_eq!(Inventory::of(&cloud).left(), Vec::<String>::new(), "{}", ran.stderr);
}

//! Bakes whose terminal goes away, or on which a person presses Ctrl-C.

use std::{fs, path::Path, process::Command};

use indicatif::{InMemoryTerm, TermLike};
use serde_json::{Value, json};

use super::{Inventory, signals::STEP};
use crate::{ec2::Cloud, rig::python::program};

/// Ctrl-C as a terminal gets it.
const CTRL_C: &str = "\u{3}";

/// What turns in front of a phase that goes on.
const SPINNER: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

/// What stands on a terminal in the end on which this was written.
fn shown(said: &str) -> String {
    let terminal = InMemoryTerm::new(60, 80);
    terminal.write_str(said).unwrap();
    terminal.contents()
}

#[derive(serde::Deserialize)]
struct Ended {
    code: i32,
    said: String,
}

/// Bakes on a terminal of its own and does this to it as soon as the step runs.
fn bake(cloud: &Cloud, output: &str, actions: &Value) -> Ended {
    let hornero = cloud.command(&["bake", "--output", output, &cloud.template("", STEP)]);
    let mut command = Command::new(program("python"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/terminal.py"));
    command.args(["it runs", &actions.to_string()]).arg(hornero.get_program()).args(hornero.get_args());
    for (name, value) in hornero.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let output = command.env("TERM", "xterm").env_remove("CI").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn a_terminal_that_is_closed_ends_a_bake_and_everything_that_it_made() {
    let cloud = Cloud::start();
    let mut inventory = Inventory::of(&cloud);
    // The kernel sends a signal when the terminal is closed, and a shell one beside that.
    let closed = json!([null, { "signal": 1 }, 0.01, { "signal": 1 }]);
    for output in ["bars", "lines", "bars", "lines"] {
        let ended = bake(&cloud, output, &closed);
        assert_eq!(ended.code, 130, "{}", ended.said);
        assert_eq!(inventory.left(), Vec::<String>::new(), "{output}: {}", ended.said);
        let log = cloud.hornero.folder.path().join("state/runs").join(cloud.run_id()).join("log");
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains("the bake was interrupted"), "{log}");
    }
    assert_eq!(inventory.all().instances, 4);
}

#[test]
fn ctrl_c_twice_within_a_second_is_one_wish_and_later_a_second_one() {
    let mut cloud = Cloud::start();
    let mut inventory = Inventory::of(&cloud);
    let ended = bake(&cloud, "bars", &json!([CTRL_C, 0.01, CTRL_C, 0.2, CTRL_C]));
    assert_eq!((ended.code, inventory.left()), (130, Vec::new()), "{}", ended.said);
    assert!(ended.said.contains("Press Ctrl-C again to stop at once."), "{}", ended.said);
    let screen = shown(&ended.said);
    assert!(!screen.contains(|char| SPINNER.contains(char)), "a bar that is over is still there:\n{screen}");
    assert!(!screen.contains("^C"), "{screen}");
    assert!(screen.contains("✔ launch"), "{screen}");

    cloud.proxy.rule(json!({ "action": "TerminateInstances", "fault": "slow", "seconds": 20, "times": 1 }));
    let ended = bake(&cloud, "lines", &json!([CTRL_C, 1.2, CTRL_C]));
    assert_eq!(ended.code, 130, "{}", ended.said);
    let left = ended.said.lines().find(|line| line.starts_with("Left behind: "));
    let left = left.unwrap_or_else(|| panic!("{}", ended.said));
    assert!(left.contains("the instance i-") && left.contains("the security group sg-"), "{left}");
    assert!(left.contains(&format!("`hornero clean {}`", cloud.run_id())), "{left}");
    let state = cloud.hornero.folder.path().join("state").display().to_string();
    let ran = super::clean(&cloud, &state, &[&cloud.run_id()]);
    assert_eq!((ran.code, inventory.left()), (0, Vec::new()), "{}", ran.stderr);
}

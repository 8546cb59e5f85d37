//! Bakes that are told to end.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{Inventory, clean};
use crate::ec2::Cloud;

const STEP: &str = "[[steps]]\nname = \"wait\"\nrun = \"echo it runs; sleep 300\"\n";

/// A bake in the middle of its step.
struct Bake {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
    text: String,
}

impl Bake {
    fn start(cloud: &Cloud) -> Self {
        let mut command = cloud.command(&["bake", "--output", "lines", &cloud.template("", STEP)]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut bake = Self { child, said, text: String::new() };
        bake.until("it runs");
        bake
    }

    fn until(&mut self, wanted: &str) {
        while let Some(Ok(line)) = self.said.next() {
            self.text += &format!("{line}\n");
            if line.contains(wanted) {
                return;
            }
        }
        panic!("`{wanted}` was not said: {}", self.text);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Exit code, and everything that was said.
    fn end(mut self) -> (Option<i32>, String) {
        self.text.extend(self.said.by_ref().map_while(Result::ok).map(|line| line + "\n"));
        (self.child.wait().unwrap().code(), self.text)
    }
}

#[test]
fn a_signal_ends_a_bake_and_removes_what_it_made() {
    let cloud = Cloud::start();
    let mut inventory = Inventory::of(&cloud);
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let mut bake = Bake::start(&cloud);
        assert!(inventory.left().iter().any(|one| one.starts_with("i-")), "there is no builder");
        bake.signal(signal);
        bake.until("Interrupted: cleaning up");
        let (code, said) = bake.end();
        assert_eq!(code, Some(130), "{said}");
        assert_eq!(inventory.left(), Vec::<String>::new(), "{said}");
    }
}

#[test]
fn a_second_signal_stops_at_once_and_says_what_is_left_and_who_removes_it() {
    let mut cloud = Cloud::start();
    let mut inventory = Inventory::of(&cloud);
    cloud.proxy.rule(json!({ "action": "TerminateInstances", "fault": "slow", "seconds": 20, "times": 1 }));
    let mut bake = Bake::start(&cloud);
    bake.signal(Signal::INT);
    bake.until("Interrupted: cleaning up");
    bake.signal(Signal::INT);
    let (code, said) = bake.end();
    assert_eq!(code, Some(130), "{said}");
    let left =
        said.lines().find(|line| line.starts_with("Left behind: ")).unwrap_or_else(|| panic!("{said}"));
    assert!(left.contains("the instance i-") && left.contains("the security group sg-"), "{left}");
    assert!(left.contains(&format!("`hornero clean {}`", cloud.run_id())), "{left}");
    let state = cloud.hornero.folder.path().join("state").display().to_string();
    let ran = clean(&cloud, &state, &[&cloud.run_id()]);
    assert_eq!((ran.code, inventory.left()), (0, Vec::new()), "{}", ran.stderr);
}

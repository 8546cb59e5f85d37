//! Bakes that are told to end.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStderr, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::Inventory;
use crate::ec2::Cloud;

pub const STEP: &str = "[[steps]]\nname = \"wait\"\nrun = \"echo it runs; sleep 300\"\n";

#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// A bake in the middle of its step.
struct Bake {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
    text: String,
}

impl Bake {
    fn start(cloud: &Cloud) -> Self {
        let mut bake = Self::begin(cloud);
        bake.until("it runs");
        bake
    }

    fn begin(cloud: &Cloud) -> Self {
        let mut command = cloud.command(&["bake", "--output", "lines", &cloud.template("", STEP)]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, said, text: String::new() }
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

/// What terminals, shells and CI systems send by themselves; the first two within a hundredth of a second.
const SEVERAL: [[Signal; 3]; 5] = [
    [Signal::HUP, Signal::HUP, Signal::HUP],
    [Signal::INT, Signal::TERM, Signal::TERM],
    [Signal::TERM, Signal::TERM, Signal::INT],
    [Signal::HUP, Signal::TERM, Signal::INT],
    // Without a terminal nobody has pressed Ctrl-C.
    [Signal::INT, Signal::INT, Signal::INT],
];

#[test]
fn further_signals_that_nobody_typed_do_not_keep_a_bake_from_cleaning_up() {
    let mut cloud = Cloud::start();
    let mut inventory = Inventory::of(&cloud);
    // Long enough for the last one to find the clean-up under way.
    cloud.proxy.rule(json!({ "action": "DeleteSecurityGroup", "fault": "slow", "seconds": 1.5 }));
    for [first, second, third] in SEVERAL {
        let bake = Bake::start(&cloud);
        bake.signal(first);
        pause(10);
        bake.signal(second);
        pause(1100);
        bake.signal(third);
        let (code, said) = bake.end();
        assert_eq!(code, Some(130), "{first:?} {second:?} {third:?}: {said}");
        assert_eq!(inventory.left(), Vec::<String>::new(), "{first:?} {second:?} {third:?}: {said}");
        assert!(!said.contains("Ctrl-C"), "there is no terminal: {said}");
    }
}

#[test]
fn a_launch_is_given_up_at_once_and_what_it_has_ordered_is_removed() {
    // In the middle of the call that makes the instance, and of the wait for it.
    for (action, seconds, most) in [("RunInstances", 6, 20), ("DescribeInstances", 60, 20)] {
        let mut cloud = Cloud::start();
        let mut inventory = Inventory::of(&cloud);
        cloud.proxy.rule(json!({ "action": action, "fault": "slow", "seconds": seconds, "times": 1 }));
        let mut bake = Bake::begin(&cloud);
        while cloud.proxy.count(&format!("ec2:{action}")) == 0 {
            pause(20);
        }
        let begun = Instant::now();
        bake.signal(Signal::INT);
        bake.until("Interrupted: cleaning up");
        assert!(begun.elapsed() < Duration::from_secs(1), "it was answered after {:?}", begun.elapsed());
        let (code, said) = bake.end();
        assert_eq!(code, Some(130), "{said}");
        assert!(begun.elapsed() < Duration::from_secs(most), "it took {:?}: {said}", begun.elapsed());
        let there = inventory.all();
        assert_eq!((there.left, there.instances), (Vec::new(), 1), "{action}: {said}");
    }
}

//! A bake that was stopped for longer than its lock lasts, as one on a laptop that sleeps; and a lock that cannot
//! be given back. Nobody waits here: AWS's clock is set.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStderr, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::Cloud;
use crate::rig::{
    hornero::Ran,
    moto::{REGION, aws},
};

const OTHER: &str = "eu-south-2";
const PARAMETER: &str = "/images/web/dev";
const LOCK: &str = "/hornero/locks/ec2/web";

/// Longer than a lock on AWS lasts.
const ASLEEP_SECONDS: u64 = 310;

/// A bake that stands still.
struct Stopped {
    bake: Child,
    said: BufReader<ChildStderr>,
    text: String,
}

impl Stopped {
    /// Runs the command and stops it as soon as it says `moment`.
    fn at(mut command: Command, moment: &str) -> Self {
        let mut bake = command.stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(bake.stderr.take().unwrap());
        let mut text = String::new();
        while !text.contains(moment) {
            assert_ne!(said.read_line(&mut text).unwrap(), 0, "it ended by itself: {text}");
        }
        kill_process(Pid::from_child(&bake), Signal::STOP).unwrap();
        Self { bake, said, text }
    }

    /// Lets it go on to its end.
    fn wake(mut self) -> Ran {
        kill_process(Pid::from_child(&self.bake), Signal::CONT).unwrap();
        self.said.read_to_string(&mut self.text).unwrap();
        let ran = Ran::from(self.bake.wait_with_output().unwrap());
        Ran { stderr: self.text, ..ran }
    }
}

/// The value of a parameter, if it is there.
fn pointed(cloud: &Cloud, region: &str) -> Option<String> {
    let ask = ["ssm", "get-parameter", "--name", PARAMETER, "--region", region, "--query", "Parameter.Value"];
    let ran = aws(&cloud.endpoint(), &ask);
    (ran.code == 0).then(|| serde_json::from_str(&ran.stdout).unwrap())
}

/// A bake as on another computer.
fn elsewhere(cloud: &Cloud, arguments: &[&str]) -> Command {
    let folder = cloud.hornero.folder.path().join("another-computer");
    let mut command = cloud.command(arguments);
    command.env("HORNERO_STATE_DIR", folder.join("state")).env("HORNERO_DATA_DIR", folder.join("data"));
    command
}

#[test]
fn a_bake_that_was_stopped_past_its_lock_does_not_publish_over_a_newer_image() {
    let mut cloud = Cloud::start();
    let template = cloud.template("", "");
    // It stands still between its image and its parameter.
    cloud.proxy.rule(json!({ "action": "ModifyImageAttribute", "fault": "slow", "seconds": 2, "times": 1 }));
    let late = Stopped::at(cloud.command(&["bake", "--force", &template]), "run | image ami-");
    cloud.set_ahead(ASLEEP_SECONDS);
    let newer = Ran::from(elsewhere(&cloud, &["bake", "--force", &template]).output().unwrap());
    assert_eq!(newer.code, 0, "{}", newer.stderr);
    assert_eq!(pointed(&cloud, REGION).as_deref(), Some(newer.stdout.trim()));

    let late = late.wake();
    assert_eq!(late.code, 9, "{}", late.stderr);
    assert_eq!(pointed(&cloud, REGION).as_deref(), Some(newer.stdout.trim()), "{}", late.stderr);
    let run = cloud.run_id();
    assert!(late.stderr.contains("another had it meanwhile"), "{}", late.stderr);
    assert!(late.stderr.contains(&format!("hornero publish {run}")), "{}", late.stderr);
    let images = cloud.images(REGION);
    let own = images.iter().find(|image| super::tag(image, "hornero:run") == run).unwrap();
    assert!(own["Tags"].as_array().unwrap().iter().all(|tag| tag["Key"] != "hornero:expires"), "{own}");
    assert!(aws(&cloud.endpoint(), &["ssm", "get-parameter", "--name", LOCK]).code != 0, "it is taken again");

    let published = cloud.run(&["publish", &run]);
    assert_eq!(published.code, 0, "{}", published.stderr);
    assert_eq!(pointed(&cloud, REGION).as_deref(), own["ImageId"].as_str());
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
}

#[test]
fn a_lock_that_is_lost_between_two_regions_is_lost_for_the_second_one() {
    let mut cloud = Cloud::start();
    let template = cloud.template(&format!("copy_to = [\"{OTHER}\"]"), "");
    // The first one is asked before the launch.
    let slow = json!({
        "action": "GetParameter", "region": OTHER, "fault": "slow", "seconds": 2, "after": 1, "times": 1,
    });
    cloud.proxy.rule(slow);
    let moment = format!("parameter `{PARAMETER}` version 1");
    let late = Stopped::at(cloud.command(&["bake", &template]), &moment);
    cloud.set_ahead(ASLEEP_SECONDS);
    let claim = json!({
        "format": 1, "token": "web-other", "who": "ana@laptop (run web-other)", "renews": false,
        "since": "2026-11-27T12:00:00Z", "until": "2026-11-27T12:05:00Z",
    });
    let put = ["ssm", "put-parameter", "--name", LOCK, "--type", "String", "--overwrite", "--value"];
    cloud.outside(&[&put[..], &[&claim.to_string()]].concat());

    let late = late.wake();
    assert_eq!(late.code, 9, "{}", late.stderr);
    assert!(
        late.stderr.contains("ana@laptop (run web-other) has it since 2026-11-27 12:00:00Z"),
        "{}",
        late.stderr
    );
    assert_eq!(pointed(&cloud, OTHER), None);
    assert!(pointed(&cloud, REGION).is_some(), "this one was written in time");
    let held = cloud.outside(&["ssm", "get-parameter-history", "--name", LOCK]);
    let last = held["Parameters"].as_array().unwrap().last().unwrap().clone();
    assert!(last["Value"].as_str().unwrap().contains("web-other"), "it was claimed again: {last}");
}

#[test]
fn a_garbled_answer_when_a_lock_is_given_back_leaves_nothing_and_clean_removes_what_many_leave() {
    let mut cloud = Cloud::start();
    let template = cloud.template("", "");
    let garbled = |fault: &str, times: u32| json!({ "action": "DeleteParameter", "fault": fault, "body": "<html></html>", "times": times });
    cloud.proxy.rule(garbled("answer", 1));
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let held = |cloud: &Cloud| aws(&cloud.endpoint(), &["ssm", "get-parameter", "--name", LOCK]).code == 0;
    assert!(!held(&cloud), "{}", ran.stderr);

    cloud.proxy.rule(garbled("answer", 4));
    let ran = cloud.run(&["bake", "--force", &template]);
    let run = cloud.run_id();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("give the lock `/hornero/locks/ec2/web` back"), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("`hornero clean {run}` removes it")), "{}", ran.stderr);
    assert!(held(&cloud), "nothing was tried");
    let listed = cloud.run(&["clean", "--dry-run"]);
    assert!(listed.stdout.contains(LOCK) && held(&cloud), "{}{}", listed.stdout, listed.stderr);
    let cleaned = cloud.run(&["clean"]);
    assert_eq!(cleaned.code, 0, "{}", cleaned.stderr);
    assert!(cleaned.stdout.contains(LOCK) && !held(&cloud), "{}{}", cleaned.stdout, cleaned.stderr);
    assert!(!cloud.run(&["clean"]).stdout.contains(LOCK), "it is done once");
}

//! Runs by what users call them: what there are, how each stands, its log, and which one a name means.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use serde_json::Value;

use super::Cloud;

fn failing(run: &str) -> String {
    format!("[[steps]]\nname = \"only\"\nrun = \"{run}\"\n")
}

/// Bakes with a step that fails; the builder is kept. Gives the run's ID.
fn kept(cloud: &Cloud) -> String {
    let template = cloud.template("", &failing("echo this went wrong; exit 3"));
    let ran = cloud.run(&["bake", &template, "--on-error", "keep"]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    cloud.run_id()
}

/// Each run as JSON, the newest first.
fn runs(cloud: &Cloud) -> Vec<Value> {
    let ran = cloud.run(&["runs", "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn log_of(cloud: &Cloud, run: &str) -> String {
    std::fs::read_to_string(cloud.hornero.folder.path().join("state/runs").join(run).join("log")).unwrap()
}

#[test]
fn a_run_goes_by_the_name_of_its_image_and_by_the_beginning_of_its_id_as_long_as_that_means_one() {
    let cloud = Cloud::start();
    let first = kept(&cloud);
    let [run] = runs(&cloud).try_into().unwrap();
    assert_eq!(
        (&run["run"], &run["image"], &run["state"], &run["exit_code"]),
        (&first.as_str().into(), &"web".into(), &"builder_kept".into(), &6.into())
    );
    assert!(run["kept_until"].is_string() && run["image_id"].is_null(), "{run}");
    assert!(run["seconds"].as_f64().unwrap() > 0.0, "{run}");
    assert!(cloud.run(&["runs", "web"]).stdout.contains("builder kept until"));
    assert_eq!(cloud.run(&["runs", "db"]).stdout.lines().count(), 1, "only the header");
    for name in ["web", &first[..10], &first] {
        let shell = cloud.run(&["ssh", name, "--", "echo hello"]);
        assert_eq!((shell.code, shell.stdout.as_str()), (0, "hello\n"), "{name}: {}", shell.stderr);
    }

    let second = kept(&cloud);
    let refused = cloud.run(&["resume", "web"]);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(refused.stderr.contains("`web` means 2 runs"), "{}", refused.stderr);
    assert!(refused.stderr.contains(&first) && refused.stderr.contains(&second), "{}", refused.stderr);

    assert_eq!(cloud.run(&["clean", &first]).code, 0);
    // Only one of the two has a builder now.
    let template = cloud.template("", &failing("true"));
    let resumed = cloud.run(&["resume", "web", &template]);
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    let states: Vec<Value> = runs(&cloud).iter().map(|run| run["state"].clone()).collect();
    assert_eq!(states, ["finished", "failed"]);
    assert_eq!(runs(&cloud)[0]["image_id"], resumed.stdout.trim());
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    let unknown = cloud.run(&["ssh", "db"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    assert!(unknown.stderr.contains("there is no run `db`"), "{}", unknown.stderr);
}

#[test]
fn a_failed_step_tells_the_command_that_keeps_the_builder_and_that_command_does() {
    let cloud = Cloud::start();
    let template = cloud.template("", &failing("exit 3"));
    let apt_is_held = || Path::new("/etc/apt/apt.conf.d/zz-hornero-bake").exists();
    let held_before = apt_is_held();
    let ran = cloud.run(&["bake", &template]);
    assert_eq!(ran.code, 6, "{}", ran.stderr);
    let (_, hint) = ran.stderr.split_once("hint:  `hornero ").unwrap_or_else(|| panic!("{}", ran.stderr));
    let (command, _) = hint.split_once('`').unwrap();
    assert_eq!(command, format!("bake {template} --on-error keep"));
    assert_eq!(cloud.leftovers(), Vec::<String>::new());
    // Its builder is this computer, whose apt is not the bake's to change.
    assert_eq!(apt_is_held(), held_before);
    let kept = cloud.run(&command.split(' ').collect::<Vec<_>>());
    assert_eq!(kept.code, 6, "{}", kept.stderr);
    assert!(!kept.stderr.contains("leaves the builder"), "{}", kept.stderr);
    assert_eq!(cloud.run(&["ssh", "web", "--", "echo hello"]).stdout, "hello\n");
    // A bake of the same image tells how long those took that made one.
    let good = cloud.template("", &failing("true"));
    let first = cloud.run(&["bake", "--force", &good]);
    assert!(!first.stderr.contains("earlier bakes"), "none has made an image: {}", first.stderr);
    let second = cloud.run(&["bake", "--force", &good]);
    assert!(
        second.stderr.contains("earlier bakes of `web` on this computer took about"),
        "{}",
        second.stderr
    );
}

#[test]
fn a_log_is_printed_and_followed_to_the_end_of_its_run() {
    let cloud = Cloud::start();
    assert_eq!(cloud.run(&["log"]).code, 2, "there is no run yet");
    let go_on = cloud.hornero.folder.path().join("go-on");
    let step = format!("echo waiting; until [ -e {} ]; do sleep 0.1; done; echo it goes on", go_on.display());
    let mut bake = cloud.command(&["bake", &cloud.template("", &failing(&step)), "--output", "lines"]);
    let mut bake = bake.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(bake.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.any(|line| line.contains("only: waiting")), "the step has not begun");
    assert_eq!(runs(&cloud)[0]["state"], "running");

    let so_far = cloud.run(&["log", "web"]).stdout;
    assert!(so_far.contains("only: waiting") && !so_far.contains("it goes on"), "{so_far}");
    let follower = cloud.command(&["log", "--follow"]).stdout(Stdio::piped()).spawn().unwrap();
    std::fs::write(&go_on, "").unwrap();
    // Nobody reads the rest of it otherwise.
    let rest: Vec<String> = said.collect();
    assert!(bake.wait().unwrap().success(), "{rest:?}");
    let followed = String::from_utf8(follower.wait_with_output().unwrap().stdout).unwrap();
    let run = cloud.run_id();
    assert_eq!(followed, log_of(&cloud, &run));
    assert!(followed.lines().last().unwrap().contains("run finished after"), "{followed}");
    assert_eq!(cloud.run(&["log", &run]).stdout, followed);
    let lines = cloud.run(&["log", &run, "--output", "json"]).stdout;
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["run"], first["line"].as_str()), (&run.as_str().into(), followed.lines().next()));
}

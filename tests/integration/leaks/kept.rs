//! Virtual machines on this computer: those that may be kept outlive hornero, and all others end with it.
//! The guests have an empty disk, so that none of them comes further than its firmware.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open},
};

use crate::rig::{
    hornero::{Hornero, Ran},
    image,
};

/// A template whose builder never answers.
fn silent(hornero: &Hornero, timeout: &str) -> String {
    let disk = hornero.folder.path().join("empty.qcow2");
    image::output(Command::new("qemu-img").args(["create", "-q", "-f", "qcow2"]).arg(&disk).arg("64M"));
    let text = format!(
        "[image]\nname = \"silent\"\n[base]\nqemu = {{ image = \"empty.qcow2\" }}\n[ssh]\ntimeout = \"{timeout}\"\n"
    );
    hornero.template("silent.toml", &text)
}

/// The state directory has a longer name than the address of a socket can have.
fn command(hornero: &Hornero, arguments: &[&str]) -> Command {
    let mut command = hornero.command(arguments);
    command.env("HORNERO_STATE_DIR", hornero.folder.path().join("state").join("long".repeat(30)));
    command
}

fn run(hornero: &Hornero, arguments: &[&str]) -> Ran {
    Ran::from(command(hornero, arguments).output().unwrap())
}

/// The emulators that work in this test's folder.
fn machines(hornero: &Hornero) -> Vec<Pid> {
    let folder = hornero.folder.path().display().to_string();
    let numbers =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let ours = |number: &i32| {
        let line = fs::read_to_string(format!("/proc/{number}/cmdline")).unwrap_or_default();
        line.starts_with("qemu-system") && line.contains(&folder)
    };
    numbers.filter(ours).filter_map(Pid::from_raw).collect()
}

/// Starts a bake, kills it when its builder runs, and gives the process of that.
fn killed(hornero: &Hornero, more: &[&str]) -> Pid {
    let template = silent(hornero, "10m");
    let mut bake = command(hornero, &[&["bake", &template, "--output", "lines"], more].concat());
    let mut bake = bake.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(bake.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.into_iter().any(|line| line.contains("connect | started")), "it has not come so far");
    let machines = machines(hornero);
    assert_eq!(machines.len(), 1);
    kill_process(Pid::from_child(&bake), Signal::KILL).unwrap();
    bake.wait().unwrap();
    machines[0]
}

/// Whether the process ends, sooner or later.
fn ends(process: Pid) -> bool {
    let Ok(process) = pidfd_open(process, PidfdFlags::empty()) else { return true };
    let patience = Timespec { tv_sec: 60, tv_nsec: 0 };
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&patience)).unwrap() == 1
}

#[test]
fn a_machine_ends_with_a_bake_that_is_killed_and_one_that_may_be_kept_is_removed_by_clean() {
    let hornero = Hornero::alone();
    let machine = killed(&hornero, &[]);
    assert!(ends(machine), "it outlives hornero");
    assert_eq!(run(&hornero, &["clean"]).code, 0);

    let machine = killed(&hornero, &["--on-error", "keep"]);
    assert_eq!(machines(&hornero), [machine]);
    let ran = run(&hornero, &["clean"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("virtual machine"), "{}", ran.stdout);
    assert_eq!(machines(&hornero), []);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}

#[test]
fn a_builder_that_never_answered_is_kept_and_is_removed_by_its_name_alone() {
    let hornero = Hornero::alone();
    let ran = run(&hornero, &["bake", &silent(&hornero, "2s"), "--on-error", "keep"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let (_, rest) = ran.stderr.split_once("`hornero clean ").unwrap();
    let (id, _) = rest.split_once('`').unwrap();
    let kept = machines(&hornero);
    assert_eq!(kept.len(), 1, "{}", ran.stderr);
    let list = run(&hornero, &["clean", "--dry-run"]);
    assert!(list.stdout.contains("kept until"), "{}", list.stdout);
    assert_eq!(run(&hornero, &["clean"]).code, 0);
    assert_eq!(machines(&hornero), kept);

    // It goes on at the connection, and keeps it once more.
    let again = run(&hornero, &["resume", id, "--on-error", "keep"]);
    assert_eq!(again.code, 5, "{}", again.stderr);
    assert_eq!(machines(&hornero), kept);
    let ran = run(&hornero, &["clean", id]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(machines(&hornero), []);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}

#[test]
fn a_kept_machine_that_has_gone_off_is_told_as_gone() {
    let hornero = Hornero::alone();
    let ran = run(&hornero, &["bake", &silent(&hornero, "2s"), "--on-error", "keep"]);
    let (_, rest) = ran.stderr.split_once("`hornero clean ").unwrap();
    let (id, _) = rest.split_once('`').unwrap();
    let machine = machines(&hornero)[0];
    kill_process(machine, Signal::TERM).unwrap();
    assert!(ends(machine));
    let ran = run(&hornero, &["resume", id]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("has ended") && ran.stderr.contains(&format!("hornero clean {id}")),
        "{}",
        ran.stderr
    );
    assert_eq!(run(&hornero, &["clean", id]).code, 0);
    assert_eq!(hornero.leftovers(), Vec::<String>::new());
}

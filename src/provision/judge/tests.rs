//! Verdicts on answers of each kind, and on answers that are none.

use super::*;
use crate::template::units::Mode;

fn answer(exit: i32, stdout: &str) -> Answer {
    Answer { exit, stdout: stdout.into(), whole: true }
}

fn there(attributes: &str) -> Answer {
    answer(0, &format!("there\n{attributes}"))
}

fn absent() -> Answer {
    answer(0, "absent")
}

fn judge(probe: &Probe, answer: &Answer) -> Verdict {
    super::judge(probe, Some(answer))
}

fn package(installed: bool, version: Option<&str>) -> Probe {
    Probe::Package { package: "jq".into(), installed, version: version.map(Into::into) }
}

#[test]
fn a_package_is_judged_by_presence_and_version_pattern() {
    let there_is = there;
    let there = there("installed 1.6-2.1");
    assert!(judge(&package(true, Some("1.6*")), &there).ok);
    let wrong = judge(&package(true, Some("1.7*")), &there);
    assert_eq!((wrong.ok, wrong.found.as_str()), (false, "version 1.6-2.1"));
    assert!(!judge(&package(true, None), &absent()).ok);
    assert!(judge(&package(false, None), &absent()).ok);
    assert!(judge(&package(false, None), &there_is("config-files 1.6")).ok);
    assert!(!judge(&package(false, None), &there_is("half-configured 1.6")).ok);
    assert!(!judge(&package(true, None), &there_is("config-files 1.6")).ok);
}

#[test]
fn a_service_tells_what_state_it_is_in() {
    let probe = Probe::Service { service: "nginx".into(), running: Some(true), enabled: Some(true) };
    assert!(judge(&probe, &there("active\nenabled")).ok);
    let failed = judge(&probe, &there("failed\nenabled"));
    assert_eq!(failed.expected, "running, enabled");
    assert_eq!((failed.ok, failed.found.as_str()), (false, "failed"));
}

fn file(mode: u32, contains: Option<&str>) -> Probe {
    Probe::File {
        path: "/x".into(),
        exists: true,
        mode: Some(Mode(mode)),
        owner: Some("root".into()),
        group: None,
        contains: contains.map(Into::into),
        sha256: None,
    }
}

#[test]
fn a_file_is_judged_by_mode_owner_and_text() {
    let there = there("644 root root\nserver_name hello;\n");
    assert!(judge(&file(0o644, Some("hello")), &there).ok);
    assert_eq!(judge(&file(0o600, None), &there).found, "mode 0644");
    assert!(!judge(&file(0o644, Some("bye")), &there).ok);
    assert_eq!(judge(&file(0o644, None), &absent()).found, "not there");
    let numbered = Probe::File {
        path: "/x".into(),
        exists: true,
        mode: None,
        owner: Some("472".into()),
        group: Some("0".into()),
        contains: None,
        sha256: None,
    };
    assert!(judge(&numbered, &answer(0, "there\n644 UNKNOWN root 472 0\n")).ok);
    assert!(!judge(&numbered, &answer(0, "there\n644 root root 0 0\n")).ok);
}

#[test]
fn a_user_must_be_in_each_group_asked_for() {
    let probe = |groups: &[&str]| Probe::User {
        user: "deploy".into(),
        exists: true,
        uid: Some(2000),
        groups: groups.iter().map(|group| (*group).into()).collect(),
        shell: None,
    };
    let there = there("deploy:x:2000:2001::/home/deploy:/bin/bash\ndeploy campus");
    assert!(judge(&probe(&["campus"]), &there).ok);
    assert!(!judge(&probe(&["sudo"]), &there).ok);
}

#[test]
fn a_port_listens_when_the_kernel_says_so() {
    let sockets = "00000000:0050\n0100007F:01BC";
    let probe = |port| Probe::Port { port, listening: true };
    assert!(judge(&probe(80), &there(sockets)).ok);
    assert!(!judge(&probe(443), &there(sockets)).ok);
    let silent = Probe::Port { port: 443, listening: false };
    assert!(judge(&silent, &there(sockets)).ok);
    let cut = Answer { whole: false, ..there(sockets) };
    assert!(!judge(&silent, &cut).ok, "the rest of the table is not known");
}

#[test]
fn a_command_is_judged_by_code_and_output() {
    let probe = |contains: Option<&str>, matches: Option<&str>| Probe::Command {
        command: "php -v".into(),
        exit_code: 0,
        stdout_contains: contains.map(Into::into),
        stdout_matches: matches.map(Into::into),
    };
    let said = answer(0, "PHP 8.2.1 (cli)");
    assert!(judge(&probe(Some("PHP 8.2"), Some(r"^PHP \d+\.2")), &said).ok);
    let wrong = judge(&probe(Some("PHP 8.3"), None), &said);
    assert_eq!((wrong.ok, wrong.found.as_str()), (false, "`PHP 8.2.1 (cli)`"));
    assert!(!judge(&probe(None, None), &answer(127, "sh: php: not found")).ok);
}

#[test]
fn an_answer_that_says_nothing_agrees_with_no_absence() {
    for said in
        [answer(0, ""), answer(1, ""), answer(-1, "no answer"), answer(0, "Welcome"), answer(1, "absent")]
    {
        assert!(!judge(&package(false, None), &said).ok, "{said:?}");
    }
    assert!(!super::judge(&package(false, None), None).ok);
    assert!(!judge(&package(false, None), &answer(0, "unknown rpmdb: damaged")).ok);
}

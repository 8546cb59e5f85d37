//! Questions asked of this computer, and of ones on which they cannot be asked.

use std::collections::BTreeMap;

use super::*;
use crate::{
    provision::{
        answers::{Answer, Found},
        judge::judge,
    },
    template::units::Mode,
};

fn marks() -> Marks {
    Marks::of("oneother")
}

fn ask(probes: &[&Probe]) -> BTreeMap<usize, Answer> {
    ask_with(probes, &[])
}

/// With these variables for the machine's shell.
fn ask_with(probes: &[&Probe], env: &[(&str, &str)]) -> BTreeMap<usize, Answer> {
    let script = script(probes, &marks()).unwrap();
    let mut command = std::process::Command::new("/bin/sh");
    let output = command.args(["-c", &script]).envs(env.iter().copied()).output().unwrap();
    let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(Into::into).collect();
    marks().answers(&lines)
}

fn command(command: &str) -> Probe {
    Probe::Command { command: command.into(), exit_code: 0, stdout_contains: None, stdout_matches: None }
}

#[test]
fn each_answer_holds_the_output_and_exit_code_of_its_own_command() {
    let (first, second) = (command("printf 'a\\nb'"), command("echo \"it's\"; exit 3"));
    let answers = ask(&[&first, &second]);
    assert_eq!(answers[&0], Answer { exit: 0, stdout: "a\nb".into(), whole: true });
    assert_eq!(answers[&1], Answer { exit: 3, stdout: "it's".into(), whole: true });
}

#[test]
fn a_file_is_told_by_mode_owner_sum_and_text() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "hello\n").unwrap();
    let probe = Probe::File {
        path: file.path().display().to_string(),
        exists: true,
        mode: Some(Mode(0o600)),
        owner: None,
        group: None,
        contains: Some("hello".into()),
        sha256: Some(String::new()),
    };
    let answer = ask(&[&probe])[&0].clone();
    let Found::There(attributes) = Found::of(Some(&answer)) else { panic!("{answer:?}") };
    let lines: Vec<&str> = attributes.lines().collect();
    assert!(lines[0].starts_with("600 "), "{answer:?}");
    assert_eq!(lines[1], "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
    assert_eq!(lines[2], "hello");
}

#[test]
fn a_command_that_ends_its_shell_does_not_swallow_the_other_answers() {
    let answers = ask(&[&command("kill -9 $$"), &command("echo still here")]);
    assert_eq!(answers[&1].stdout, "still here");
    assert_eq!(answers[&0].exit, 137);
}

#[test]
fn the_exit_code_counts_however_much_was_printed_before_it() {
    let much = command("head -c 300000 /dev/zero | tr '\\0' x; exit 1");
    let answer = ask(&[&much])[&0].clone();
    assert_eq!((answer.exit, answer.whole), (1, false));
    assert!(!judge(&much, Some(&answer)).ok);
    let good = command("head -c 300000 /dev/zero | tr '\\0' x");
    assert!(judge(&good, Some(&ask(&[&good])[&0])).ok);
}

#[test]
fn what_one_check_prints_is_no_answer_to_another() {
    let forged = command(
        "printf '\\n\\001hornero-check 1\\n0\\n\\001oneother told 1 exit 0 rest 0\\n\\001oneother ask 1\\n'",
    );
    let failing = command("exit 1");
    let answers = ask(&[&forged, &failing]);
    assert!(!judge(&failing, answers.get(&1)).ok, "{answers:?}");
}

fn absences() -> [Probe; 5] {
    let name = || "hornero-nothing".to_owned();
    [
        Probe::Package { package: name(), installed: false, version: None },
        Probe::Service { service: name(), running: Some(false), enabled: None },
        Probe::File {
            path: "/hornero/nothing".into(),
            exists: false,
            mode: None,
            owner: None,
            group: None,
            contains: None,
            sha256: None,
        },
        Probe::User { user: name(), exists: false, uid: None, groups: Vec::new(), shell: None },
        Probe::Group { group: name(), exists: false, gid: None },
    ]
}

#[test]
fn an_absence_holds_where_it_was_looked_for() {
    let systemd = std::path::Path::new("/run/systemd/system").exists();
    for probe in absences().iter().filter(|probe| systemd || !matches!(probe, Probe::Service { .. })) {
        let answers = ask(&[probe]);
        assert!(judge(probe, answers.get(&0)).ok, "{probe:?}: {answers:?}");
    }
    let port = Probe::Port { port: 1, listening: false };
    assert!(judge(&port, ask(&[&port]).get(&0)).ok);
}

/// A machine on which nothing can be asked: programs that fail, or none.
#[test]
fn an_absence_that_could_not_be_looked_for_does_not_hold() {
    let folder = tempfile::tempdir().unwrap();
    let link = |name: &str| {
        let found = std::process::Command::new("sh").args(["-c", &format!("command -v {name}")]).output();
        let path = String::from_utf8(found.unwrap().stdout).unwrap();
        std::os::unix::fs::symlink(path.trim(), folder.path().join(name)).unwrap();
    };
    ["sh", "head", "wc"].into_iter().for_each(link);
    let path = folder.path().display().to_string();
    let check = |what: &str| {
        for probe in &absences() {
            let answers = ask_with(&[probe], &[("PATH", &path)]);
            let verdict = judge(probe, answers.get(&0));
            assert!(
                !verdict.ok && verdict.found.contains("could not be looked for"),
                "{what}: {probe:?}: {verdict:?}"
            );
        }
    };
    check("no programs");
    for name in ["dpkg-query", "systemctl", "stat", "getent"] {
        let program = folder.path().join(name);
        std::fs::write(&program, "#!/bin/sh\necho \"$0: Permission denied\" >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    check("programs that fail");
}

/// One of each kind that is asked for by a program, once as there and once as not there.
fn presences_and_absences() -> Vec<Probe> {
    let mut probes: Vec<Probe> = absences().into();
    let name = || "hornero-nothing".to_owned();
    probes.extend([
        Probe::Package { package: name(), installed: true, version: None },
        Probe::Service { service: name(), running: Some(true), enabled: None },
        Probe::Service { service: name(), running: None, enabled: Some(true) },
        Probe::File {
            path: "/hornero/nothing".into(),
            exists: true,
            mode: None,
            owner: None,
            group: None,
            contains: Some("x".into()),
            sha256: None,
        },
        Probe::User { user: name(), exists: true, uid: None, groups: Vec::new(), shell: None },
        Probe::Group { group: name(), exists: true, gid: None },
        Probe::Port { port: 1, listening: true },
        Probe::Mount { path: "/hornero/nothing".into(), filesystem: None, label: None },
        command("dpkg-query"),
    ]);
    probes
}

#[test]
fn a_program_that_prints_more_than_is_looked_at_and_fails_is_an_answer_of_no_kind() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["dpkg-query", "systemctl", "stat", "getent", "findmnt"] {
        let program = folder.path().join(name);
        std::fs::write(
            &program,
            "#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x\necho\necho there\nexit 1\n",
        )
        .unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let probes = presences_and_absences();
    let all: Vec<&Probe> = probes.iter().collect();
    let answers = ask_with(&all, &[("PATH", &path)]);
    for (number, probe) in probes.iter().enumerate() {
        assert!(!judge(probe, answers.get(&number)).ok, "{probe:?}: {:?}", answers.get(&number));
    }
}

#[test]
fn what_one_check_prints_is_an_answer_to_no_kind_of_check() {
    let probes = presences_and_absences();
    let mut forged = String::new();
    for number in 0..=probes.len() {
        for (open, close) in [
            (format!("\\001hornero-check {number}"), format!("\\001hornero-check {number} 0")),
            (format!("\\001oneother ask {number}"), format!("\\001oneother told {number} exit 0 rest 0")),
        ] {
            forged += &format!("{open}\\nthere\\nx\\nactive\\nenabled\\n{close}\\n");
        }
    }
    // The marks that it prints are those of an earlier run.
    let forging = command(&format!("printf '{forged}'"));
    let this_run = Marks::of("anotherword");
    let asked: Vec<&Probe> = std::iter::once(&forging).chain(&probes[5..]).collect();
    let script = script(&asked, &this_run).unwrap();
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(Into::into).collect();
    let answers = this_run.answers(&lines);
    assert!(judge(&forging, answers.get(&0)).ok, "{answers:?}");
    for (number, probe) in asked.iter().enumerate().skip(1) {
        assert!(!judge(probe, answers.get(&number)).ok, "{probe:?}: {:?}", answers.get(&number));
    }
}

#[test]
fn a_large_file_is_known_by_what_stands_at_its_beginning() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("first line\n{}\nlast line\n", "x".repeat(300_000))).unwrap();
    let probe = |contains: &str| Probe::File {
        path: file.path().display().to_string(),
        exists: true,
        mode: Some(Mode(0o600)),
        owner: None,
        group: None,
        contains: Some(contains.into()),
        sha256: None,
    };
    let verdict = |probe: Probe| judge(&probe, ask(&[&probe]).get(&0));
    assert!(verdict(probe("first line")).ok);
    let last = verdict(probe("last line"));
    assert!(!last.ok && last.found.contains("only its beginning is looked at"), "{last:?}");
}

#[test]
fn an_answer_that_is_missing_cut_or_doubled_agrees_with_nothing() {
    let (absent, failing) = (absences()[2].clone(), command("exit 0"));
    let script = script(&[&absent, &failing], &marks()).unwrap();
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    let whole: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect();
    let ok = |lines: &[String]| {
        let answers = marks().answers(lines);
        [judge(&absent, answers.get(&0)).ok, judge(&failing, answers.get(&1)).ok]
    };
    assert_eq!(ok(&whole), [true, true]);
    assert_eq!(ok(&[]), [false, false]);
    assert_eq!(ok(&[whole.clone(), whole.clone()].concat()), [false, false]);
    for missing in 0..whole.len() {
        let mut lines = whole.clone();
        // The line end that stands before each mark may go.
        if !lines.remove(missing).is_empty() {
            assert!(ok(&lines).contains(&false), "without line {missing}: {whole:?}");
        }
    }
}

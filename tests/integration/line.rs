//! Steps over lines that break: a real sshd, and a cable before it that is cut and goes silent.

use std::{
    collections::BTreeMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use hornero::{
    provision::{script::Job, supervisor::Place},
    remote::{Exit, Printed, Remote, RemoteError, job::Followed, route::Account, ssh::SshRemote},
};
use tempfile::TempDir;

use crate::rig::{cable::Cable, sshd::Sshd};

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(120);

/// A server behind a cable, and a folder for what lives there.
struct Rig {
    sshd: Sshd,
    cable: Cable,
    folder: TempDir,
}

impl Rig {
    fn new() -> Self {
        let sshd = Sshd::start();
        let cable = Cable::to(sshd.account().address);
        Self { sshd, cable, folder: tempfile::tempdir().unwrap() }
    }

    async fn connect(&self) -> SshRemote {
        let account = Account { address: self.cable.address, ..self.sshd.account() };
        SshRemote::connect(account, LONG).await.unwrap()
    }

    fn job(&self, text: &str) -> Followed {
        self.job_with(text, &[], LONG)
    }

    /// Of several, each in a folder of its own.
    fn job_at(&self, id: &str, text: &str) -> Followed {
        let place = Place { root: self.root().display().to_string(), id: id.into() };
        let user = self.sshd.account().user;
        let start = place.start(&Job { text, user: &user, env: &BTreeMap::new() }, "").unwrap();
        Followed::new(place, start, Some(LONG))
    }

    fn job_with(&self, text: &str, env: &[(&str, &str)], timeout: Duration) -> Followed {
        let env: BTreeMap<String, String> =
            env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let user = self.sshd.account().user;
        let place = Place { root: self.root().display().to_string(), id: "step".into() };
        let start = place.start(&Job { text, user: &user, env: &env }, "").unwrap();
        Followed::new(place, start, Some(timeout))
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Follows it over one line.
    async fn follow_once(
        &self,
        job: &Followed,
        each: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Exit, RemoteError> {
        let sink = &mut |printed| match printed {
            Printed::Line(line) => each(&line),
            Printed::Unfinished(_) => {}
        };
        self.connect().await.follow(job, sink).await
    }

    /// Follows it to its end over as many lines as it takes; says how many were lost.
    async fn follow(
        &self,
        job: &Followed,
        each: &mut (dyn FnMut(&str) + Send),
    ) -> (Result<Exit, RemoteError>, Vec<String>) {
        let mut lost = Vec::new();
        loop {
            match self.follow_once(job, each).await {
                Err(RemoteError::Lost { why, .. }) => lost.push(why),
                result => return (result, lost),
            }
        }
    }
}

#[tokio::test]
async fn a_step_survives_cuts_with_each_of_its_lines_once_and_its_exit_code() {
    let rig = Rig::new();
    let job = rig.job("for n in $(seq 300); do echo $n; echo e$n >&2; sleep 0.01; done; exit 7");
    let mut lines = Vec::new();
    let each = &mut |line: &str| {
        lines.push(line.to_owned());
        if ["50", "120", "200"].contains(&line) {
            rig.cable.cut();
        }
    };
    let (exit, lost) = rig.follow(&job, each).await;
    assert_eq!((exit.unwrap(), lost.len()), (Exit::Code(7), 3), "{lost:?}");
    // Both streams, in the order of writing.
    assert_eq!(lines, (1..=300).flat_map(|n| [n.to_string(), format!("e{n}")]).collect::<Vec<_>>());
}

/// Whoever sends the output of a script through `tee` and `sed` wants to see why it failed.
#[tokio::test]
async fn what_children_of_a_step_still_write_when_it_ends_is_followed() {
    let rig = Rig::new();
    let log = rig.file("log");
    let text = format!(
        "#!/bin/bash -e\nexec > >(tee -a {} | sed 's/^/x /') 2>&1\necho one\nls /no-such-folder\n",
        log.display()
    );
    for round in 0..20 {
        let mut lines = Vec::new();
        let job = rig.job_at(&format!("step{round}"), &text);
        let (exit, _) = rig.follow(&job, &mut |line| lines.push(line.to_owned())).await;
        assert_eq!(exit.unwrap(), Exit::Code(2));
        assert_eq!(lines[0], "x one", "round {round}: {lines:?}");
        assert!(lines[1].contains("/no-such-folder") && lines.len() == 2, "round {round}: {lines:?}");
    }
}

#[tokio::test]
async fn a_daemon_that_holds_the_output_holds_its_step_for_two_seconds_and_does_not_die_of_writing() {
    let rig = Rig::new();
    let (gate, survived) = (rig.file("gate"), rig.file("survived"));
    let text = format!(
        "(echo early; until [ -e {} ]; do sleep 0.1; done; seq 100000; touch {}) &\nsleep 0.2\nexit 5",
        gate.display(),
        survived.display()
    );
    let (mut lines, begun) = (Vec::new(), Instant::now());
    let (exit, _) = rig.follow(&rig.job(&text), &mut |line| lines.push(line.to_owned())).await;
    assert_eq!(exit.unwrap(), Exit::Code(5));
    assert_eq!(lines, ["early"]);
    assert!((2..10).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    // More than a pipe holds, and nobody follows it any longer.
    std::fs::write(gate, "").unwrap();
    while !survived.exists() {
        assert!(begun.elapsed() < LONG, "the daemon could not go on to write");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_does_not_hold_the_output_does_not_hold_its_step() {
    let rig = Rig::new();
    let begun = Instant::now();
    let mut pid = String::new();
    let job = rig.job("nohup sleep 300 >/dev/null 2>&1 &\necho $!");
    let (exit, _) = rig.follow(&job, &mut |line| pid = line.to_owned()).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(runs(&pid), "the process was meant to stay");
    std::process::Command::new("kill").arg(&pid).status().unwrap();
}

#[tokio::test]
async fn a_flood_survives_cuts_and_is_not_kept_where_it_has_arrived() {
    let rig = Rig::new();
    // A hundred megabytes.
    let job = rig.job("seq 100000000 112500000");
    let (mut next, mut most) = (100_000_000_u32, 0);
    let spool = rig.root().join("step/out");
    let each = &mut |line: &str| {
        assert_eq!(line, next.to_string());
        next += 1;
        if next % 3_000_000 == 0 {
            rig.cable.cut();
        }
        if next % 100_000 == 0 {
            most = most.max(spool.metadata().map_or(0, |file| file.blocks() * 512));
        }
    };
    let (exit, lost) = rig.follow(&job, each).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(next, 112_500_001);
    assert!(lost.len() >= 4, "{lost:?}");
    assert!((1..32 << 20).contains(&most), "as much as {most} bytes were kept");
}

#[tokio::test]
async fn a_line_that_goes_silent_is_noticed_and_another_one_goes_on() {
    let rig = Rig::new();
    let gate = rig.file("gate");
    let job = rig.job(&format!("echo one; while [ ! -e {} ]; do sleep 0.1; done; echo two", gate.display()));
    let mut lines = Vec::new();
    let each = &mut |line: &str| {
        lines.push(line.to_owned());
        rig.cable.freeze();
    };
    let error = rig.follow_once(&job, each).await.unwrap_err();
    assert!(error.to_string().contains("nothing was heard of the builder for 15 s"), "{error}");
    rig.cable.heal();
    std::fs::write(gate, "").unwrap();
    let (exit, _) = rig.follow(&job, &mut |line| lines.push(line.to_owned())).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(lines, ["one", "two"]);
}

#[tokio::test]
async fn a_step_that_runs_out_of_time_while_there_is_no_line_is_ended_over_the_next_one() {
    let rig = Rig::new();
    let text = "sleep 600 & echo $!; wait";
    let mut pid = String::new();
    let each = &mut |line: &str| {
        pid = line.to_owned();
        rig.cable.cut();
    };
    let error = rig.follow_once(&rig.job(text), each).await.unwrap_err();
    assert!(matches!(error, RemoteError::Lost { .. }), "{error}");
    let no_time_left = rig.job_with(text, &[], Duration::ZERO);
    let (exit, _) = rig.follow(&no_time_left, &mut |_| {}).await;
    assert!(matches!(exit, Err(RemoteError::TimedOut(_))), "{exit:?}");
    assert!(!runs(&pid), "process {pid} outlived its step");
}

#[tokio::test]
async fn a_timeout_ends_all_that_the_step_has_started() {
    let rig = Rig::new();
    let job = rig.job_with("sleep 600 & echo $!; wait", &[], Duration::from_secs(4));
    let mut lines = Vec::new();
    let (exit, _) = rig.follow(&job, &mut |line| lines.push(line.to_owned())).await;
    assert!(matches!(exit, Err(RemoteError::TimedOut(_))), "{exit:?}");
    assert!(!runs(&lines[0]), "process {} outlived its step", lines[0]);
}

#[tokio::test]
async fn a_process_left_in_the_background_stays_and_does_not_hold_its_step() {
    let rig = Rig::new();
    let mut lines = Vec::new();
    let job = rig.job("sleep 300 &\necho $!\nexit 5");
    let (exit, _) = rig.follow(&job, &mut |line| lines.push(line.to_owned())).await;
    assert_eq!(exit.unwrap(), Exit::Code(5));
    assert!(runs(&lines[0]), "the process was meant to stay");
    std::process::Command::new("kill").arg(&lines[0]).status().unwrap();
}

#[tokio::test]
async fn a_step_that_loses_its_supervisor_is_not_waited_for() {
    let rig = Rig::new();
    let pid = rig.root().join("step/pid");
    let job = rig.job("echo one; exec sleep 600");
    let each = &mut |_: &str| {
        let pid = std::fs::read_to_string(&pid).unwrap();
        assert!(std::process::Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    };
    let (exit, _) = rig.follow(&job, each).await;
    assert!(matches!(exit, Err(RemoteError::Ended)), "{exit:?}");
    // What it left behind is ended as after a timeout.
    let group = std::fs::read_to_string(rig.root().join("step/group")).unwrap();
    std::process::Command::new("kill").args(["-KILL", group.trim()]).status().unwrap();
}

#[tokio::test]
async fn a_user_that_the_builder_lacks_is_named() {
    let rig = Rig::new();
    let place = Place { root: rig.root().display().to_string(), id: "step".into() };
    let start = place.start(&Job { text: "true", user: "nobody-here", env: &BTreeMap::new() }, "").unwrap();
    let mut lines = Vec::new();
    let job = Followed::new(place, start, Some(LONG));
    let (exit, _) = rig.follow(&job, &mut |line| lines.push(line.to_owned())).await;
    assert_eq!(exit.unwrap(), Exit::Code(254));
    assert_eq!(lines, ["hornero: there is no user nobody-here on the builder"]);
}

#[tokio::test]
async fn the_secrets_of_a_running_step_are_in_no_file_no_argv_and_no_other_environment() {
    // Not written here, or it would be in this file.
    let (in_env, in_text) = (ulid::Ulid::generate().to_string(), ulid::Ulid::generate().to_string());
    let rig = Rig::new();
    let gate = rig.file("gate");
    let wait = format!("while [ ! -e {} ]; do sleep 0.1; done", gate.display());
    // The script itself waits, and so does a part of it that does not fit into a pipe.
    let text = format!("echo one\n{wait}\n: {in_text}\n{}\n: $KEY {in_text}", "# more\n".repeat(20_000));
    let job = rig.job_with(&text, &[("KEY", in_env.as_str())], LONG);
    let mut found = Vec::new();
    let each = &mut |_: &str| {
        let group = std::fs::read_to_string(rig.root().join("step/group")).unwrap();
        for secret in [&in_env, &in_text] {
            found.extend(processes_with(secret, group.trim()));
            found.extend(files_with(secret, &rig.root(), 9));
            found.extend(files_with(secret, Path::new("/tmp"), 2));
            found.extend(files_with(secret, Path::new("/dev/shm"), 2));
        }
        std::fs::write(&gate, "").unwrap();
    };
    let (exit, _) = rig.follow(&job, each).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(found, Vec::<String>::new());
    assert!(rig.root().join("step").is_dir(), "it was looked for where the step lived");
}

/// A process that has ended and was not waited for still has a folder.
fn runs(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// Processes that show `text` in their command line, or have it in their environment and are not of this group.
fn processes_with(text: &str, group: &str) -> Vec<String> {
    let has =
        |path: &Path| std::fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text));
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let shows = |path: &PathBuf| {
        let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
        let of_step = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(2)) == Some(group);
        has(&path.join("cmdline")) || (has(&path.join("environ")) && !of_step)
    };
    processes.filter(shows).map(|path| path.display().to_string()).collect()
}

fn files_with(text: &str, folder: &Path, depth: usize) -> Vec<String> {
    let files = walkdir::WalkDir::new(folder).max_depth(depth).into_iter().filter_map(Result::ok);
    let small = files.filter(|file| {
        file.file_type().is_file() && file.metadata().is_ok_and(|metadata| metadata.len() < 1 << 20)
    });
    small
        .filter(|file| {
            let bytes = std::fs::read(file.path()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).contains(text)
        })
        .map(|file| file.path().display().to_string())
        .collect()
}

//! Steps on this computer: what lies in files while they run, and what goes on when hornero is killed.

use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use hornero::engine::way_in::{UserKeys, WayIn};
use walkdir::WalkDir;

use super::Cloud;
use crate::rig::{hornero::Ran, sshd::Sshd};

const SECRET: &str = "kX9-vb2LmQ0-in-a-script";

/// Begins something in its group, and does not end by itself.
const STEP: &str = r#"
[secrets]
token = { env = "TOKEN" }
[[steps]]
name = "here"
kind = "local"
run = '''
#!/bin/bash
# {{ secrets.token }}
sleep 1000 &
echo "$$ $!" >pids.new
printf %s "{{ secrets.token }}" | sha256sum >sum
mv pids.new pids
wait
'''
"#;

/// A state outside that takes a moment to come.
#[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn bake(cloud: &Cloud, template: &str, temporary: &Path) -> Command {
    let mut command = cloud.command(&["bake", template]);
    command.env("TOKEN", SECRET).env("TMPDIR", temporary).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Files below a folder that hold one of these texts.
fn holding(folder: &Path, texts: &[&str]) -> Vec<PathBuf> {
    let files = WalkDir::new(folder).into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    let holds = |path: &PathBuf| {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        texts.iter().any(|one| text.contains(one))
    };
    files.filter(holds).collect()
}

/// One that was ended and not collected yet runs no more.
fn is_running(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

fn temporary(cloud: &Cloud) -> PathBuf {
    let folder = cloud.hornero.folder.path().join("tmp");
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn a_local_step_has_its_secrets_in_no_file_and_ends_with_hornero_that_is_killed() {
    let cloud = Cloud::start();
    let temporary = temporary(&cloud);
    let template = cloud.template("", STEP);
    let folder = cloud.hornero.folder.path().to_owned();
    let mut hornero = bake(&cloud, &template, &temporary).spawn().unwrap();
    wait_until("the step has begun", || folder.join("pids").exists());
    assert!(fs::read_to_string(folder.join("sum")).unwrap().len() > 64);
    assert_eq!(holding(&folder, &[SECRET]), Vec::<PathBuf>::new());
    // The key of the template is the user's own file.
    assert_eq!(holding(&temporary, &[SECRET, "PRIVATE KEY"]), Vec::<PathBuf>::new());
    let pids = fs::read_to_string(folder.join("pids")).unwrap();
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| is_running(pid)), "{pids:?}");

    hornero.kill().unwrap();
    assert_eq!(hornero.wait().unwrap().signal(), Some(9));
    wait_until("the step and what it began have ended", || !pids.iter().any(|pid| is_running(pid)));
    wait_until("its folder is gone", || fs::read_dir(&temporary).unwrap().next().is_none());
}

#[test]
fn what_a_step_leaves_in_the_background_goes_on_when_the_step_has_ended() {
    let cloud = Cloud::start();
    let temporary = temporary(&cloud);
    let step = STEP.replace("wait\n", "exit 3\n").replace("sleep 1000 &", "sleep 1000 >/dev/null 2>&1 &");
    let template = cloud.template("", &step);
    let ran = Ran::from(bake(&cloud, &template, &temporary).output().unwrap());
    assert_eq!(ran.code, 6);
    let pids = fs::read_to_string(cloud.hornero.folder.path().join("pids")).unwrap();
    let left = pids.split_whitespace().next_back().unwrap();
    assert!(is_running(left));
    assert!(Command::new("kill").arg(left).status().unwrap().success());
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
}

#[test]
fn a_secret_that_is_an_ordinary_word_is_warned_of_and_leaves_records_as_they_are() {
    let cloud = Cloud::start();
    let more = "[secrets]\ntoken = { env = \"TOKEN\" }\n[variables]\nuser = \"root\"\n[[steps]]\nname = \"as root\"\n\
                run = \"echo {{ user }} {{ secrets.token }}\"\n[[checks]]\nuser = \"root\"\n";
    let template = cloud.template("", more);
    let ran = Ran::from(cloud.command(&["bake", &template]).env("TOKEN", "root").output().unwrap());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("the secret `token` has only 4 characters"), "{}", ran.stderr);
    assert!(ran.stderr.contains("[secret] [secret]"), "{}", ran.stderr);
    let image = cloud.hornero.folder.path().join("data/images").join(ran.stdout.trim());
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(image.join("manifest.json")).unwrap()).unwrap();
    let root = manifest["users"].as_array().unwrap().iter().find(|user| user["uid"] == 0).unwrap();
    assert_eq!((root["name"].as_str(), root["home"].as_str()), (Some("root"), Some("/root")));
    let checks = manifest["checks"].to_string();
    assert!(checks.contains("\"root\"") && !checks.contains("[secret]"), "{checks}");
    assert!(manifest["decided_by"].as_object().unwrap().keys().any(|part| part.contains("as root")));
    let plan =
        cloud.command(&["plan", &template, "--detailed-exitcode"]).env("TOKEN", "root").output().unwrap();
    let plan = Ran::from(plan);
    assert_eq!(plan.code, 0, "it is up to date: {}{}", plan.stdout, plan.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn openssh_logs_in_with_a_key_that_only_the_agent_has() {
    let sshd = Sshd::start();
    let way = WayIn::open("web-1", &sshd.account(), UserKeys::default()).await.unwrap();
    let known_hosts = format!("UserKnownHostsFile={}", way.known_hosts().display());
    let mut ssh = tokio::process::Command::new("ssh");
    ssh.env("SSH_AUTH_SOCK", way.agent().unwrap()).args(["-F", "none", "-o", "BatchMode=yes"]);
    ssh.args(["-o", "IdentitiesOnly=yes", "-o", &known_hosts, "-o", "GlobalKnownHostsFile=none", "-i"])
        .arg(way.key());
    let address = way.address();
    ssh.args(["-p", &address.port().to_string(), "-l", &way.user, &address.ip().to_string(), "echo in"]);
    let ran = Ran::from(ssh.output().await.unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "in\n"), "{}", ran.stderr);
    assert_eq!(holding(way.folder(), &["PRIVATE KEY"]), Vec::<PathBuf>::new());
    let folder = way.folder().to_owned();
    drop(way);
    assert!(!folder.exists());
}

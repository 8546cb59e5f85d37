//! The line to a builder, held against a real sshd.

use std::{collections::BTreeMap, path::Path, time::Duration};

use hornero::{
    event::Stream,
    provision::script::{Job, command_line},
    remote::{
        Command, Exit, Remote, RemoteError,
        entries::{Content, Entry},
        key::KeyPair,
        ssh::SshRemote,
        upload::upload,
    },
    template::model::Owner,
};
use sha2::{Digest, Sha256};

use crate::rig::sshd::Sshd;

async fn lines(remote: &SshRemote, command: Command) -> (Result<Exit, RemoteError>, Vec<(Stream, String)>) {
    let mut lines = Vec::new();
    let result = remote.run(command, &mut |stream, line| lines.push((stream, line.to_owned()))).await;
    (result, lines)
}

fn job(user: &str, text: &str) -> Command {
    let stdin = Job { text, user, env: &BTreeMap::new() }.stdin().unwrap();
    Command::new(command_line("")).stdin(stdin)
}

fn runs(pid: &str) -> bool {
    // A process that has ended and was not waited for still has a folder.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn output_comes_line_by_line_and_the_exit_code_is_the_commands_own() {
    let sshd = Sshd::start();
    let remote = sshd.connect().await;
    let (exit, lines) = lines(&remote, Command::new("echo out; echo err >&2; printf rest; exit 3")).await;
    assert_eq!(exit.unwrap(), Exit::Code(3));
    let of = |wanted| -> Vec<&str> {
        lines.iter().filter(|(stream, _)| *stream == wanted).map(|(_, line)| line.as_str()).collect()
    };
    assert_eq!(of(Stream::Stdout), ["out", "rest"]);
    assert_eq!(of(Stream::Stderr), ["err"]);
}

#[tokio::test]
async fn a_command_ended_by_a_signal_is_told_by_its_name() {
    let sshd = Sshd::start();
    let (exit, _) = lines(&sshd.connect().await, Command::new("kill -TERM $$")).await;
    assert_eq!(exit.unwrap(), Exit::Signal("TERM".into()));
}

#[tokio::test]
async fn a_process_left_in_the_background_does_not_hold_its_step() {
    let sshd = Sshd::start();
    let remote = sshd.connect().await;
    let text = "sleep 300 &\necho $!\nexit 5";
    let user = sshd.account().user;
    let command = job(&user, text).timeout(Some(Duration::from_secs(60)));
    let (exit, lines) = lines(&remote, command).await;
    assert_eq!(exit.unwrap(), Exit::Code(5));
    let pid = &lines[0].1;
    assert!(runs(pid), "the process was meant to stay");
    std::process::Command::new("kill").arg(pid).status().unwrap();
}

#[tokio::test]
async fn another_host_key_is_refused() {
    let sshd = Sshd::start();
    let mut account = sshd.account();
    account.pin = KeyPair::generate("another").unwrap().pin();
    let result = SshRemote::connect(account, Duration::from_secs(3)).await;
    assert!(matches!(result, Err(RemoteError::HostKey { .. })), "{:?}", result.err());
}

#[tokio::test]
async fn a_key_that_may_not_log_in_is_told_as_such() {
    let sshd = Sshd::start();
    let mut account = sshd.account();
    account.private_key = KeyPair::generate("another").unwrap().private;
    let result = SshRemote::connect(account, Duration::from_secs(3)).await;
    assert!(matches!(result, Err(RemoteError::Login { .. })), "{:?}", result.err());
}

#[tokio::test]
async fn a_machine_that_starts_later_is_found_when_it_answers() {
    let mut sshd = Sshd::prepare();
    let account = sshd.account();
    let connecting = tokio::spawn(SshRemote::connect(account, Duration::from_secs(20)));
    tokio::time::sleep(Duration::from_millis(700)).await;
    sshd.run();
    connecting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_timeout_ends_the_whole_process_group() {
    let sshd = Sshd::start();
    let remote = sshd.connect().await;
    let user = sshd.account().user;
    let command = job(&user, "sleep 600 & echo $!\nwait\n").timeout(Some(Duration::from_secs(1)));
    let (exit, lines_before) = lines(&remote, command).await;
    assert!(matches!(exit, Err(RemoteError::TimedOut(_))), "{exit:?}");
    let child = &lines_before.last().unwrap().1;
    assert!(!runs(child), "process {child} outlived its step");
    let (exit, _) = lines(&remote, Command::new("true")).await;
    assert_eq!(exit.unwrap(), Exit::Code(0), "the line is still good");
}

#[tokio::test]
async fn a_lost_line_is_no_failing_command() {
    let sshd = Sshd::start();
    // The parent of the command's shell is the server's end of the session.
    let (exit, _) = lines(&sshd.connect().await, Command::new("kill -KILL $PPID; sleep 5")).await;
    assert!(matches!(exit, Err(RemoteError::Lost { .. })), "{exit:?}");
}

#[tokio::test]
async fn large_input_arrives_whole() {
    let sshd = Sshd::start();
    let bytes: Vec<u8> =
        (0..32_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sum = hex::encode(Sha256::digest(&bytes));
    let (_, lines) = lines(&sshd.connect().await, Command::new("sha256sum").stdin(bytes)).await;
    assert!(lines[0].1.starts_with(&sum), "{lines:?}");
}

#[tokio::test]
async fn uploaded_files_have_content_and_mode_in_one_go() {
    let sshd = Sshd::start();
    let target = tempfile::tempdir().unwrap();
    let local = target.path().join("local");
    std::fs::write(&local, "from a file").unwrap();
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let entry = |name: &str, mode, content| Entry {
        destination: target.path().join("site").join(name).display().to_string(),
        owner: owner.clone(),
        mode,
        modified: 1_000_000_000,
        content,
    };
    let entries = vec![
        entry("", 0o750, Content::Folder),
        entry("bytes", 0o640, Content::Bytes(b"from bytes".to_vec())),
        entry("deep/er/file", 0o755, Content::File { path: local.clone(), size: 11 }),
        entry("link", 0o777, Content::Link("bytes".into())),
    ];
    upload(&sshd.connect().await, entries, |_, _| {}).await.unwrap();
    let mode = |name: &str| {
        let metadata = target.path().join("site").join(name).metadata().unwrap();
        std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
    };
    assert_eq!((mode(""), mode("bytes"), mode("deep/er/file")), (0o750, 0o640, 0o755));
    let read = |name: &str| std::fs::read_to_string(target.path().join("site").join(name)).unwrap();
    assert_eq!((read("link").as_str(), read("deep/er/file").as_str()), ("from bytes", "from a file"));
}

#[tokio::test]
async fn unpacking_does_not_follow_a_link_that_it_has_just_made() {
    let sshd = Sshd::start();
    let (target, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let entry = |name: &str, content| Entry {
        destination: target.path().join(name).display().to_string(),
        owner: owner.clone(),
        mode: 0o644,
        modified: 1_000_000_000,
        content,
    };
    let entries = vec![
        entry("out", Content::Link(elsewhere.path().to_owned())),
        entry("out/file", Content::Bytes(b"stray".to_vec())),
    ];
    let result = upload(&sshd.connect().await, entries, |_, _| {}).await;
    assert!(!elsewhere.path().join("file").exists(), "a file left the tree");
    assert!(result.is_err(), "nobody was told");
}

#[tokio::test]
async fn a_file_that_became_a_link_is_not_sent() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let (local, there) = (folder.path().join("local"), folder.path().join("there"));
    std::os::unix::fs::symlink("/etc/passwd", &local).unwrap();
    let content = Content::File { path: local.clone(), size: 5 };
    let owner = Owner { user: Some(sshd.account().user), group: None };
    let destination = there.display().to_string();
    let entry = Entry { destination, owner, mode: 0o644, modified: 0, content };
    let error = upload(&sshd.connect().await, vec![entry], |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains(&local.display().to_string()), "{error}");
    assert!(!there.exists());
}

#[tokio::test]
async fn an_owner_that_the_builder_lacks_is_named() {
    let sshd = Sshd::start();
    let owner = Owner { user: Some("nobody-here".into()), group: None };
    let content = Content::Bytes(Vec::new());
    let entry = Entry { destination: "/tmp/never".into(), owner, mode: 0o644, modified: 0, content };
    let error = upload(&sshd.connect().await, vec![entry], |_, _| {}).await.unwrap_err();
    assert!(error.to_string().contains("nobody-here"), "{error}");
    assert!(!Path::new("/tmp/never").exists());
}

#[tokio::test]
async fn a_step_user_that_the_builder_lacks_is_named() {
    let sshd = Sshd::start();
    let (exit, lines) = lines(&sshd.connect().await, job("nobody-here", "true")).await;
    assert_eq!(exit.unwrap(), Exit::Code(254));
    assert!(lines.iter().any(|(_, line)| line.contains("nobody-here")), "{lines:?}");
}

//! The line to a builder, held against a real sshd.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use hornero::{
    event::{Stream, WaitKind},
    provision::script::{Job, command_line},
    remote::{
        Command, Exit, Remote, RemoteError,
        bastion::Bastion,
        key::{HostKeyPin, KeyPair},
        patience::Patience,
        purpose::Purpose,
        route::{Account, Route},
        ssh::SshRemote,
    },
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
    Command::new(Purpose::Probe, command_line("")).stdin(stdin)
}

fn runs(pid: &str) -> bool {
    // A process that has ended and was not waited for still has a folder.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn output_comes_line_by_line_and_the_exit_code_is_the_commands_own() {
    let sshd = Sshd::start();
    let remote = sshd.connect().await;
    let (exit, lines) =
        lines(&remote, Command::new(Purpose::Probe, "echo out; echo err >&2; printf rest; exit 3")).await;
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
    let (exit, _) = lines(&sshd.connect().await, Command::new(Purpose::Probe, "kill -TERM $$")).await;
    assert_eq!(exit.unwrap(), Exit::Signal("TERM".into()));
}

/// Ends all that its session runs beside it, as soon as there is something.
const ALONE: &str = r#"until others=$(tr ' ' '\n' </proc/$PPID/task/$PPID/children | grep -v -x -e "$$" -e ''); do sleep 0.05; done
kill $others"#;

#[tokio::test]
async fn a_command_may_end_what_waits_for_the_next_one() {
    let sshd = Sshd::start();
    let remote = sshd.connect().await;
    for number in 0..3 {
        let (exit, _) =
            lines(&remote, Command::new(Purpose::Probe, ALONE).timeout(Some(Duration::from_secs(60)))).await;
        assert_eq!(exit.map_err(|error| format!("{number}: {error}")), Ok(Exit::Code(0)));
    }
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
    let result = SshRemote::connect(account, Duration::from_secs(60)).await;
    assert!(matches!(result, Err(RemoteError::HostKey { .. })), "{:?}", result.err());
}

#[tokio::test]
async fn a_key_that_may_not_log_in_is_told_as_such() {
    let sshd = Sshd::start();
    let mut account = sshd.account();
    account.private_key = KeyPair::generate("another").unwrap().private;
    let patience = Patience::from(Duration::from_secs(60)).give_up_refused(Duration::ZERO, Duration::ZERO);
    let result = SshRemote::connect(account, patience).await;
    assert!(matches!(result, Err(RemoteError::Login { .. })), "{:?}", result.err());
}

#[tokio::test]
async fn a_machine_that_starts_later_is_found_when_it_answers_and_what_is_waited_for_is_told_once() {
    let mut sshd = Sshd::prepare();
    let (account, told) = (sshd.account(), Arc::new(Mutex::new(Vec::new())));
    let target = account.at();
    let heard = told.clone();
    let patience = Patience::from(Duration::from_secs(20))
        .give_up_refused(Duration::ZERO, Duration::ZERO)
        .told_to(move |wait| heard.lock().unwrap().push(wait));
    let connecting = tokio::spawn(SshRemote::connect(account, patience));
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    sshd.run();
    connecting.await.unwrap().unwrap();
    let told = told.lock().unwrap();
    let refused: Vec<_> = told.iter().filter(|wait| wait.answer.contains("Connection refused")).collect();
    assert_eq!(refused.len(), 1, "{told:?}");
    assert_eq!((refused[0].kind, &refused[0].target), (WaitKind::Server, &target));
    assert!(told.windows(2).all(|two| two[0].waited <= two[1].waited), "{told:?}");
}

/// A server with host keys of three kinds, and the fingerprints of those.
fn with_three_keys() -> (Sshd, Vec<String>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (mut config, mut fingerprints) = (String::new(), Vec::new());
    for kind in ["rsa", "ecdsa"] {
        let key = folder.path().join(kind);
        let keygen = |arguments: &[&str]| {
            let done = std::process::Command::new("ssh-keygen").args(arguments).arg("-f").arg(&key).output();
            String::from_utf8(done.unwrap().stdout).unwrap()
        };
        keygen(&["-q", "-t", kind, "-N", ""]);
        fingerprints.push(keygen(&["-l"]).split(' ').nth(1).unwrap().to_owned());
        config += &format!("HostKey {}\n", key.display());
    }
    let mut sshd = Sshd::prepare_at(std::net::Ipv4Addr::LOCALHOST, &config);
    fingerprints.push(sshd.host.pin().to_string());
    sshd.run();
    (sshd, fingerprints, folder)
}

#[tokio::test]
async fn a_pinned_key_of_any_kind_is_found_among_those_of_the_server() {
    let (sshd, fingerprints, _folder) = with_three_keys();
    for fingerprint in &fingerprints {
        let account = Account { pin: HostKeyPin::Fingerprint(fingerprint.clone()), ..sshd.account() };
        let remote = SshRemote::connect(account.clone(), Duration::from_secs(20)).await.unwrap();
        let shown = HostKeyPin::Key(remote.host_key().unwrap().to_vec());
        assert_eq!(shown.to_string(), *fingerprint);
        let again = Account { pin: shown, ..account };
        SshRemote::connect(again, Duration::from_secs(20)).await.unwrap();
    }
    let mut bastion = Sshd::prepare_at(std::net::Ipv4Addr::LOCALHOST, "");
    bastion.run();
    let theirs = sshd.account();
    let way = Bastion {
        address: theirs.address,
        name: "bastion.test".into(),
        user: theirs.user,
        private_key: theirs.private_key,
        pin: HostKeyPin::Fingerprint(fingerprints[0].clone()),
        builder: None,
    };
    let account = Account { route: Route::Bastion(way), ..bastion.account() };
    SshRemote::connect(account, Duration::from_secs(20)).await.unwrap();
}

#[tokio::test]
async fn another_key_is_told_only_when_no_kind_of_key_is_the_pinned_one() {
    let (sshd, fingerprints, _folder) = with_three_keys();
    let pin = KeyPair::generate("another").unwrap().pin().to_string();
    let account = Account { pin: HostKeyPin::Fingerprint(pin), ..sshd.account() };
    let Err(error) = SshRemote::connect(account, Duration::from_secs(60)).await else {
        panic!("it was accepted")
    };
    let told = error.to_string();
    assert!(fingerprints.iter().all(|fingerprint| told.contains(fingerprint)), "{told}");
    let one_kind = Sshd::start();
    let account = Account { pin: HostKeyPin::Fingerprint(fingerprints[0].clone()), ..one_kind.account() };
    let Err(error) = SshRemote::connect(account, Duration::from_secs(60)).await else {
        panic!("it was accepted")
    };
    let found = format!("shows the host key {}, not", one_kind.host.pin());
    assert!(error.to_string().contains(&found), "{error}");
}

#[tokio::test]
async fn a_refused_login_is_not_tried_until_the_time_is_over() {
    let sshd = Sshd::start();
    let account = Account { user: "nobody-here".into(), ..sshd.account() };
    let begun = std::time::Instant::now();
    let patience =
        Patience::from(Duration::from_secs(120)).give_up_refused(Duration::ZERO, Duration::from_secs(2));
    let result = SshRemote::connect(account, patience).await;
    assert!(matches!(result, Err(RemoteError::Login { .. })), "{:?}", result.err());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
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
    let (exit, _) = lines(&remote, Command::new(Purpose::Probe, "true")).await;
    assert_eq!(exit.unwrap(), Exit::Code(0), "the line is still good");
}

#[tokio::test]
async fn a_lost_line_is_no_failing_command() {
    let sshd = Sshd::start();
    // The parent of the command's shell is the server's end of the session.
    let (exit, _) =
        lines(&sshd.connect().await, Command::new(Purpose::Probe, "kill -KILL $PPID; sleep 5")).await;
    assert!(matches!(exit, Err(RemoteError::Lost { .. })), "{exit:?}");
}

#[tokio::test]
async fn large_input_arrives_whole() {
    let sshd = Sshd::start();
    let bytes: Vec<u8> =
        (0..32_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let sum = hex::encode(Sha256::digest(&bytes));
    let (_, lines) =
        lines(&sshd.connect().await, Command::new(Purpose::Probe, "sha256sum").stdin(bytes)).await;
    assert!(lines[0].1.starts_with(&sum), "{lines:?}");
}

#[tokio::test]
async fn a_step_user_that_the_builder_lacks_is_named() {
    let sshd = Sshd::start();
    let (exit, lines) = lines(&sshd.connect().await, job("nobody-here", "true")).await;
    assert_eq!(exit.unwrap(), Exit::Code(254));
    assert!(lines.iter().any(|(_, line)| line.contains("nobody-here")), "{lines:?}");
}

#[tokio::test]
async fn a_server_that_gives_one_channel_at_a_time_is_enough() {
    let mut sshd = Sshd::prepare_at(std::net::Ipv4Addr::LOCALHOST, "MaxSessions 1");
    sshd.run();
    let remote = sshd.connect().await;
    for number in 0..4 {
        let (exit, lines) =
            lines(&remote, Command::new(Purpose::Probe, format!("cat; exit {number}")).stdin("said\n")).await;
        assert_eq!(
            (exit.map_err(|error| format!("{number}: {error}")), lines.len()),
            (Ok(Exit::Code(number)), 1)
        );
    }
}

#[tokio::test]
async fn a_command_that_hangs_is_given_up_and_one_that_goes_on_is_not() {
    let sshd = Sshd::start();
    let remote = sshd.connect().await;
    let silent = |line: &str| Command {
        silence: Some(Duration::from_secs(2)),
        ..Command::new(Purpose::Download, line)
    };
    let begun = std::time::Instant::now();
    let result = remote.run(silent("exec sleep 300"), &mut |_, _| {}).await;
    assert!(matches!(result, Err(RemoteError::Silent(_) | RemoteError::NoAnswer(_))), "{result:?}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    let slow = "for i in 1 2 3 4; do sleep 1; echo $i; done";
    assert_eq!(remote.run(silent(slow), &mut |_, _| {}).await.unwrap(), Exit::Code(0));
    for purpose in Purpose::ALL {
        let command = Command::new(*purpose, "true");
        assert!(command.timeout.or(command.silence).is_some(), "{purpose:?} may hang for ever");
    }
}

//! The line to a builder, held against a real sshd.

use std::{collections::BTreeMap, time::Duration};

use hornero::{
    event::Stream,
    provision::script::{Job, command_line},
    remote::{Command, Exit, Remote, RemoteError, key::KeyPair, purpose::Purpose, ssh::SshRemote},
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

//! The frame, held against real shells and against logins that are none.

use std::process::{Command, Stdio};

use super::*;

struct Kept(Vec<u8>);

impl Output for Kept {
    fn bytes(&mut self, _: Stream, bytes: &[u8]) -> std::io::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// What comes of a command's output, which reaches us in pieces of this size after `change`.
fn heard(
    line: &str,
    size: usize,
    change: impl Fn(Vec<u8>, &str) -> Vec<u8>,
) -> (Result<Exit, RemoteError>, Vec<u8>) {
    let mut framed = Framed::new(Kept(Vec::new()));
    let told = framed.begin(Purpose::Probe, line);
    let done = Command::new("sh").args(["-c", &told]).stdin(Stdio::null()).output().unwrap();
    for piece in change(done.stdout, &told).chunks(size) {
        framed.bytes(Stream::Stdout, piece).unwrap();
    }
    (framed.conclude(Exit::Code(0)), framed.inner.0)
}

fn as_it_is(bytes: Vec<u8>, _: &str) -> Vec<u8> {
    bytes
}

#[test]
fn output_and_exit_code_come_out_wherever_the_pieces_end() {
    let line = "printf 'out\\001 end 0\\nrest'; exit 7";
    for size in 1..60 {
        let (exit, own) = heard(line, size, as_it_is);
        assert_eq!((exit.unwrap(), own.as_slice()), (Exit::Code(7), &b"out\x01 end 0\nrest"[..]), "{size}");
    }
}

#[test]
fn what_a_login_prints_before_and_after_is_not_the_commands() {
    let (exit, own) = heard("echo data", 9, |bytes, _| [b"welcome\n", &bytes[..], b"bye\n"].concat());
    assert_eq!((exit.unwrap(), own.as_slice()), (Exit::Code(0), &b"data\n"[..]));
}

#[test]
fn a_command_may_have_several_lines_and_any_characters() {
    let (exit, own) = heard("printf '%s' 'a\nb\\n'\"'\"\nexit 4", 9, as_it_is);
    assert_eq!((exit.unwrap(), own.as_slice()), (Exit::Code(4), &b"a\nb\\n'"[..]));
}

#[test]
fn a_process_group_is_told_once_and_is_no_output() {
    let mut framed = Framed::new(Kept(Vec::new()));
    let told = framed.begin(Purpose::Probe, "printf '\\001%s%s group 42\\n' \"$1\" \"$2\"; echo x");
    let done = Command::new("sh").args(["-c", &told]).output().unwrap();
    framed.bytes(Stream::Stdout, &done.stdout).unwrap();
    assert_eq!((framed.group, framed.inner.0.as_slice()), (Some(42), &b"x\n"[..]));
}

/// How a login may answer that does not do what it is told.
type Lie = fn(Vec<u8>, &str) -> Vec<u8>;

#[test]
fn no_answer_but_the_commands_own_is_a_success() {
    let lies: [(&str, Lie); 8] = [
        ("nothing", |_, _| Vec::new()),
        ("other text", |_, _| b"Please login as the user \"ec2-user\"\n".to_vec()),
        ("an echo", |_, told| told.as_bytes().to_vec()),
        ("an echo in which escapes count", |_, told| told.replace("\\001", "\u{1}").into_bytes()),
        ("twice", |bytes, _| bytes.repeat(2)),
        ("each line twice", |bytes, _| {
            bytes.split_inclusive(|&byte| byte == b'\n').flat_map(|line| [line, line].concat()).collect()
        }),
        ("through a terminal", |bytes, _| {
            String::from_utf8(bytes).unwrap().replace('\n', "\r\n").into_bytes()
        }),
        ("another command's answer", |bytes, _| {
            let mut other = Framed::new(Kept(Vec::new()));
            let told = other.begin(Purpose::Probe, "echo data");
            let answer = Command::new("sh").args(["-c", &told]).output().unwrap().stdout;
            assert_ne!(answer, bytes);
            answer
        }),
    ];
    for (name, lie) in lies {
        let (exit, _) = heard("echo data", 4096, lie);
        assert!(exit.is_err(), "{name}: {exit:?}");
    }
}

#[test]
fn an_answer_that_is_cut_anywhere_is_no_success() {
    let (exit, whole) = heard("echo data", 9, as_it_is);
    assert!(exit.unwrap().success() && whole == b"data\n");
    for cut in 0..80 {
        let (exit, _) = heard("echo data", 4096, |bytes, _| bytes[..cut.min(bytes.len() - 1)].to_vec());
        assert!(exit.is_err(), "cut at {cut}: {exit:?}");
        let (exit, _) = heard("echo data", 4096, |bytes, _| bytes[1 + cut.min(20)..].to_vec());
        assert!(exit.is_err(), "begun at {cut}: {exit:?}");
    }
}

#[test]
fn what_a_login_said_is_kept_for_the_message() {
    let (exit, _) = heard("true", 9, |_, _| b"go away\n".to_vec());
    let Err(RemoteError::NoCommands { said, .. }) = exit else { panic!("{exit:?}") };
    assert_eq!(said, "go away");
}

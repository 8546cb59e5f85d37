//! The first question over a line: whether the account runs commands, and whether it is root or becomes root without
//! a password and a terminal. Everything that a bake does needs both, so what is wrong is told before that.

use std::time::{Duration, Instant};

use super::{
    Command, Exit, RemoteError,
    drive::Wire,
    exchange::Exchange,
    exec::{execute, is_killed, lost},
    frame::Framed,
    output::Output,
    purpose::Purpose,
    route::Account,
    said::Said,
    stop::Stop,
};
use crate::event::Stream;

/// Asked of a POSIX shell. What sudo says is English, so that it can be told apart.
const QUESTION: &str =
    r#"[ "$(id -u)" = 0 ] && echo root || LC_ALL=C sudo -n sh -c '[ "$(id -u)" = 0 ] && echo sudo'"#;

/// The answer is one word.
const LONGEST_ANSWER_BYTES: usize = 64;

/// What has come back.
#[derive(Default)]
struct Answer {
    word: Vec<u8>,
    errors: Said,
}

impl Output for Answer {
    fn bytes(&mut self, stream: Stream, bytes: &[u8]) -> std::io::Result<()> {
        match stream {
            Stream::Stdout => {
                let room = LONGEST_ANSWER_BYTES.saturating_sub(self.word.len());
                self.word.extend_from_slice(&bytes[..room.min(bytes.len())]);
            }
            Stream::Stderr | Stream::Merged => self.errors.push(bytes),
        }
        Ok(())
    }
}

/// What a command line that needs to be root starts with: empty, or `sudo -n `.
///
/// # Errors
/// When the account is not of use to a bake, or the line is lost.
pub(super) fn ask(
    wire: &Wire,
    account: &Account,
    stop: &Stop,
    deadline: Instant,
) -> Result<&'static str, RemoteError> {
    let patience = patience(deadline);
    let command = Command::new(Purpose::Login, QUESTION).timeout(Some(patience));
    let mut output = Framed::new(Answer::default());
    let why = match execute(wire, command, &mut output, stop) {
        Ok(_) => match output.inner.word.as_slice() {
            b"root\n" => return Ok(""),
            b"sudo\n" => return Ok("sudo -n "),
            _ => return Err(not_root(account, &output.inner.errors.text())),
        },
        // As the machine goes down.
        Err(RemoteError::NoCommands { exit, .. }) if is_killed(&exit) => {
            return Err(lost("the login", &format!("its shell was ended: {exit}")));
        }
        Err(RemoteError::NoCommands { said, exit }) => return Err(no_commands(account, &said, &exit)),
        Err(RemoteError::TimedOut(_)) => {
            let said = output.said();
            let printed = if said.is_empty() { String::new() } else { format!("; it printed `{said}`") };
            format!("did not run a command within {} s{printed}", patience.as_secs())
        }
        Err(RemoteError::Garbled(why)) => format!("does not hand on what a command prints: {why}"),
        Err(error) => return Err(error),
    };
    Err(refused(account, why, NO_SHELL))
}

/// Longer than any machine takes that is still starting. A menu that waits for a choice waits for ever.
pub(super) fn patience(deadline: Instant) -> Duration {
    Exchange::FirstQuestion.limit().time.min(deadline.saturating_duration_since(Instant::now()))
}

const NO_SHELL: &str = "give [ssh] a `user` whose shell runs commands, such as /bin/sh; look for a forced command of \
                        this one, in its authorized_keys (`command=`) or in sshd_config (`ForceCommand`)";

fn refused(account: &Account, why: impl Into<String>, hint: impl Into<String>) -> RemoteError {
    let (user, address) = (account.user.clone(), account.at());
    RemoteError::Account { user, address, why: why.into(), hint: hint.into() }
}

fn no_commands(account: &Account, said: &str, exit: &Exit) -> RemoteError {
    let printed = if said.is_empty() { "nothing".to_owned() } else { format!("`{said}`") };
    let why = format!("does not run commands: it printed {printed} and ended with {exit}");
    refused(account, why, other_user(said).unwrap_or_else(|| NO_SHELL.into()))
}

/// What cloud-init lets root's key say on the images of clouds.
fn other_user(said: &str) -> Option<String> {
    let name = said.split_once("login as the user \"")?.1.split_once('"')?.0;
    let plain =
        !name.is_empty() && name.chars().all(|one| one.is_ascii_alphanumeric() || "-_.".contains(one));
    plain.then(|| format!("set `user = \"{name}\"` in [ssh]"))
}

fn not_root(account: &Account, said: &str) -> RemoteError {
    let user = &account.user;
    let said_any = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let rule = format!(
        "let it become root without a password: `{user} ALL=(ALL) NOPASSWD:ALL` in a file in /etc/sudoers.d of the \
         base; or set `user` in [ssh] to an account that may"
    );
    let (why, hint) = if said_any(&["must have a tty"]) {
        let hint = format!(
            "the base has `Defaults requiretty` in its sudoers: remove it, or write `Defaults:{user} !requiretty` \
             into a file in /etc/sudoers.d"
        );
        ("is not root, and sudo wants a terminal".into(), hint)
    } else if said_any(&["password is required", "terminal is required", "askpass"]) {
        ("is not root, and sudo wants a password".into(), rule)
    } else if said_any(&["not in the sudoers", "may not run sudo", "not allowed to"]) {
        ("is not root, and may not use sudo".into(), rule)
    } else if said_any(&["not found"]) {
        let hint = "have sudo in the base, or set `user = \"root\"` in [ssh]".to_owned();
        ("is not root, and there is no sudo".into(), hint)
    } else {
        (format!("is not root, and does not become root with sudo: it printed `{said}`"), rule)
    };
    refused(account, why, hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::{key::HostKeyPin, route::Route};

    fn account(user: &str) -> Account {
        Account {
            address: ([10, 0, 0, 7], 22).into(),
            user: user.into(),
            private_key: String::new(),
            pin: HostKeyPin::Key(Vec::new()),
            route: Route::Direct,
            by_cloud_init: false,
        }
    }

    fn told(error: &RemoteError) -> (String, String) {
        match error {
            RemoteError::Account { hint, .. } => (error.to_string(), hint.clone()),
            error => panic!("{error}"),
        }
    }

    #[test]
    fn the_user_that_a_forced_command_names_becomes_the_hint() {
        let said = "Please login as the user \"ec2-user\" rather than the user \"root\".";
        let (why, hint) = told(&no_commands(&account("root"), said, &Exit::Code(142)));
        assert_eq!(hint, "set `user = \"ec2-user\"` in [ssh]");
        assert!(why.contains(said) && why.contains("`root`"), "{why}");
        let (_, hint) = told(&no_commands(&account("root"), "login as the user \"$(x)\"", &Exit::Code(0)));
        assert_eq!(hint, NO_SHELL);
    }

    #[test]
    fn each_way_in_which_sudo_refuses_has_a_way_out() {
        for (said, why, hint) in [
            ("sudo: a password is required", "wants a password", "deploy ALL=(ALL) NOPASSWD:ALL"),
            (
                "sudo: sorry, you must have a tty to run sudo",
                "wants a terminal",
                "Defaults:deploy !requiretty",
            ),
            ("deploy is not in the sudoers file.", "may not use sudo", "NOPASSWD"),
            ("sh: 1: sudo: not found", "there is no sudo", "user = \"root\""),
            ("sudo: broken", "printed `sudo: broken`", "NOPASSWD"),
        ] {
            let (message, way) = told(&not_root(&account("deploy"), said));
            assert!(message.contains(why) && way.contains(hint), "{message}: {way}");
        }
    }
}

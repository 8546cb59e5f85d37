//! Checks as questions: one script asks the machine about all of them, and its output is taken
//! apart into one answer each. What an answer means is `judge`'s.

use std::collections::BTreeMap;

use super::{ProvisionError, quote};
use crate::template::model::Probe;

/// What the end of an answer looks like: mark, number of the check, exit code.
const MARK: &str = "\u{1}hornero-check";

/// Longest text taken from the machine for one answer.
const LONGEST: usize = 256 * 1024;

/// What the machine said to one probe.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub exit: i32,
    pub stdout: String,
}

/// The script that asks all of `probes`; answers are numbered by their place.
///
/// # Errors
/// When a value cannot be written into a shell script.
pub fn script(probes: &[&Probe]) -> Result<String, ProvisionError> {
    // What the shell itself has to say is no answer.
    let mut script = String::from("set +e\nexec 2>/dev/null\n");
    for (number, probe) in probes.iter().enumerate() {
        let question = quote(&question(probe)?)?;
        script += &format!(
            "sh -c {question} 2>&1 </dev/null | head -c {LONGEST}; printf '\\n\\001hornero-check {number}\\n'\n"
        );
    }
    Ok(script)
}

/// The command whose output answers `probe`. The last line it prints is its exit code.
fn question(probe: &Probe) -> Result<String, ProvisionError> {
    let body = match probe {
        Probe::Package { package, .. } => {
            let name = quote(package)?;
            format!(
                "if command -v dpkg-query >/dev/null; \
                 then dpkg-query -W -f '${{db:Status-Status}} ${{Version}}' {name} 2>/dev/null; \
                 else rpm -q --qf 'installed %{{VERSION}}-%{{RELEASE}}' {name}; fi"
            )
        }
        Probe::Service { service, .. } => {
            let name = quote(service)?;
            format!("systemctl is-active {name}; systemctl is-enabled {name} 2>/dev/null || true")
        }
        Probe::File { path, contains, sha256, .. } => {
            file_question(path, contains.is_some(), sha256.is_some())?
        }
        Probe::User { user, .. } => format!("getent passwd {0} && id -Gn {0}", quote(user)?),
        Probe::Group { group, .. } => format!("getent group {}", quote(group)?),
        // Where sockets stand is plain text on every Linux; `ss` is not on every image.
        Probe::Port { .. } => "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null; true".into(),
        Probe::Mount { path, .. } => format!("findmnt -rno FSTYPE,LABEL --mountpoint {}", quote(path)?),
        Probe::Command { command, .. } => format!("sh -c {}", quote(command)?),
    };
    Ok(format!("{body}\nprintf '\\n%s' $?"))
}

/// First line: mode, names of owner and group, their numbers; then the sum, then the text, as far as they are asked for.
fn file_question(path: &str, text: bool, sum: bool) -> Result<String, ProvisionError> {
    let path = quote(path)?;
    let mut parts = vec![format!("stat -L -c '%a %U %G %u %g' {path} 2>/dev/null || exit_code=1")];
    if sum {
        parts.push(format!("sha256sum {path} 2>/dev/null | cut -d' ' -f1"));
    }
    if text {
        parts.push(format!("cat {path} 2>/dev/null"));
    }
    Ok(format!("exit_code=0\n{}\n(exit $exit_code)", parts.join("\n")))
}

/// The answers in the output of `script`, by number.
pub fn answers(lines: &[String]) -> BTreeMap<usize, Answer> {
    let mut answers = BTreeMap::new();
    let mut body: Vec<&str> = Vec::new();
    for line in lines {
        match line.strip_prefix(MARK).and_then(|number| number.trim().parse().ok()) {
            Some(number) => {
                answers.insert(number, answer(&body));
                body.clear();
            }
            None => body.push(line),
        }
    }
    answers
}

fn answer(body: &[&str]) -> Answer {
    // An answer that was cut has lost its exit code with its end.
    let exit = body.last().and_then(|last| last.parse().ok());
    let text = if exit.is_some() { &body[..body.len() - 1] } else { body };
    Answer { exit: exit.unwrap_or(0), stdout: text.join("\n").trim_end_matches('\n').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::units::Mode;

    fn ask(probes: &[&Probe]) -> BTreeMap<usize, Answer> {
        let script = script(probes).unwrap();
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let lines: Vec<String> = String::from_utf8_lossy(&output.stdout).lines().map(Into::into).collect();
        answers(&lines)
    }

    fn command(command: &str) -> Probe {
        Probe::Command { command: command.into(), exit_code: 0, stdout_contains: None, stdout_matches: None }
    }

    #[test]
    fn each_answer_holds_the_output_and_exit_code_of_its_own_command() {
        let (first, second) = (command("printf 'a\\nb'"), command("echo \"it's\"; exit 3"));
        let answers = ask(&[&first, &second]);
        assert_eq!(answers[&0], Answer { exit: 0, stdout: "a\nb".into() });
        assert_eq!(answers[&1], Answer { exit: 3, stdout: "it's".into() });
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
        let lines: Vec<&str> = answer.stdout.lines().collect();
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
}

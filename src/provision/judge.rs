//! Verdicts: what a machine answered, held against what a check expects. Pure functions on plain
//! values, so that each of them is tested without a machine.

use globset::Glob;
use regex::Regex;

use super::checks::Answer;
use crate::template::model::Probe;

/// What was expected and what was found, for a person. `ok` when they agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub ok: bool,
    pub expected: String,
    pub found: String,
}

/// Longest piece of a command's output that is shown.
const SHOWN: usize = 300;

/// Pairs of what was expected and what was found, and whether they agree.
#[derive(Default)]
struct Findings(Vec<(bool, String, String)>);

impl Findings {
    fn add(&mut self, ok: bool, expected: impl Into<String>, found: impl Into<String>) {
        self.0.push((ok, expected.into(), found.into()));
    }

    /// Compares a named attribute, if one is expected.
    fn same(&mut self, what: &str, expected: Option<impl ToString>, found: impl ToString) {
        if let Some(expected) = expected {
            let (expected, found) = (expected.to_string(), found.to_string());
            self.add(expected == found, format!("{what} {expected}"), format!("{what} {found}"));
        }
    }

    /// The first word is the thing itself; of the attributes only the wrong ones are shown as found.
    fn verdict(self) -> Verdict {
        let ok = self.0.iter().all(|(ok, ..)| *ok);
        let expected: Vec<&str> = self.0.iter().map(|(_, expected, _)| expected.as_str()).collect();
        let shown = self.0.iter().filter(|(good, ..)| ok || !good);
        let found: Vec<&str> = shown.map(|(.., found)| found.as_str()).collect();
        Verdict { ok, expected: expected.join(", "), found: found.join(", ") }
    }
}

/// Judges what the machine answered to `probe`.
pub fn judge(probe: &Probe, answer: &Answer) -> Verdict {
    let mut findings = Findings::default();
    match probe {
        Probe::Package { installed, version, .. } => {
            package(&mut findings, answer, *installed, version.as_deref())
        }
        Probe::Service { running, enabled, .. } => service(&mut findings, answer, *running, *enabled),
        Probe::File { .. } => file(&mut findings, probe, answer),
        Probe::User { .. } => user(&mut findings, probe, answer),
        Probe::Group { exists, gid, .. } => {
            if presence(&mut findings, *exists, answer.exit == 0) {
                findings.same("gid", *gid, field(&answer.stdout, 2));
            }
        }
        Probe::Port { port, listening } => {
            let word = |listening| if listening { "listening" } else { "not listening" };
            let found = is_listening(&answer.stdout, *port);
            findings.add(found == *listening, word(*listening), word(found));
        }
        Probe::Mount { filesystem, label, .. } => {
            let mut words = answer.stdout.split_whitespace();
            let mounted = answer.exit == 0;
            findings.add(mounted, "mounted", if mounted { "mounted" } else { "not mounted" });
            if mounted {
                findings.same("filesystem", filesystem.as_ref(), words.next().unwrap_or_default());
                findings.same("label", label.as_ref(), words.next().unwrap_or_default());
            }
        }
        Probe::Command { exit_code, stdout_contains, stdout_matches, .. } => {
            command(&mut findings, answer, *exit_code, stdout_contains.as_deref(), stdout_matches.as_deref());
        }
    }
    findings.verdict()
}

/// Whether something is there, and should be. True when its attributes are worth a look.
fn presence(findings: &mut Findings, expected: bool, found: bool) -> bool {
    let word = |there| if there { "there" } else { "not there" };
    findings.add(expected == found, word(expected), word(found));
    expected && found
}

fn package(findings: &mut Findings, answer: &Answer, installed: bool, version: Option<&str>) {
    let found = answer.stdout.strip_prefix("installed ").filter(|_| answer.exit == 0);
    let word = |there| if there { "installed" } else { "not installed" };
    findings.add(found.is_some() == installed, word(installed), word(found.is_some()));
    if let (Some(pattern), Some(found)) = (version, found) {
        let matches = Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(found));
        findings.add(matches || pattern == found, format!("version {pattern}"), format!("version {found}"));
    }
}

fn service(findings: &mut Findings, answer: &Answer, running: Option<bool>, enabled: Option<bool>) {
    let mut lines = answer.stdout.lines();
    let (active, unit) = (lines.next().unwrap_or_default(), lines.next().unwrap_or("not found"));
    if let Some(running) = running {
        let expected = if running { "running" } else { "not running" };
        findings.add(
            (active == "active") == running,
            expected,
            if active == "active" { "running" } else { active },
        );
    }
    if let Some(enabled) = enabled {
        let expected = if enabled { "enabled" } else { "not enabled" };
        findings.add((unit == "enabled") == enabled, expected, unit);
    }
}

fn file(findings: &mut Findings, probe: &Probe, answer: &Answer) {
    let Probe::File { exists, mode, owner, group, contains, sha256, .. } = probe else { return };
    if !presence(findings, *exists, answer.exit == 0) {
        return;
    }
    let (first, mut rest) = answer.stdout.split_once('\n').unwrap_or((&answer.stdout, ""));
    let words: Vec<&str> = first.split(' ').collect();
    let word = |place: usize| words.get(place).copied().unwrap_or_default();
    let bits = u32::from_str_radix(word(0), 8).unwrap_or_default();
    findings.same("mode", *mode, crate::template::units::Mode(bits));
    // A number is compared with the number: it may have no account.
    let known_as = |wish: &Option<String>, name: usize| match wish.as_ref().map(|wish| wish.parse::<u32>()) {
        Some(Ok(_)) => word(name + 2),
        Some(Err(_)) | None => word(name),
    };
    findings.same("owner", owner.as_ref(), known_as(owner, 1));
    findings.same("group", group.as_ref(), known_as(group, 2));
    if sha256.is_some() {
        let (sum, text) = rest.split_once('\n').unwrap_or((rest, ""));
        findings.same("sha256", sha256.as_ref(), sum);
        rest = text;
    }
    if let Some(contains) = contains {
        findings.add(
            rest.contains(contains.trim_end_matches('\n')),
            format!("`{contains}` in it"),
            cut(rest),
        );
    }
}

fn user(findings: &mut Findings, probe: &Probe, answer: &Answer) {
    let Probe::User { exists, uid, groups, shell, .. } = probe else { return };
    if !presence(findings, *exists, answer.exit == 0) {
        return;
    }
    let (entry, members) = answer.stdout.split_once('\n').unwrap_or((&answer.stdout, ""));
    findings.same("uid", *uid, field(entry, 2));
    findings.same("shell", shell.as_ref(), field(entry, 6));
    let found: Vec<&str> = members.split_whitespace().collect();
    if groups.iter().any(|group| !found.contains(&group.as_str())) {
        findings.add(false, format!("in {}", groups.join(" ")), format!("in {}", found.join(" ")));
    } else if !groups.is_empty() {
        findings.add(true, format!("in {}", groups.join(" ")), format!("in {}", found.join(" ")));
    }
}

fn command(
    findings: &mut Findings,
    answer: &Answer,
    exit_code: i32,
    contains: Option<&str>,
    matches: Option<&str>,
) {
    let code = |code| format!("exit code {code}");
    let said =
        if answer.stdout.is_empty() { String::new() } else { format!(" and `{}`", cut(&answer.stdout)) };
    findings.add(answer.exit == exit_code, code(exit_code), code(answer.exit) + &said);
    if let Some(text) = contains {
        findings.add(
            answer.stdout.contains(text),
            format!("`{text}` in its output"),
            format!("`{}`", cut(&answer.stdout)),
        );
    }
    if let Some(pattern) = matches {
        let found = Regex::new(pattern).is_ok_and(|regex| regex.is_match(&answer.stdout));
        findings.add(found, format!("output matching `{pattern}`"), format!("`{}`", cut(&answer.stdout)));
    }
}

/// Whether a socket of `/proc/net/tcp` or `tcp6` listens on `port` (state 0A; proc(5)).
fn is_listening(table: &str, port: u16) -> bool {
    let ending = format!(":{port:04X}");
    table.lines().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next().unwrap_or_default();
        local.ends_with(&ending) && words.nth(1) == Some("0A")
    })
}

fn field(entry: &str, number: usize) -> &str {
    entry.split(':').nth(number).unwrap_or_default().trim()
}

fn cut(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::units::Mode;

    fn answer(exit: i32, stdout: &str) -> Answer {
        Answer { exit, stdout: stdout.into() }
    }

    fn package(installed: bool, version: Option<&str>) -> Probe {
        Probe::Package { package: "jq".into(), installed, version: version.map(Into::into) }
    }

    #[test]
    fn a_package_is_judged_by_presence_and_version_pattern() {
        let there = answer(0, "installed 1.6-2.1");
        assert!(judge(&package(true, Some("1.6*")), &there).ok);
        let wrong = judge(&package(true, Some("1.7*")), &there);
        assert_eq!((wrong.ok, wrong.found.as_str()), (false, "version 1.6-2.1"));
        assert!(!judge(&package(true, None), &answer(1, "")).ok);
        assert!(judge(&package(false, None), &answer(1, "")).ok);
        assert!(!judge(&package(true, None), &answer(0, "config-files 1.6")).ok);
    }

    #[test]
    fn a_service_tells_what_state_it_is_in() {
        let probe = Probe::Service { service: "nginx".into(), running: Some(true), enabled: Some(true) };
        assert!(judge(&probe, &answer(0, "active\nenabled")).ok);
        let failed = judge(&probe, &answer(0, "failed\nenabled"));
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
        let there = answer(0, "644 root root\nserver_name hello;\n");
        assert!(judge(&file(0o644, Some("hello")), &there).ok);
        assert_eq!(judge(&file(0o600, None), &there).found, "mode 0644");
        assert!(!judge(&file(0o644, Some("bye")), &there).ok);
        assert_eq!(judge(&file(0o644, None), &answer(1, "")).found, "not there");
        let numbered = Probe::File {
            path: "/x".into(),
            exists: true,
            mode: None,
            owner: Some("472".into()),
            group: Some("0".into()),
            contains: None,
            sha256: None,
        };
        assert!(judge(&numbered, &answer(0, "644 UNKNOWN root 472 0\n")).ok);
        assert!(!judge(&numbered, &answer(0, "644 root root 0 0\n")).ok);
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
        let there = answer(0, "deploy:x:2000:2001::/home/deploy:/bin/bash\ndeploy campus");
        assert!(judge(&probe(&["campus"]), &there).ok);
        assert!(!judge(&probe(&["sudo"]), &there).ok);
    }

    #[test]
    fn a_port_listens_when_the_kernel_says_so() {
        let table = "  sl  local_address rem_address   st\n   0: 00000000:0050 00000000:0000 0A 00000000:00000000\n   1: 0100007F:01BB 00000000:0000 01";
        let probe = |port| Probe::Port { port, listening: true };
        assert!(judge(&probe(80), &answer(0, table)).ok);
        assert!(!judge(&probe(443), &answer(0, table)).ok, "a connection is not a listener");
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
}

//! Verdicts: what a machine answered, held against what a check expects. Pure functions on plain
//! values, so that each of them is tested without a machine.

use globset::Glob;
use regex::Regex;

use super::answers::{Answer, Found};
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

/// Judges what the machine answered to `probe`. No answer agrees with nothing, least of all with an absence.
pub fn judge(probe: &Probe, answer: Option<&Answer>) -> Verdict {
    let mut findings = Findings::default();
    let found = Found::of(answer);
    match probe {
        Probe::Package { installed, version, .. } => {
            package(&mut findings, &found, *installed, version.as_deref())
        }
        Probe::Service { running, enabled, .. } => service(&mut findings, &found, *running, *enabled),
        Probe::File { .. } => file(&mut findings, probe, answer),
        Probe::User { .. } => user(&mut findings, probe, &found),
        Probe::Group { exists, gid, .. } => {
            if let Some(entry) = presence(&mut findings, *exists, &found) {
                findings.same("gid", *gid, field(entry, 2));
            }
        }
        Probe::Port { port, listening } => {
            let word = |listening| if listening { "listening" } else { "not listening" };
            match found {
                Found::There(sockets) => {
                    let found = is_listening(sockets, *port);
                    findings.add(found == *listening, word(*listening), word(found));
                }
                Found::Absent => findings.add(false, word(*listening), "no table of sockets"),
                Found::Unknown(why) => findings.add(false, word(*listening), why),
            }
        }
        Probe::Mount { filesystem, label, .. } => mount(&mut findings, &found, filesystem, label),
        Probe::Command { exit_code, stdout_contains, stdout_matches, .. } => {
            command(&mut findings, answer, *exit_code, stdout_contains.as_deref(), stdout_matches.as_deref());
        }
    }
    findings.verdict()
}

/// Whether something is there, and should be. Its attributes, where they are worth a look.
fn presence<'a>(findings: &mut Findings, expected: bool, found: &Found<'a>) -> Option<&'a str> {
    let word = |there| if there { "there" } else { "not there" };
    match found {
        Found::There(text) => {
            findings.add(expected, word(expected), word(true));
            expected.then_some(*text)
        }
        Found::Absent => {
            findings.add(!expected, word(expected), word(false));
            None
        }
        Found::Unknown(why) => {
            findings.add(false, word(expected), why);
            None
        }
    }
}

fn mount(findings: &mut Findings, found: &Found<'_>, filesystem: &Option<String>, label: &Option<String>) {
    let mut words = match found {
        Found::There(text) => text.split_whitespace(),
        Found::Absent => return findings.add(false, "mounted", "not mounted"),
        Found::Unknown(why) => return findings.add(false, "mounted", why),
    };
    findings.add(true, "mounted", "mounted");
    findings.same("filesystem", filesystem.as_ref(), words.next().unwrap_or_default());
    findings.same("label", label.as_ref(), words.next().unwrap_or_default());
}

/// dpkg's states of a package of which no program is there.
const REMOVED: [&str; 2] = ["config-files", "not-installed"];

fn package(findings: &mut Findings, found: &Found<'_>, installed: bool, version: Option<&str>) {
    let word = |there| if there { "installed" } else { "not installed" };
    let (state, found) = match found {
        Found::There(text) => text.lines().next().unwrap_or_default().split_once(' ').unwrap_or((text, "")),
        Found::Absent => (REMOVED[1], ""),
        Found::Unknown(why) => return findings.add(false, word(installed), why),
    };
    let found = match state {
        "installed" => Some(found),
        removed if REMOVED.contains(&removed) => None,
        // Neither there nor gone.
        state => return findings.add(false, word(installed), state),
    };
    findings.add(found.is_some() == installed, word(installed), word(found.is_some()));
    if let (Some(pattern), Some(found)) = (version, found) {
        let matches = Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(found));
        findings.add(matches || pattern == found, format!("version {pattern}"), format!("version {found}"));
    }
}

fn service(findings: &mut Findings, found: &Found<'_>, running: Option<bool>, enabled: Option<bool>) {
    let text = match found {
        Found::There(text) => text,
        Found::Absent => "",
        Found::Unknown(why) => return findings.add(false, "an answer about its state", why),
    };
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or("no state");
    if let Some(running) = running {
        let active = next();
        let expected = if running { "running" } else { "not running" };
        findings.add(
            (active == "active") == running,
            expected,
            if active == "active" { "running" } else { active },
        );
    }
    if let Some(enabled) = enabled {
        let unit = next();
        let expected = if enabled { "enabled" } else { "not enabled" };
        findings.add((unit == "enabled") == enabled, expected, unit);
    }
}

fn file(findings: &mut Findings, probe: &Probe, answer: Option<&Answer>) {
    let Probe::File { exists, mode, owner, group, contains, sha256, .. } = probe else { return };
    let Some(text) = presence(findings, *exists, &Found::at_least(answer)) else { return };
    let (first, mut rest) = text.split_once('\n').unwrap_or((text, ""));
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
        let found = match answer.is_some_and(|answer| answer.whole) {
            true => cut(rest),
            false => format!("{} (only its beginning is looked at)", cut(rest)),
        };
        findings.add(rest.contains(contains.trim_end_matches('\n')), format!("`{contains}` in it"), found);
    }
}

fn user(findings: &mut Findings, probe: &Probe, found: &Found<'_>) {
    let Probe::User { exists, uid, groups, shell, .. } = probe else { return };
    let Some(text) = presence(findings, *exists, found) else { return };
    let (entry, members) = text.split_once('\n').unwrap_or((text, ""));
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
    answer: Option<&Answer>,
    exit_code: i32,
    contains: Option<&str>,
    matches: Option<&str>,
) {
    let code = |code| format!("exit code {code}");
    let Some(answer) = answer else { return findings.add(false, code(exit_code), Found::NOT_ANSWERED) };
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

/// Whether one of these sockets, as `/proc/net/tcp` writes them (proc(5)), is on `port`.
fn is_listening(sockets: &str, port: u16) -> bool {
    let ending = format!(":{port:04X}");
    sockets.lines().any(|local| local.ends_with(&ending))
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
mod tests;

//! cloud-init's own account of a boot: how it is waited for, and what its answer means.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{ProvisionError, quote};

/// Follows cloud-init's output until it has finished, then prints a mark, whether it ran, and what it has
/// written down of its stages. `cloud-init status` reads the same, but takes seconds to start on an emulated
/// processor. The log is opened once and each `cat` goes on where the one before it ended, so that all of it is
/// printed: a fast builder has finished before anybody asks.
const FOLLOW: &str = r#"if ! command -v cloud-init >/dev/null; then
    echo "hornero: the base has no cloud-init" >&2
    exit 254
fi
print_more() {
    if [ -r "$log" ] && ! [ /proc/$$/fd/4 -ef "$log" ]; then exec 4<"$log"; fi
    if [ -e /proc/$$/fd/4 ]; then cat <&4; fi
}
while [ ! -e "$state/result.json" ] && [ ! -e "$state/disabled" ]; do
    print_more
    sleep 0.2
done
print_more
ran=yes
[ -e "$state/result.json" ] || ran=no
printf '\n\001%s cloud-init %s\n' "$mark" "$ran"
if [ "$ran" = yes ]; then cat "$state/status.json"; fi
"#;

const LOG: &str = "/var/log/cloud-init-output.log";
const STATE_FOLDER: &str = "/run/cloud-init";

/// The script that follows cloud-init. `mark` is a word that nobody can guess: what cloud-init's own output says is no
/// answer.
///
/// # Errors
/// When the mark cannot be written into a shell script.
pub fn follow_script(mark: &str) -> Result<String, ProvisionError> {
    follow_script_of(mark, LOG, STATE_FOLDER)
}

fn follow_script_of(mark: &str, log: &str, state: &str) -> Result<String, ProvisionError> {
    Ok(format!("mark={}\nlog={}\nstate={}\n{FOLLOW}", quote(mark)?, quote(log)?, quote(state)?))
}

/// Stands before `yes` or `no`, and the JSON in the lines after it, in the output of `follow_script`.
pub fn status_mark(mark: &str) -> String {
    format!("\u{1}{mark} cloud-init ")
}

/// How a boot went for cloud-init.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Done,
    /// It went on after mistakes that it could recover from.
    Warnings(Vec<String>),
    Failed(Vec<String>),
}

/// `/run/cloud-init/status.json`: a file of each stage's times and errors (cloud-init's manual, "Reported
/// status"; `recoverable_errors` since 23.4).
#[derive(Debug, Deserialize)]
struct Status {
    v1: BTreeMap<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Stage {
    start: Option<f64>,
    finished: Option<f64>,
    errors: Vec<String>,
    recoverable_errors: BTreeMap<String, Vec<String>>,
}

/// Judges by what cloud-init has written down, whose last stage is over. One that was not to run at all has
/// done nothing wrong.
pub fn judge(ran: bool, json: &str) -> Judgement {
    if !ran {
        return Judgement::Done;
    }
    let Ok(Status { v1 }) = serde_json::from_str(json) else {
        return Judgement::Failed(vec![format!("its status cannot be read: `{json}`")]);
    };
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    if !v1.values().any(Value::is_object) {
        errors.push(format!("its status tells of no stage: `{json}`"));
    }
    // Beside the stages it names the datasource and the stage that runs.
    for (name, stage) in v1.into_iter().filter(|(_, value)| value.is_object()) {
        let Ok(stage) = serde_json::from_value::<Stage>(stage) else { continue };
        if stage.errors.is_empty() && stage.start.is_some() && stage.finished.is_none() {
            errors.push(format!("its stage `{name}` did not come to an end"));
        }
        errors.extend(stage.errors);
        for (level, messages) in stage.recoverable_errors {
            warnings.extend(messages.into_iter().map(|message| format!("{level}: {message}")));
        }
    }
    match (errors.is_empty(), warnings.is_empty()) {
        (false, _) => Judgement::Failed(errors),
        (true, false) => Judgement::Warnings(warnings),
        (true, true) => Judgement::Done,
    }
}

/// The packages that the distribution's package manager could not find, by its own words.
pub fn missing_packages<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = lines.filter_map(missing_package).map(Into::into).collect();
    names.dedup();
    names
}

fn missing_package(line: &str) -> Option<&str> {
    let line = line.trim();
    let quoted = |rest: &'_ str| -> Option<usize> { rest.find('\'') };
    if let Some(name) = line.strip_prefix("E: Unable to locate package ") {
        return Some(name);
    }
    if let Some(rest) = line.strip_prefix("E: Package '") {
        return quoted(rest).map(|end| &rest[..end]);
    }
    if let Some((_, rest)) = line.split_once("' for '") {
        return quoted(rest).filter(|_| line.starts_with("E: Version '")).map(|end| &rest[..end]);
    }
    line.strip_prefix("Error: Unable to find a match: ")
        .or_else(|| line.strip_prefix("No match for argument: "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stage: &str) -> Judgement {
        let init = r#""init": {"errors": [], "finished": 2.5, "start": 1.5}"#;
        judge(
            true,
            &format!(
                r#"{{"v1": {{"datasource": "NoCloud", "stage": null, {init}, "modules-final": {stage}}}}}"#
            ),
        )
    }

    /// Runs the script as a builder does, where cloud-init writes into `folder`.
    fn start_follow_script(folder: &std::path::Path) -> std::process::Child {
        let (programs, log) = (folder.join("bin"), folder.join("log"));
        std::fs::create_dir(&programs).unwrap();
        std::os::unix::fs::symlink("/bin/true", programs.join("cloud-init")).unwrap();
        std::process::Command::new("sh")
            .args(["-c", &follow_script_of("word", log.to_str().unwrap(), folder.to_str().unwrap()).unwrap()])
            .env("PATH", format!("{}:/usr/bin:/bin", programs.display()))
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    }

    #[test]
    fn all_that_cloud_init_has_printed_is_there_however_early_it_finished() {
        let text = "a line\n".repeat(10_000) + "E: Unable to locate package nope\n";
        let expected = format!("{text}\n\u{1}word cloud-init yes\n{{}}");
        let early = tempfile::tempdir().unwrap();
        for (name, content) in [("log", text.as_str()), ("status.json", "{}"), ("result.json", "")] {
            std::fs::write(early.path().join(name), content).unwrap();
        }
        let said = start_follow_script(early.path()).wait_with_output().unwrap();
        assert!(said.stdout == expected.as_bytes(), "{}", String::from_utf8_lossy(&said.stdout));

        // It comes in pieces, into a file that is not there yet, and its last line right before the result.
        let late = tempfile::tempdir().unwrap();
        let child = start_follow_script(late.path());
        std::fs::write(late.path().join("status.json"), "{}").unwrap();
        let mut log = std::fs::File::create(late.path().join("log")).unwrap();
        for piece in text.as_bytes().chunks(9_999) {
            std::io::Write::write_all(&mut log, piece).unwrap();
        }
        std::fs::write(late.path().join("result.json"), "").unwrap();
        let said = child.wait_with_output().unwrap();
        assert!(said.stdout == expected.as_bytes(), "{}", String::from_utf8_lossy(&said.stdout));
    }

    #[test]
    fn a_finished_boot_is_done_and_recoverable_errors_are_warnings() {
        assert_eq!(of(r#"{"errors": [], "finished": 9.0, "start": 3.0}"#), Judgement::Done);
        let stage = r#"{"errors": [], "finished": 9.0, "start": 3.0, "recoverable_errors": {"WARNING": ["bad key"]}}"#;
        assert_eq!(of(stage), Judgement::Warnings(vec!["WARNING: bad key".into()]));
        assert_eq!(judge(false, ""), Judgement::Done, "it was switched off");
    }

    #[test]
    fn a_module_or_a_stage_that_failed_fails_the_boot() {
        let failed = of(r#"{"errors": ["package-update-upgrade-install"], "finished": 9.0, "start": 3.0}"#);
        assert_eq!(failed, Judgement::Failed(vec!["package-update-upgrade-install".into()]));
        let Judgement::Failed(why) = of(r#"{"errors": [], "finished": null, "start": 3.0}"#) else {
            panic!("it broke off")
        };
        assert!(why[0].contains("modules-final"), "{why:?}");
    }

    #[test]
    fn an_answer_that_is_no_json_is_a_failure() {
        for json in ["Traceback", "", "{}", r#"{"v1": {}}"#, r#"{"v1": {"stage": null}}"#] {
            assert!(matches!(judge(true, json), Judgement::Failed(_)), "{json}");
        }
    }

    #[test]
    fn package_managers_name_what_they_lack() {
        let lines = [
            "E: Unable to locate package no-such-thing",
            "E: Package 'gone' has no installation candidate",
            "E: Version '9.9' for 'jq' was not found",
            "Reading package lists...",
        ];
        assert_eq!(missing_packages(lines.into_iter()), ["no-such-thing", "gone", "jq"]);
    }
}

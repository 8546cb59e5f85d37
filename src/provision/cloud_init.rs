//! cloud-init's own account of a boot: how it is waited for, and what its answer means.

use serde::Deserialize;
use serde_json::Value;

/// Follows cloud-init's output until it has finished, then prints a mark and its status as JSON.
/// Waiting for the result file costs less than `status --wait`, which starts Python beside it.
pub const FOLLOW: &str = r#"log=/var/log/cloud-init-output.log
if ! command -v cloud-init >/dev/null; then
    echo "hornero: the base has no cloud-init" >&2
    exit 254
fi
tail -n +1 -F "$log" 2>/dev/null &
follower=$!
while [ ! -e /run/cloud-init/result.json ] && [ ! -e /run/cloud-init/disabled ]; do sleep 0.2; done
code=0
status=$(cloud-init status --format json 2>/dev/null) || code=$?
kill "$follower"
printf '\001hornero-cloud-init %s\n%s\n' "$code" "$status"
"#;

/// Stands before the exit code and the JSON in the output of `FOLLOW`.
pub const STATUS_MARK: &str = "\u{1}hornero-cloud-init ";

/// How a boot went for cloud-init.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    Done,
    /// It went on after mistakes that it could recover from.
    Warnings(Vec<String>),
    Failed(Vec<String>),
}

/// The parts of `cloud-init status --format json` that decide. Older versions have fewer fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    status: String,
    errors: Vec<String>,
    recoverable_errors: serde_json::Map<String, Value>,
}

/// Judges by the exit code (0 done, 1 failed, 2 done with recoverable errors; cloud-init's manual,
/// "Failure states") and by what the JSON says, for versions before 23.4 know no code 2.
pub fn judge(exit_code: i32, json: &str) -> Judgement {
    let status: Status = serde_json::from_str(json).unwrap_or_default();
    let recoverable = status.recoverable_errors.iter().flat_map(|(level, list)| {
        let messages = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        messages.map(move |message| format!("{level}: {message}"))
    });
    match (exit_code, status.status.as_str()) {
        (0, "done" | "disabled") => Judgement::Done,
        (2, _) => Judgement::Warnings(recoverable.collect()),
        _ if status.errors.is_empty() => {
            Judgement::Failed(vec![format!("status `{}`, exit code {exit_code}", status.status)])
        }
        _ => Judgement::Failed(status.errors),
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

    #[test]
    fn a_finished_boot_is_done_and_recoverable_errors_are_warnings() {
        assert_eq!(judge(0, r#"{"status": "done", "errors": []}"#), Judgement::Done);
        let json = r#"{"status": "done", "errors": [], "recoverable_errors": {"WARNING": ["bad key"]}}"#;
        assert_eq!(judge(2, json), Judgement::Warnings(vec!["WARNING: bad key".into()]));
    }

    #[test]
    fn a_failed_module_fails_the_boot_also_where_the_exit_code_is_0() {
        let json = r#"{"status": "error", "errors": ["package-update-upgrade-install"]}"#;
        assert_eq!(judge(1, json), Judgement::Failed(vec!["package-update-upgrade-install".into()]));
        assert_eq!(judge(0, json), Judgement::Failed(vec!["package-update-upgrade-install".into()]));
    }

    #[test]
    fn an_answer_that_is_no_json_is_a_failure() {
        assert!(matches!(judge(0, "Traceback"), Judgement::Failed(_)));
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

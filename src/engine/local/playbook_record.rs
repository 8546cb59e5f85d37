//! What Ansible has told of a playbook: whether every play matched a host, and whether anything was done
//! on the builder.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use serde::Deserialize;

use crate::{
    error::{Error, Kind},
    template::model::Step,
};

/// More than a record of thousands of plays has.
const LARGEST_RECORD_BYTES: u64 = 16 << 20;

/// One line of the record.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Recorded {
    Play {
        name: String,
    },
    /// The play before it has no host.
    NoHosts,
    /// A task was done on the builder.
    Worked,
    /// Ansible came to the end of the playbook.
    End,
}

/// Why a playbook that ended well has not done what it is for.
#[derive(Debug, PartialEq, Eq)]
enum Shortfall {
    /// The plugin wrote nothing, or Ansible did not come to the end.
    Unrecorded,
    WithoutPlays,
    Unmatched {
        play: String,
    },
    Idle,
}

/// Refuses a playbook that has ended with exit code 0 without having done anything on the builder.
///
/// # Errors
/// What is missing, with the last lines that Ansible printed.
pub fn prove_work(step: &Step, playbook: &Path, record: &Path, tail: &[String]) -> Result<(), Error> {
    let recorded = read(record).map_err(|error| {
        Error::new(Kind::Local, format!("step `{}`: reading what Ansible has done", step.name))
            .because(&error)
    })?;
    let Some(shortfall) = shortfall(&recorded) else { return Ok(()) };
    let (why, hint) = explain(&shortfall);
    let message = format!("step `{}` ({}) ended with exit code 0, but {why}", step.name, playbook.display());
    Err(Error::new(Kind::Bake, message).tail(tail.to_vec()).hint(hint))
}

fn read(record: &Path) -> io::Result<Vec<Recorded>> {
    let file = match File::open(record) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let lines = BufReader::new(file.take(LARGEST_RECORD_BYTES)).lines();
    lines.map(|line| serde_json::from_str(&line?).map_err(io::Error::other)).collect()
}

fn shortfall(recorded: &[Recorded]) -> Option<Shortfall> {
    if recorded.is_empty() {
        return Some(Shortfall::Unrecorded);
    }
    let mut last = None;
    for one in recorded {
        match one {
            Recorded::Play { name } => last = Some(name),
            Recorded::NoHosts => {
                return Some(Shortfall::Unmatched { play: last.cloned().unwrap_or_default() });
            }
            Recorded::Worked | Recorded::End => {}
        }
    }
    if last.is_none() {
        return Some(Shortfall::WithoutPlays);
    }
    match (recorded.contains(&Recorded::Worked), recorded.contains(&Recorded::End)) {
        (true, true) => None,
        (false, _) => Some(Shortfall::Idle),
        (true, false) => Some(Shortfall::Unrecorded),
    }
}

fn explain(shortfall: &Shortfall) -> (String, &'static str) {
    match shortfall {
        Shortfall::Unrecorded => (
            "Ansible did not tell what it has done".into(),
            "check that the playbook has plays, and that `ansible-playbook` runs here by hand",
        ),
        Shortfall::WithoutPlays => {
            ("the playbook has no plays".into(), "write a play with `hosts: default` and its tasks or roles")
        }
        Shortfall::Unmatched { play } => (
            format!("its play `{play}` matches no host"),
            "the builder is the host `default`, in the group `default`: write `hosts: default` or `hosts: all`",
        ),
        Shortfall::Idle => (
            "it did nothing on the builder: no task of it ran there".into(),
            "check its `hosts`, tags and conditions; a step that is not always wanted has `when`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Option<Shortfall> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines.iter().map(|line| format!("{line}\n")).collect::<String>())
            .unwrap();
        shortfall(&read(file.path()).unwrap())
    }

    const PLAY: &str = r#"{"name": "web", "event": "play"}"#;
    const NO_HOSTS: &str = r#"{"event": "no_hosts"}"#;
    const WORKED: &str = r#"{"event": "worked"}"#;
    const END: &str = r#"{"event": "end"}"#;

    #[test]
    fn only_work_on_the_builder_in_plays_that_all_match_is_proof() {
        assert_eq!(of(&[PLAY, WORKED, END]), None);
        assert_eq!(of(&[PLAY, PLAY, WORKED, END]), None, "one of them may be for this computer");
        let no_hosts = || Some(Shortfall::Unmatched { play: "web".into() });
        assert_eq!(of(&[PLAY, NO_HOSTS, END]), no_hosts());
        assert_eq!(of(&[PLAY, WORKED, PLAY, NO_HOSTS, END]), no_hosts(), "another play has worked");
        assert_eq!(of(&[PLAY, END]), Some(Shortfall::Idle));
        assert_eq!(of(&[END]), Some(Shortfall::WithoutPlays));
        assert_eq!(of(&[]), Some(Shortfall::Unrecorded));
        assert_eq!(of(&[PLAY, WORKED]), Some(Shortfall::Unrecorded), "it did not come to its end");
    }

    #[test]
    fn a_record_that_is_not_there_is_no_proof() {
        assert_eq!(shortfall(&read(Path::new("/nowhere/record")).unwrap()), Some(Shortfall::Unrecorded));
    }
}

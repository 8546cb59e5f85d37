//! The log file of a run: every event as a plain line with its full time, for its owner alone.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{Listener, harmless::for_screen, sentence::sentence, text};
use crate::event::{Event, Phase, Role};

/// Writes the log. Unbuffered: what happened is on record even if the process is killed next.
pub struct LogFile {
    file: File,
    path: PathBuf,
    phase: Option<Phase>,
}

impl LogFile {
    /// Opens the log at `path`; a resumed run goes on in the same file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned(), phase: None })
    }
}

impl Listener for LogFile {
    fn event(&mut self, event: &Event, at: Timestamp) -> Result<(), String> {
        if let Event::PhaseStarted { phase } = event {
            self.phase = Some(*phase);
        }
        // Thousands of them, and each is outdated by the next.
        if matches!(event.role(), Role::Repeated { .. } | Role::UnfinishedLine { .. }) {
            return Ok(());
        }
        let phase = self.phase.map_or("run", Phase::title);
        let text: String =
            recorded(event).lines().map(|line| format!("{at:.3} {phase} | {line}\n")).collect();
        if let Event::PhaseFinished { .. } = event {
            self.phase = None;
        }
        self.file
            .write_all(for_screen(&text).as_bytes())
            .map_err(|err| format!("the log `{}` is no longer written: {err}", self.path.display()))
    }
}

/// Of what was printed the record has every state that a line was in.
fn recorded(event: &Event) -> String {
    match event {
        Event::Output { source, line, .. } => format!("{source}: {}", text::clean_whole(line)),
        other => sentence(other),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_log_is_for_its_owner_and_goes_on_after_a_resume() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for message in ["first", "second"] {
            let mut log = LogFile::open(&path).unwrap();
            log.event(&Event::Note { message: message.into() }, Timestamp::UNIX_EPOCH).unwrap();
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "1970-01-01T00:00:00.000Z run | first\n1970-01-01T00:00:00.000Z run | second\n");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}

//! The process group of a command, and how it is ended when its time is over.

use std::time::Duration;

use super::{
    Command, drive::Wire, exec::execute, frame::Framed, output::Output, purpose::Purpose, stop::Stop,
};
use crate::event::Stream;

/// Ends a process group: first politely, then by force. Says whether the builder has told that it is ended: over a
/// line that is dead, or of a builder that has restarted, nobody knows.
pub(super) fn kill(wire: &Wire, sudo: &str, group: u32) -> bool {
    const SCRIPT: &str = "gone() { i=0; while kill -s 0 -- -$1; do [ $i -lt 20 ] || return 1; sleep 0.1; \
                          i=$((i+1)); done; }; kill -s TERM -- -$1; gone $1 || { kill -s KILL -- -$1; gone $1; }";
    let command = Command::new(Purpose::EndGroup, format!("{sudo}sh -c '{SCRIPT}' sh {group} 2>/dev/null"))
        .timeout(Some(Duration::from_secs(10)));
    // A lost line shows at the next command.
    execute(wire, command, &mut Framed::new(Discard), &Stop::default()).is_ok_and(|exit| exit.success())
}

pub(super) struct Discard;

impl Output for Discard {
    fn bytes(&mut self, _: Stream, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

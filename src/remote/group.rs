//! The process group of a command, and how it is ended when its time is over.

use std::time::Duration;

use super::{
    Command, drive::Wire, exec::execute, frame::Framed, output::Output, purpose::Purpose, stop::Stop,
};
use crate::event::Stream;

/// Ends a process group: first politely, then by force.
pub(super) fn kill(wire: &Wire, sudo: &str, group: u32) {
    const SCRIPT: &str = "kill -s TERM -- -$1; i=0; while kill -s 0 -- -$1 && [ $i -lt 20 ]; do sleep 0.1; \
                          i=$((i+1)); done; kill -s KILL -- -$1";
    let command = Command::new(Purpose::EndGroup, format!("{sudo}sh -c '{SCRIPT}' sh {group} 2>/dev/null"))
        .timeout(Some(Duration::from_secs(10)));
    // The exit code says only whether force was needed; a lost line shows at the next command.
    execute(wire, command, &mut Framed::new(Discard), &Stop::default()).ok();
}

pub(super) struct Discard;

impl Output for Discard {
    fn bytes(&mut self, _: Stream, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
}

//! Restarts the builder and waits until a new boot answers.

use std::time::{Duration, Instant};

use super::machine::Machine;
use crate::{
    error::{Error, Kind},
    event::Events,
    remote::{Command, purpose::Purpose},
    template::model::Step,
};

/// A restart that takes longer than this hangs.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Between two looks at a builder that has not gone down yet.
const LOOK: Duration = Duration::from_millis(500);

/// # Errors
/// When no new boot answers in time.
pub async fn run(machine: &mut Machine<'_>, step: &Step, events: &Events) -> Result<(), Error> {
    let before = boot_id(machine).await?;
    let restart = format!("{}systemctl --no-block reboot", machine.remote.sudo());
    // The line may go down before the answer comes back; a new boot ID is the answer that counts.
    let (result, tail) = machine.run(Command::new(Purpose::Restart, restart), &step.name, events).await;
    if let Ok(exit) = result
        && !exit.success()
    {
        return Err(Error::new(Kind::Bake, format!("step `{}`: the restart failed with {exit}", step.name))
            .tail(tail));
    }
    let deadline = Instant::now() + step.timeout.map_or(TIMEOUT, |timeout| timeout.0);
    while Instant::now() < deadline {
        machine.reconnect(deadline.saturating_duration_since(Instant::now())).await?;
        match boot_id(machine).await {
            Ok(now) if now != before => return Ok(()),
            // The old boot answers until it goes down, and may go down while it answers.
            Ok(_) | Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
    Err(Error::new(Kind::Bake, format!("step `{}`: the builder did not restart in time", step.name))
        .tail(machine.builder.console_tail(20).await)
        .hint("raise the step's `timeout`, or look at the console output above"))
}

/// Made anew by the kernel at each boot (proc(5)).
async fn boot_id(machine: &Machine<'_>) -> Result<String, Error> {
    let command = Command::new(Purpose::BootId, "cat /proc/sys/kernel/random/boot_id")
        .timeout(Some(Duration::from_secs(30)));
    let lines = machine.ask(command, "reading the builder's boot ID").await?;
    Ok(lines.join(""))
}

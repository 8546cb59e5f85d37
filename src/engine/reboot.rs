//! Restarts the builder and waits until a new boot answers.

use super::{
    machine::Machine,
    restart::{RESTART_TIMEOUT, boot_id, wait_until_restarted},
};
use crate::{
    error::{Error, Kind},
    event::Events,
    remote::{Command, purpose::Purpose},
    template::model::Step,
};

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
    let timeout = step.timeout.map_or(RESTART_TIMEOUT, |timeout| timeout.0);
    wait_until_restarted(machine, &before, timeout, &format!("step `{}`", step.name)).await
}

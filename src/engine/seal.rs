//! Seals the builder: removes what belongs to this one machine and looks whether it is gone.

use std::{collections::BTreeMap, time::Duration};

use super::{machine::LaunchKeys, machine::Machine, stop};
use crate::{
    error::{Error, Kind},
    event::Events,
    platform::PowerOff,
    provision::{
        script::Job,
        seal::{REMAINS_MARK, parts, script},
    },
    template::model::Seal,
};

/// Giving free blocks back takes a while on a large disk.
const TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// As many remains as fit into one sentence; the rest is in the lines under it.
const NAMED: usize = 3;

/// Seals the builder and has it power itself off as soon as the line is closed, if that is its part.
///
/// # Errors
/// When something remains, named with its path.
pub async fn run(
    machine: &Machine<'_>,
    seal: &Seal,
    keys: &LaunchKeys,
    by: PowerOff,
    events: &Events,
) -> Result<(), Error> {
    machine.tidy().await?;
    if !seal.enabled {
        events.warn("[seal] is off: host keys, logs and accounts of this builder stay in the image");
        return match by {
            PowerOff::Guest => stop::power_off(machine).await,
            PowerOff::Platform => Ok(()),
        };
    }
    let (text, env) = (script(seal, &keys.account.public, by == PowerOff::Guest)?, BTreeMap::new());
    let job = Job { text: &text, user: "root", env: &env };
    let command = machine.command(&job)?.timeout(Some(TIMEOUT));
    let lines = machine.ask(command, "sealing the builder").await?;
    let remains: Vec<String> =
        lines.iter().filter_map(|line| line.strip_prefix(REMAINS_MARK)).map(Into::into).collect();
    if remains.is_empty() {
        events.note(format!("sealed: {}", parts(seal).map(|part| part.name).collect::<Vec<_>>().join(", ")));
        return Ok(());
    }
    let (count, first) = (remains.len(), remains.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>());
    let more = if count > NAMED { ", ..." } else { "" };
    let what = format!("sealing the builder left {count} things behind: {}{more}", first.join(", "));
    Err(Error::new(Kind::Bake, what)
        .tail(remains)
        .hint("find out what makes them again, or leave that part of the seal out with [seal] keep"))
}

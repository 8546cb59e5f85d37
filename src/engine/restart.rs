//! Whether the builder restarts or has restarted, and waiting until its next boot answers.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::machine::Machine;
use crate::{
    error::{Error, Kind},
    event::Events,
    provision::script::Job,
    remote::purpose::Purpose,
    time::Moment,
};

/// A restart that takes longer than this hangs.
pub const RESTART_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// Between two looks at a builder that has not gone down yet.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// A builder that is not too busy answers at once.
const PROBE_TIMEOUT: Duration = Duration::from_secs(30);

/// Tells the boot ID, which the kernel makes anew at each boot (proc(5)), and whether this boot is about to end.
/// logind knows first of a restart that somebody asks for; systemd knows of all of them once its jobs are queued.
const PROBE: &str = "cat /proc/sys/kernel/random/boot_id
if [ \"$(systemctl is-system-running 2>/dev/null)\" = stopping ] ||
    busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager \
        PreparingForShutdown 2>/dev/null | grep -q true; then
    echo stopping
elif [ -e /run/systemd/shutdown/scheduled ]; then
    echo scheduled
else
    echo staying
fi
";

/// A restart that nothing in the template has asked for.
pub fn unexpected(what: &str) -> Error {
    Error::new(Kind::Bake, format!("the builder restarted while {what}")).hint(
        "give the step that restarts it `may_reboot = true`, and the bake goes on when the builder is back; \
         or restart it in a step of its own: kind = \"reboot\"",
    )
}

/// What the builder says of its boot.
struct Boot {
    id: String,
    end: BootEnd,
}

#[derive(Clone, Copy, PartialEq)]
enum BootEnd {
    Stopping,
    /// For later, as `shutdown -r +1` does.
    Scheduled,
    NotInSight,
}

/// Waits for the next boot if the builder is going down, or is to go down soon and `scheduled_too` says that
/// this counts. Says whether there is a new boot.
///
/// # Errors
/// When no new boot answers in time, or the builder is gone.
pub async fn wait_if_restarting(
    machine: &mut Machine<'_>,
    before: &str,
    scheduled_too: bool,
    events: &Events,
) -> Result<bool, Error> {
    let boot = look(machine, events).await?;
    let is_coming = match boot.end {
        BootEnd::Stopping => true,
        BootEnd::Scheduled => scheduled_too,
        BootEnd::NotInSight => false,
    };
    if boot.id == before && is_coming {
        events.note("the builder restarts; waiting until it is back");
        wait_until_restarted(machine, before, RESTART_TIMEOUT, "the restart of the builder").await?;
        return Ok(true);
    }
    Ok(boot.id != before)
}

/// Waits until a boot with another ID than `before` answers.
///
/// # Errors
/// When none does in time, or the builder is gone.
pub async fn wait_until_restarted(
    machine: &mut Machine<'_>,
    before: &str,
    timeout: Duration,
    what: &str,
) -> Result<(), Error> {
    let deadline = Instant::now().later(timeout);
    while Instant::now() < deadline {
        machine.reconnect(deadline.saturating_duration_since(Instant::now())).await?;
        match ask(machine).await {
            Ok(boot) if boot.id != before => return Ok(()),
            // The old boot answers until it goes down, and may go down while it answers.
            Ok(_) | Err(_) => tokio::time::sleep(LOOK_INTERVAL).await,
        }
    }
    Err(Error::new(Kind::Bake, format!("{what}: no new boot answered in time"))
        .tail(machine.builder.console_tail(20).await)
        .hint("look at the console output above; a step of kind `reboot` takes a `timeout`"))
}

/// The ID of the boot that answers.
///
/// # Errors
/// When it cannot be asked.
pub async fn boot_id(machine: &Machine<'_>) -> Result<String, Error> {
    Ok(ask(machine).await?.id)
}

/// Asks over another line when this one is lost: a builder that goes down takes its lines with it.
async fn look(machine: &mut Machine<'_>, events: &Events) -> Result<Boot, Error> {
    match ask(machine).await {
        Ok(boot) => Ok(boot),
        Err(error) if error.kind == Kind::Platform => Err(error),
        Err(error) => {
            events.note(format!("{error}; connecting again"));
            machine.reconnect(RESTART_TIMEOUT).await?;
            ask(machine).await
        }
    }
}

async fn ask(machine: &Machine<'_>) -> Result<Boot, Error> {
    let job = Job { text: PROBE, user: "root", env: &BTreeMap::new() };
    let command = machine.command(Purpose::BootId, &job)?.timeout(Some(PROBE_TIMEOUT));
    let what = "asking the builder for its boot";
    let lines = machine.ask(command, what).await?;
    read(&lines).ok_or_else(|| Error::new(Kind::Remote, format!("{what} got no answer")).tail(lines))
}

fn read(lines: &[String]) -> Option<Boot> {
    let [.., id, end] = lines else { return None };
    let end = match end.as_str() {
        "stopping" => BootEnd::Stopping,
        "scheduled" => BootEnd::Scheduled,
        "staying" => BootEnd::NotInSight,
        _ => return None,
    };
    Some(Boot { id: id.clone(), end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_last_two_lines_and_nothing_else_is_one() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let boot = read(&lines("welcome\n1a2b\nstopping")).unwrap();
        assert!(boot.id == "1a2b" && boot.end == BootEnd::Stopping);
        for text in ["", "1a2b", "stopping", "1a2b\nwhat", "1a2b\nstaying\nlogout"] {
            assert!(read(&lines(text)).is_none(), "{text}");
        }
    }

    #[test]
    fn the_probe_is_answered_by_any_machine() {
        let output = std::process::Command::new("sh").args(["-c", PROBE]).output().unwrap();
        let lines: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect();
        assert_eq!(read(&lines).unwrap().id.len(), 36, "{lines:?}");
    }
}

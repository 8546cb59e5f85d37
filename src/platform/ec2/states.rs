//! Waiting for what becomes of an instance.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tokio::time::sleep;

use super::{
    api::{Instance, Machines, State},
    door::Door,
    error::waited,
};
use crate::{
    aws::{AwsError, Fault},
    platform::{PlatformError, PowerOff},
    wait::{Look, Wait, WaitError},
};

const RUNNING: Duration = Duration::from_secs(10 * 60);
/// A subnet may give none, so this is not waited for long.
const ADDRESSED: Duration = Duration::from_secs(60);
const TERMINATED: Duration = Duration::from_secs(15 * 60);

/// EC2 answers from several places, of which one may not know yet what another does: so many others must
/// say that an instance is stopped.
const OTHERS: u32 = 1;

/// So often in a row EC2 must not know a thing before it is taken for gone.
pub const UNKNOWN: u32 = 3;

/// The reason of an instance whose guest powered itself off.
const BY_ITSELF: &str = "Client.InstanceInitiatedShutdown";

/// Between two of these answers.
const AGAIN: Duration = Duration::from_secs(1);

/// Until it runs, has an address and `volumes` of its own. `at` is where its SSH will answer, if that can
/// be told and reached from here.
///
/// # Errors
/// When it ends instead, with the reason that EC2 gives.
pub async fn running(
    machines: &dyn Machines,
    id: &str,
    volumes: usize,
    name: &str,
    at: impl Fn(&Instance) -> Option<SocketAddr>,
) -> Result<Instance, PlatformError> {
    let door = Door::default();
    // A place that is behind only makes the next call wait; nothing is spoiled by it.
    let wait = Wait::new(format!("{id} is running"), RUNNING).sooner(door.answered());
    let ready = |instance: &Instance| {
        at(instance).into_iter().for_each(|address| door.knock(address));
        instance.private_ip.or(instance.public_ip).is_some() && instance.volumes.len() >= volumes
    };
    let hint = "an instance that ends at once often has a volume whose KMS key cannot be used: look at kms_key \
                and at the key's policy";
    let there = while_running(machines, id, &wait, ready).await;
    there.map_err(waited(format!("starting the builder `{name}`"), hint))
}

/// Until its public address is known, which EC2 may tell later than the private one. It is given
/// back without one when it gets none: that is no fault of EC2.
///
/// # Errors
/// When it ends instead.
pub async fn addressed(
    machines: &dyn Machines,
    instance: Instance,
    name: &str,
) -> Result<Instance, PlatformError> {
    let wait = Wait::new(format!("{} has a public address", instance.id), ADDRESSED);
    match while_running(machines, &instance.id, &wait, |seen| seen.public_ip.is_some()).await {
        Ok(seen) => Ok(seen),
        Err(WaitError::TooLong { .. }) => Ok(instance),
        Err(error) => {
            let hint = "see the console for what ended the instance";
            Err(waited(format!("starting the builder `{name}`"), hint)(error))
        }
    }
}

/// Until it is as wanted, as long as it does not end.
async fn while_running(
    machines: &dyn Machines,
    id: &str,
    wait: &Wait,
    wanted: impl Fn(&Instance) -> bool,
) -> Result<Instance, WaitError<AwsError>> {
    let look = || async {
        Ok(match seen(machines, id).await? {
            Ok(instance) => match (wanted(&instance), instance.state) {
                (true, State::Running) => Look::There(instance),
                (_, State::Pending | State::Running) => Look::NotYet(word(&instance)),
                (_, State::Stopping | State::Stopped | State::ShuttingDown | State::Terminated) => {
                    Look::Over(word(&instance))
                }
            },
            Err(error) => Look::Unseen(error),
        })
    };
    wait.until(look).await
}

/// Until it is stopped. EC2 takes the power away from a guest that does not go down when asked, and
/// says `stopped` all the same; one that went off by itself has a reason of its own.
///
/// # Errors
/// When it is still up after `deadline`, or was stopped otherwise: it is never captured then.
pub async fn stopped(
    machines: &dyn Machines,
    id: &str,
    by: PowerOff,
    deadline: Duration,
) -> Result<(), PlatformError> {
    let wait = Wait::new(format!("{id} is stopped"), deadline).confirmed(OTHERS);
    let look = || async move {
        Ok(match seen(machines, id).await? {
            Ok(instance) => match instance.state {
                State::Stopped if by == PowerOff::Platform || off_by_itself(&instance) => Look::There(()),
                State::Stopped => Look::Over(format!("{}, not by its guest alone", word(&instance))),
                State::ShuttingDown | State::Terminated => Look::Over(word(&instance)),
                State::Pending | State::Running | State::Stopping => Look::NotYet(word(&instance)),
            },
            Err(error) => Look::Unseen(error),
        })
    };
    let hint = "see the console for what holds the shutdown up, and look who else stops instances";
    wait.until(look).await.map_err(waited(format!("stopping the builder {id}"), hint))
}

fn off_by_itself(instance: &Instance) -> bool {
    instance.reason.as_ref().is_some_and(|reason| reason.starts_with(BY_ITSELF))
}

/// Until nothing of it is left; one that is forgotten already is gone.
///
/// # Errors
/// When it does not end.
pub async fn terminated(machines: &dyn Machines, id: &str) -> Result<(), PlatformError> {
    let (wait, unknown) = (Wait::new(format!("{id} is terminated"), TERMINATED), AtomicU32::new(0));
    let look = || async {
        Ok(match seen(machines, id).await? {
            Ok(instance) if instance.state == State::Terminated => Look::There(()),
            Ok(instance) => {
                unknown.store(0, Ordering::Relaxed);
                Look::NotYet(word(&instance))
            }
            Err(_) if unknown.fetch_add(1, Ordering::Relaxed) + 1 >= UNKNOWN => Look::There(()),
            Err(error) => Look::NotYet(error.why()),
        })
    };
    wait.until(look)
        .await
        .map_err(waited(format!("ending the builder {id}"), "look at it in the EC2 console"))
}

/// Why the instance no longer runs; `None` while it does or nobody can tell.
pub async fn gone(machines: &dyn Machines, id: &str) -> Option<String> {
    for _ in 0..UNKNOWN {
        match seen(machines, id).await {
            Ok(Ok(instance)) => return ended(&instance),
            Ok(Err(_)) => sleep(AGAIN).await,
            // A question that failed says nothing about the instance.
            Err(_) => return None,
        }
    }
    Some(format!("the instance {id} no longer exists"))
}

fn ended(instance: &Instance) -> Option<String> {
    match instance.state {
        State::Pending | State::Running => None,
        State::Stopping | State::Stopped | State::ShuttingDown | State::Terminated => {
            let spot =
                instance.reason.as_deref().is_some_and(|reason| reason.starts_with("Server.SpotInstance"));
            let taken = if spot { "; AWS took its spot capacity back" } else { "" };
            Some(format!("the instance {} {}{taken}", instance.id, word(instance)))
        }
    }
}

/// The inner error is that EC2 does not know the instance: not yet, or no longer.
async fn seen(machines: &dyn Machines, id: &str) -> Result<Result<Instance, AwsError>, AwsError> {
    match machines.instance(id).await {
        Err(error) if error.fault == Fault::NotFound => Ok(Err(error)),
        answer => answer.map(Ok),
    }
}

fn word(instance: &Instance) -> String {
    let state = match instance.state {
        State::Pending => "is pending",
        State::Running => "is running",
        State::Stopping => "is stopping",
        State::Stopped => "is stopped",
        State::ShuttingDown => "is shutting down",
        State::Terminated => "is terminated",
    };
    match &instance.reason {
        Some(reason) => format!("{state}: {reason}"),
        None => state.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ec2::fake::FakeEc2;

    const LONG: Duration = Duration::from_secs(60);
    const KMS: &str = "Client.InternalError: Client error on launch";

    #[tokio::test]
    async fn an_instance_that_ends_at_once_is_told_with_the_reason_of_ec2() {
        let ec2 = FakeEc2::default().in_state(State::Terminated, KMS);
        let error = running(&ec2, "i-1", 1, "web-1", |_| None).await.unwrap_err();
        assert!(error.to_string().starts_with("starting the builder `web-1`: "), "{error}");
        assert!(error.to_string().contains("i-1 is running: is terminated: Client.InternalError"), "{error}");
        assert!(error.hint.unwrap().contains("kms_key"));
    }

    #[tokio::test]
    async fn an_instance_that_is_terminated_while_it_stops_is_not_captured() {
        let ec2 = FakeEc2::default().in_state(State::Terminated, "Client.UserInitiatedShutdown");
        let error = stopped(&ec2, "i-1", PowerOff::Platform, LONG).await.unwrap_err();
        assert!(error.to_string().contains("Client.UserInitiatedShutdown"), "{error}");
        let ec2 = FakeEc2::default().in_state(State::Stopped, "");
        stopped(&ec2, "i-1", PowerOff::Platform, LONG).await.unwrap();
    }

    #[tokio::test]
    async fn a_guest_that_did_not_go_off_by_itself_is_not_captured() {
        let itself = "Client.InstanceInitiatedShutdown: Instance initiated shutdown";
        let ec2 = FakeEc2::default().in_state(State::Stopped, itself);
        stopped(&ec2, "i-1", PowerOff::Guest, LONG).await.unwrap();
        for reason in ["Client.UserInitiatedShutdown", "Server.SpotInstanceStop: no capacity", ""] {
            let ec2 = FakeEc2::default().in_state(State::Stopped, reason);
            let error = stopped(&ec2, "i-1", PowerOff::Guest, LONG).await.unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.to_string().contains("not by its guest"), "{error}");
        }
    }

    #[tokio::test]
    async fn what_ended_an_instance_from_outside_is_told() {
        let reason = "Server.SpotInstanceTermination: interrupted";
        let gone_why = gone(&FakeEc2::default().in_state(State::Stopped, reason), "i-1").await;
        let told = format!("the instance i-1 is stopped: {reason}; AWS took its spot capacity back");
        assert_eq!(gone_why.unwrap(), told);
        let reason = "Client.UserInitiatedShutdown: User initiated shutdown";
        let gone_why = gone(&FakeEc2::default().in_state(State::Terminated, reason), "i-1").await;
        assert_eq!(gone_why.unwrap(), format!("the instance i-1 is terminated: {reason}"));
        assert_eq!(gone(&FakeEc2::default().in_state(State::Running, ""), "i-1").await, None);
    }

    #[tokio::test]
    async fn an_instance_is_gone_when_ec2_does_not_know_it_several_times_in_a_row() {
        const NO: &str = "InvalidInstanceID.NotFound";
        let once = FakeEc2::default().in_state(State::Running, "").first("look", NO);
        assert_eq!(gone(&once, "i-1").await, None);
        let often = once.first("look", NO).first("look", NO).first("look", NO);
        assert_eq!(gone(&often, "i-1").await.unwrap(), "the instance i-1 no longer exists");
    }

    #[tokio::test]
    async fn a_running_instance_that_is_unknown_once_has_not_ended() {
        let ec2 = FakeEc2::default().first("look", "InvalidInstanceID.NotFound");
        terminated(&ec2, "i-1").await.unwrap();
        assert_eq!(ec2.calls(), ["look i-1", "look i-1"]);
    }

    #[tokio::test]
    async fn a_state_is_believed_when_ec2_says_it_twice() {
        let ec2 = FakeEc2::default().in_state(State::Stopped, "");
        stopped(&ec2, "i-1", PowerOff::Platform, LONG).await.unwrap();
        assert_eq!(ec2.calls().len(), 2);
    }

    #[tokio::test]
    async fn a_public_address_that_comes_later_is_waited_for() {
        let ec2 = FakeEc2::default().in_state(State::Running, "").public_after(2);
        let instance = ec2.instance("i-1").await.unwrap();
        assert_eq!(instance.public_ip, None);
        assert!(addressed(&ec2, instance, "web-1").await.unwrap().public_ip.is_some());
    }

    #[tokio::test]
    async fn a_question_that_fails_does_not_mean_that_the_instance_is_gone() {
        assert_eq!(gone(&FakeEc2::default().refusing("look"), "i-1").await, None);
    }
}

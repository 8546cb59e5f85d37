//! Waiting for what becomes of an instance.

use std::time::Duration;

use super::{
    api::{Instance, Machines, State},
    error::waited,
};
use crate::{
    aws::{AwsError, Fault},
    platform::PlatformError,
    wait::{Look, Wait},
};

const RUNNING: Duration = Duration::from_secs(10 * 60);
const TERMINATED: Duration = Duration::from_secs(15 * 60);

/// Until it runs, has an address and `volumes` of its own.
///
/// # Errors
/// When it ends instead, with the reason that EC2 gives.
pub async fn running(
    machines: &dyn Machines,
    id: &str,
    volumes: usize,
    name: &str,
) -> Result<Instance, PlatformError> {
    let wait = Wait::new(format!("{id} is running"), RUNNING);
    let look = || async move {
        Ok(match seen(machines, id).await? {
            Ok(instance) => match instance.state {
                State::Running if ready(&instance, volumes) => Look::There(instance),
                State::Pending | State::Running => Look::NotYet(word(&instance)),
                State::Stopping | State::Stopped | State::ShuttingDown | State::Terminated => {
                    Look::Over(word(&instance))
                }
            },
            Err(error) => Look::Unseen(error),
        })
    };
    let hint = "an instance that ends at once often has a volume whose KMS key cannot be used: look at kms_key \
                and at the key's policy";
    wait.until(look).await.map_err(waited(format!("starting the builder `{name}`"), hint))
}

fn ready(instance: &Instance, volumes: usize) -> bool {
    instance.private_ip.or(instance.public_ip).is_some() && instance.volumes.len() >= volumes
}

/// Until it has shut itself down.
///
/// # Errors
/// When it is still up after `deadline`: it is never captured then.
pub async fn stopped(machines: &dyn Machines, id: &str, deadline: Duration) -> Result<(), PlatformError> {
    let wait = Wait::new(format!("{id} is stopped"), deadline);
    let look = || async move {
        Ok(match seen(machines, id).await? {
            Ok(instance) => match instance.state {
                State::Stopped => Look::There(()),
                State::ShuttingDown | State::Terminated => Look::Over(word(&instance)),
                State::Pending | State::Running | State::Stopping => Look::NotYet(word(&instance)),
            },
            Err(error) => Look::Unseen(error),
        })
    };
    let hint = "see the console for what holds the shutdown up";
    wait.until(look).await.map_err(waited(format!("stopping the builder {id}"), hint))
}

/// Until nothing of it is left; one that is forgotten already is gone.
///
/// # Errors
/// When it does not end.
pub async fn terminated(machines: &dyn Machines, id: &str) -> Result<(), PlatformError> {
    let wait = Wait::new(format!("{id} is terminated"), TERMINATED);
    let look = || async move {
        Ok(match seen(machines, id).await? {
            Ok(instance) if instance.state == State::Terminated => Look::There(()),
            Ok(instance) => Look::NotYet(word(&instance)),
            Err(_) => Look::There(()),
        })
    };
    wait.until(look)
        .await
        .map_err(waited(format!("ending the builder {id}"), "look at it in the EC2 console"))
}

/// Why the instance no longer runs; `None` while it does or nobody can tell.
pub async fn gone(machines: &dyn Machines, id: &str) -> Option<String> {
    match seen(machines, id).await {
        Ok(Ok(instance)) => match instance.state {
            State::Pending | State::Running => None,
            State::Stopping | State::Stopped | State::ShuttingDown | State::Terminated => {
                Some(format!("the instance {id} {}", word(&instance)))
            }
        },
        Ok(Err(_)) => Some(format!("the instance {id} no longer exists")),
        // A question that failed says nothing about the instance.
        Err(_) => None,
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

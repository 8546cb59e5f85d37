//! Removing what a launch made, in the order in which EC2 lets go of it. Can be done again.

use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::{api::Ec2, error::waited, states};
use crate::{
    aws::{AwsError, Fault},
    journal::{Journal, Thing},
    platform::PlatformError,
    wait::{Look, Wait, WaitError},
};

/// The interface of a terminated instance holds its group for a while.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Something still holds it, and lets go of it in a while.
const IN_USE: [&str; 3] = ["DependencyViolation", "VolumeInUse", "InvalidSnapshot.InUse"];

/// What a launch has made so far.
#[derive(Clone, Debug, Default)]
pub struct Made {
    pub instance: Option<String>,
    pub spot_request: Option<String>,
    pub group: Option<String>,
    pub journal: Option<Journal>,
}

impl Made {
    /// Whoever reads the journal need not look for it any more.
    fn gone(&self, id: &str) {
        let is = |thing: &Thing| match thing {
            Thing::Instance { id: known, .. }
            | Thing::SecurityGroup { id: known, .. }
            | Thing::SpotRequest { id: known, .. } => known == id,
            Thing::Ami { .. } | Thing::Machine { .. } | Thing::Folder { .. } | Thing::Lock { .. } => false,
        };
        // If that cannot be written, it is looked for in vain later.
        self.journal.iter().for_each(|journal| drop(journal.gone(is)));
    }
}

/// Removes all of it; each thing is tried, also when another one stays.
///
/// # Errors
/// What is left, each with the command that removes it.
pub async fn destroy(ec2: &dyn Ec2, region: &str, made: &mut Made) -> Result<(), PlatformError> {
    let mut left = Vec::new();
    if let Some(request) = made.spot_request.clone() {
        match removed(|| ec2.cancel_spot(&request), &request).await {
            Ok(()) => {
                made.gone(&request);
                made.spot_request = None;
            }
            Err(error) => left.push(Left::spot(&request, error)),
        }
    }
    if let Some(id) = made.instance.clone() {
        match end(ec2, &id).await {
            Ok(()) => {
                made.gone(&id);
                made.instance = None;
            }
            Err(error) => left.push(Left::instance(&id, error)),
        }
    }
    if let Some(group) = made.group.clone() {
        match removed(|| ec2.delete_group(&group), &group).await {
            Ok(()) => {
                made.gone(&group);
                made.group = None;
            }
            Err(error) => left.push(Left::group(&group, error)),
        }
    }
    told(left, region)
}

pub(super) async fn end(ec2: &dyn Ec2, id: &str) -> Result<(), PlatformError> {
    let hint = "look at it in the EC2 console";
    removed(|| ec2.terminate(id), id).await.map_err(waited(format!("ending the builder {id}"), hint))?;
    states::terminated(ec2, id).await
}

/// Removes one thing. It is gone when EC2 says so, or does not know it several times in a row.
pub(super) async fn removed<F>(remove: impl Fn() -> F, name: &str) -> Result<(), WaitError<AwsError>>
where
    F: Future<Output = Result<(), AwsError>>,
{
    let (wait, unknown) = (Wait::new(format!("{name} is removed"), PATIENCE), AtomicU32::new(0));
    let look = || async {
        match remove().await {
            Ok(()) => Ok(Look::There(())),
            Err(error) if error.fault == Fault::NotFound => {
                match unknown.fetch_add(1, Ordering::Relaxed) + 1 {
                    states::UNKNOWN.. => Ok(Look::There(())),
                    _ => Ok(Look::NotYet(error.why())),
                }
            }
            Err(error) if error.code.as_deref().is_some_and(|code| IN_USE.contains(&code)) => {
                unknown.store(0, Ordering::Relaxed);
                Ok(Look::NotYet(error.why()))
            }
            Err(error) => Err(error),
        }
    };
    wait.until(look).await
}

/// Something that could not be removed.
struct Left {
    what: String,
    command: String,
    why: String,
}

impl Left {
    fn instance(id: &str, why: impl ToString) -> Self {
        let command = format!("terminate-instances --instance-ids {id}");
        Self { what: format!("the instance {id}"), command, why: why.to_string() }
    }

    fn spot(id: &str, why: impl ToString) -> Self {
        let command = format!("cancel-spot-instance-requests --spot-instance-request-ids {id}");
        Self { what: format!("the spot request {id}"), command, why: why.to_string() }
    }

    fn group(id: &str, why: impl ToString) -> Self {
        let command = format!("delete-security-group --group-id {id}");
        Self { what: format!("the security group {id}"), command, why: why.to_string() }
    }
}

fn told(left: Vec<Left>, region: &str) -> Result<(), PlatformError> {
    if left.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = left.iter().map(|one| one.what.as_str()).collect();
    let why: Vec<&str> = left.iter().map(|one| one.why.as_str()).collect();
    let commands = left.iter().map(|one| format!("aws ec2 {} --region {region}", one.command));
    let error = PlatformError::new(format!("removing {}", names.join(" and ")), why.join("; "));
    Err(error.hint(format!("remove by hand: {}", commands.collect::<Vec<_>>().join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ec2::fake::FakeEc2;

    fn made() -> Made {
        let name = |text: &str| Some(text.to_owned());
        Made { instance: name("i-1"), spot_request: name("sir-1"), group: name("sg-1"), journal: None }
    }

    #[tokio::test]
    async fn the_group_goes_last_and_a_second_time_does_nothing() {
        let (ec2, mut made) = (FakeEc2::default(), made());
        destroy(&ec2, "eu-west-1", &mut made).await.unwrap();
        assert_eq!(ec2.calls(), ["cancel sir-1", "terminate i-1", "look i-1", "delete sg-1"]);
        destroy(&ec2, "eu-west-1", &mut made).await.unwrap();
        assert_eq!(ec2.calls().len(), 4);
    }

    #[tokio::test]
    async fn what_stays_is_named_with_the_command_that_removes_it() {
        let (ec2, mut made) = (FakeEc2::default().refusing("terminate"), made());
        let error = destroy(&ec2, "eu-west-1", &mut made).await.unwrap_err();
        assert!(error.to_string().starts_with("removing the instance i-1: "), "{error}");
        let hint = error.hint.unwrap();
        assert!(hint.contains("aws ec2 terminate-instances --instance-ids i-1 --region eu-west-1"), "{hint}");
        assert_eq!((made.instance.as_deref(), made.group), (Some("i-1"), None));
    }
}

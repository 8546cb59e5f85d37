//! What EC2 made although its answer was lost, found by what nothing else carries.

use std::{future::Future, time::Duration};

use super::api::{GroupOrder, Instance, Machines, Network};
use crate::{
    aws::AwsError,
    wait::{Look, Wait, WaitError},
};

/// How long it may take to be seen.
const LOST: Duration = Duration::from_secs(30);

/// The instance that one of these tokens was sent for.
pub async fn instance(machines: &dyn Machines, tokens: &[String]) -> Result<Option<Instance>, AwsError> {
    found("the ordered instance is seen", || machines.ordered(tokens)).await
}

/// The group of this name and run.
pub async fn group(network: &dyn Network, order: &GroupOrder) -> Result<Option<String>, AwsError> {
    found("the ordered security group is seen", || network.made_group(order)).await
}

async fn found<T, F>(name: &str, ask: impl Fn() -> F) -> Result<Option<T>, AwsError>
where
    F: Future<Output = Result<Option<T>, AwsError>>,
{
    let look = || async {
        Ok(match ask().await? {
            Some(thing) => Look::There(thing),
            None => Look::NotYet("there is none".to_owned()),
        })
    };
    match Wait::new(name, LOST).until(look).await {
        Ok(thing) => Ok(Some(thing)),
        Err(WaitError::Look(error)) => Err(error),
        Err(WaitError::TooLong { .. } | WaitError::Over { .. }) => Ok(None),
    }
}

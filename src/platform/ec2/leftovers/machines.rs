//! Instances and what surrounds them.

use aws_sdk_ec2::types::{Filter, Instance, InstanceStateName, SpotInstanceState};

use super::{Told, leftover, time};
use crate::{
    aws::{Aws, AwsError, Call},
    platform::{Leftover, LeftoverKind},
};

const WHAT: &str = "what runs have left";

pub async fn instances(aws: &Aws, by: &Filter) -> Result<Vec<Leftover>, AwsError> {
    let call = Call::read("ec2:DescribeInstances", WHAT);
    let ask = || aws.ec2().describe_instances().filters(by.clone()).send();
    let reservations = aws.call(call, ask).await?.reservations.unwrap_or_default();
    let all = reservations.into_iter().flat_map(|one| one.instances.unwrap_or_default());
    Ok(all.filter_map(|instance| instance_left(aws, &instance)).collect())
}

fn instance_left(aws: &Aws, instance: &Instance) -> Option<Leftover> {
    let state = instance.state().and_then(|state| state.name()).cloned()?;
    if state == InstanceStateName::Terminated {
        return None;
    }
    let kind = instance.instance_type().map(|kind| kind.as_str()).unwrap_or_default();
    leftover(
        aws,
        Told {
            kind: LeftoverKind::Instance,
            id: instance.instance_id(),
            tags: instance.tags(),
            since: time(instance.launch_time()),
            detail: format!("{kind}, {}", state.as_str()),
        },
    )
}

/// One that is not cancelled starts its instance again.
pub async fn spot_requests(aws: &Aws, by: &Filter) -> Result<Vec<Leftover>, AwsError> {
    let call = Call::read("ec2:DescribeSpotInstanceRequests", WHAT);
    let ask = || aws.ec2().describe_spot_instance_requests().filters(by.clone()).send();
    let all = aws.call(call, ask).await?.spot_instance_requests.unwrap_or_default();
    let live = all.iter().filter(|request| {
        !matches!(
            request.state(),
            Some(SpotInstanceState::Cancelled | SpotInstanceState::Closed | SpotInstanceState::Failed)
        )
    });
    let left = live.filter_map(|request| {
        leftover(
            aws,
            Told {
                kind: LeftoverKind::SpotRequest,
                id: request.spot_instance_request_id(),
                tags: request.tags(),
                since: time(request.create_time()),
                detail: request.state().map(|state| state.as_str().to_owned()).unwrap_or_default(),
            },
        )
    });
    Ok(left.collect())
}

pub async fn groups(aws: &Aws, by: &Filter) -> Result<Vec<Leftover>, AwsError> {
    let call = Call::read("ec2:DescribeSecurityGroups", WHAT);
    let ask = || aws.ec2().describe_security_groups().filters(by.clone()).send();
    let all = aws.call(call, ask).await?.security_groups.unwrap_or_default();
    let left = all.iter().filter_map(|group| {
        leftover(
            aws,
            Told {
                kind: LeftoverKind::SecurityGroup,
                id: group.group_id(),
                tags: group.tags(),
                since: None,
                detail: group.group_name().unwrap_or_default().to_owned(),
            },
        )
    });
    Ok(left.collect())
}

//! EC2 Instance Connect Endpoints.

use async_trait::async_trait;
use aws_sdk_ec2::types::Ec2InstanceConnectEndpoint;

use super::filter;
use crate::{
    aws::{Aws, AwsError, Call},
    platform::ec2::api::{Endpoints, Gate, Gates},
};

#[async_trait]
impl Endpoints for Aws {
    async fn gates(&self, wanted: Gates<'_>) -> Result<Vec<Gate>, AwsError> {
        let (Gates::Id(what) | Gates::InVpc(what)) = wanted;
        let call = Call::read("ec2:DescribeInstanceConnectEndpoints", what);
        let ask = || {
            let request = self.ec2().describe_instance_connect_endpoints();
            match wanted {
                Gates::Id(id) => request.instance_connect_endpoint_ids(id).send(),
                Gates::InVpc(vpc) => request.filters(filter("vpc-id", vpc)).send(),
            }
        };
        let answer = self.call(call, ask).await?;
        Ok(answer.instance_connect_endpoints.unwrap_or_default().into_iter().map(gate).collect())
    }
}

fn gate(found: Ec2InstanceConnectEndpoint) -> Gate {
    Gate {
        id: found.instance_connect_endpoint_id.unwrap_or_default(),
        dns: found.dns_name,
        state: found.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        reason: found.state_message.filter(|reason| !reason.is_empty()),
    }
}

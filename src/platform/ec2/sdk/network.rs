//! Subnets, VPCs and security groups.

use async_trait::async_trait;
use aws_sdk_ec2::types::{IpPermission, IpRange, Ipv6Range, ResourceType};

use super::{filter, tagged};
use crate::{
    aws::{Aws, AwsError, Call, tags},
    platform::ec2::api::{GroupOrder, Network},
};

#[async_trait]
impl Network for Aws {
    async fn vpcs_of(&self, subnets: &[String]) -> Result<Vec<String>, AwsError> {
        let what = subnets.join(", ");
        let call = Call::read("ec2:DescribeSubnets", &what);
        let ask = || self.ec2().describe_subnets().set_subnet_ids(Some(subnets.to_vec())).send();
        let answer = self.call(call, ask).await?;
        Ok(answer.subnets.unwrap_or_default().into_iter().filter_map(|subnet| subnet.vpc_id).collect())
    }

    async fn ranges(&self, vpc: Option<&str>) -> Result<Vec<String>, AwsError> {
        let call = Call::read("ec2:DescribeVpcs", vpc.unwrap_or("the default VPC"));
        let ask = || match vpc {
            Some(vpc) => self.ec2().describe_vpcs().vpc_ids(vpc).send(),
            None => self.ec2().describe_vpcs().filters(filter("is-default", "true")).send(),
        };
        let answer = self.call(call, ask).await?;
        let vpcs = answer.vpcs.unwrap_or_default().into_iter();
        let more = vpcs.flat_map(|vpc| vpc.cidr_block_association_set.unwrap_or_default());
        Ok(more.filter_map(|one| one.cidr_block).collect())
    }

    async fn make_group(&self, group: &GroupOrder) -> Result<String, AwsError> {
        let call = Call::once("ec2:CreateSecurityGroup", &group.name);
        let make = || {
            self.ec2()
                .create_security_group()
                .group_name(&group.name)
                .description("SSH to a builder of hornero, for as long as it runs")
                .set_vpc_id(group.vpc.clone())
                .tag_specifications(tagged(ResourceType::SecurityGroup, &group.tags))
                .send()
        };
        let made = self.call(call, make).await?;
        made.group_id.ok_or_else(|| self.incomplete(&call, "EC2 answered without a group"))
    }

    async fn made_group(&self, group: &GroupOrder) -> Result<Option<String>, AwsError> {
        let call = Call::read("ec2:DescribeSecurityGroups", &group.name);
        let run = group.tags.get(tags::RUN).map(|run| filter(&format!("tag:{}", tags::RUN), run));
        let vpc = group.vpc.as_deref().map(|vpc| filter("vpc-id", vpc));
        let filters: Vec<_> = run.into_iter().chain(vpc).chain([filter("group-name", &group.name)]).collect();
        let ask = || self.ec2().describe_security_groups().set_filters(Some(filters.clone())).send();
        let found = self.call(call, ask).await?.security_groups.unwrap_or_default();
        Ok(found.into_iter().find_map(|group| group.group_id))
    }

    async fn open_port(&self, group: &str, port: u16, ranges: &[String]) -> Result<(), AwsError> {
        let call = Call::repeatable("ec2:AuthorizeSecurityGroupIngress", group);
        let rule = rule(port, ranges);
        let open = || {
            let ingress = self.ec2().authorize_security_group_ingress().group_id(group);
            ingress.ip_permissions(rule.clone()).send()
        };
        match self.call(call, open).await {
            // A try whose answer was lost did it.
            Err(error) if error.code.as_deref() == Some("InvalidPermission.Duplicate") => Ok(()),
            answer => answer.map(drop),
        }
    }

    async fn delete_group(&self, group: &str) -> Result<(), AwsError> {
        let call = Call::removal("ec2:DeleteSecurityGroup", group);
        self.call(call, || self.ec2().delete_security_group().group_id(group).send()).await.map(drop)
    }
}

fn rule(port: u16, ranges: &[String]) -> IpPermission {
    let (v6, v4): (Vec<_>, Vec<_>) = ranges.iter().partition(|range| range.contains(':'));
    let v4 = v4.into_iter().map(|range| IpRange::builder().cidr_ip(range).build()).collect();
    let v6 = v6.into_iter().map(|range| Ipv6Range::builder().cidr_ipv6(range).build()).collect();
    IpPermission::builder()
        .ip_protocol("tcp")
        .from_port(port.into())
        .to_port(port.into())
        .set_ip_ranges(Some(v4))
        .set_ipv6_ranges(Some(v6))
        .build()
}

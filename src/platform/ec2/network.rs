//! Who may reach the builder: given security groups, or a temporary one that is open to the
//! caller's address alone.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use super::{
    address::caller_address,
    api::{GroupOrder, Network},
    destroy::removed,
    error::{failed, waited},
    lost,
};
use crate::{
    aws::{AwsError, Fault},
    platform::PlatformError,
    template::model::{Ec2, Ssh, Via},
    wait::{Look, Wait},
};

/// How long parts of EC2 may not know a group that another part has just made.
pub const KNOWN: Duration = Duration::from_secs(60);

/// The groups of a builder, and the one among them that is to be deleted again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    pub all: Vec<String>,
    pub temporary: Option<String>,
}

/// What a temporary group is made for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    pub name: &'a str,
    pub settings: &'a Ec2,
    pub ssh: &'a Ssh,
    pub tags: &'a BTreeMap<String, String>,
}

impl Wanted<'_> {
    fn doing(&self) -> String {
        format!("making a security group for the builder `{}`", self.name)
    }
}

/// # Errors
/// When it is not known who should get in, or EC2 refuses. No group is left then.
pub async fn groups(network: &dyn Network, wanted: Wanted<'_>) -> Result<Groups, PlatformError> {
    if !wanted.settings.security_groups.is_empty() {
        return Ok(Groups { all: wanted.settings.security_groups.clone(), temporary: None });
    }
    let vpc = vpc(network, &wanted).await?;
    let ranges = ranges(network, &wanted, vpc.as_deref()).await?;
    let order = GroupOrder { name: format!("hornero-{}", wanted.name), vpc, tags: wanted.tags.clone() };
    let group = make(network, &order).await.map_err(|error| {
        let left = format!("a security group {} may be left in {}", order.name, error.region);
        let lost = error.fault == Fault::Transient;
        let error = failed(wanted.doing())(error);
        if lost { error.tail(vec![left]) } else { error }
    })?;
    let Err(error) = open(network, &group, &wanted, &ranges).await else {
        return Ok(Groups { all: vec![group.clone()], temporary: Some(group) });
    };
    match removed(|| network.delete_group(&group), &group).await {
        Ok(()) => Err(error),
        Err(left) => Err(error.tail(vec![format!("the group {group} is left: {left}")])),
    }
}

/// Nothing makes it safe to order a group twice but its name, which only one in a VPC can have: who
/// gets no answer looks for it.
async fn make(network: &dyn Network, order: &GroupOrder) -> Result<String, AwsError> {
    match network.make_group(order).await {
        Err(error) if error.fault == Fault::Transient => {}
        answer => return answer,
    }
    if let Some(group) = lost::group(network, order).await? {
        return Ok(group);
    }
    match network.make_group(order).await {
        Err(error)
            if error.fault == Fault::Transient || error.code.as_deref() == Some("InvalidGroup.Duplicate") =>
        {
            lost::group(network, order).await?.ok_or(error)
        }
        answer => answer,
    }
}

async fn open(
    network: &dyn Network,
    group: &str,
    wanted: &Wanted<'_>,
    ranges: &[String],
) -> Result<(), PlatformError> {
    let port = wanted.ssh.port.unwrap_or(22);
    let wait = Wait::new(format!("EC2 knows the group {group}"), KNOWN);
    let look = || async {
        match network.open_port(group, port, ranges).await {
            Ok(()) => Ok(Look::There(())),
            Err(error) if error.fault == Fault::NotFound => Ok(Look::Unseen(error)),
            Err(error) => Err(error),
        }
    };
    let hint = "look whether somebody removes security groups of this account";
    wait.until(look).await.map_err(waited(wanted.doing(), hint))
}

/// All subnets must be in one VPC, for a group belongs to one.
async fn vpc(network: &dyn Network, wanted: &Wanted<'_>) -> Result<Option<String>, PlatformError> {
    let subnets = &wanted.settings.subnets;
    if subnets.is_empty() {
        return Ok(None);
    }
    let mut vpcs = network.vpcs_of(subnets).await.map_err(failed(wanted.doing()))?;
    vpcs.sort();
    vpcs.dedup();
    if vpcs.len() > 1 {
        let why = format!("the subnets {} are in several VPCs: {}", subnets.join(", "), vpcs.join(", "));
        return Err(PlatformError::new(wanted.doing(), why).hint("name subnets of one VPC in [ec2] subnets"));
    }
    Ok(vpcs.pop())
}

/// Given ranges win. A tunnel's other end is in the VPC, and so is what forwards an address of the template's own;
/// who comes over a private network has an address there that only the user knows. Only who comes straight over
/// the internet has to be asked for.
async fn ranges(
    network: &dyn Network,
    wanted: &Wanted<'_>,
    vpc: Option<&str>,
) -> Result<Vec<String>, PlatformError> {
    let Wanted { settings, ssh, .. } = wanted;
    if !settings.ssh_cidrs.is_empty() {
        return Ok(settings.ssh_cidrs.clone());
    }
    match ssh.via {
        Some(Via::InstanceConnectEndpoint) => network.ranges(vpc).await.map_err(failed(wanted.doing())),
        _ if ssh.host.is_some() => network.ranges(vpc).await.map_err(failed(wanted.doing())),
        _ if ssh.bastion.is_some() || ssh.via == Some(Via::PrivateIp) => {
            let why = "the builder is reached over a private network, and nothing says from which address";
            Err(PlatformError::new(wanted.doing(), why).hint(
                "set [ec2] ssh_cidrs = [\"10.0.0.5/32\"] to the address that the builder will see, \
                 or name your own [ec2] security_groups",
            ))
        }
        Some(Via::PublicIp | Via::PrivateIp) | None => {
            Ok(vec![alone(caller_address(settings.address_service()).await?)])
        }
    }
}

fn alone(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("{address}/32"),
        IpAddr::V6(address) => format!("{address}/128"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ec2::fake::FakeEc2;

    async fn made(ec2: &FakeEc2, settings: &Ec2, ssh: &Ssh) -> Result<Groups, PlatformError> {
        groups(ec2, Wanted { name: "web-1", settings, ssh, tags: &BTreeMap::new() }).await
    }

    #[tokio::test]
    async fn given_groups_are_used_and_none_is_made() {
        let ec2 = FakeEc2::default();
        let settings = Ec2 { security_groups: vec!["sg-1".into()], ..Ec2::default() };
        let groups = made(&ec2, &settings, &Ssh::default()).await.unwrap();
        assert_eq!(groups, Groups { all: vec!["sg-1".into()], temporary: None });
        assert!(ec2.calls().is_empty());
    }

    #[tokio::test]
    async fn given_ranges_and_the_port_of_ssh_are_opened() {
        let ec2 = FakeEc2::default();
        let settings = Ec2 { ssh_cidrs: vec!["203.0.113.0/24".into()], ..Ec2::default() };
        let ssh = Ssh { port: Some(2222), ..Ssh::default() };
        assert_eq!(made(&ec2, &settings, &ssh).await.unwrap().temporary.as_deref(), Some("sg-made"));
        assert_eq!(ec2.calls(), ["make hornero-web-1", "open sg-made 2222 203.0.113.0/24"]);
    }

    #[tokio::test]
    async fn a_private_way_in_needs_to_be_told_from_where() {
        let ec2 = FakeEc2::default();
        let ssh = Ssh { via: Some(Via::PrivateIp), ..Ssh::default() };
        let error = made(&ec2, &Ec2::default(), &ssh).await.unwrap_err();
        assert!(error.hint.unwrap().contains("ssh_cidrs"));
        assert!(ec2.calls().is_empty(), "nothing was made");
    }

    #[tokio::test]
    async fn a_tunnel_ends_in_the_vpc() {
        let ec2 = FakeEc2::default();
        let ssh = Ssh { via: Some(Via::InstanceConnectEndpoint), ..Ssh::default() };
        made(&ec2, &Ec2::default(), &ssh).await.unwrap();
        assert_eq!(ec2.calls()[1], "open sg-made 22 10.0.0.0/16");
    }

    #[tokio::test]
    async fn nobody_is_asked_for_an_address_but_for_who_comes_straight_over_the_internet() {
        let nowhere = || Ec2 { address_service: Some("http://127.0.0.1:9".into()), ..Ec2::default() };
        let ec2 = FakeEc2::default();
        let own = Ssh { host: Some("builder.example.org".into()), ..Ssh::default() };
        made(&ec2, &nowhere(), &own).await.unwrap();
        assert_eq!(ec2.calls()[1], "open sg-made 22 10.0.0.0/16");
        let given = Ec2 { security_groups: vec!["sg-1".into()], ..nowhere() };
        made(&FakeEc2::default(), &given, &Ssh::default()).await.unwrap();
        let given = Ec2 { ssh_cidrs: vec!["203.0.113.0/24".into()], ..nowhere() };
        made(&FakeEc2::default(), &given, &Ssh::default()).await.unwrap();
        let error = made(&FakeEc2::default(), &nowhere(), &Ssh::default()).await.unwrap_err();
        assert!(error.to_string().contains("http://127.0.0.1:9"), "{error}");
    }

    #[tokio::test]
    async fn a_group_that_cannot_be_opened_is_not_left_behind() {
        let ec2 = FakeEc2::default().refusing("open");
        let settings = Ec2 { ssh_cidrs: vec!["203.0.113.0/24".into()], ..Ec2::default() };
        made(&ec2, &settings, &Ssh::default()).await.unwrap_err();
        assert_eq!(ec2.calls().last().unwrap(), "delete sg-made");
    }

    #[tokio::test]
    async fn a_group_that_is_not_known_everywhere_yet_is_opened_again() {
        let ec2 = FakeEc2::default().first("open", "InvalidGroup.NotFound");
        let settings = Ec2 { ssh_cidrs: vec!["203.0.113.0/24".into()], ..Ec2::default() };
        assert!(made(&ec2, &settings, &Ssh::default()).await.unwrap().temporary.is_some());
        let open = "open sg-made 22 203.0.113.0/24";
        assert_eq!(ec2.calls(), ["make hornero-web-1", open, open]);
    }

    #[tokio::test]
    async fn a_group_whose_answer_was_lost_is_taken() {
        let ec2 = FakeEc2::default().first("make", "ServiceUnavailable");
        let settings = Ec2 { ssh_cidrs: vec!["203.0.113.0/24".into()], ..Ec2::default() };
        let groups = made(&ec2, &settings, &Ssh::default()).await.unwrap();
        assert_eq!(groups.temporary.as_deref(), Some("sg-made"));
        assert_eq!(ec2.calls()[..2], ["make hornero-web-1", "find hornero-web-1"]);
    }

    #[tokio::test]
    async fn a_group_that_is_not_known_everywhere_yet_is_deleted_again() {
        let ec2 = FakeEc2::default().refusing("open").first("delete", "InvalidGroup.NotFound");
        let settings = Ec2 { ssh_cidrs: vec!["203.0.113.0/24".into()], ..Ec2::default() };
        let error = made(&ec2, &settings, &Ssh::default()).await.unwrap_err();
        assert_eq!(ec2.calls()[2..], ["delete sg-made", "delete sg-made"]);
        assert!(error.tail.is_empty(), "{:?}", error.tail);
    }
}

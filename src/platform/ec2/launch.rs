//! From a launch's description to a running instance: the AMI, who may get in, the order, the tags,
//! and the wait. What was made is removed again on an error.

use std::{collections::BTreeMap, net::SocketAddr};

use jiff::Timestamp;

use super::{
    api::{Ami, Images, Instance, Order},
    attempts,
    builder::{Ec2Builder, Running},
    destroy::{Made, destroy},
    disks,
    error::failed,
    network::{self, Wanted},
    states, user_data,
};
use crate::{
    aws::{Aws, tags},
    event::Events,
    journal::Thing,
    platform::{LaunchSpec, Origin, PlatformError},
    template::model::{Ec2, Ssh, Via},
    time::Moment,
};

/// The port of SSH where a template names no other.
const SSH: u16 = 22;

/// # Errors
/// What EC2 refused. Nothing is left then, or it is named.
pub async fn launch(aws: Aws, spec: LaunchSpec, events: &Events) -> Result<Ec2Builder, PlatformError> {
    let ami = ami(&aws, &spec).await?;
    let expires = Timestamp::now().later(tags::BAKE).later(spec.ttl);
    let tags = tags(&spec, expires);
    let order = Order { expires, ..order(&spec, &ami, &tags)? };
    let mut made = Made { journal: Some(spec.journal.clone()), ..Made::default() };
    match start(&aws, &spec, &ami, order, &mut made, events).await {
        Ok(builder) => Ok(builder),
        Err(error) => match destroy(&aws, aws.region(), &mut made).await {
            Ok(()) => Err(error),
            Err(left) => {
                events.warn(format!("the builder could not be removed: {left}"));
                left.hint.iter().for_each(|hint| events.warn(hint.clone()));
                Err(error)
            }
        },
    }
}

async fn ami(aws: &Aws, spec: &LaunchSpec) -> Result<Ami, PlatformError> {
    let id = match &spec.origin {
        Origin::Base(base) => &base.id,
        Origin::Image { id, .. } => id,
    };
    let found = Images::ami(aws, id).await;
    found.map_err(failed(format!("looking at the image of the builder `{}`", spec.name)))
}

fn order(spec: &LaunchSpec, ami: &Ami, tags: &BTreeMap<String, String>) -> Result<Order, PlatformError> {
    let settings = spec.settings.ec2()?;
    let user_data = spec.user_data.as_ref().map(|text| user_data::packed(&spec.name, text)).transpose()?;
    Ok(Order {
        ami: ami.id.clone(),
        public_ip: settings.public_ip,
        instance_profile: settings.instance_profile.clone(),
        user_data,
        volumes: match &spec.origin {
            Origin::Base(_) => disks::order(spec, ami, settings.kms_key.as_deref())?,
            // An image says itself which volumes it has.
            Origin::Image { .. } => Vec::new(),
        },
        tags: tags.clone(),
        ..Order::default()
    })
}

async fn start(
    aws: &Aws,
    spec: &LaunchSpec,
    ami: &Ami,
    order: Order,
    made: &mut Made,
    events: &Events,
) -> Result<Ec2Builder, PlatformError> {
    let settings = spec.settings.ec2()?;
    let wanted = Wanted { name: &spec.name, settings, ssh: &spec.ssh, tags: &order.tags };
    let groups = network::groups(aws, wanted).await?;
    if let Some(id) = &groups.temporary {
        made.group = Some(id.clone());
        aws.made(|place| Thing::SecurityGroup { id: id.clone(), place })?;
    }
    let order = Order { groups: groups.all, new_groups: made.group.is_some(), ..order };
    // The folder is this launch's own, the name may come again with the next test of an image.
    let launch = spec.folder.display().to_string();
    let arch = ami.arch.unwrap_or_default();
    let orders = attempts::orders(&order, settings, arch, &launch);
    let instance = attempts::run(aws, &orders, &spec.name, events).await?;
    made.instance = Some(instance.id.clone());
    aws.made(|place| Thing::Instance { id: instance.id.clone(), place })?;
    if let Some(id) = instance.spot_request {
        made.spot_request = Some(id.clone());
        aws.made(|place| Thing::SpotRequest { id, place })?;
    }
    events.note(format!("the instance {} is starting", instance.id));
    let public = public(settings, &spec.ssh);
    let door = |instance: &Instance| match private(&spec.ssh) || spec.ssh.host.is_some() {
        true => None,
        false => address(instance, &spec.ssh, public, &spec.name).ok(),
    };
    let volumes = order.volumes.len().max(1);
    let instance = states::running(aws, &instance.id, volumes, &spec.name, door).await?;
    made.spot_request = instance.spot_request.clone();
    let instance = match public {
        true => states::addressed(aws, instance, &spec.name).await?,
        false => instance,
    };
    let address = address(&instance, &spec.ssh, public, &spec.name)?;
    let (root, disks) = disks::attached(&instance, ami, &order.volumes, &spec.disks).ok_or_else(|| {
        let why = format!("the instance {} lacks one of the volumes that were ordered", instance.id);
        PlatformError::new(format!("starting the builder `{}`", spec.name), why)
    })?;
    let (id, settings) = (instance.id, settings.clone());
    let machine = Running { aws: aws.clone(), id, address, settings, root, disks, made: made.clone() };
    Ok(Ec2Builder::new(machine))
}

fn private(ssh: &Ssh) -> bool {
    ssh.bastion.is_some() || matches!(ssh.via, Some(Via::PrivateIp | Via::InstanceConnectEndpoint))
}

/// Whether the template says that the builder is reached at a public address. One that is reached at
/// an address of the template's own needs none.
fn public(settings: &Ec2, ssh: &Ssh) -> bool {
    ssh.host.is_none()
        && !private(ssh)
        && (settings.public_ip == Some(true) || ssh.via == Some(Via::PublicIp))
}

/// Who comes over a private network needs the private address; everybody else the public one, which
/// must be there when the template says so.
fn address(instance: &Instance, ssh: &Ssh, public: bool, name: &str) -> Result<SocketAddr, PlatformError> {
    let private = private(ssh);
    let address = match (private, public) {
        (true, _) => instance.private_ip,
        (false, true) => instance.public_ip,
        (false, false) => instance.public_ip.or(instance.private_ip),
    };
    let port = ssh.port.unwrap_or(SSH);
    address.map(|ip| SocketAddr::new(ip, port)).ok_or_else(|| {
        let kind = if private { "private" } else { "public" };
        let why = format!("the instance {} has no {kind} address", instance.id);
        PlatformError::new(format!("starting the builder `{name}`"), why)
            .hint("set [ec2] public_ip = true, or choose another way in with [ssh] via")
    })
}

/// The template's own tags, and those by which leftovers are found.
fn tags(spec: &LaunchSpec, expires: Timestamp) -> BTreeMap<String, String> {
    let mut tags = spec.tags.clone();
    for (key, value) in [
        (tags::RUN, spec.run.clone()),
        (tags::NAME, spec.image.clone()),
        (tags::EXPIRES, tags::time(expires)),
    ] {
        tags.insert(key.to_owned(), value);
    }
    tags.entry("Name".to_owned()).or_insert_with(|| format!("hornero {}", spec.name));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ec2::{api::State, fake::instance};

    #[test]
    fn the_private_address_does_not_stand_in_for_a_public_one_that_is_wanted() {
        let private_ip = Some([10, 0, 0, 5].into());
        let only_private = Instance { private_ip, ..instance(State::Running) };
        let ssh = Ssh::default();
        assert_eq!(address(&only_private, &ssh, false, "web-1").unwrap().to_string(), "10.0.0.5:22");
        let error = address(&only_private, &ssh, true, "web-1").unwrap_err();
        assert!(error.to_string().contains("has no public address"), "{error}");
    }

    #[test]
    fn a_public_address_is_waited_for_where_the_builder_is_reached_at_it() {
        let given = |public_ip| Ec2 { public_ip, ..Ec2::default() };
        let by = |via| Ssh { via, ..Ssh::default() };
        assert!(public(&given(Some(true)), &by(None)));
        assert!(public(&given(None), &by(Some(Via::PublicIp))));
        assert!(!public(&given(None), &by(None)));
        let own = Ssh { host: Some("10.0.0.7".into()), ..Ssh::default() };
        assert!(!public(&given(Some(true)), &own));
        assert!(!public(&given(Some(true)), &by(Some(Via::InstanceConnectEndpoint))));
    }
}

//! From a launch's description to a running instance: the AMI, who may get in, the order, the tags,
//! and the wait. What was made is removed again on an error.

use std::{collections::BTreeMap, net::SocketAddr};

use jiff::{SignedDuration, Timestamp};

use super::{
    api::{Ami, Images, Instance, Order},
    attempts,
    builder::Ec2Builder,
    destroy::{Made, destroy},
    disks,
    error::failed,
    network::{self, Wanted},
    states, user_data,
};
use crate::{
    aws::Aws,
    event::Events,
    platform::{LaunchSpec, Origin, PlatformError},
    template::model::{Ssh, Via},
};

/// No bake takes longer. When it is over, so is the time to live of its last builder some time later,
/// and what is left of it then may be removed by anybody.
const BAKE: SignedDuration = SignedDuration::from_hours(12);

/// The port of SSH where a template names no other.
const SSH: u16 = 22;

/// # Errors
/// What EC2 refused. Nothing is left then, or it is named.
pub async fn launch(aws: Aws, spec: LaunchSpec, events: &Events) -> Result<Ec2Builder, PlatformError> {
    let ami = ami(&aws, &spec).await?;
    let expires = Timestamp::now() + BAKE + spec.ttl;
    let tags = tags(&spec, expires);
    let order = Order { expires, ..order(&spec, &ami, &tags)? };
    let mut made = Made::default();
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
    made.group = groups.temporary;
    let order = Order { groups: groups.all, new_groups: made.group.is_some(), ..order };
    // The folder is this launch's own, the name may come again with the next test of an image.
    let launch = spec.folder.display().to_string();
    let arch = ami.arch.unwrap_or_default();
    let orders = attempts::orders(&order, settings, arch, &launch);
    let instance = attempts::run(aws, &orders, &spec.name, events).await?;
    made.instance = Some(instance.id.clone());
    made.spot_request = instance.spot_request;
    events.note(format!("the instance {} is starting", instance.id));
    let instance = states::running(aws, &instance.id, order.volumes.len().max(1), &spec.name).await?;
    made.spot_request = instance.spot_request.clone();
    let address = address(&instance, &spec.ssh, &spec.name)?;
    let (root, disks) = disks::attached(&instance, ami, &order.volumes, &spec.disks).ok_or_else(|| {
        let why = format!("the instance {} lacks one of the volumes that were ordered", instance.id);
        PlatformError::new(format!("starting the builder `{}`", spec.name), why)
    })?;
    Ok(Ec2Builder::new(aws.clone(), instance.id, address, settings.clone(), root, disks, made.clone()))
}

/// Who comes over a private network needs the private address; everybody else the public one, if
/// there is one.
fn address(instance: &Instance, ssh: &Ssh, name: &str) -> Result<SocketAddr, PlatformError> {
    let private =
        ssh.bastion.is_some() || matches!(ssh.via, Some(Via::PrivateIp | Via::InstanceConnectEndpoint));
    let address = match (private, ssh.via) {
        (true, _) => instance.private_ip,
        (false, Some(Via::PublicIp)) => instance.public_ip,
        (false, _) => instance.public_ip.or(instance.private_ip),
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
        ("hornero:run", spec.run.clone()),
        ("hornero:name", spec.image.clone()),
        ("hornero:expires", expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    ] {
        tags.insert(key.to_owned(), value);
    }
    tags.entry("Name".to_owned()).or_insert_with(|| format!("hornero {}", spec.name));
    tags
}

//! A bake on EC2: what is ordered, who may get in, and what becomes of the image.

use super::{Section, Surroundings, add_login, tried};
use crate::{
    amount,
    template::{
        model::{Ec2, Ec2Disk, Ssh, Template, Via},
        units::Span,
    },
};

pub fn sections(template: &Template, around: Surroundings<'_>) -> Vec<Section> {
    vec![builder(template, around), access(template), disks(template), image(template)]
}

fn builder(template: &Template, around: Surroundings<'_>) -> Section {
    let (mut section, ec2) = (Section::new("builder"), &template.ec2);
    match ec2.region.as_deref().or(around.region) {
        Some(region) => section.add("region", region),
        None => section.add_at_launch("region", "the one of the environment"),
    }
    section.add_some("role", ec2.role_arn.as_deref());
    let types = ec2.types_to_try(template.base.arch);
    let usual = if ec2.instance_types.is_empty() { " (hornero's choice)" } else { "" };
    section.add("instance types", tried(&types) + usual);
    match ec2.spot {
        true => section.add("price", "spot, for at most the on-demand price; else on demand"),
        false => section.add("price", "on demand"),
    }
    match ec2.subnets.as_slice() {
        [] => section.add_at_launch("subnets", "the default one of a zone that EC2 chooses"),
        subnets => section.add("subnets", tried(&subnets.iter().map(String::as_str).collect::<Vec<_>>())),
    }
    section.add_some("instance profile", ec2.instance_profile.as_deref());
    section
}

fn access(template: &Template) -> Section {
    let (mut section, ec2, ssh) = (Section::new("access"), &template.ec2, &template.ssh);
    add_way(ssh, &mut section);
    match ec2.public_ip {
        Some(true) => section.add("public address", "yes"),
        Some(false) => section.add("public address", "no"),
        None => section.add_at_launch("public address", "as the subnet says"),
    }
    add_groups(ec2, ssh, &mut section);
    add_login(ssh, &mut section);
    section
}

fn add_way(ssh: &Ssh, section: &mut Section) {
    let port = ssh.port.unwrap_or(22);
    if let Some(bastion) = &ssh.bastion {
        section
            .add("way in", format!("through the bastion {}@{}:{}", bastion.user, bastion.host, bastion.port));
    }
    match (&ssh.host, ssh.via) {
        (Some(host), _) => section.add("address", format!("{host}, port {port}")),
        (None, _) if ssh.bastion.is_some() => {
            section.add_at_launch("address", format!("its private one, port {port}"));
        }
        (None, Some(Via::InstanceConnectEndpoint)) => match &ssh.endpoint {
            Some(endpoint) => {
                section.add("way in", format!("through the Instance Connect Endpoint {endpoint}"))
            }
            None => section.add_at_launch("way in", "through an Instance Connect Endpoint of its network"),
        },
        (None, Some(Via::PrivateIp)) => {
            section.add_at_launch("address", format!("its private one, port {port}"));
        }
        (None, Some(Via::PublicIp)) => {
            section.add_at_launch("address", format!("its public one, port {port}"))
        }
        (None, None) => {
            section.add_at_launch("address", format!("its public one, else its private one, port {port}"));
        }
    }
}

fn add_groups(ec2: &Ec2, ssh: &Ssh, section: &mut Section) {
    if !ec2.security_groups.is_empty() {
        return section.add("security groups", ec2.security_groups.join(", "));
    }
    section.add_at_launch("security groups", "a temporary one, removed with the builder");
    match ssh.via {
        _ if !ec2.ssh_cidrs.is_empty() => section.add("SSH open to", ec2.ssh_cidrs.join(", ")),
        Some(Via::InstanceConnectEndpoint) => section.add_at_launch("SSH open to", "the ranges of the VPC"),
        Some(Via::PublicIp | Via::PrivateIp) | None => {
            section.add_at_launch(
                "SSH open to",
                format!("your address alone, as {} tells it", ec2.address_service()),
            );
        }
    }
}

/// Whole days are told as such, however many.
fn in_days(span: Span) -> String {
    const SECONDS_PER_DAY: u64 = 24 * 60 * 60;
    match span.0.as_secs() {
        seconds if seconds >= SECONDS_PER_DAY && seconds % SECONDS_PER_DAY == 0 => {
            amount::count((seconds / SECONDS_PER_DAY) as usize, "day")
        }
        _ => span.to_string(),
    }
}

fn disks(template: &Template) -> Section {
    let (mut section, ec2) = (Section::new("disks"), &template.ec2);
    let root = &template.root_disk;
    let volume = volume(&root.ec2, ec2);
    match root.size {
        Some(size) => section.add("root", format!("{size}, {volume}")),
        None => section.add_at_launch("root", format!("as large as the base's, {volume}")),
    }
    for disk in &template.disks {
        let filesystem = disk.filesystem.name();
        let value =
            format!("{}, {}, {filesystem} on {}", disk.size, self::volume(&disk.ec2, ec2), disk.mount);
        section.add(&disk.name, value);
    }
    section
}

/// `gp3, 4000 IOPS, 250 MiB/s, encrypted with alias/campus`
fn volume(disk: &Ec2Disk, ec2: &Ec2) -> String {
    let mut words = vec![disk.volume_type.clone().unwrap_or_else(|| Ec2Disk::USUAL_TYPE.into())];
    words.extend(disk.iops.map(|iops| format!("{iops} IOPS")));
    words.extend(disk.throughput.map(|throughput| format!("{throughput} MiB/s")));
    let key = disk.kms_key.as_deref().or(ec2.kms_key.as_deref());
    words.push(match (disk.encrypted, key) {
        (Some(false), _) => "not encrypted".into(),
        (_, Some(key)) => format!("encrypted with {key}"),
        (Some(true), None) => "encrypted with the account's key for EBS".into(),
        (None, None) => "encrypted if the base or the account is".into(),
    });
    words.join(", ")
}

fn image(template: &Template) -> Section {
    let (mut section, ec2, image) = (Section::new("image"), &template.ec2, &template.image);
    let version = image.version.as_ref().map(|version| format!("-{version}")).unwrap_or_default();
    section.add_at_launch("AMI name", format!("{}{version}-ID", image.name));
    section.add_some("description", image.description.as_deref());
    for (key, value) in &image.tags {
        section.add(format!("tag {key}"), value);
    }
    if !image.tags.contains_key("Name") {
        let version = image.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        section.add("tag Name", format!("{}{version}", image.name));
    }
    section.add_at_launch("tags hornero:*", "run, name, version, fingerprint, base and inputs");
    for region in &ec2.copy_to {
        let key = ec2.copy_key().map(|key| format!("encrypted with {key}"));
        section.add(format!("copy to {region}"), key.unwrap_or_else(|| "encrypted as the image is".into()));
    }
    let shared = [
        ("shared with", &ec2.share_with.accounts, "accounts"),
        ("shared with", &ec2.share_with.organizations, "organizations"),
        ("shared with", &ec2.share_with.organizational_units, "organizational units"),
    ];
    for (name, with, kind) in shared.into_iter().filter(|(_, with, _)| !with.is_empty()) {
        section.add(name, format!("the {kind} {}", with.join(", ")));
    }
    if shared.iter().all(|(_, with, _)| with.is_empty()) {
        section.add("shared with", "nobody");
    }
    section.add_some("deprecated after", ec2.deprecate_after.map(in_days));
    section
}

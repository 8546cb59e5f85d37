//! What EC2 takes of a thing, counted before anything is launched. Sources:
//! - tags: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions>
//! - description: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html>
//! - volumes: <https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html>
//! - parameters: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>
//! - rules and groups: <https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html>

use std::ops::RangeInclusive;

use toml::Spanned;

use super::cx::Cx;
use crate::template::{
    diagnose::Fault,
    model::Image,
    raw::{self, List, Raw, Text},
    units::Size,
};

/// Tags of a template's own on an AMI beside `Name`: of the 50 that EC2 takes, hornero's own need the
/// rest, with those that an image gets when it is copied and finished.
pub const MOST_OWN_TAGS: usize = 38;
/// EC2 recommends the device names from `sdf` to `sdp` for volumes besides the root.
const MOST_DISKS: usize = 11;
/// Of a security group, as long as AWS has not raised it for an account.
const MOST_SSH_CIDRS: usize = 60;
/// Of a network interface, at most, however AWS has raised it.
const MOST_SECURITY_GROUPS: usize = 16;

/// Characters of a parameter's name, those of the ARN before it counted too.
const MOST_PARAMETER_CHARS: usize = 1011;
/// Levels of a parameter's name.
const MOST_PARAMETER_LEVELS: usize = 15;

const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// What a type of volume takes.
struct VolumeLimits {
    name: &'static str,
    bytes: RangeInclusive<u64>,
    /// `None` where the type has none to set.
    iops: Option<RangeInclusive<i64>>,
    /// So many IOPS for each GiB can be asked for, where there are any to set.
    iops_per_gib: u64,
    has_throughput: bool,
}

/// A volume of gp3 can have a MiB/s for so many IOPS.
const IOPS_PER_THROUGHPUT: u64 = 4;

impl VolumeLimits {
    /// A type whose performance follows from its size.
    const fn fixed(name: &'static str, bytes: RangeInclusive<u64>) -> Self {
        Self { name, bytes, iops: None, iops_per_gib: 0, has_throughput: false }
    }

    /// A type whose IOPS can be chosen.
    const fn provisioned(
        name: &'static str,
        bytes: RangeInclusive<u64>,
        iops: RangeInclusive<i64>,
        iops_per_gib: u64,
    ) -> Self {
        Self { name, bytes, iops: Some(iops), iops_per_gib, has_throughput: false }
    }
}

const VOLUMES: [VolumeLimits; 7] = [
    VolumeLimits {
        has_throughput: true,
        ..VolumeLimits::provisioned("gp3", GIB..=64 * TIB, 3_000..=80_000, 500)
    },
    VolumeLimits::fixed("gp2", GIB..=16 * TIB),
    VolumeLimits::provisioned("io1", 4 * GIB..=16 * TIB, 100..=64_000, 50),
    VolumeLimits::provisioned("io2", 4 * GIB..=64 * TIB, 100..=256_000, 1_000),
    VolumeLimits::fixed("st1", 125 * GIB..=16 * TIB),
    VolumeLimits::fixed("sc1", 125 * GIB..=16 * TIB),
    VolumeLimits::fixed("standard", GIB..=TIB),
];

impl Cx<'_> {
    pub fn limits_of_ec2(&self, raw: &Raw, image: &Image) {
        if let Some(table) = raw.image.as_ref().map(Spanned::get_ref) {
            self.tags_fit(table);
            self.description_is_ascii(&table.description, image);
            self.ami_name_fits(&table.version, image);
        }
        if let Some(disk) = raw.disks.get(MOST_DISKS) {
            let message = format!("{} disks; EC2 has device names for {MOST_DISKS}", raw.disks.len());
            self.fault(Fault::at(disk.span(), message).hint("put several mount points onto one disk"));
        }
        if let Some(root) = raw.root_disk.as_ref().map(Spanned::get_ref) {
            self.volume_fits(&root.size, &root.ec2, false);
        }
        raw.disks.iter().map(Spanned::get_ref).for_each(|disk| self.volume_fits(&disk.size, &disk.ec2, true));
        if let Some(ec2) = raw.ec2.as_ref().map(Spanned::get_ref) {
            self.at_most(&ec2.ssh_cidrs, MOST_SSH_CIDRS, "ranges; a security group has rules for");
            self.at_most(
                &ec2.security_groups,
                MOST_SECURITY_GROUPS,
                "security groups; a network interface takes",
            );
        }
    }

    fn tags_fit(&self, image: &raw::Image) {
        let mut keys: Vec<&Text> = image.tags.keys().filter(|key| key.get_ref() != "Name").collect();
        keys.sort_by_key(|key| key.span().start);
        if let Some(beyond) = keys.get(MOST_OWN_TAGS) {
            let message = format!("{} tags; an AMI can have {MOST_OWN_TAGS} of your own", keys.len());
            self.fault(
                Fault::at(beyond.span(), message)
                    .label("the first that is too many")
                    .hint("EC2 takes 50 tags, and hornero needs the others to find and describe its images"),
            );
        }
    }

    fn description_is_ascii(&self, text: &Option<Text>, image: &Image) {
        let (Some(text), Some(description)) = (text, &image.description) else { return };
        if let Some(other) = description.chars().find(|c| !c.is_ascii_graphic() && *c != ' ') {
            let message = format!("EC2 takes no `{}` in a description", other.escape_debug());
            self.fault(
                Fault::at(text.span(), message).hint("write it in ASCII: letters, digits and common signs"),
            );
        }
    }

    fn at_most(&self, list: &Option<Spanned<List>>, most: usize, what: &str) {
        let Some(list) = list else { return };
        if let Some(beyond) = list.get_ref().get(most) {
            self.fault(Fault::at(beyond.span(), format!("{} {what} {most}", list.get_ref().len())));
        }
    }

    /// `is_new` says that hornero makes the volume, as gp3 where nothing else is said; a root volume is of the
    /// base's type.
    fn volume_fits(&self, size: &Option<Text>, ec2: &Option<Spanned<raw::Ec2Disk>>, is_new: bool) {
        let table = ec2.as_ref().map(Spanned::get_ref);
        let said = table.and_then(|table| self.maybe_text(&table.volume_type));
        let usual = (is_new && table.is_none_or(|table| table.volume_type.is_none())).then_some("gp3");
        let limits = VOLUMES.iter().find(|volume| Some(volume.name) == said.as_deref().or(usual));
        if let Some(text) = size {
            self.volume_size_fits(text, limits);
        }
        if let (Some(limits), Some(table)) = (limits, table) {
            self.volume_speed_fits(table, limits);
            let size = self.maybe_text(size).and_then(|size| size.parse::<Size>().ok());
            self.volume_ratios_fit(size, table, limits);
        }
    }

    /// EC2 refuses speeds that are too high for the size, or for each other.
    fn volume_ratios_fit(&self, size: Option<Size>, table: &raw::Ec2Disk, limits: &VolumeLimits) {
        let (name, least) =
            (limits.name, limits.iops.as_ref().map_or(0, |range| range.start().unsigned_abs()));
        let iops = table.iops.as_ref().filter(|_| limits.iops.is_some());
        let asked = iops.and_then(|iops| self.one_number::<u64>(iops, 1..=i64::MAX)).unwrap_or(least);
        if let (Some(text), Some(size)) = (iops, size) {
            let most = (size.0.div_ceil(GIB) * limits.iops_per_gib).max(least);
            if asked > most {
                let message =
                    format!("{asked} IOPS; a volume of type `{name}` with {size} can have at most {most}");
                self.fault(Fault::at(text.span(), message).hint("make the volume larger, or ask for fewer"));
            }
        }
        let throughput = table.throughput.as_ref().filter(|_| limits.has_throughput);
        let wanted = throughput.and_then(|text| Some((text, self.one_number::<u64>(text, 125..=2_000)?)));
        if let Some((text, wanted)) = wanted.filter(|(_, wanted)| wanted * IOPS_PER_THROUGHPUT > asked) {
            let most = asked / IOPS_PER_THROUGHPUT;
            let message = format!(
                "{wanted} MiB/s; a volume of type `{name}` with {asked} IOPS can have at most {most}"
            );
            let needed = wanted * IOPS_PER_THROUGHPUT;
            self.fault(
                Fault::at(text.span(), message).hint(format!("ask for `iops = {needed}` too, or for less")),
            );
        }
    }

    /// Whether Parameter Store takes the name in this region; where none is given, in the one with the shortest name.
    pub fn parameter_fits(&self, text: &Text, name: &str, region: Option<&str>) {
        let most = MOST_PARAMETER_CHARS - parameter_arn_chars(region.unwrap_or("us-east-1"));
        let (chars, levels) = (name.chars().count(), name.matches('/').count());
        if chars > most {
            let message =
                format!("{chars} characters; at most {most} are allowed for the name of a parameter");
            let hint = format!(
                "Parameter Store takes {MOST_PARAMETER_CHARS}, and counts the ARN before the name too"
            );
            self.fault(Fault::at(text.span(), message).hint(hint));
        }
        if levels > MOST_PARAMETER_LEVELS {
            let message = format!(
                "{levels} levels; at most {MOST_PARAMETER_LEVELS} are allowed for the name of a parameter"
            );
            self.fault(Fault::at(text.span(), message).hint("use fewer `/`"));
        }
    }

    fn volume_size_fits(&self, text: &Text, limits: Option<&VolumeLimits>) {
        let Some(size) = self.text(text).and_then(|text| text.parse::<Size>().ok()) else { return };
        if size.0 % GIB != 0 && is_decimal(text.get_ref()) {
            self.warn_of_decimal(text, size);
        }
        // EC2 gives at least one GiB, and the disk of a small template may be less on this computer.
        let rounded = size.0.div_ceil(GIB) * GIB;
        let Some(limits) = limits.filter(|limits| !limits.bytes.contains(&rounded)) else { return };
        let (least, most) = (Size(*limits.bytes.start()), Size(*limits.bytes.end()));
        let message = format!("a volume of type `{}` cannot have {size}", limits.name);
        self.fault(Fault::at(text.span(), message).hint(format!("it has from {least} to {most}")));
    }

    fn warn_of_decimal(&self, text: &Text, size: Size) {
        let made = Size(size.0.div_ceil(GIB) * GIB);
        let written = text.get_ref().trim();
        let meant = written.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let unit = written[meant.len()..].trim().chars().next().unwrap_or('G').to_ascii_uppercase();
        let warning = Fault::at(text.span(), format!("`{written}` are {size}, and EC2 makes {made} of it"));
        self.warn(
            warning.replace("`iB` counts in powers of two, as EC2 does", &format!("\"{meant}{unit}iB\"")),
        );
    }

    fn volume_speed_fits(&self, table: &raw::Ec2Disk, limits: &VolumeLimits) {
        let name = limits.name;
        match (&table.iops, &limits.iops) {
            (Some(iops), None) => {
                let fault = Fault::at(iops.span(), format!("a volume of type `{name}` has no `iops` to set"));
                self.fault(fault.hint("remove it, or take `gp3`, `io1` or `io2`"));
            }
            (Some(iops), Some(range)) => drop(self.one_number::<u32>(iops, range.clone())),
            (None, Some(_)) if name.starts_with("io") => {
                let place = table.volume_type.as_ref().map_or(0..0, Spanned::span);
                self.fault(Fault::at(place, format!("a volume of type `{name}` needs `iops`")));
            }
            (None, Some(_) | None) => {}
        }
        if let (Some(throughput), false) = (&table.throughput, limits.has_throughput) {
            let fault =
                Fault::at(throughput.span(), format!("a volume of type `{name}` has no `throughput` to set"));
            self.fault(fault.hint("remove it, or take `gp3`"));
        }
    }
}

/// What stands before a parameter's name in its ARN: `arn:aws:ssm:us-east-2:111122223333:parameter`.
fn parameter_arn_chars(region: &str) -> usize {
    let partitions = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("us-iso-", "aws-iso"),
        ("eusc-", "aws-eusc"),
    ];
    let known = partitions.iter().find(|(start, _)| region.starts_with(start));
    let partition = known.map_or("aws", |(_, partition)| partition);
    format!("arn:{partition}:ssm:{region}:111122223333:parameter").len()
}

/// `20GB`, and not `20GiB`.
fn is_decimal(written: &str) -> bool {
    let unit = written.trim().trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').trim();
    !unit.is_empty() && !unit.contains(['i', 'I']) && unit.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the API's reference, which counts the `/` that begins the name with it.
    #[test]
    fn the_arn_before_a_name_is_as_long_as_in_the_reference() {
        assert_eq!(parameter_arn_chars("us-east-2") + 1, 45);
        assert_eq!(parameter_arn_chars("us-gov-west-1"), parameter_arn_chars("us-east-2") + 4 + 7);
    }
}

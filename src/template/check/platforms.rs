//! `[cloud_init]`, `[seal]`, `[ec2]`, `[qemu]` and `[notify]`.

use std::ops::RangeInclusive;

use toml::Spanned;

use super::{
    cx::Cx,
    names::{self, AWS_ACCOUNT, INSTANCE_TYPE, SUBNET, WORD},
};
use crate::template::{
    diagnose::{Fault, did_you_mean, visible},
    model::{Accelerator, CloudInit, Ec2, Firmware, Notify, Qemu, Seal, Share},
    raw::{self, Raw, Text},
    seal::PARTS,
    units::Size,
};

/// How a part of user-data begins; cloud-init guesses its type from this.
const PART_STARTS: [&str; 8] = [
    "#cloud-config",
    "#!",
    "#cloud-boothook",
    "#include",
    "#part-handler",
    "## template: jinja",
    "#upstart-job",
    "Content-Type:",
];

/// Of a machine on this computer, in bytes.
const MEMORY: RangeInclusive<u64> = 256 << 20..=4 << 40;

impl Cx<'_> {
    pub fn cloud_init(&self, raw: &Raw) -> CloudInit {
        let table = raw.cloud_init.as_ref().map(Spanned::get_ref);
        let enabled = table.and_then(|table| self.flag(&table.enabled)).unwrap_or(true);
        let parts = table.and_then(|table| table.user_data.as_ref());
        let parts = parts.into_iter().flat_map(|parts| parts.get_ref());
        let user_data = parts.filter_map(|part| self.user_data(part)).collect();
        if !enabled {
            self.without_cloud_init(raw);
        }
        CloudInit { enabled, user_data }
    }

    fn user_data(&self, text: &Text) -> Option<(String, String)> {
        let (path, content) = self.file(text)?;
        if !PART_STARTS.iter().any(|start| content.starts_with(start)) {
            let message = format!("cloud-init would not know what `{}` is", path.display());
            self.fault(Fault::at(text.span(), message).hint(
                "its first line must be `#cloud-config`, `#!/bin/sh`, `#cloud-boothook` or another of cloud-init's",
            ));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Some((name, content))
    }

    /// Nobody makes an account for us then, nor hands in a host key.
    fn without_cloud_init(&self, raw: &Raw) {
        let default = raw::Ssh::default();
        let ssh = raw.ssh.as_ref().map_or(&default, Spanned::get_ref);
        let keys = [("user", &ssh.user), ("private_key", &ssh.private_key), ("host_key", &ssh.host_key)];
        let missing: Vec<&str> =
            keys.iter().filter(|(_, value)| value.is_none()).map(|(key, _)| *key).collect();
        let place = raw
            .cloud_init
            .as_ref()
            .map(|table| table.get_ref().enabled.as_ref().map_or(table.span(), Spanned::span));
        if let (false, Some(place)) = (missing.is_empty(), place) {
            let keys = missing.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            let fault = Fault::at(place, format!("without cloud-init `[ssh]` needs {keys}"));
            self.fault(
                fault.hint("hornero cannot make an account or a host key on such a base; say which it has"),
            );
        }
    }

    pub fn seal(&self, raw: &Raw) -> Seal {
        let table = raw.seal.as_ref().map(Spanned::get_ref);
        let enabled = table.and_then(|table| self.flag(&table.enabled)).unwrap_or(true);
        if let (false, Some(flag)) = (enabled, table.and_then(|table| table.enabled.as_ref())) {
            let warning = Fault::at(flag.span(), "the image will not be sealed");
            self.warn(warning.hint("host keys, logs and the builder's account stay in it"));
        }
        let mut keep = Vec::new();
        for text in table.and_then(|table| table.keep.as_ref()).iter().flat_map(|keep| keep.get_ref()) {
            let Some(part) = self.text(text) else { continue };
            if !PARTS.contains(&part.as_str()) {
                let fault = Fault::at(text.span(), format!("unknown part of the seal `{}`", visible(&part)));
                self.fault(fault.maybe_hint(did_you_mean(&part, PARTS)));
            }
            keep.push(part);
        }
        Seal { enabled, keep }
    }

    pub fn ec2(&self, raw: &Raw) -> Ec2 {
        let Some(whole) = raw.ec2.as_ref() else { return Ec2::default() };
        let table = whole.get_ref();
        Ec2 {
            region: table.region.as_ref().and_then(|region| self.region(region)),
            role_arn: self.maybe_name(&table.role_arn, &names::ROLE),
            instance_types: self.names(&table.instance_types, &INSTANCE_TYPE),
            spot: self.flag(&table.spot).unwrap_or_default(),
            subnets: self.names(&table.subnets, &SUBNET),
            public_ip: self.flag(&table.public_ip),
            security_groups: self.names(&table.security_groups, &names::SECURITY_GROUP),
            instance_profile: self.maybe_name(&table.instance_profile, &WORD),
            ssh_cidrs: self.names(&table.ssh_cidrs, &names::CIDR),
            address_service: self.maybe_name(&table.address_service, &names::ADDRESS_SERVICE),
            kms_key: self.maybe_name(&table.kms_key, &WORD),
            volume_key: self.volume_key(raw, whole),
            copy_to: table
                .copy_to
                .iter()
                .flat_map(|list| list.get_ref())
                .filter_map(|region| self.region(region))
                .collect(),
            share_with: table
                .share_with
                .as_ref()
                .map(|share| self.share(share.get_ref()))
                .unwrap_or_default(),
            deprecate_after: self.deprecate_after(&table.deprecate_after),
        }
    }

    fn share(&self, table: &raw::Share) -> Share {
        Share {
            accounts: self.names(&table.accounts, &AWS_ACCOUNT),
            organizations: self.names(&table.organizations, &names::ARN),
            organizational_units: self.names(&table.organizational_units, &names::ARN),
        }
    }

    pub fn qemu(&self, raw: &Raw) -> Qemu {
        let default = raw::Qemu::default();
        let table = raw.qemu.as_ref().map_or(&default, Spanned::get_ref);
        let accelerators =
            [("auto", Accelerator::Auto), ("kvm", Accelerator::Kvm), ("tcg", Accelerator::Tcg)];
        let firmwares = [("bios", Firmware::Bios), ("uefi", Firmware::Uefi)];
        let memory: Option<Size> = self.unit(&table.memory);
        if let (Some(memory), Some(text)) = (memory, &table.memory)
            && !MEMORY.contains(&memory.0)
        {
            let fault = Fault::at(text.span(), format!("a machine cannot have {memory} of memory"));
            self.fault(fault.hint("write a size from \"256MiB\" to \"4TiB\""));
        }
        Qemu {
            memory: memory.unwrap_or(Size(2 << 30)),
            cpus: self.number(&table.cpus, 1..=256).unwrap_or(2),
            accelerator: self.choice(&table.accelerator, "accelerator", &accelerators).unwrap_or_default(),
            firmware: self.choice(&table.firmware, "firmware", &firmwares).unwrap_or_default(),
        }
    }

    pub fn notify(&self, raw: &Raw) -> Notify {
        if let Some(table) = &raw.notify {
            let warning = Fault::at(table.span(), "[notify] is read, and nothing is sent yet");
            self.warn(warning.hint("send a message from CI after `hornero bake`"));
        }
        let slack = raw.notify.as_ref().and_then(|table| table.get_ref().slack.as_ref());
        let webhook = slack.and_then(|slack| {
            let text = self.need(&slack.get_ref().webhook_env, &slack.span(), "`slack`", "webhook_env")?;
            self.name(text, &names::ENV)
        });
        Notify { slack_webhook_env: webhook }
    }
}

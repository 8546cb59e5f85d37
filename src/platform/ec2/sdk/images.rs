//! AMIs, and the parameters that name them.

use async_trait::async_trait;
use aws_sdk_ec2::types::{ArchitectureValues, Image};

use super::filter;
use crate::{
    aws::{Aws, AwsError, Call},
    platform::ec2::api::{Ami, Images},
    template::model::Arch,
};

#[async_trait]
impl Images for Aws {
    async fn ami(&self, id: &str) -> Result<Ami, AwsError> {
        let call = Call::read("ec2:DescribeImages", id);
        let answer = self.call(call, || self.ec2().describe_images().image_ids(id).send()).await?;
        let found = answer.images.unwrap_or_default().into_iter().next();
        found.map(ami).ok_or_else(|| self.missing(&call, "EC2 knows no such AMI"))
    }

    async fn amis(&self, owner: &str, name: &str, arch: Arch) -> Result<Vec<Ami>, AwsError> {
        let what = format!("{name} of {owner}");
        let call = Call::read("ec2:DescribeImages", &what);
        let arch = match arch {
            Arch::X86_64 => "x86_64",
            Arch::Arm64 => "arm64",
        };
        let ask = || {
            let asked = self.ec2().describe_images().owners(owner).filters(filter("name", name));
            asked.filters(filter("architecture", arch)).filters(filter("state", "available")).send()
        };
        let answer = self.call(call, ask).await?;
        Ok(answer.images.unwrap_or_default().into_iter().map(ami).collect())
    }

    async fn parameter(&self, name: &str) -> Result<String, AwsError> {
        let call = Call::read("ssm:GetParameter", name);
        let answer = self.call(call, || self.ssm().get_parameter().name(name).send()).await?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        value.ok_or_else(|| self.missing(&call, "the parameter has no value"))
    }
}

fn ami(image: Image) -> Ami {
    let root_device = image.root_device_name.unwrap_or_default();
    let mappings = image.block_device_mappings.unwrap_or_default();
    let root = mappings.iter().find(|mapping| mapping.device_name() == Some(&root_device));
    let root_gib = root.and_then(|root| root.ebs()?.volume_size()).unwrap_or_default();
    Ami {
        id: image.image_id.unwrap_or_default(),
        name: image.name.unwrap_or_default(),
        created: image.creation_date.and_then(|date| date.parse().ok()),
        arch: match image.architecture {
            Some(ArchitectureValues::X8664) => Some(Arch::X86_64),
            Some(ArchitectureValues::Arm64) => Some(Arch::Arm64),
            _ => None,
        },
        state: image.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        root_device,
        root_gib,
        devices: mappings.into_iter().filter_map(|mapping| mapping.device_name).collect(),
    }
}

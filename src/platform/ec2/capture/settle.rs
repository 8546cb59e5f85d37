//! An AMI that is complete: from then on nobody who cleans up may take it for a leftover.

use aws_sdk_ec2::types::{Image, Tag};

use crate::{
    aws::{Aws, Call, tags},
    platform::{PlatformError, ec2::error::failed},
};

/// Whether it would be taken for one.
pub fn expires(image: &Image) -> bool {
    image.tags().iter().any(|tag| tag.key() == Some(tags::EXPIRES))
}

/// Takes the tag of the expiry from the AMI and its snapshots, in one call, so that there is no time
/// at which the snapshots of a complete AMI look forgotten.
pub async fn settle(aws: &Aws, image: &Image) -> Result<(), PlatformError> {
    let ami = image.image_id().unwrap_or_default();
    let snapshots = image.block_device_mappings().iter().filter_map(|one| one.ebs()?.snapshot_id());
    let complete: Vec<String> = std::iter::once(ami).chain(snapshots).map(str::to_owned).collect();
    let call = Call::repeatable("ec2:DeleteTags", ami);
    let make = || {
        let expiry = Tag::builder().key(tags::EXPIRES).build();
        aws.ec2().delete_tags().set_resources(Some(complete.clone())).tags(expiry).send()
    };
    aws.call(call, make).await.map_err(failed(format!("marking the AMI {ami} as complete")))?;
    aws.gone(ami);
    Ok(())
}

//! Copies of an AMI that an earlier try has left in a region, known by their ID or by their tag.

use aws_sdk_ec2::types::{Filter, Image, ImageState};

use super::{create::discard, describe};
use crate::{
    aws::{Aws, AwsError, Call, tags},
    event::Events,
    platform::PlatformError,
};

/// What the tag of a copy says.
pub fn source(ami: &str, region: &str) -> String {
    format!("{ami} in {region}")
}

/// The copy that is there or under way. One that failed still has the name that the next one needs,
/// so it is removed.
pub async fn copy_of(
    there: &Aws,
    source: &str,
    known: Option<&str>,
    events: &Events,
) -> Result<Option<String>, AwsError> {
    let mut candidates = Vec::new();
    if let Some(ami) = known {
        candidates.extend(describe::image(there, ami).await?.ok());
    }
    candidates.extend(tagged(there, source).await?);
    let mut found = None;
    for image in candidates {
        let (state, id) = (image.state().cloned(), image.image_id.unwrap_or_default());
        match state {
            Some(ImageState::Available) => return Ok(Some(id)),
            Some(ImageState::Pending | ImageState::Transient) => found = Some(id),
            Some(ImageState::Failed) => remove(there, &id, events).await,
            _ => {}
        }
    }
    Ok(found)
}

async fn tagged(there: &Aws, source: &str) -> Result<Vec<Image>, AwsError> {
    let tag = Filter::builder().name(format!("tag:{}", tags::SOURCE)).values(source).build();
    let call = Call::read("ec2:DescribeImages", source);
    let ask = || there.ec2().describe_images().owners("self").filters(tag.clone()).send();
    Ok(there.call(call, ask).await?.images.unwrap_or_default())
}

/// One that cannot be removed may still let the next one be made.
async fn remove(there: &Aws, ami: &str, events: &Events) {
    let failed = PlatformError::new(format!("copying to {}", there.region()), format!("{ami} is failed"));
    if let Some(left) = discard(there, ami, failed).await.hint {
        events.warn(left);
    }
}

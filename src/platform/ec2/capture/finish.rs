//! What the template wants of an AMI that is available: attributes, sharing, copies. The AMI is good
//! whatever AWS refuses of that, so a refusal is told and kept with it, and the next try does the rest.

use aws_sdk_ec2::types::Image;

use super::{attributes, copy, describe, settle, share};
use crate::{
    aws::Aws,
    event::Events,
    platform::{CloudImage, PlatformError, ec2::error::failed},
    template::model::Ec2,
};

/// # Errors
/// When the AMI itself is gone.
pub async fn finish(
    aws: &Aws,
    before: CloudImage,
    settings: &Ec2,
    events: &Events,
) -> Result<CloudImage, PlatformError> {
    let doing = || format!("looking at the AMI {} before it is finished", before.id);
    let image = describe::image(aws, &before.id).await.map_err(failed(doing()))?.map_err(failed(doing()))?;
    let unfinished = match before.unfinished {
        Some(_) => complete(aws, &image, settings, events).await,
        None => None,
    };
    let copies = copy::copy(aws, &image, settings, before.copies, events).await;
    Ok(CloudImage { unfinished, copies, ..before })
}

/// Attributes and sharing of one AMI; what it lacks after that, and why.
pub async fn complete(aws: &Aws, image: &Image, settings: &Ec2, events: &Events) -> Option<String> {
    let done = async {
        if settle::expires(image) {
            settle::settle(aws, image).await?;
        }
        attributes::set(aws, image.image_id().unwrap_or_default(), settings).await?;
        share::share(aws, image, &settings.share_with).await
    };
    done.await.err().map(|error| told(error, events))
}

/// It does not end the bake, so it is told at once, with what to do about it.
pub fn told(error: PlatformError, events: &Events) -> String {
    let text = error.to_string();
    events.warn(text.clone());
    error.hint.into_iter().for_each(|hint| events.warn(hint));
    text
}

//! The same AMI in other regions, side by side: one that fails neither holds up nor loses another.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Image, ResourceType};
use futures::future::join_all;

use super::{
    create::discard,
    describe,
    finish::{complete, told},
    found,
    labels::specification,
};
use crate::{
    aws::{Aws, Call, tags},
    event::Events,
    journal::Thing,
    platform::{
        ImageCopy, PlatformError,
        ec2::error::{failed, waited},
    },
    template::{kms, model::Ec2},
};

/// Makes and finishes those of `copies` that are not finished yet, and says of each what came of it.
pub async fn copy(
    aws: &Aws,
    image: &Image,
    settings: &Ec2,
    copies: Vec<ImageCopy>,
    events: &Events,
) -> Vec<ImageCopy> {
    let each = copies.into_iter().map(|copy| async move {
        match copy.is_finished() {
            true => copy,
            false => again(aws, image, settings, copy, events).await,
        }
    });
    join_all(each).await
}

/// A copy that is there stays known as such, whatever fails now.
async fn again(aws: &Aws, image: &Image, settings: &Ec2, before: ImageCopy, events: &Events) -> ImageCopy {
    match to_region(aws, image, settings, &before, events).await {
        Ok((there, copy)) => {
            let unfinished = complete(&there, &copy, settings, events).await;
            ImageCopy { image: copy.image_id, failed: None, unfinished, ..before }
        }
        Err(error) if before.image.is_some() => ImageCopy { unfinished: Some(told(error, events)), ..before },
        Err(error) => ImageCopy { failed: Some(told(error, events)), ..before },
    }
}

/// The copy when it is available, and the door to its region.
async fn to_region(
    aws: &Aws,
    image: &Image,
    settings: &Ec2,
    before: &ImageCopy,
    events: &Events,
) -> Result<(Aws, Image), PlatformError> {
    let (ami, region) = (image.image_id().unwrap_or_default(), before.region.as_str());
    let doing = || format!("copying the AMI {ami} to {region}");
    let key = settings.copy_key().map(|key| kms::in_region(key, region)).transpose();
    let key = key.map_err(|why| PlatformError::new(doing(), why))?;
    let there = aws.in_region(region).await.map_err(failed(doing()))?;
    let source = found::source(ami, aws.region());
    let known = before.image.as_deref();
    let copy = match found::copy_of(&there, &source, known, events).await.map_err(failed(doing()))? {
        Some(copy) => copy,
        None => ask(aws, &there, image, key).await?,
    };
    there.made(|place| Thing::Ami { id: copy.clone(), place })?;
    let hint = "a KMS key that cannot be used there is the usual reason";
    let made = match describe::available(&there, &copy).await.map_err(waited(doing(), hint)) {
        Ok(made) => Ok(made),
        Err(error) => Err(discard(&there, &copy, error).await),
    };
    Ok((there, made?))
}

/// Name, description and tags are the AMI's own. The token makes a second try after a lost answer the
/// same copy; it is no other call's, for a copy that failed would be all that it is answered with.
async fn ask(aws: &Aws, there: &Aws, image: &Image, key: Option<String>) -> Result<String, PlatformError> {
    let ami = image.image_id().unwrap_or_default();
    let tags = tags_of(image, aws.region());
    let specifications = [ResourceType::Image, ResourceType::Snapshot].map(|kind| specification(kind, &tags));
    let token = format!("hornero-{}", ulid::Ulid::generate());
    let call = Call::repeatable("ec2:CopyImage", ami);
    let make = || {
        let copy = there.ec2().copy_image().source_image_id(ami).source_region(aws.region());
        let copy = copy.name(image.name().unwrap_or(ami)).set_description(image.description.clone());
        let copy = copy.client_token(&token);
        let copy = copy.set_encrypted(key.as_ref().map(|_| true)).set_kms_key_id(key.clone());
        copy.set_tag_specifications(Some(specifications.to_vec())).send()
    };
    let doing = format!("copying the AMI {ami} to {}", there.region());
    let answer = there.call(call, make).await.map_err(failed(&doing))?;
    answer.image_id.ok_or_else(|| failed(doing)(there.incomplete(&call, "EC2 named no AMI")))
}

fn tags_of(image: &Image, region: &str) -> BTreeMap<String, String> {
    let own = image.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    // What begins with `aws:` cannot be given. How it is published is the original's matter.
    let is_given = |key: &str| !key.starts_with("aws:") && !key.starts_with(tags::DELIVERY);
    let mut tags: BTreeMap<_, _> = own.filter(|(key, _)| is_given(key)).collect();
    tags.insert(tags::EXPIRES.into(), tags::expiry());
    tags.insert(tags::SOURCE.into(), found::source(image.image_id().unwrap_or_default(), region));
    tags
}

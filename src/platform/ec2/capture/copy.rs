//! The same AMI in other regions, side by side: one that fails neither holds up nor loses another.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Image, ResourceType};
use futures::future::join_all;

use super::{attributes, create::discard, describe, found, labels::specification, pending::Pending, share};
use crate::{
    aws::{Aws, Call, tags},
    event::Events,
    platform::{
        ImageCopy, PlatformError,
        ec2::error::{failed, waited},
    },
    template::{kms, model::Ec2},
};

/// Copies to each of `regions`, and says of each what came of it.
pub async fn copy(
    aws: &Aws,
    image: &Image,
    settings: &Ec2,
    regions: &[String],
    events: &Events,
) -> Vec<ImageCopy> {
    let others = regions.iter().filter(|region| *region != aws.region());
    let each = others.map(|region| async move {
        let copied = to_region(aws, image, settings, region, events).await;
        if let Err(error) = &copied {
            events.warn(format!("{error}"));
            error.hint.iter().for_each(|hint| events.warn(hint.clone()));
        }
        let failed = copied.as_ref().err().map(ToString::to_string);
        ImageCopy { region: region.clone(), image: copied.ok(), failed }
    });
    join_all(each).await
}

/// Makes the copies that are missing.
///
/// # Errors
/// When the AMI itself is gone.
pub async fn copy_again(
    aws: &Aws,
    ami: &str,
    settings: &Ec2,
    copies: &[ImageCopy],
    events: &Events,
) -> Result<Vec<ImageCopy>, PlatformError> {
    let doing = || format!("looking at the AMI {ami} before it is copied");
    let image = describe::image(aws, ami).await.map_err(failed(doing()))?.map_err(failed(doing()))?;
    let missing: Vec<String> =
        copies.iter().filter(|copy| copy.image.is_none()).map(|copy| copy.region.clone()).collect();
    let mut made = copy(aws, &image, settings, &missing, events).await;
    let result = copies.iter().map(|copy| {
        let again = made.iter().position(|one| one.region == copy.region);
        again.map_or_else(|| copy.clone(), |place| made.swap_remove(place))
    });
    Ok(result.collect())
}

async fn to_region(
    aws: &Aws,
    image: &Image,
    settings: &Ec2,
    region: &str,
    events: &Events,
) -> Result<String, PlatformError> {
    let ami = image.image_id().unwrap_or_default();
    let doing = || format!("copying the AMI {ami} to {region}");
    let key = settings.copy_key().map(|key| kms::in_region(key, region)).transpose();
    let key = key.map_err(|why| PlatformError::new(doing(), why))?;
    let there = aws.in_region(region).await.map_err(failed(doing()))?;
    let source = found::source(ami, aws.region());
    let copy = match found::copy_of(&there, &source, events).await.map_err(failed(doing()))? {
        Some(copy) => copy,
        None => ask(aws, &there, image, key).await?,
    };
    let hint = "a KMS key that cannot be used there is the usual reason";
    let pending = Pending::new(&copy, region, events);
    let made = match describe::available(&there, &copy).await.map_err(waited(doing(), hint)) {
        Ok(made) => Ok(made),
        Err(error) => Err(discard(&there, &copy, error).await),
    };
    pending.settle();
    let made = made?;
    attributes::set(&there, &copy, settings).await?;
    share::share(&there, &made, &settings.share_with).await?;
    Ok(copy)
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
    answer.image_id.ok_or_else(|| failed(doing)(there.missing(&call, "EC2 named no AMI")))
}

fn tags_of(image: &Image, region: &str) -> BTreeMap<String, String> {
    let own = image.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    // What begins so cannot be given.
    let mut tags: BTreeMap<_, _> = own.filter(|(key, _)| !key.starts_with("aws:")).collect();
    tags.insert(tags::SOURCE.into(), found::source(image.image_id().unwrap_or_default(), region));
    tags
}

//! Images of platform `ec2`: an AMI is its own record, through the tags that the capture gives it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_ec2::types::{Filter, Image, ImageState, Tag};

use super::SsmStore;
use crate::{
    aws::{AwsError, Call, tags},
    store::{ImageRecord, Images, MadeFrom, StoreError},
};

const GIB: u64 = 1 << 30;

#[async_trait]
impl Images for SsmStore {
    /// The capture has tagged it; it is looked up, for nothing may point at what is not there.
    async fn record(&self, image: &ImageRecord) -> Result<(), StoreError> {
        match self.find(&image.id).await? {
            Some(there) if there.run == image.run => Ok(()),
            Some(_) => Err(StoreError::OtherImage { image: image.id.clone() }),
            None => {
                Err(StoreError::Untagged { image: image.id.clone(), region: self.aws.region().to_owned() })
            }
        }
    }

    async fn find(&self, id: &str) -> Result<Option<ImageRecord>, StoreError> {
        let what = || format!("find image `{id}`");
        // A whole ID has 17 digits, or 8 in the oldest accounts; what is shorter is a beginning.
        let whole = id.strip_prefix("ami-").is_some_and(|digits| digits.len() == 17 || digits.len() == 8);
        if whole {
            let found = self.describe(id).await.map_err(StoreError::aws(what()))?;
            return Ok(found.and_then(|image| self.image(image)));
        }
        let all = self.own(None).await.map_err(StoreError::aws(what()))?;
        let mut fitting: Vec<_> =
            all.into_iter().filter(|one| !id.is_empty() && one.id.starts_with(id)).collect();
        if fitting.len() > 1 {
            let ids = fitting.into_iter().map(|one| one.id).collect();
            return Err(StoreError::Ambiguous { prefix: id.into(), ids });
        }
        Ok(fitting.pop())
    }

    async fn list(&self, name: Option<&str>) -> Result<Vec<ImageRecord>, StoreError> {
        let mut images = self.own(name).await.map_err(StoreError::aws("list the images"))?;
        images.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
        Ok(images)
    }

    async fn prove(&self, id: &str, finish: &str) -> Result<(), StoreError> {
        let tag = Tag::builder().key(tags::PROVED).value(finish).build();
        let call = Call::repeatable("ec2:CreateTags", id);
        let make = || self.aws.ec2().create_tags().resources(id).tags(tag.clone()).send();
        let made = self.aws.call(call, make).await;
        made.map(drop).map_err(StoreError::aws(format!("write down that image `{id}` has passed")))
    }

    async fn delivered(&self, id: &str) -> Result<(), StoreError> {
        let call = Call::repeatable("ec2:DeleteTags", id);
        let keys = (1..=tags::MOST_DELIVERY).map(|number| format!("{}{number:02}", tags::DELIVERY));
        let gone: Vec<Tag> = keys.map(|key| Tag::builder().key(key).build()).collect();
        let make = || self.aws.ec2().delete_tags().resources(id).set_tags(Some(gone.clone())).send();
        let made = self.aws.call(call, make).await;
        made.map(drop).map_err(StoreError::aws(format!("write down that image `{id}` is published")))
    }

    /// The record is the AMI's tags and goes with it.
    async fn forget(&self, _id: &str) -> Result<(), StoreError> {
        Ok(())
    }
}

impl SsmStore {
    /// Every image of this account and region that hornero made.
    async fn own(&self, name: Option<&str>) -> Result<Vec<ImageRecord>, AwsError> {
        let made = Filter::builder().name("tag-key").values(tags::RUN).build();
        let named =
            name.map(|name| Filter::builder().name(format!("tag:{}", tags::NAME)).values(name).build());
        let filters: Vec<Filter> = [made].into_iter().chain(named).collect();
        let call = Call::read("ec2:DescribeImages", name.unwrap_or("images made by hornero"));
        let (mut images, mut token) = (Vec::new(), None);
        loop {
            let ask = || {
                let asked = self.aws.ec2().describe_images().owners("self");
                asked.set_filters(Some(filters.clone())).set_next_token(token.clone()).send()
            };
            let page = self.aws.call(call, ask).await?;
            let usable = page.images.unwrap_or_default().into_iter().filter_map(|image| self.image(image));
            images.extend(usable);
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(images);
            }
        }
    }

    /// `None` when it is not (yet) usable, or none of ours.
    fn image(&self, image: Image) -> Option<ImageRecord> {
        let tag = |key: &str| {
            let found = image.tags().iter().find(|tag| tag.key() == Some(key));
            found.and_then(|tag| tag.value()).map(str::to_owned)
        };
        let id = image.image_id.clone()?;
        let gib: i32 = image.block_device_mappings().iter().filter_map(|one| one.ebs()?.volume_size()).sum();
        (image.state() == Some(&ImageState::Available)).then_some(())?;
        Some(ImageRecord {
            name: tag(tags::NAME)?,
            version: tag(tags::VERSION),
            platform: "ec2".into(),
            run: tag(tags::RUN)?,
            location: self.aws.region().to_owned(),
            fingerprint: tag(tags::FINGERPRINT),
            bytes: u64::from(gib.unsigned_abs()) * GIB,
            created: image.creation_date()?.parse().ok()?,
            manifest: self.manifests.join(&id).join("manifest.json"),
            proved: tag(tags::PROVED).is_some(),
            finish: tag(tags::PROVED),
            made_from: made_from(&image),
            delivery: Some(joined(&image, tags::DELIVERY)).filter(|text| !text.is_empty()),
            id,
        })
    }
}

fn made_from(image: &Image) -> Option<MadeFrom> {
    let tags: BTreeMap<&str, &str> =
        image.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?))).collect();
    let base = format!("{} ({})", tags.get(tags::BASE_NAME)?, tags.get(tags::BASE)?);
    Some(MadeFrom { base, inputs: joined(image, tags::INPUTS) })
}

/// The values of the tags whose names begin so, in the order of their numbers.
fn joined(image: &Image, begin: &str) -> String {
    let tags: BTreeMap<&str, &str> =
        image.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?))).collect();
    tags.iter().filter(|(key, _)| key.starts_with(begin)).map(|(_, piece)| *piece).collect()
}

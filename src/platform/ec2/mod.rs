//! Builders as EC2 instances: the AMI they start from, the instance with its volumes and its
//! security group, its states, the image made of it, and the end of all that.

mod address;
mod api;
mod attempts;
mod base;
mod builder;
pub mod capture;
mod destroy;
mod disks;
mod door;
mod endpoint;
mod error;
#[cfg(test)]
mod fake;
mod kept;
mod keys;
mod launch;
mod leftovers;
mod lost;
mod network;
mod sdk;
mod states;
mod user_data;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    BaseImage, Builder, CloudImage, KeptBuilder, LaunchSpec, Leftover, Platform, PlatformError, Settings,
    Whose,
};
use crate::{
    aws::{Accounts, Aws, tags},
    event::Events,
    journal::{History, Journal, Place},
    template::model::{Base, Ec2},
    time::Moment,
};

/// The platform. AWS is not spoken to before something is asked of it.
#[derive(Clone, Debug)]
pub struct Ec2Platform {
    accounts: Arc<Accounts>,
}

impl Ec2Platform {
    pub fn new(accounts: Arc<Accounts>) -> Self {
        Self { accounts }
    }

    async fn aws(&self, settings: &Ec2) -> Result<Aws, PlatformError> {
        let opened = self.accounts.open(settings.role_arn.as_deref(), settings.region.as_deref()).await;
        opened.map_err(error::failed("connecting to AWS"))
    }

    async fn at(&self, place: &Place) -> Result<Aws, PlatformError> {
        let opened = self.accounts.open(place.role.as_deref(), Some(&place.region)).await;
        opened.map_err(error::failed("connecting to AWS"))
    }
}

#[async_trait]
impl Platform for Ec2Platform {
    async fn look_up_base(
        &self,
        base: &Base,
        settings: &Settings,
    ) -> Result<Option<BaseImage>, PlatformError> {
        let aws = self.aws(settings.ec2()?).await?;
        Ok(Some(base::described(&base::resolve(&aws, base).await?)))
    }

    async fn prepare_base(
        &self,
        base: &Base,
        settings: &Settings,
        events: &Events,
    ) -> Result<BaseImage, PlatformError> {
        let aws = self.aws(settings.ec2()?).await?.telling(events);
        let found = base::described(&base::resolve(&aws, base).await?);
        events.reused(&found.description, found.id.clone());
        Ok(found)
    }

    /// The serial of a volume is its ID.
    fn names_disks(&self) -> bool {
        false
    }

    async fn finish_image(
        &self,
        image: CloudImage,
        settings: &Settings,
        journal: &Journal,
        events: &Events,
    ) -> Result<CloudImage, PlatformError> {
        let settings = settings.ec2()?;
        let aws = self.aws(settings).await?;
        let aws = aws.in_region(&image.region).await.map_err(error::failed("connecting to AWS"))?;
        capture::finish(&aws.telling(events).journaled(journal), image, settings, events).await
    }

    async fn check_launch(&self, spec: &LaunchSpec) -> Result<(), PlatformError> {
        let aws = self.aws(spec.settings.ec2()?).await?;
        keys::check(&aws, spec).await
    }

    async fn launch(&self, spec: LaunchSpec, events: &Events) -> Result<Box<dyn Builder>, PlatformError> {
        let aws = self.aws(spec.settings.ec2()?).await?.telling(events).journaled(&spec.journal);
        Ok(Box::new(launch::launch(aws, spec, events).await?))
    }

    async fn attach(&self, kept: &KeptBuilder<'_>) -> Result<Box<dyn Builder>, PlatformError> {
        Ok(Box::new(kept::attach(self, kept).await?))
    }

    async fn leftovers(&self, whose: Whose<'_>) -> Result<Vec<Leftover>, PlatformError> {
        match whose {
            Whose::Anyone { place } => leftovers::find(&self.at(place).await?, None, None).await,
            Whose::Run { id, history } => {
                let (mut found, kept) = (Vec::new(), history.kept.as_ref().map(|(image, _)| image.as_str()));
                for place in history.places() {
                    found.extend(leftovers::find(&self.at(&place).await?, Some(id), kept).await?);
                }
                Ok(found)
            }
        }
    }

    async fn retain(
        &self,
        run: &str,
        (journal, history): (&Journal, &History),
        ttl: Duration,
    ) -> Result<(), PlatformError> {
        for place in history.places() {
            let aws = self.at(&place).await?;
            let there = leftovers::find(&aws, Some(run), None).await?;
            let until = Timestamp::now().later(tags::BAKE).later(ttl);
            leftovers::retain(&aws.journaled(journal), run, &there, until).await?;
        }
        Ok(())
    }

    async fn release(&self, left: &Leftover, journal: Option<&Journal>) -> Result<(), PlatformError> {
        let Some(place) = &left.place else {
            return Err(PlatformError::new(format!("removing the {left}"), "nothing says where it is"));
        };
        let aws = self.at(place).await?;
        match journal {
            Some(journal) => leftovers::release(&aws.journaled(journal), left).await,
            None => leftovers::release(&aws, left).await,
        }
    }
}

//! A builder that is kept: what is written down of the instance, and the same instance found again.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{
    Ec2Platform,
    builder::{Ec2Builder, Running},
    capture::Volume,
    destroy::Made,
    states,
};
use crate::{
    aws::Aws,
    journal::Place,
    platform::{KeptBuilder, PlatformError},
    template::model::Ec2,
};

/// Lies in the run's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    instance: String,
    place: Place,
    address: SocketAddr,
    root: Volume,
    /// In the order of the template.
    disks: Vec<Volume>,
    group: Option<String>,
    spot_request: Option<String>,
}

impl Written {
    pub fn of(machine: &Running) -> Self {
        Self {
            instance: machine.id.clone(),
            place: machine.aws.place(),
            address: machine.address,
            root: machine.root.clone(),
            disks: machine.disks.iter().map(|(_, volume)| volume.clone()).collect(),
            group: machine.made.group.clone(),
            spot_request: machine.made.spot_request.clone(),
        }
    }
}

/// # Errors
/// When it does not run any more, or the template is of another account or region.
pub async fn attach(platform: &Ec2Platform, kept: &KeptBuilder<'_>) -> Result<Ec2Builder, PlatformError> {
    let (written, settings): (Written, _) = (kept.read()?, kept.settings.ec2()?);
    let aws = platform.at(&written.place).await?;
    same_place(&written.place, &platform.aws(settings).await?.place(), kept)?;
    if let Some(why) = states::gone(&aws, &written.instance).await {
        return Err(kept.gone(why));
    }
    let aws = match kept.journal {
        Some(journal) => aws.journaled(journal),
        None => aws,
    };
    Ok(Ec2Builder::new(running(aws, written, settings, kept)))
}

/// What the image is recorded with is of the account and region that the template names now.
fn same_place(then: &Place, now: &Place, kept: &KeptBuilder<'_>) -> Result<(), PlatformError> {
    if then == now {
        return Ok(());
    }
    let told = |place: &Place| match &place.role {
        Some(role) => format!("{} with {role}", place.region),
        None => place.region.clone(),
    };
    let why = format!("it is in {}, and the template is now for {}", told(then), told(now));
    Err(PlatformError::new(kept.doing(), why)
        .hint("give the region and the role of the bake, in [ec2] or in the environment"))
}

fn running(aws: Aws, written: Written, settings: &Ec2, kept: &KeptBuilder<'_>) -> Running {
    let Written { instance, place: _, address, root, disks, group, spot_request } = written;
    let journal = kept.journal.cloned();
    let made = Made { instance: Some(instance.clone()), spot_request, group, journal };
    let disks = kept.disks.iter().cloned().zip(disks).collect();
    Running { aws, id: instance, address, settings: settings.clone(), root, disks, made }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::platform::Settings;

    #[test]
    fn a_template_that_is_for_another_region_now_is_refused_with_both() {
        let at = |region: &str| Place { region: region.into(), role: None };
        let kept = KeptBuilder {
            run: "web-1",
            data: &Value::Null,
            settings: Settings::Ec2(Box::default()),
            disks: &[],
            journal: None,
        };
        assert!(same_place(&at("eu-west-1"), &at("eu-west-1"), &kept).is_ok());
        let error = same_place(&at("eu-west-1"), &at("eu-south-2"), &kept).unwrap_err();
        assert!(error.to_string().contains("kept builder of web-1: it is in eu-west-1"), "{error}");
        assert!(error.to_string().contains("now for eu-south-2"), "{error}");
    }
}

//! The AMI itself: made once, also when the answer is lost, and removed when it failed.

use std::time::Duration;

use aws_sdk_ec2::types::{Filter, Image};

use super::{Source, describe, labels::Labels};
use crate::{
    aws::{Aws, AwsError, Call, Fault, tags},
    platform::{
        PlatformError,
        ec2::{error::waited, leftovers::deregister},
    },
    wait::{Look, Wait, WaitError},
};

/// How long an AMI whose answer was lost may take to be seen.
const LOST: Duration = Duration::from_secs(20);

/// How long EC2 may take until the snapshots of an AMI are begun.
const BEGUN: Duration = Duration::from_secs(15 * 60);

/// CreateImage has no token that makes it safe to repeat: the name, which only one AMI can have, is
/// one. Whoever gets no answer looks for the AMI, and asks for it again when it is not there.
pub async fn create(aws: &Aws, source: &Source<'_>, labels: &Labels) -> Result<String, AwsError> {
    let call = Call::once("ec2:CreateImage", source.instance);
    let make = || {
        let made = aws.ec2().create_image().instance_id(source.instance).name(&labels.name);
        let made = made.description(&labels.description);
        made.set_tag_specifications(Some(labels.specifications())).send()
    };
    let mut tries = 0;
    loop {
        let answer = aws.call(call, make).await;
        let made = |id: Option<String>| id.ok_or_else(|| aws.incomplete(&call, "EC2 named no AMI"));
        let error = match answer.and_then(|answer| made(answer.image_id)) {
            Ok(ami) => return Ok(ami),
            Err(error) => error,
        };
        tries += 1;
        if may_be_made(&error)
            && let Some(ami) = lost(aws, labels).await?
        {
            return Ok(ami);
        }
        if error.fault != Fault::Transient || !aws.pause_before_retry(&error, tries).await {
            return Err(error);
        }
    }
}

/// Whether the AMI may be there although this is what came of asking for it.
fn may_be_made(error: &AwsError) -> bool {
    error.fault == Fault::Transient || error.code.as_deref() == Some("InvalidAMIName.Duplicate")
}

/// The AMI of this run, if it was made although nobody said so.
async fn lost(aws: &Aws, labels: &Labels) -> Result<Option<String>, AwsError> {
    let wait = Wait::new(format!("{} is seen", labels.name), LOST);
    let look = || async {
        Ok(match named(aws, labels).await? {
            Some(ami) => Look::There(ami),
            None => Look::NotYet("no AMI of this name".to_owned()),
        })
    };
    match wait.until(look).await {
        Ok(ami) => Ok(Some(ami)),
        Err(WaitError::Look(error)) => Err(error),
        Err(WaitError::TooLong { .. } | WaitError::Over { .. }) => Ok(None),
    }
}

async fn named(aws: &Aws, labels: &Labels) -> Result<Option<String>, AwsError> {
    let filters = [filter("name", &labels.name), filter(&format!("tag:{}", tags::RUN), &labels.run)];
    let call = Call::read("ec2:DescribeImages", &labels.name);
    let ask = || aws.ec2().describe_images().owners("self").set_filters(Some(filters.to_vec())).send();
    let found = aws.call(call, ask).await?.images.unwrap_or_default();
    Ok(found.into_iter().find_map(|image| image.image_id))
}

/// Until every volume has its snapshot: from then on the AMI needs neither volumes nor instance.
pub async fn snapshots_taken(aws: &Aws, source: &Source<'_>, labels: &Labels) -> Result<(), PlatformError> {
    let volumes: Vec<&str> = std::iter::once(source.root)
        .chain(source.disks.iter().map(|(_, volume)| volume))
        .map(|v| v.id.as_str())
        .collect();
    let wait = Wait::new(format!("the snapshots of {} are begun", source.instance), BEGUN);
    let look = || async {
        let begun = snapshots(aws, &volumes, labels).await?;
        Ok(match begun >= volumes.len() {
            true => Look::There(()),
            false => Look::NotYet(format!("{begun} of {}", volumes.len())),
        })
    };
    let doing = format!("waiting for the snapshots of {}", source.instance);
    wait.until(look).await.map_err(waited(doing, "look at the snapshots in the EC2 console"))
}

async fn snapshots(aws: &Aws, volumes: &[&str], labels: &Labels) -> Result<usize, AwsError> {
    let of = Filter::builder()
        .name("volume-id")
        .set_values(Some(volumes.iter().map(|v| (*v).to_owned()).collect()));
    let filters = [of.build(), filter(&format!("tag:{}", tags::RUN), &labels.run)];
    let call = Call::read("ec2:DescribeSnapshots", &labels.name);
    let ask = || aws.ec2().describe_snapshots().owner_ids("self").set_filters(Some(filters.to_vec())).send();
    Ok(aws.call(call, ask).await?.snapshots.unwrap_or_default().len())
}

pub async fn available(aws: &Aws, ami: &str) -> Result<Image, PlatformError> {
    let hint = "a KMS key that cannot be used is the usual reason: look at kms_key and at the key's policy";
    let doing = format!("waiting for the AMI {ami}");
    describe::available(aws, ami).await.map_err(waited(doing, hint))
}

/// Removes an AMI that became none, for its name is needed again. One that may still become one goes
/// with whatever else the run has left.
pub async fn discard(aws: &Aws, ami: &str, error: PlatformError) -> PlatformError {
    let state = match describe::image(aws, ami).await {
        Ok(Ok(image)) => image.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        Ok(Err(_)) | Err(_) => String::new(),
    };
    if state == "failed" && deregister(aws, ami).await.is_ok() {
        aws.gone(ami);
    }
    error
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

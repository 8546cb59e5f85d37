//! Looking at an AMI until it is what was asked for.

use std::time::Duration;

use aws_sdk_ec2::types::{Image, ImageState};

use crate::{
    aws::{Aws, AwsError, Call, Fault},
    wait::{Look, Wait, WaitError},
};

/// Large disks that were never captured before take EC2 hours.
const AVAILABLE: Duration = Duration::from_secs(4 * 3600);

/// EC2 answers from several places, of which one may not know yet what another does: so many others must agree.
const OTHERS: u32 = 2;

/// The AMI, or the error that EC2 does not know it.
pub async fn image(aws: &Aws, ami: &str) -> Result<Result<Image, AwsError>, AwsError> {
    let call = Call::read("ec2:DescribeImages", ami);
    match aws.call(call, || aws.ec2().describe_images().image_ids(ami).send()).await {
        Ok(answer) => {
            let found = answer.images.unwrap_or_default().into_iter().next();
            Ok(found.ok_or_else(|| aws.missing(&call, "EC2 knows no such AMI")))
        }
        Err(error) if error.fault == Fault::NotFound => Ok(Err(error)),
        Err(error) => Err(error),
    }
}

/// Until it can be used.
pub async fn available(aws: &Aws, ami: &str) -> Result<Image, WaitError<AwsError>> {
    let wait = Wait::new(format!("{ami} in {} is available", aws.region()), AVAILABLE).confirmed(OTHERS);
    let look = || async move {
        Ok(match image(aws, ami).await? {
            Err(error) => Look::Unseen(error),
            Ok(image) => judge(image),
        })
    };
    wait.until(look).await
}

fn judge(image: Image) -> Look<Image, AwsError> {
    let state = image.state().cloned();
    let word = state.as_ref().map_or("unknown", ImageState::as_str).to_owned();
    let reason = image.state_reason().and_then(|reason| reason.message()).map(str::to_owned);
    match state {
        Some(ImageState::Available) => Look::There(image),
        Some(ImageState::Pending | ImageState::Transient) | None => Look::NotYet(word),
        Some(_) => {
            Look::Over(reason.map_or_else(|| format!("it is {word}"), |why| format!("it is {word}: {why}")))
        }
    }
}

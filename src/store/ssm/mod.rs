//! The store of platform `ec2`: parameters in Parameter Store, and images as their tags tell them.

mod claims;
mod held;
mod images;
mod key;
mod locks;
mod parameters;
mod permission;
mod write;

use std::{path::PathBuf, time::Duration};

use aws_sdk_ec2::types::Image;
use aws_sdk_ssm::types::Parameter;

use super::HeldLock;
use crate::aws::{Aws, AwsError, Call, Fault};

/// AWS says that looking at an image before a parameter is stored can take some minutes, and that
/// another try is possible after five.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// Parameters and images of one account in one region.
#[derive(Clone, Debug)]
pub struct SsmStore {
    aws: Aws,
    /// Where this computer keeps the manifests of images, in a folder of each image's ID.
    manifests: PathBuf,
    patience: Duration,
    /// How long a lock lasts whose holder says nothing more.
    lease: Duration,
    /// Without it no parameter is written.
    lock: Option<HeldLock>,
}

impl SsmStore {
    pub fn new(aws: Aws, manifests: PathBuf) -> Self {
        Self { aws, manifests, patience: PATIENCE, lease: locks::LEASE, lock: None }
    }

    /// How long AWS may take to store what it was given.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// `None` when there is no such parameter or version.
    async fn read(&self, name: &str) -> Result<Option<Parameter>, AwsError> {
        let call = Call::read("ssm:GetParameter", name);
        match self.aws.call(call, || self.aws.ssm().get_parameter().name(name).send()).await {
            Ok(answer) => Ok(answer.parameter),
            Err(error) if error.fault == Fault::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// An image of this region, if it is visible.
    async fn describe(&self, image: &str) -> Result<Option<Image>, AwsError> {
        let call = Call::read("ec2:DescribeImages", image);
        match self.aws.call(call, || self.aws.ec2().describe_images().image_ids(image).send()).await {
            Ok(answer) => Ok(answer.images.unwrap_or_default().into_iter().next()),
            Err(error) if error.fault == Fault::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

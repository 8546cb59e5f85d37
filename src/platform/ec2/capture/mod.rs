//! A stopped instance becomes an AMI.

use crate::{
    aws::Aws,
    event::Events,
    platform::{CaptureSpec, Captured, PlatformError},
    template::model::{Disk, Ec2},
};

/// What is captured.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Of the stopped instance.
    pub instance: &'a str,
    /// As in its block device mapping.
    pub root: &'a Volume,
    /// The extra disks, in the order of the template.
    pub disks: &'a [(Disk, Volume)],
    pub settings: &'a Ec2,
}

/// A volume of the builder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// `vol-...`
    pub id: String,
    /// Its name in the block device mapping: `/dev/sdf`.
    pub device: String,
}

/// Makes the AMI, and what the template wants made of it.
///
/// # Errors
/// When AWS refuses, or the AMI becomes none.
pub async fn capture(
    _aws: &Aws,
    source: &Source<'_>,
    _spec: &CaptureSpec<'_>,
    _events: &Events,
) -> Result<Captured, PlatformError> {
    let what = format!("making an AMI of the builder {}", source.instance);
    Err(PlatformError::new(what, "this version cannot"))
}

//! The KMS keys of a builder's volumes and of copies in other regions, looked at before anything is launched:
//! EC2 ends an instance without a word when it cannot use a key, and a copy fails when all else is done.

use std::collections::BTreeSet;

use futures::future::try_join_all;

use super::error::failed;
use crate::{
    aws::Aws,
    platform::{LaunchSpec, PlatformError},
    template::{
        kms,
        model::{Ec2, Ec2Disk},
    },
};

/// Keys that AWS itself keeps for each account: they are made when they are first used.
const OF_AWS: &str = "alias/aws/";

/// # Errors
/// When one of the keys is not there or cannot be used.
pub async fn check(aws: &Aws, spec: &LaunchSpec) -> Result<(), PlatformError> {
    let settings = spec.settings.ec2()?;
    let here = of_volumes(spec, settings).into_iter().map(|key| (aws.region().to_owned(), key));
    let keys: BTreeSet<(String, String)> = here.chain(of_copies(settings)).collect();
    let own = keys.iter().filter(|(_, key)| !key.contains(OF_AWS));
    try_join_all(own.map(|(region, key)| check_one(aws, region, key))).await.map(drop)
}

fn of_volumes(spec: &LaunchSpec, settings: &Ec2) -> BTreeSet<String> {
    let disks = spec.disks.iter().map(|disk| &disk.ec2);
    let encrypted =
        std::iter::once(&spec.root_volume).chain(disks).filter(|disk| disk.encrypted != Some(false));
    let key = |disk: &Ec2Disk| disk.kms_key.clone().or_else(|| settings.kms_key.clone());
    encrypted.filter_map(key).collect()
}

/// One that has no name in another region was refused before.
fn of_copies(settings: &Ec2) -> impl Iterator<Item = (String, String)> {
    let key = |region: &String| Some((region.clone(), kms::in_region(settings.copy_key()?, region).ok()?));
    settings.copy_to.iter().filter_map(key)
}

async fn check_one(aws: &Aws, region: &str, key: &str) -> Result<(), PlatformError> {
    let doing = || format!("looking at the KMS key `{key}` in {region}");
    let there = aws.in_region(region).await.map_err(failed(doing()))?;
    match there.why_key_is_unusable(key).await {
        None => Ok(()),
        Some(why) => Err(PlatformError::new(doing(), why).hint(format!(
            "correct `kms_key`, or make the key usable; `aws kms describe-key --key-id {key} --region {region}` shows it"
        ))),
    }
}

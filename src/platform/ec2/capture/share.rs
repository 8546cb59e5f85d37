//! Who else may use an AMI: accounts, organizations and organizational units.

use aws_sdk_ec2::types::{
    Image, LaunchPermission, LaunchPermissionModifications, OperationType, SnapshotAttributeName,
};

use crate::{
    aws::{Aws, AwsError, Call},
    platform::{PlatformError, ec2::error::failed},
    template::model::Share,
};

/// # Errors
/// When AWS refuses; the AMI is there all the same.
pub async fn share(aws: &Aws, image: &Image, with: &Share) -> Result<(), PlatformError> {
    let permissions = permissions(with);
    if permissions.is_empty() {
        return Ok(());
    }
    let ami = image.image_id().unwrap_or_default();
    let doing = || format!("sharing the AMI {ami} in {}", aws.region());
    launching(aws, ami, permissions).await.map_err(failed(doing()))?;
    if with.accounts.is_empty() {
        return Ok(());
    }
    // Whoever copies the AMI reads its snapshots; EC2 knows accounts alone there.
    let snapshots = image.block_device_mappings().iter().filter_map(|one| one.ebs()?.snapshot_id());
    for snapshot in snapshots {
        reading(aws, snapshot, &with.accounts).await.map_err(failed(doing()))?;
    }
    Ok(())
}

fn permissions(with: &Share) -> Vec<LaunchPermission> {
    let accounts = with.accounts.iter().map(|id| LaunchPermission::builder().user_id(id));
    let organizations =
        with.organizations.iter().map(|arn| LaunchPermission::builder().organization_arn(arn));
    let units = with.organizational_units.iter();
    let units = units.map(|arn| LaunchPermission::builder().organizational_unit_arn(arn));
    accounts.chain(organizations).chain(units).map(|one| one.build()).collect()
}

async fn launching(aws: &Aws, ami: &str, permissions: Vec<LaunchPermission>) -> Result<(), AwsError> {
    let change = LaunchPermissionModifications::builder().set_add(Some(permissions)).build();
    let call = Call::repeatable("ec2:ModifyImageAttribute", ami);
    let make = || aws.ec2().modify_image_attribute().image_id(ami).launch_permission(change.clone()).send();
    aws.call(call, make).await.map(drop)
}

async fn reading(aws: &Aws, snapshot: &str, accounts: &[String]) -> Result<(), AwsError> {
    let call = Call::repeatable("ec2:ModifySnapshotAttribute", snapshot);
    let make = || {
        let change = aws.ec2().modify_snapshot_attribute().snapshot_id(snapshot);
        let change = change.attribute(SnapshotAttributeName::CreateVolumePermission);
        change.operation_type(OperationType::Add).set_user_ids(Some(accounts.to_vec())).send()
    };
    aws.call(call, make).await.map(drop)
}

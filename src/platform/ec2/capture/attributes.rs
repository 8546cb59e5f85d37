//! What an AMI says to those who launch it: the metadata service with tokens alone, and from when
//! on it is out of date.

use aws_sdk_ec2::types::AttributeValue;
use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::{
    aws::{Aws, AwsError, Call},
    platform::{PlatformError, ec2::error::failed},
    template::model::Ec2,
    time::Moment,
};

/// # Errors
/// When AWS refuses one; the AMI is there all the same.
pub async fn set(aws: &Aws, ami: &str, settings: &Ec2) -> Result<(), PlatformError> {
    let doing = format!("setting the attributes of the AMI {ami}");
    imds(aws, ami).await.map_err(failed(&doing))?;
    match settings.deprecate_after {
        Some(after) => deprecate(aws, ami, after.0).await.map_err(failed(&doing)),
        None => Ok(()),
    }
}

/// CreateImage cannot say it.
async fn imds(aws: &Aws, ami: &str) -> Result<(), AwsError> {
    let call = Call::repeatable("ec2:ModifyImageAttribute", ami);
    let tokens = AttributeValue::builder().value("v2.0").build();
    let make = || aws.ec2().modify_image_attribute().image_id(ami).imds_support(tokens.clone()).send();
    aws.call(call, make).await.map(drop)
}

async fn deprecate(aws: &Aws, ami: &str, after: std::time::Duration) -> Result<(), AwsError> {
    let when = Timestamp::now().later(after);
    let call = Call::repeatable("ec2:EnableImageDeprecation", ami);
    let date = DateTime::from_secs(when.as_second());
    let make = || aws.ec2().enable_image_deprecation().image_id(ami).deprecate_at(date).send();
    aws.call(call, make).await.map(drop)
}

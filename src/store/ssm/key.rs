//! The store's key in Parameter Store: a `SecureString` that is written once.

use async_trait::async_trait;
use aws_sdk_ssm::types::ParameterType;

use super::SsmStore;
use crate::{
    aws::{AwsError, Call, Fault},
    store::{Key, Keys, StoreError},
};

/// Encrypted with the account's own key for Parameter Store (`alias/aws/ssm`).
const NAME: &str = "/hornero/fingerprint-key";

#[async_trait]
impl Keys for SsmStore {
    async fn key(&self, make: bool) -> Result<Option<Key>, StoreError> {
        let what = || format!("read the key for secrets, `{NAME}`");
        let text = match self.aws.secure_parameter(NAME).await {
            Ok(text) => text,
            Err(error) if error.fault == Fault::NotFound && !make => return Ok(None),
            Err(error) if error.fault == Fault::NotFound => {
                self.made().await.map_err(StoreError::aws(what()))?
            }
            Err(error) => return Err(StoreError::aws(what())(error)),
        };
        let bad = || StoreError::BadKey { parameter: NAME.into(), region: self.aws.region().into() };
        Key::of_text(&text).map(Some).ok_or_else(bad)
    }
}

impl SsmStore {
    /// Ours, or that of whoever was faster.
    async fn made(&self) -> Result<String, AwsError> {
        let value = Key::random().to_text();
        let call = Call::repeatable("ssm:PutParameter", NAME);
        let put = || {
            let put = self.aws.ssm().put_parameter().name(NAME).value(&value);
            put.r#type(ParameterType::SecureString).overwrite(false).send()
        };
        match self.aws.call(call, put).await {
            Err(error) if error.code.as_deref() != Some("ParameterAlreadyExists") => Err(error),
            Ok(_) | Err(_) => self.aws.secure_parameter(NAME).await,
        }
    }
}

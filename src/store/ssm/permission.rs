//! Whether a parameter can be written, asked before there is anything to write: a bake takes long, and what is
//! missing at its end is missing at its beginning.

use aws_sdk_ssm::types::{ParameterTier, ParameterType};

use super::SsmStore;
use crate::{
    aws::{Call, Fault},
    store::{StoreError, ValueKind, name::check_name},
};

/// A data type that Parameter Store does not have. It looks at permissions first and then refuses the write for
/// this, so nothing is ever stored.
const NO_DATA_TYPE: &str = "hornero:permission-check";

impl SsmStore {
    /// # Errors
    /// When the parameter is there and of another type, or the permission to write it is missing.
    pub(super) async fn ask_before_write(&self, name: &str, kind: ValueKind) -> Result<(), StoreError> {
        check_name(name)?;
        let there = self.read(name).await.map_err(StoreError::aws(format!("write parameter `{name}`")))?;
        if let Some(there) = &there {
            self.check_type(name, there, kind)?;
        }
        self.check_permission(name, there.is_none()).await
    }

    /// Anything but a missing permission says nothing: whether the write itself works is seen when it is made.
    async fn check_permission(&self, name: &str, is_new: bool) -> Result<(), StoreError> {
        let ask = || {
            let put =
                self.aws.ssm().put_parameter().name(name).value(NO_DATA_TYPE).r#type(ParameterType::String);
            let put = put.set_tier(is_new.then_some(ParameterTier::Standard));
            // Never over what is there, whatever AWS makes of the data type.
            put.data_type(NO_DATA_TYPE).overwrite(false).send()
        };
        match self.aws.call(Call::read("ssm:PutParameter", name), ask).await {
            Err(error) if error.fault == Fault::Denied => {
                Err(StoreError::aws(format!("write parameter `{name}`"))(error))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

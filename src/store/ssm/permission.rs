//! Whether a parameter can be written, asked before there is anything to write: a bake takes long, and what is
//! missing at its end is missing at its beginning.

use aws_sdk_ssm::types::Parameter as Found;

use super::SsmStore;
use crate::{
    aws::{Call, Fault},
    store::{StoreError, ValueKind, name::check_name},
};

impl SsmStore {
    /// Of a parameter that is not there yet nothing can be asked without making it.
    ///
    /// # Errors
    /// When the parameter is there and of another type, or the permission to write it is missing.
    pub(super) async fn ask_before_write(&self, name: &str, kind: ValueKind) -> Result<(), StoreError> {
        check_name(name)?;
        match self.read(name).await.map_err(StoreError::aws(format!("write parameter `{name}`")))? {
            Some(there) => {
                self.check_type(name, &there, kind)?;
                self.check_permission(name, &there).await
            }
            None => Ok(()),
        }
    }

    /// Asks for the parameter to be made although it is there: Parameter Store looks at permissions first, and then
    /// refuses. Were it removed in between, it would come back as it was. Anything but a missing permission says
    /// nothing: whether the write itself works is seen when it is made.
    async fn check_permission(&self, name: &str, there: &Found) -> Result<(), StoreError> {
        let ask = || {
            let put = self.aws.ssm().put_parameter().name(name).set_value(there.value.clone());
            let put = put.set_type(there.r#type.clone()).set_data_type(there.data_type.clone());
            put.overwrite(false).send()
        };
        match self.aws.call(Call::read("ssm:PutParameter", name), ask).await {
            Err(error) if error.fault == Fault::Denied => {
                Err(StoreError::aws(format!("write parameter `{name}`"))(error))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

//! Values of secrets: parameters that are decrypted as they are read, and Secrets Manager.

use super::{Aws, AwsError, Call};

impl Aws {
    /// The value of a parameter, decrypted where it is a `SecureString`.
    ///
    /// # Errors
    /// When it is not there, or may not be read or decrypted.
    pub async fn secure_parameter(&self, name: &str) -> Result<String, AwsError> {
        let call = Call::read("ssm:GetParameter", name);
        let ask = || self.ssm().get_parameter().name(name).with_decryption(true).send();
        let found = self.call(call, ask).await?.parameter.and_then(|parameter| parameter.value);
        found.ok_or_else(|| self.missing(&call, "the answer has no value"))
    }

    /// The current value of a secret in Secrets Manager, by its name or ARN.
    ///
    /// # Errors
    /// When it is not there, may not be read or decrypted, or is no text.
    pub async fn secret_value(&self, id: &str) -> Result<String, AwsError> {
        let call = Call::read("secretsmanager:GetSecretValue", id);
        let ask = || self.shared.secrets.get_secret_value().secret_id(id).send();
        let found = self.call(call, ask).await?;
        let bytes = || String::from_utf8(found.secret_binary?.into_inner()).ok();
        found.secret_string.or_else(bytes).ok_or_else(|| self.missing(&call, "its value is no text"))
    }
}

//! KMS keys, as far as it can be told whether EC2 can encrypt with them.

use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyState};

use super::{Aws, Call, Fault};

impl Aws {
    /// Why no volume can be encrypted with this key; `None` where nothing is known against it, also because it
    /// may not be looked at.
    pub async fn why_key_is_unusable(&self, key: &str) -> Option<String> {
        let call = Call::read("kms:DescribeKey", key);
        match self.call(call, || self.shared.kms.describe_key().key_id(key).send()).await {
            Ok(answer) => answer.key_metadata.as_ref().and_then(reason_against),
            Err(error) if error.fault == Fault::NotFound => Some("there is no such key".to_owned()),
            Err(_) => None,
        }
    }
}

/// What the description of a key says against encrypting with it.
fn reason_against(key: &KeyMetadata) -> Option<String> {
    match key.key_state() {
        Some(KeyState::Disabled) => Some("it is disabled".to_owned()),
        Some(KeyState::PendingDeletion | KeyState::PendingReplicaDeletion) => {
            Some("it is about to be deleted".to_owned())
        }
        Some(KeyState::PendingImport) => Some("its key material was not imported yet".to_owned()),
        Some(KeyState::Unavailable) => Some("its key store is not connected".to_owned()),
        _ => match key.key_spec() {
            None | Some(KeySpec::SymmetricDefault) => None,
            Some(spec) => {
                Some(format!("it is a key of kind {}, and EC2 needs a symmetric one", spec.as_str()))
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::types::KeyMetadata;

    use super::*;

    #[test]
    fn only_a_key_that_encrypts_can_be_used() {
        let key = |state: KeyState, spec: KeySpec| {
            let key = KeyMetadata::builder().key_id("k").key_state(state).key_spec(spec).build();
            reason_against(&key.unwrap())
        };
        assert_eq!(key(KeyState::Enabled, KeySpec::SymmetricDefault), None);
        assert_eq!(key(KeyState::Disabled, KeySpec::SymmetricDefault).as_deref(), Some("it is disabled"));
        for state in [KeyState::PendingDeletion, KeyState::PendingImport, KeyState::Unavailable] {
            assert!(key(state.clone(), KeySpec::SymmetricDefault).is_some(), "{state:?}");
        }
        assert!(key(KeyState::Enabled, KeySpec::Rsa2048).unwrap().contains("RSA_2048"));
    }
}

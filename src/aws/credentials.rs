//! Why a call had no credentials: nobody had any, the role was refused, or the one to ask could not
//! be reached.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::metadata::ErrorMetadata;

use crate::causes;

type Cause = dyn StdError + 'static;

/// Whether credentials are what the call failed of.
pub fn lacking(error: &Cause) -> bool {
    sources(error) > 0 && !offline(error)
}

/// Whether the role that is to be taken on gave none. Where there were none to ask for it with, one
/// source more says so.
pub fn of_role(error: &Cause) -> bool {
    sources(error) == 1
}

/// What the service that gives credentials said, if one was asked.
pub fn said(error: &Cause) -> Option<&ErrorMetadata> {
    let after = causes::of(error).skip_while(|cause| !cause.is::<CredentialsError>());
    after.filter_map(|cause| cause.downcast_ref()).next()
}

/// How many sources of credentials had none, each because of the next.
fn sources(error: &Cause) -> usize {
    causes::of(error).filter(|cause| cause.is::<CredentialsError>()).count()
}

fn offline(error: &Cause) -> bool {
    let mut connections = causes::of(error).filter_map(|cause| cause.downcast_ref::<ConnectorError>());
    connections.any(|connection| connection.is_io() || connection.is_timeout())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> CredentialsError {
        CredentialsError::provider_error(ErrorMetadata::builder().code("AccessDenied").build())
    }

    #[test]
    fn a_role_that_is_refused_is_told_apart_from_having_nothing_to_ask_with() {
        assert!(lacking(&refused()) && of_role(&refused()));
        assert_eq!(said(&refused()).and_then(ErrorMetadata::code), Some("AccessDenied"));
        let nothing = CredentialsError::provider_error(CredentialsError::not_loaded("none are set"));
        assert!(lacking(&nothing) && !of_role(&nothing));
    }

    #[test]
    fn a_service_that_is_not_reached_says_nothing_about_credentials() {
        let lost = ConnectorError::io("connection refused".into());
        let lost = CredentialsError::provider_error(lost);
        assert!(!lacking(&lost) && of_role(&lost));
        assert!(!lacking(&ErrorMetadata::builder().code("AccessDenied").build()));
    }
}

//! Why a call had no credentials: nobody had any, the role was refused, or the one to ask could not
//! be reached.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::metadata::ErrorMetadata;
use aws_smithy_xml::decode::XmlDecodeError;

use crate::causes;

type Cause = dyn StdError + 'static;

/// Whether the call failed because there were no credentials for it.
pub fn is_lack_of_credentials(error: &Cause) -> bool {
    let had_no_answer = could_not_connect(error) || has_unreadable_answer(error);
    count_empty_sources(error) > 0 && (!had_no_answer || asks_instance(error))
}

/// Whether this computer was asked for the role of an instance, which is the last thing that is tried. One that
/// is no instance does not answer.
fn asks_instance(error: &Cause) -> bool {
    causes::of(error).any(|cause| cause.to_string().contains("IMDS"))
}

/// Whether the role that is to be taken on gave none. Where there were none to ask for it with, one
/// source more says so.
pub fn is_refusal_of_role(error: &Cause) -> bool {
    count_empty_sources(error) == 1
}

/// Finds the answer of the service that gives credentials, if one was asked.
pub fn find_service_answer(error: &Cause) -> Option<&ErrorMetadata> {
    let after = causes::of(error).skip_while(|cause| !cause.is::<CredentialsError>());
    after.filter_map(|cause| cause.downcast_ref()).next()
}

/// Why there are no credentials, in our words.
#[derive(Debug, PartialEq, Eq)]
pub enum Lack {
    /// There were some.
    Expired(String),
    None(String),
}

/// Explains why there are no credentials; `None` where the error does so itself.
pub fn explain_lack(error: &Cause) -> Option<Lack> {
    let last = causes::of(error).filter_map(|cause| cause.downcast_ref::<CredentialsError>()).last()?;
    let texts: Vec<String> = causes::of(last).skip(1).map(ToString::to_string).collect();
    let says = |word: &str| texts.iter().any(|text| text.to_lowercase().contains(word));
    // The farthest cause tells what happened, those before it who came across it.
    let why = texts.last().map(|text| text.trim().trim_end_matches(" Stderr:")).unwrap_or_default();
    let expired = says("expired") || says("sso token") || says("sso session");
    let unset = "there are no AWS credentials here";
    // The last one that is asked is the computer itself, as if it were an instance.
    let nobody = says("imds") || says("no providers in chain") || texts.is_empty();
    Some(match last {
        _ if expired => Lack::Expired(format!("the AWS session is over, or was never begun: {why}")),
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::ProviderError(_) if nobody => {
            Lack::None(unset.to_owned())
        }
        CredentialsError::CredentialsNotLoaded(_) => Lack::None(format!("{unset}: {why}")),
        CredentialsError::ProviderTimedOut(_) => {
            Lack::None("asking for AWS credentials took too long".to_owned())
        }
        CredentialsError::InvalidConfiguration(_) => {
            Lack::None(format!("what the AWS configuration says of credentials cannot be used: {why}"))
        }
        _ => Lack::None(format!("the AWS credentials could not be loaded: {why}")),
    })
}

/// Counts the sources of credentials that had none, each because of the next.
fn count_empty_sources(error: &Cause) -> usize {
    causes::of(error).filter(|cause| cause.is::<CredentialsError>()).count()
}

/// Whether a service that gives credentials could not be reached.
fn could_not_connect(error: &Cause) -> bool {
    let mut connections = causes::of(error).filter_map(|cause| cause.downcast_ref::<ConnectorError>());
    connections.any(|connection| connection.is_io() || connection.is_timeout())
}

/// Returns whether the answer of such a service cannot be read, as when a proxy sends a page of its own.
fn has_unreadable_answer(error: &Cause) -> bool {
    causes::of(error).any(|cause| cause.is::<XmlDecodeError>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> CredentialsError {
        CredentialsError::provider_error(ErrorMetadata::builder().code("AccessDenied").build())
    }

    #[test]
    fn a_role_that_is_refused_is_told_apart_from_having_nothing_to_ask_with() {
        assert!(is_lack_of_credentials(&refused()) && is_refusal_of_role(&refused()));
        assert_eq!(find_service_answer(&refused()).and_then(ErrorMetadata::code), Some("AccessDenied"));
        let nothing = CredentialsError::provider_error(CredentialsError::not_loaded("none are set"));
        assert!(is_lack_of_credentials(&nothing) && !is_refusal_of_role(&nothing));
    }

    #[test]
    fn the_reason_is_told_without_the_parts_of_the_sdk() {
        let none = CredentialsError::provider_error(CredentialsError::not_loaded("no providers in chain"));
        let unset = Some(Lack::None("there are no AWS credentials here".into()));
        assert_eq!(explain_lack(&none), unset);
        let imds = CredentialsError::provider_error("failed to load IMDS session token");
        assert_eq!(explain_lack(&imds), unset);
        let old = CredentialsError::provider_error("the SSO token has expired");
        assert_eq!(
            explain_lack(&old),
            Some(Lack::Expired(
                "the AWS session is over, or was never begun: the SSO token has expired".into()
            ))
        );
    }

    #[test]
    fn a_service_that_is_not_reached_says_nothing_about_credentials() {
        let lost = ConnectorError::io("connection refused".into());
        let lost = CredentialsError::provider_error(lost);
        assert!(!is_lack_of_credentials(&lost) && is_refusal_of_role(&lost));
        assert!(!is_lack_of_credentials(&ErrorMetadata::builder().code("AccessDenied").build()));
    }
}

//! What went wrong with a call, in our words: which call, on what, and what AWS said.

use std::error::Error as StdError;

use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;

use super::{Call, classify::classify, credentials, setup};
use crate::{causes, journal::JournalError, template::regions, wait::Passing};

/// The action by which a role is assumed.
pub(super) const ASSUME: &str = "sts:AssumeRole";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Throttled,
    NotFound,
    Denied,
    /// There are none, or AWS does not know them.
    Credentials,
    Expired,
    Quota,
    /// AWS has no such machine to give right now, or not there.
    Capacity,
    Invalid,
    /// A server error, a lost connection, no answer in time.
    Transient,
    /// What the user has set up cannot be used: region, profile, endpoint. AWS was not asked.
    Setup,
    Other,
}

#[derive(Clone, Debug, thiserror::Error)]
pub struct AwsError {
    pub fault: Fault,
    /// As a policy names it: `ec2:RunInstances`.
    pub action: &'static str,
    pub resource: String,
    pub region: String,
    pub code: Option<String>,
    pub message: String,
    pub request_id: Option<String>,
    /// What to do now, where that does not follow from the rest.
    pub hint: Option<String>,
}

impl std::fmt::Display for AwsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.action.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{} for {} in {}: {}", self.action, self.resource, self.region, self.why())
    }
}

impl AwsError {
    pub fn of<E>(call: &Call<'_>, region: &str, error: &SdkError<E, Response>) -> Self
    where
        E: StdError + ProvideErrorMetadata + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let refused = credentials::find_service_answer(error);
        let (code, message) = match (refused, error) {
            (Some(said), _) => (said.code(), said.message()),
            (None, SdkError::ServiceError(answer)) => (answer.err().code(), answer.err().message()),
            (None, _) => (None, None),
        };
        let fault = match (code, error) {
            _ if credentials::is_lack_of_credentials(error) => fault_of_provider(code),
            (Some(code), _) => classify(code, status),
            (None, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_)) => {
                Fault::Transient
            }
            (None, _) => classify("", status),
        };
        Self {
            fault,
            action: call.action,
            resource: call.resource.to_owned(),
            region: region.to_owned(),
            code: code.map(str::to_owned),
            message: message.map_or_else(|| list_causes(error), without_encoded_part),
            request_id: refused.map_or_else(|| error.request_id(), RequestId::request_id).map(str::to_owned),
            hint: None,
        }
        .about_credentials(error)
        .about_region(error)
    }

    /// What the SDK says of credentials that are not to be had is a chain of its own parts.
    fn about_credentials(self, error: &(dyn StdError + 'static)) -> Self {
        match credentials::explain_lack(error)
            .filter(|_| self.fault == Fault::Credentials && self.code.is_none())
        {
            Some(credentials::Lack::Expired(message)) => Self { fault: Fault::Expired, message, ..self },
            Some(credentials::Lack::None(message)) => Self { message, ..self },
            None => self,
        }
    }

    /// A region of which nobody has heard and whose address is not known is none: trying again is no use.
    fn about_region(self, error: &(dyn StdError + 'static)) -> Self {
        let is_unknown = self.fault == Fault::Transient && !regions::is_known(&self.region);
        match is_unknown && causes::of(error).any(|cause| cause.to_string().contains("dns error")) {
            true => setup::no_such_region(&self.region, "its address is not known"),
            false => self,
        }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Whether nothing says which region, so that whoever works on this computer alone need not care.
    pub fn is_no_region(&self) -> bool {
        self.is_setup() && self.code.as_deref() == Some(setup::NO_REGION)
    }

    /// Whether the user has to set something up before AWS can be asked at all.
    pub fn is_setup(&self) -> bool {
        self.fault == Fault::Setup
    }

    /// With a role to take on, credentials that were not to be had are those of the role.
    pub(super) fn blamed_on_role(self, role: Option<&str>, error: &(dyn StdError + 'static)) -> Self {
        match role {
            Some(role) if credentials::is_refusal_of_role(error) => {
                Self { action: ASSUME, resource: role.to_owned(), ..self }
            }
            Some(_) | None => self,
        }
    }

    pub(super) fn missing(call: &Call<'_>, region: &str, why: &str) -> Self {
        Self {
            fault: Fault::NotFound,
            action: call.action,
            resource: call.resource.to_owned(),
            region: region.to_owned(),
            code: None,
            message: why.to_owned(),
            request_id: None,
            hint: None,
        }
    }

    /// The error of a call that was not made because the journal could not be written.
    pub(super) fn journal_not_written(call: &Call<'_>, region: &str, error: &JournalError) -> Self {
        Self {
            fault: Fault::Other,
            message: format!("it was not called: {error}"),
            ..Self::missing(call, region, "")
        }
    }

    /// What AWS said, with the request ID that its support asks for.
    pub fn why(&self) -> String {
        let mut details: Vec<String> = self.code.iter().cloned().collect();
        details.extend(self.request_id.iter().map(|id| format!("request {id}")));
        match details.is_empty() {
            true => self.message.clone(),
            false => format!("{} ({})", self.message.trim_end_matches('.'), details.join(", ")),
        }
    }
}

impl Passing for AwsError {
    fn passes(&self) -> bool {
        matches!(self.fault, Fault::Transient | Fault::Throttled)
    }
}

/// The fault that an answer of a provider of credentials means: credentials, unless the answer is a passing one.
fn fault_of_provider(code: Option<&str>) -> Fault {
    match code.map(|code| classify(code, None)) {
        Some(fault @ (Fault::Throttled | Fault::Transient | Fault::Expired)) => fault,
        Some(_) | None => Fault::Credentials,
    }
}

/// Takes out the encoded half of a message, which only AWS can read and which fills the screen.
fn without_encoded_part(message: &str) -> String {
    let text = message.split("Encoded authorization failure message").next().unwrap_or(message);
    text.trim().to_owned()
}

/// Lists every cause once, from the nearest to the farthest.
fn list_causes<E: StdError + 'static, R: std::fmt::Debug + 'static>(error: &SdkError<E, R>) -> String {
    let mut texts: Vec<String> = causes::of(error).map(ToString::to_string).collect();
    texts.dedup();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(fault: Fault, message: &str) -> AwsError {
        AwsError {
            fault,
            action: "ec2:RunInstances",
            resource: "subnet-1".into(),
            region: "eu-west-1".into(),
            code: Some("Code".into()),
            message: without_encoded_part(message),
            request_id: Some("r-1".into()),
            hint: None,
        }
    }

    #[test]
    fn an_error_names_the_call_the_resource_the_region_and_the_request() {
        let text = error(Fault::NotFound, "The subnet ID 'subnet-1' does not exist.").to_string();
        assert_eq!(
            text,
            "ec2:RunInstances for subnet-1 in eu-west-1: The subnet ID 'subnet-1' does not exist (Code, request r-1)"
        );
    }

    #[test]
    fn what_only_aws_can_read_is_left_out() {
        let said = "It is denied. Encoded authorization failure message: QUJD";
        assert!(
            error(Fault::Denied, said)
                .to_string()
                .ends_with("in eu-west-1: It is denied (Code, request r-1)")
        );
    }
}

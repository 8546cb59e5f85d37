//! What went wrong with a call, in our words: which call, on what, what AWS said, and what to do.

use std::error::Error as StdError;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use regex::Regex;

use super::{Call, classify::classify};
use crate::{causes, journal::JournalError, wait::Passing};

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
        let (code, message) = match error {
            SdkError::ServiceError(answer) => (answer.err().code(), answer.err().message()),
            _ => (None, None),
        };
        let fault = match (code, error) {
            _ if causes::of(error).any(<dyn StdError>::is::<CredentialsError>) => Fault::Credentials,
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
            message: message.map_or_else(|| said(error), readable),
            request_id: error.request_id().map(str::to_owned),
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
        }
    }

    /// What cannot be written down is not done.
    pub(super) fn unwritten(call: &Call<'_>, region: &str, error: &JournalError) -> Self {
        Self {
            fault: Fault::Other,
            message: format!("it was not called: {error}"),
            ..Self::missing(call, region, "")
        }
    }

    pub(super) fn no_region() -> Self {
        Self {
            fault: Fault::Invalid,
            action: "",
            resource: String::new(),
            region: String::new(),
            code: None,
            message: "finding the AWS region: neither the template nor the environment names one".into(),
            request_id: None,
        }
    }

    /// What AWS said, with what its support asks for.
    pub fn why(&self) -> String {
        let mut details: Vec<String> = self.code.iter().cloned().collect();
        details.extend(self.request_id.iter().map(|id| format!("request {id}")));
        match details.is_empty() {
            true => self.message.clone(),
            false => format!("{} ({})", self.message.trim_end_matches('.'), details.join(", ")),
        }
    }

    /// What to do now.
    pub fn hint(&self) -> String {
        let Self { region, resource, .. } = self;
        match self.fault {
            _ if self.action.is_empty() => "set `region` in [ec2], or AWS_REGION in the environment".into(),
            _ if self.code.as_deref() == Some("VPCIdNotSpecified") => {
                format!("there is no default VPC in {region}: name subnets in [ec2] subnets")
            }
            Fault::Throttled => format!(
                "AWS limits how often {} may be called in {region}: wait, let other tools of this account rest, or ask for a higher limit",
                self.action
            ),
            Fault::NotFound => {
                format!("look whether {resource} is spelled right and exists in {region} for this account")
            }
            Fault::Denied => self.permission(),
            Fault::Credentials => {
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in \
                                   with `aws sso login`; `aws sts get-caller-identity` tells who you are"
                    .into()
            }
            Fault::Expired => {
                "the credentials ran out: log in again (`aws sso login`) or ask for ones that last \
                               longer than a bake, then bake again"
                    .into()
            }
            Fault::Quota => format!(
                "ask for more in Service Quotas for {region}, free what is no longer used, or use another [ec2] instance type"
            ),
            Fault::Capacity => "add other `instance_types` or `subnets` to [ec2], or try again later".into(),
            Fault::Invalid => {
                format!("correct what {} was given for {resource}: AWS says above what is wrong", self.action)
            }
            Fault::Transient => "AWS or the network between had trouble: look at both and bake again".into(),
            Fault::Other => format!("look up what AWS means in the reference of {}", self.action),
        }
    }

    /// AWS tells in the message what was missing; else it is the call itself.
    fn permission(&self) -> String {
        let named = |pattern: &str| {
            let found = Regex::new(pattern).ok()?.captures(&self.message)?;
            found.get(1).map(|name| name.as_str().trim_end_matches(['.', ',']).to_owned())
        };
        let action = named(r"not authorized to perform: (\S+)").unwrap_or_else(|| self.action.to_owned());
        let resource = named(r"on resource: (\S+)").unwrap_or_else(|| self.resource.clone());
        format!("allow `{action}` on {resource} to this user or role; docs/iam.md has the whole policy")
    }
}

impl Passing for AwsError {
    fn passes(&self) -> bool {
        matches!(self.fault, Fault::Transient | Fault::Throttled)
    }
}

/// The text without the encoded half, which only AWS can read and which fills the screen.
fn readable(message: &str) -> String {
    let text = message.split("Encoded authorization failure message").next().unwrap_or(message);
    text.trim().to_owned()
}

/// Every cause once, from the nearest to the farthest.
fn said<E: StdError + 'static, R: std::fmt::Debug + 'static>(error: &SdkError<E, R>) -> String {
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
            message: readable(message),
            request_id: Some("r-1".into()),
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
    fn a_missing_permission_is_named_as_aws_names_it() {
        let said = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized \
                    to perform: iam:PassRole on resource: arn:aws:iam::1:role/web because no identity-based policy \
                    allows it. Encoded authorization failure message: QUJD";
        let error = error(Fault::Denied, said);
        assert!(
            error.hint().starts_with("allow `iam:PassRole` on arn:aws:iam::1:role/web "),
            "{}",
            error.hint()
        );
        assert!(!error.to_string().contains("QUJD"));
    }

    #[test]
    fn without_that_it_is_the_permission_of_the_call() {
        let hint = error(Fault::Denied, "Access Denied").hint();
        assert!(hint.starts_with("allow `ec2:RunInstances` on subnet-1 "), "{hint}");
    }
}

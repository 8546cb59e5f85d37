//! What to do about a call that went wrong.

use regex::Regex;

use super::{AwsError, Fault, error::ASSUME};

impl AwsError {
    /// What to do now.
    pub fn hint(&self) -> String {
        let Self { region, resource, .. } = self;
        if let Some(hint) = self.hint.clone().or_else(|| self.hint_of_code()) {
            return hint;
        }
        match self.fault {
            Fault::Credentials if self.action == ASSUME => format!(
                "look whether {resource} exists, whether its trust policy names the credentials in use, and whether \
                 they have the permission `sts:AssumeRole` on it: `aws sts get-caller-identity` tells who you are"
            ),
            Fault::Throttled => format!(
                "AWS limits how often {} may be called in {region}: wait, let other tools of this account rest, or ask for a higher limit",
                self.action
            ),
            Fault::NotFound => {
                format!("look whether {resource} is spelled right and exists in {region} for this account")
            }
            Fault::Denied => self.permission(),
            Fault::Credentials => {
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`; \
                 `aws sts get-caller-identity` tells who you are; or add `--platform qemu` to stay on this computer"
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
            Fault::Setup => "correct what is set for AWS here".into(),
            Fault::Other => format!("look up what AWS means in the reference of {}", self.action),
        }
    }

    /// Codes that mean something of their own.
    fn hint_of_code(&self) -> Option<String> {
        let Self { region, resource, .. } = self;
        Some(match self.code.as_deref()? {
            "VPCIdNotSpecified" => {
                format!("there is no default VPC in {region}: name subnets in [ec2] subnets")
            }
            "OptInRequired" => format!(
                "subscribe this account to what {resource} needs: accept the terms of a base from the Marketplace \
                 on its page there, and look whether {region} is enabled for the account"
            ),
            "AuthFailure" if self.message.contains("Not authorized for") => format!(
                "{} belongs to another account, which must share it with this one (an AMI: its launch permission, \
                 and its KMS key where it is encrypted), or name another one",
                self.said_in(r"Not authorized for \w+: \[([^\]]+)\]").unwrap_or_else(|| resource.clone())
            ),
            // A region that is not open does not know any keys: it answers as if they were wrong.
            "AuthFailure" | "UnrecognizedClientException" | "InvalidClientTokenId" => format!(
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in with `aws sso login`; \
                 when `aws sts get-caller-identity` knows who you are, {region} is not enabled for the account"
            ),
            _ => return None,
        })
    }

    /// AWS tells in the message what was missing; else it is the call itself.
    fn permission(&self) -> String {
        let action =
            self.said_in(r"not authorized to perform: (\S+)").unwrap_or_else(|| self.action.to_owned());
        let resource = self.said_in(r"on resource: (\S+)").unwrap_or_else(|| self.resource.clone());
        format!("allow `{action}` on {resource} to this user or role; docs/iam.md has the whole policy")
    }

    /// What the message has in the place of the pattern's group.
    fn said_in(&self, pattern: &str) -> Option<String> {
        let found = Regex::new(pattern).ok()?.captures(&self.message)?;
        found.get(1).map(|name| name.as_str().trim_end_matches(['.', ',']).to_owned())
    }
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
            message: message.into(),
            request_id: None,
            hint: None,
        }
    }

    #[test]
    fn a_missing_permission_is_named_as_aws_names_it() {
        let said = "You are not authorized to perform this operation. User: arn:aws:iam::1:user/x is not authorized \
                    to perform: iam:PassRole on resource: arn:aws:iam::1:role/web because no identity-based policy \
                    allows it.";
        let error = error(Fault::Denied, said);
        assert!(
            error.hint().starts_with("allow `iam:PassRole` on arn:aws:iam::1:role/web "),
            "{}",
            error.hint()
        );
    }

    #[test]
    fn codes_with_several_meanings_have_hints_of_their_own() {
        let hint = |code: &str, message| {
            AwsError { code: Some(code.into()), ..error(Fault::Credentials, message) }.hint()
        };
        let subscribe = hint("OptInRequired", "In order to use this product you need to accept terms");
        assert!(subscribe.contains("accept the terms") && subscribe.contains("eu-west-1 is enabled"));
        let share = hint("AuthFailure", "Not authorized for images: [ami-1]");
        assert!(share.starts_with("ami-1 belongs") && share.contains("launch permission"), "{share}");
        let region = hint("AuthFailure", "AWS was not able to validate the provided access credentials");
        assert!(region.contains("AWS_PROFILE") && region.contains("eu-west-1 is not enabled"), "{region}");
    }

    #[test]
    fn without_that_it_is_the_permission_of_the_call() {
        let hint = error(Fault::Denied, "Access Denied").hint();
        assert!(hint.starts_with("allow `ec2:RunInstances` on subnet-1 "), "{hint}");
    }
}

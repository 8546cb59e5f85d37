//! The one door: the limiter's turn, the call, another try where that does no harm, and the error
//! in our words.

use std::{error::Error as StdError, future::Future, sync::PoisonError, time::Duration};

use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Aws, AwsError, Fault};

/// A refused call was not executed: it may be tried often.
const THROTTLED: u32 = 8;
const TRANSIENT: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// What is called, on what.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// As a policy names it: `ec2:RunInstances`.
    pub action: &'static str,
    pub resource: &'a str,
    /// Whether doing it twice does no harm: what reads, deletes or carries a client token.
    repeatable: bool,
}

impl<'a> Call<'a> {
    pub fn repeatable(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, repeatable: true }
    }

    /// Makes something each time it is executed, so that a lost answer must not lead to a second try.
    pub fn once(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, repeatable: false }
    }
}

impl Aws {
    /// Makes the call, again and again while AWS asks for patience.
    ///
    /// # Errors
    /// What the last try came to.
    pub async fn call<T, E, F>(&self, call: Call<'_>, make: impl Fn() -> F) -> Result<T, AwsError>
    where
        E: StdError + ProvideErrorMetadata + 'static,
        F: Future<Output = Result<T, SdkError<E, Response>>>,
    {
        let mut tries = 0;
        loop {
            self.shared.limiter.take().await;
            self.note(call.action);
            let error = match make().await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let role = self.shared.role.as_deref();
                    AwsError::of(&call, self.region(), &error).in_role(role, &error)
                }
            };
            tries += 1;
            if !again(&call, error.fault, tries) {
                return Err(error);
            }
            let pause = pause(tries);
            self.patience(&error, pause);
            tokio::time::sleep(pause).await;
        }
    }

    /// For an answer that lacks what was asked for.
    pub fn missing(&self, call: &Call<'_>, why: &str) -> AwsError {
        AwsError::missing(call, self.region(), why)
    }

    fn note(&self, action: &'static str) {
        if let Some(audit) = &self.shared.accounts.options.audit {
            audit.lock().unwrap_or_else(PoisonError::into_inner).insert(action);
        }
    }

    fn patience(&self, error: &AwsError, pause: Duration) {
        let why = match error.fault {
            Fault::Throttled => {
                self.shared.limiter.drain();
                "AWS asks for patience".to_owned()
            }
            _ => error.why(),
        };
        if let Some(events) = &self.events {
            let (action, seconds) = (error.action, pause.as_secs_f64());
            events.note(format!("{action} for {}: {why}; again in {seconds:.1} s", error.resource));
        }
    }
}

fn again(call: &Call<'_>, fault: Fault, tries: u32) -> bool {
    match fault {
        Fault::Throttled => tries < THROTTLED,
        Fault::Transient => call.repeatable && tries < TRANSIENT,
        Fault::NotFound
        | Fault::Denied
        | Fault::Credentials
        | Fault::Expired
        | Fault::Quota
        | Fault::Capacity
        | Fault::Invalid
        | Fault::Other => false,
    }
}

/// Doubles with each try; a random part keeps callers that were refused together apart.
fn pause(tries: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
    longest.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_something_is_tried_again_only_when_it_was_refused() {
        let (read, make) = (Call::repeatable("ec2:DescribeImages", "x"), Call::once("ec2:CreateImage", "x"));
        assert!(again(&read, Fault::Transient, 1) && again(&read, Fault::Throttled, 1));
        assert!(!again(&make, Fault::Transient, 1) && again(&make, Fault::Throttled, 1));
        assert!(!again(&read, Fault::Denied, 1) && !again(&read, Fault::Throttled, THROTTLED));
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        assert!(pause(1) <= Duration::from_secs(1) && pause(1) >= Duration::from_millis(500));
        assert!((1..100).all(|tries| pause(tries) <= LONGEST_PAUSE));
    }
}

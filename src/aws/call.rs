//! The one door: the limiter's turn, the call, another try where that does no harm, and the error
//! in our words.

use std::{error::Error as StdError, future::Future, sync::PoisonError, time::Duration};

use aws_smithy_runtime_api::{client::result::SdkError, http::Response};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::{Aws, AwsError, Fault};
use crate::journal::{Effect, Intent, JournalError, Unanswered};

/// A refused call was not executed: it may be tried often.
const THROTTLED: u32 = 8;
const TRANSIENT: u32 = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// A call to AWS: the action, and the resource that it is about.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// As a policy names it: `ec2:RunInstances`.
    pub action: &'static str,
    pub resource: &'a str,
    kind: Kind,
}

/// What a call does if it is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It changes nothing.
    Reads,
    /// However often it is executed, the result is that of one execution.
    Repeatable,
    /// As `Repeatable`, and there is less afterwards than before.
    Removes,
    /// It makes something each time that it is executed.
    Once,
    /// It makes something and is tried once: the caller asks what came of it before each further try.
    Single,
}

impl<'a> Call<'a> {
    /// A call that changes nothing.
    pub fn read(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, kind: Kind::Reads }
    }

    /// A call that does no harm when it is done twice: what deletes, sets or carries a client token.
    pub fn repeatable(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, kind: Kind::Repeatable }
    }

    /// A call that ends what was made. It is done also when the journal cannot be written, for what it is about
    /// stands there already.
    pub fn removal(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, kind: Kind::Removes }
    }

    /// A call that makes something each time it is executed, so that a lost answer must not lead to a second try.
    pub fn once(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, kind: Kind::Once }
    }

    /// One try of a call before which something has to be asked each time: [`Aws::pause_before_retry`] says whether
    /// there may be another.
    pub fn single(action: &'static str, resource: &'a str) -> Self {
        Self { action, resource, kind: Kind::Single }
    }
}

impl Aws {
    /// Makes the call, again and again while AWS asks for patience. One that changes something stands
    /// in the journal before it is made.
    ///
    /// # Errors
    /// What the last try came to; or the journal could not be written, then no try was made.
    pub async fn call<T, E, F>(&self, call: Call<'_>, make: impl Fn() -> F) -> Result<T, AwsError>
    where
        T: Send + 'static,
        E: StdError + ProvideErrorMetadata + Send + 'static,
        F: Future<Output = Result<T, SdkError<E, Response>>> + Send + 'static,
    {
        let intent = self
            .write_intent(&call)
            .map_err(|error| AwsError::journal_not_written(&call, self.region(), &error))?;
        let mut may_be_done = false;
        let result = self.try_until_answered(call, make, &mut may_be_done).await;
        let is_known = result.is_ok() || !may_be_done;
        if let Some(intent) = intent.filter(|_| is_known) {
            // What happened is known to this process; another one looks at AWS itself.
            intent.result(result.is_ok()).ok();
        }
        result
    }

    fn write_intent(&self, call: &Call<'_>) -> Result<Option<Intent>, JournalError> {
        let Some(journal) = self.journal.as_ref().filter(|_| call.kind != Kind::Reads) else {
            return Ok(None);
        };
        let (action, resource) = (call.action.to_owned(), call.resource.to_owned());
        match journal.intend(Effect::Call { action, resource, place: self.place() }) {
            Err(_) if call.kind == Kind::Removes => Ok(None),
            intent => intent.map(Some),
        }
    }

    /// `may_be_done` is set by a try whose answer was lost: it may have made something, whatever a later one comes to.
    async fn try_until_answered<T, E, F>(
        &self,
        call: Call<'_>,
        make: impl Fn() -> F,
        may_be_done: &mut bool,
    ) -> Result<T, AwsError>
    where
        T: Send + 'static,
        E: StdError + ProvideErrorMetadata + Send + 'static,
        F: Future<Output = Result<T, SdkError<E, Response>>> + Send + 'static,
    {
        let mut tries = 0;
        loop {
            self.shared.limiter.take().await;
            self.record_action(call.action);
            let error = match self.send(&call, make()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    let role = self.shared.role.as_deref();
                    AwsError::of(&call, self.region(), &error).blamed_on_role(role, &error)
                }
            };
            tries += 1;
            // Whoever makes a single try looks at what came of it; what is removed twice is gone.
            *may_be_done |=
                error.fault == Fault::Transient && !matches!(call.kind, Kind::Single | Kind::Removes);
            if !self.pause_if_retried(&call, &error, tries).await {
                return Err(error);
            }
        }
    }

    /// Says whether a failed call may be tried again, and waits for the pause that lies before the next try. The caller
    /// looks at what came of it first.
    pub async fn pause_before_retry(&self, error: &AwsError, tries: u32) -> bool {
        self.pause_if_retried(&Call::repeatable(error.action, &error.resource), error, tries).await
    }

    async fn pause_if_retried(&self, call: &Call<'_>, error: &AwsError, tries: u32) -> bool {
        if !may_be_retried(call, error.fault, tries) {
            return false;
        }
        let pause = pause_after(tries);
        self.tell_wait(error, pause);
        tokio::time::sleep(pause).await;
        true
    }

    /// One try. What may make something goes on to its answer when nobody waits for it any more.
    async fn send<T, E, F>(&self, call: &Call<'_>, sent: F) -> Result<T, SdkError<E, Response>>
    where
        T: Send + 'static,
        E: StdError + Send + 'static,
        F: Future<Output = Result<T, SdkError<E, Response>>> + Send + 'static,
    {
        match (&self.journal, call.kind) {
            (Some(journal), Kind::Once | Kind::Single | Kind::Repeatable) => {
                to_its_answer(sent, journal.sent()).await
            }
            (Some(_), Kind::Reads | Kind::Removes) | (None, _) => sent.await,
        }
    }

    /// For an answer by which something is not there.
    pub fn missing(&self, call: &Call<'_>, why: &str) -> AwsError {
        AwsError::missing(call, self.region(), why)
    }

    /// For an answer that lacks what it must have, whatever came of the call.
    pub fn incomplete(&self, call: &Call<'_>, why: &str) -> AwsError {
        AwsError { fault: Fault::Transient, ..AwsError::missing(call, self.region(), why) }
    }

    fn record_action(&self, action: &'static str) {
        if let Some(audit) = &self.shared.accounts.options.audit {
            audit.lock().unwrap_or_else(PoisonError::into_inner).insert(action);
        }
    }

    fn tell_wait(&self, error: &AwsError, pause: Duration) {
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

async fn to_its_answer<T, E, F>(sent: F, unanswered: Unanswered) -> Result<T, SdkError<E, Response>>
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<T, SdkError<E, Response>>> + Send + 'static,
{
    let answer = tokio::spawn(async move {
        let answer = sent.await;
        drop(unanswered);
        answer
    });
    // Only the end of the whole process stops it.
    answer.await.unwrap_or_else(|error| Err(SdkError::construction_failure(error)))
}

fn may_be_retried(call: &Call<'_>, fault: Fault, tries: u32) -> bool {
    if call.kind == Kind::Single {
        return false;
    }
    match fault {
        Fault::Throttled => tries < THROTTLED,
        Fault::Transient => call.kind != Kind::Once && tries < TRANSIENT,
        Fault::NotFound
        | Fault::Denied
        | Fault::Credentials
        | Fault::Expired
        | Fault::Quota
        | Fault::Capacity
        | Fault::Invalid
        | Fault::Setup
        | Fault::Other => false,
    }
}

/// How long to wait after so many tries. It doubles with each; a random part keeps callers that were refused together apart.
fn pause_after(tries: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << tries.min(10)).min(LONGEST_PAUSE);
    longest.mul_f64(rand::random_range(0.5..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_something_is_tried_again_only_when_it_was_refused() {
        let (read, make) = (Call::read("ec2:DescribeImages", "x"), Call::once("ec2:CreateImage", "x"));
        assert!(may_be_retried(&read, Fault::Transient, 1) && may_be_retried(&read, Fault::Throttled, 1));
        assert!(!may_be_retried(&make, Fault::Transient, 1) && may_be_retried(&make, Fault::Throttled, 1));
        let single = Call::single("ssm:PutParameter", "x");
        assert!(
            !may_be_retried(&single, Fault::Transient, 1) && !may_be_retried(&single, Fault::Throttled, 1)
        );
        assert!(
            !may_be_retried(&read, Fault::Denied, 1) && !may_be_retried(&read, Fault::Throttled, THROTTLED)
        );
    }

    #[test]
    fn pauses_grow_and_have_an_end() {
        assert!(pause_after(1) <= Duration::from_secs(1) && pause_after(1) >= Duration::from_millis(500));
        assert!((1..100).all(|tries| pause_after(tries) <= LONGEST_PAUSE));
    }
}

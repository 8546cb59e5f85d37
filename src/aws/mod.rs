//! The door to AWS: configured clients for one account in one region, one limiter for each of
//! them, and `call`, which every API call goes through. What AWS answers becomes an `AwsError` in
//! our words. Nothing here is global: two templates with different regions or roles share nothing.

mod accounts;
mod answer;
mod call;
mod classify;
mod credentials;
mod error;
mod hint;
mod keys;
mod limiter;
mod secrets;
mod setup;
pub mod tags;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use aws_types::SdkConfig;
use jiff::Timestamp;

pub use accounts::{Accounts, Options};
use answer::AnswerCheck;
pub use call::Call;
pub use error::{AwsError, Fault};
pub use limiter::Limiter;

use crate::{
    event::Events,
    journal::{Journal, JournalError, Place, Thing},
};

/// The actions that were called, as a policy names them: `ec2:RunInstances`.
pub type Audit = Arc<Mutex<BTreeSet<&'static str>>>;

/// One account in one region. Clones share clients and limiter.
#[derive(Clone, Debug)]
pub struct Aws {
    shared: Arc<Shared>,
    /// Told when AWS asks for patience.
    events: Option<Events>,
    /// Told before each call that changes something.
    journal: Option<Journal>,
}

#[derive(Debug)]
struct Shared {
    region: String,
    role: Option<String>,
    sdk: SdkConfig,
    ec2: aws_sdk_ec2::Client,
    ssm: aws_sdk_ssm::Client,
    secrets: aws_sdk_secretsmanager::Client,
    kms: aws_sdk_kms::Client,
    check: AnswerCheck,
    limiter: Arc<Limiter>,
    accounts: Arc<Accounts>,
}

impl Aws {
    pub fn region(&self) -> &str {
        &self.shared.region
    }

    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        &self.shared.ec2
    }

    pub fn ssm(&self) -> &aws_sdk_ssm::Client {
        &self.shared.ssm
    }

    /// For clients of other services, and for signing.
    pub fn sdk(&self) -> &SdkConfig {
        &self.shared.sdk
    }

    /// What AWS's clock showed at its last answer here, in whole seconds.
    pub fn server_time(&self) -> Option<Timestamp> {
        self.shared.check.server_time()
    }

    pub fn limiter(&self) -> &Arc<Limiter> {
        &self.shared.limiter
    }

    /// The same credentials in another region.
    ///
    /// # Errors
    /// When the role cannot be taken on.
    pub async fn in_region(&self, region: &str) -> Result<Self, AwsError> {
        let other = self.shared.accounts.open(self.shared.role.as_deref(), Some(region)).await?;
        Ok(Self { events: self.events.clone(), journal: self.journal.clone(), ..other })
    }

    /// Says there when calls have to wait.
    pub fn telling(&self, events: &Events) -> Self {
        Self { events: Some(events.clone()), ..self.clone() }
    }

    /// Writes there what it is about to change.
    pub fn journaled(&self, journal: &Journal) -> Self {
        Self { journal: Some(journal.clone()), ..self.clone() }
    }

    pub fn journal(&self) -> Option<&Journal> {
        self.journal.as_ref()
    }

    /// Writes down that something is there that has to be removed again.
    ///
    /// # Errors
    /// When the journal cannot be written. The thing is there all the same.
    pub fn made(&self, thing: impl FnOnce(Place) -> Thing) -> Result<(), JournalError> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.made(thing(self.place())))
    }

    /// Writes down that an AMI is complete, or was removed. If that cannot be written, it is looked
    /// for in vain later.
    pub fn gone(&self, ami: &str) {
        if let Some(journal) = &self.journal {
            journal.gone(|thing| matches!(thing, Thing::Ami { id, .. } if id == ami)).ok();
        }
    }

    pub fn place(&self) -> Place {
        Place { region: self.shared.region.clone(), role: self.shared.role.clone() }
    }
}

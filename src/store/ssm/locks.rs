//! Locks in Parameter Store: a parameter that is created with `Overwrite=false`, which only one can,
//! carries its owner and its end, and is taken over only when that is past. `claims` says who holds it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_ssm::types::{ParameterTier, ParameterType};
use jiff::Timestamp;

use super::{
    SsmStore,
    claims::{Claim, Stored, holder as held_by},
};
use crate::{
    aws::{Call, Fault},
    journal::{FIRST_FORMAT, Journal, Stamped, check_format},
    store::{Confirmed, HeldLock, Holder, Lease, Locks, Parameter, Parameters, Store, StoreError, Taken},
    time::Moment,
    wait::{Look, Wait, WaitError},
};

/// Long enough for an account that is throttled for a while, and short enough to wait out.
pub(super) const LEASE: Duration = Duration::from_secs(5 * 60);
/// A lock that ends sooner is put off once more before it is removed.
const TOO_LATE: Duration = Duration::from_secs(20);
/// What was written is read everywhere within this time.
const SEEN: Duration = Duration::from_secs(60);

#[async_trait]
impl Locks for SsmStore {
    fn lease(&self) -> Duration {
        self.lease
    }

    async fn take(&self, name: &str, holder: &Holder, journal: &Journal) -> Result<Taken, StoreError> {
        let journaled = Self { aws: self.aws.journaled(journal), ..self.clone() };
        self.taken(&journaled, name, holder).await
    }

    async fn confirm(&self, name: &str, holder: &Holder, journal: &Journal) -> Result<Confirmed, StoreError> {
        let versions = self.claims(name).await?;
        let since = match held_by(&versions, self.lease) {
            Some((other, lease)) if other.token == holder.token => lease.since,
            other => return Ok(Confirmed::Lost { now: other.map(|(_, lease)| lease) }),
        };
        let writer = Self { aws: self.aws.journaled(journal), ..self.clone() };
        let claim =
            Claim { holder: holder.clone(), since, renews: true, until: self.now().later(self.lease) };
        match writer.claim(name, &claim, true).await? {
            Some(version) => self.seen(name, holder, version).await,
            None => Ok(Confirmed::Lost { now: None }),
        }
    }

    fn under(&self, lock: HeldLock) -> Arc<dyn Store> {
        Arc::new(Self { lock: Some(lock), ..self.clone() })
    }

    async fn release(&self, name: &str, holder: &Holder) -> Result<(), StoreError> {
        let versions = self.claims(name).await?;
        let own = |one: &Stored| one.claim.holder.token == holder.token;
        let lease = match held_by(&versions, self.lease) {
            Some((other, lease)) if other.token == holder.token => lease,
            // Claims that came too late, after another had given it back.
            None if !versions.is_empty() && versions.iter().all(own) => return self.remove(name).await,
            Some(_) | None => return Ok(()),
        };
        // What ends soon may be another's by the time that it is removed.
        let ends_soon = lease.until <= self.now().later(TOO_LATE.min(self.lease / 2));
        if ends_soon && self.taken(self, name, holder).await? != Taken::Ours {
            return Ok(());
        }
        self.remove(name).await
    }
}

/// What one look at a lock came to.
enum Tried {
    Taken(Taken),
    /// Others were at it at the same time: look again.
    Again,
}

impl SsmStore {
    /// How long a lock lasts whose holder says nothing more.
    pub fn with_lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// What AWS's clock shows. Who holds a lock is decided by the times that it gives to claims.
    fn now(&self) -> Timestamp {
        self.aws.server_time().unwrap_or_else(Timestamp::now)
    }

    /// `writer` is this store too, and may write down what it does.
    async fn taken(&self, writer: &Self, name: &str, holder: &Holder) -> Result<Taken, StoreError> {
        let wait = Wait::new(format!("the lock `{name}` answers"), SEEN);
        let look = || async {
            Ok::<_, StoreError>(match self.try_once(writer, name, holder).await? {
                Tried::Taken(taken) => Look::There(taken),
                Tried::Again => Look::NotYet("others claim it at the same time".to_owned()),
            })
        };
        wait.until(look).await.map_err(|error| self.unseen(name, error))
    }

    /// What a claim that puts the end off came to, as soon as it is seen.
    async fn seen(&self, name: &str, holder: &Holder, version: u64) -> Result<Confirmed, StoreError> {
        let wait = Wait::new(format!("the lock `{name}` shows version {version}"), SEEN);
        let look = || async {
            let versions = self.claims(name).await?;
            if !is_seen(&versions, holder, version) {
                return Ok(Look::NotYet(format!("{} versions without it", versions.len())));
            }
            Ok(Look::There(match held_by(&versions, self.lease) {
                Some((other, Lease { until, .. })) if other.token == holder.token => {
                    Confirmed::Ours { until }
                }
                other => Confirmed::Lost { now: other.map(|(_, lease)| lease) },
            }))
        };
        wait.until(look).await.map_err(|error| self.unseen(name, error))
    }

    fn unseen(&self, name: &str, error: WaitError<StoreError>) -> StoreError {
        match error {
            WaitError::Look(error) => error,
            WaitError::TooLong { last, .. } | WaitError::Over { state: last, .. } => {
                let (lock, region) = (name.to_owned(), self.aws.region().to_owned());
                StoreError::LockUnseen { lock, region, last }
            }
        }
    }

    async fn try_once(&self, writer: &Self, name: &str, holder: &Holder) -> Result<Tried, StoreError> {
        let versions = self.claims(name).await?;
        let now = self.now();
        let held = held_by(&versions, self.lease);
        let (since, renews) = match held {
            Some((other, lease)) if other.token == holder.token => (lease.since, true),
            Some((_, lease)) if lease.until > now => return Ok(Tried::Taken(Taken::Held(lease))),
            Some(_) | None => (now, false),
        };
        let claim = Claim { holder: holder.clone(), since, renews, until: now.later(self.lease) };
        match writer.claim(name, &claim, !versions.is_empty()).await? {
            Some(_) if versions.is_empty() => Ok(Tried::Taken(Taken::Ours)),
            Some(version) => self.outcome(name, holder, version).await,
            None => Ok(Tried::Again),
        }
    }

    /// Whose it is after our claim. Whoever was first may have given it back by now, and our claim went
    /// with that.
    async fn outcome(&self, name: &str, holder: &Holder, version: u64) -> Result<Tried, StoreError> {
        let versions = self.claims(name).await?;
        let seen = is_seen(&versions, holder, version);
        Ok(match held_by(&versions, self.lease).filter(|_| seen) {
            None => Tried::Again,
            Some((other, _)) if other.token == holder.token => Tried::Taken(Taken::Ours),
            Some((_, lease)) => Tried::Taken(Taken::Held(lease)),
        })
    }

    async fn remove(&self, name: &str) -> Result<(), StoreError> {
        let call = Call::removal("ssm:DeleteParameter", name);
        match self.aws.call(call, || self.aws.ssm().delete_parameter().name(name).send()).await {
            Err(error) if error.fault != Fault::NotFound => {
                Err(StoreError::aws(format!("give the lock `{name}` back"))(error))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Every version that is still kept, the oldest first.
    async fn claims(&self, name: &str) -> Result<Vec<Stored>, StoreError> {
        let none = || StoreError::NoLock { lock: name.to_owned(), region: self.aws.region().to_owned() };
        let stored = |one: Parameter| {
            check_format(one.value.as_bytes(), FIRST_FORMAT).map_err(|newer| {
                let (lock, region) = (name.to_owned(), self.aws.region().to_owned());
                StoreError::NewerLock { lock, region, why: newer.to_string() }
            })?;
            let claim = serde_json::from_str(&one.value).map_err(|_| none())?;
            Ok(Stored { version: one.version, at: one.written, claim })
        };
        self.history(name).await?.into_iter().map(stored).collect()
    }

    /// The version that was written; `None` when the parameter was made by another in between.
    async fn claim(&self, name: &str, claim: &Claim, overwrite: bool) -> Result<Option<u64>, StoreError> {
        let what = || format!("take the lock `{name}`");
        // A plain tree with texts as keys, which JSON always takes.
        let value = serde_json::to_string(&Stamped::new(FIRST_FORMAT, claim)).unwrap_or_default();
        let put = || {
            let put = self.aws.ssm().put_parameter().name(name).value(&value).r#type(ParameterType::String);
            put.set_tier((!overwrite).then_some(ParameterTier::Standard)).overwrite(overwrite).send()
        };
        match self.aws.call(Call::repeatable("ssm:PutParameter", name), put).await {
            Ok(answer) => Ok(Some(answer.version.unsigned_abs())),
            Err(error) if error.code.as_deref() == Some("ParameterAlreadyExists") => Ok(None),
            Err(error) => Err(StoreError::aws(what())(error)),
        }
    }
}

/// Whether a claim is among those that are read.
fn is_seen(versions: &[Stored], holder: &Holder, version: u64) -> bool {
    versions.iter().any(|one| one.version == version && one.claim.holder == *holder)
}

//! Writing Parameter Store, so that a parameter only ever points at an image that is there. AWS
//! answers a write of an image with a version before it has looked at the image, and drops what it
//! does not like without a word: so it is read back.

use aws_sdk_ssm::types::{Parameter as Found, ParameterTier, ParameterType};
use jiff::Timestamp;

use super::{
    SsmStore,
    parameters::{IMAGE, parameter},
};
use crate::{
    aws::{AwsError, Call, Fault},
    store::{StoreError, ValueKind, name::check_name},
    wait::{Look, Wait, WaitError},
};

/// Of a description, in characters.
const LONGEST: usize = 1024;

/// What a parameter is to be made to say.
#[derive(Clone, Copy)]
struct NewVersion<'a> {
    name: &'a str,
    value: &'a str,
    kind: ValueKind,
    description: &'a str,
    /// Whether there is no such parameter yet.
    is_first: bool,
}

impl SsmStore {
    /// Makes `value` the newest version; no new one when it is that already.
    pub async fn write(
        &self,
        name: &str,
        value: &str,
        kind: ValueKind,
        description: &str,
    ) -> Result<u64, StoreError> {
        check_name(name)?;
        let what = || format!("write parameter `{name}`");
        let there = self.read(name).await.map_err(StoreError::aws(what()))?;
        if let Some(there) = &there {
            self.check_type(name, there, kind)?;
        }
        if kind == ValueKind::Image {
            self.check_image(name, value).await?;
        }
        if let Some(there) = there.as_ref().filter(|there| there.value() == Some(value)) {
            return Ok(there.version.unsigned_abs());
        }
        let new = NewVersion { name, value, kind, description, is_first: there.is_none() };
        self.put_until_stored(new, there.map_or(0, |there| there.version.unsigned_abs())).await
    }

    /// A write whose answer is lost may have been executed: it is read once, and put again when it is not there.
    /// `before` is the version that there was.
    async fn put_until_stored(&self, new: NewVersion<'_>, before: u64) -> Result<u64, StoreError> {
        let NewVersion { name, value, .. } = new;
        let mut tries = 0;
        loop {
            let held_until = self.confirm_lock(name).await?;
            let error = match self.put_version(new).await {
                Ok(version) => return self.read_back(new, version, held_until).await,
                Err(error) if is_looked_at(&error) => {
                    return self.read_back(new, before + 1, held_until).await;
                }
                Err(error) => error,
            };
            tries += 1;
            if error.fault == Fault::Transient {
                let what = || format!("read parameter `{name}` back");
                let seen = self.read(name).await.map_err(StoreError::aws(what()))?;
                if let Some(seen) = seen.filter(|seen| seen.version.unsigned_abs() > before) {
                    let version = seen.version.unsigned_abs();
                    return match seen.value() == Some(value) {
                        true => Ok(version),
                        false => Err(self.overtaken(new, before + 1, shown(&seen))),
                    };
                }
            }
            if !self.aws.pause_before_retry(&error, tries).await {
                return Err(self.refused(name, error));
            }
        }
    }

    /// AWS changes neither the type nor the data type of what exists.
    pub(super) fn check_type(&self, name: &str, there: &Found, kind: ValueKind) -> Result<(), StoreError> {
        let (parameter, region) = (name.to_owned(), self.aws.region().to_owned());
        let is_image = there.data_type() == Some(IMAGE);
        match (there.r#type(), kind) {
            (Some(ParameterType::String), ValueKind::Image) if !is_image => {
                Err(StoreError::IsText { parameter, region })
            }
            (Some(ParameterType::String), ValueKind::Text) if is_image => {
                Err(StoreError::Pointer { parameter })
            }
            (Some(ParameterType::String) | None, ValueKind::Image | ValueKind::Text) => Ok(()),
            (Some(other), ValueKind::Image | ValueKind::Text) => {
                Err(StoreError::OtherType { parameter, region, kind: other.as_str().to_owned() })
            }
        }
    }

    /// Whoever writes needs to see the image; AWS would drop the version silently otherwise.
    async fn check_image(&self, name: &str, image: &str) -> Result<(), StoreError> {
        let what = format!("look at the image `{image}` before `{name}` points at it");
        let state = match self.describe(image).await {
            Ok(found) => found.and_then(|found| found.state).map(|state| state.as_str().to_owned()),
            Err(error) => return Err(StoreError::aws(what)(error)),
        };
        match state.as_deref() {
            Some("available") => Ok(()),
            state => Err(StoreError::NotAvailable {
                parameter: name.to_owned(),
                image: image.to_owned(),
                region: self.aws.region().to_owned(),
                state: state.unwrap_or("unknown").to_owned(),
            }),
        }
    }

    async fn put_version(&self, new: NewVersion<'_>) -> Result<u64, AwsError> {
        let NewVersion { name, value, kind, description, is_first } = new;
        let data_type = match kind {
            ValueKind::Image => IMAGE,
            ValueKind::Text => "text",
        };
        let description: String = description.chars().take(LONGEST).collect();
        // An account's default may be another, which costs; and what is advanced cannot go back.
        let tier = is_first.then_some(ParameterTier::Standard);
        let write = || {
            let put = self.aws.ssm().put_parameter().name(name).value(value).r#type(ParameterType::String);
            let put = put.data_type(data_type).set_tier(tier.clone()).overwrite(true);
            put.description(&description).send()
        };
        Ok(self.aws.call(Call::single("ssm:PutParameter", name), write).await?.version.unsigned_abs())
    }

    fn refused(&self, name: &str, error: AwsError) -> StoreError {
        match error.code.as_deref() {
            Some("ParameterMaxVersionLimitExceeded") => {
                StoreError::Labelled { parameter: name.to_owned(), region: self.aws.region().to_owned() }
            }
            _ => StoreError::aws(format!("write parameter `{name}`"))(error),
        }
    }

    /// Comes back when what was written is what everybody reads, with its version. What AWS stored after
    /// `held_until` may stand over what another bake has written.
    async fn read_back(
        &self,
        new: NewVersion<'_>,
        version: u64,
        held_until: Option<Timestamp>,
    ) -> Result<u64, StoreError> {
        let NewVersion { name, value, .. } = new;
        let wait = Wait::new(format!("`{name}` is stored"), self.patience);
        let look = || async {
            let Some(found) = self.read(name).await? else {
                return Ok(Look::NotYet("no such parameter".to_owned()));
            };
            let seen = found.version.unsigned_abs();
            Ok(match seen {
                _ if seen >= version && found.value() == Some(value) => Look::There(parameter(found)),
                _ if seen > version => Look::Over(shown(&found)),
                _ => Look::NotYet(shown(&found)),
            })
        };
        let stored = wait.until(look).await.map_err(|error| self.not_stored(new, version, error))?;
        match held_until.is_some_and(|until| stored.written > until) {
            true => Err(StoreError::WrittenLate {
                parameter: name.to_owned(),
                region: self.aws.region().to_owned(),
                version: stored.version,
                value: value.to_owned(),
            }),
            false => Ok(stored.version),
        }
    }

    fn not_stored(&self, new: NewVersion<'_>, version: u64, error: WaitError<AwsError>) -> StoreError {
        let NewVersion { name, value, kind, .. } = new;
        match error {
            WaitError::TooLong { waited, last, .. } => {
                let (parameter, region) = (name.to_owned(), self.aws.region().to_owned());
                StoreError::NotStored {
                    parameter,
                    value: value.to_owned(),
                    region,
                    version,
                    waited,
                    last,
                    kind,
                }
            }
            WaitError::Over { state, .. } => self.overtaken(new, version, state),
            WaitError::Look(error) => StoreError::aws(format!("read parameter `{name}` back"))(error),
        }
    }

    fn overtaken(&self, new: NewVersion<'_>, version: u64, found: String) -> StoreError {
        let (parameter, region) = (new.name.to_owned(), self.aws.region().to_owned());
        StoreError::Overtaken {
            parameter,
            region,
            ours: format!("version {version}, `{}`", new.value),
            found,
        }
    }
}

/// What a parameter shows, for whoever asks why that is not what was written.
fn shown(found: &Found) -> String {
    format!("version {}, `{}`", found.version.unsigned_abs(), found.value().unwrap_or_default())
}

/// Whether AWS is still looking at the image of a write before: what is read tells what came of it.
fn is_looked_at(error: &AwsError) -> bool {
    let message = error.message.to_lowercase();
    message.contains("validation") && message.contains("in progress")
}

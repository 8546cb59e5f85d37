//! Writing Parameter Store, so that a parameter only ever points at an image that is there. AWS
//! answers a write of an image with a version before it has looked at the image, and drops what it
//! does not like without a word: so it is read back.

use aws_sdk_ssm::types::{Parameter as Found, ParameterTier, ParameterType};

use super::{SsmStore, parameters::IMAGE};
use crate::{
    aws::{AwsError, Call, Fault},
    store::{StoreError, ValueKind, name::check_name},
    wait::{Look, Wait, WaitError},
};

/// Of a description, in characters.
const LONGEST: usize = 1024;

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
        let version = match self.put_version(name, value, kind, description, there.is_none()).await {
            Ok(version) => version,
            Err(error) if may_be_under_way(&error) => {
                there.map_or(0, |there| there.version.unsigned_abs()) + 1
            }
            Err(error) => return Err(self.refused(name, what(), error)),
        };
        self.read_back(name, value, version).await
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

    async fn put_version(
        &self,
        name: &str,
        value: &str,
        kind: ValueKind,
        description: &str,
        new: bool,
    ) -> Result<u64, AwsError> {
        let data_type = match kind {
            ValueKind::Image => IMAGE,
            ValueKind::Text => "text",
        };
        let description: String = description.chars().take(LONGEST).collect();
        // An account's default may be another, which costs; and what is advanced cannot go back.
        let tier = new.then_some(ParameterTier::Standard);
        let write = || {
            let put = self.aws.ssm().put_parameter().name(name).value(value).r#type(ParameterType::String);
            let put = put.data_type(data_type).set_tier(tier.clone()).overwrite(true);
            put.description(&description).send()
        };
        // While AWS looks at an image it refuses a second write of it; a text has one version more then.
        let call = match kind {
            ValueKind::Image => Call::once("ssm:PutParameter", name),
            ValueKind::Text => Call::repeatable("ssm:PutParameter", name),
        };
        Ok(self.aws.call(call, write).await?.version.unsigned_abs())
    }

    fn refused(&self, name: &str, what: String, error: AwsError) -> StoreError {
        match error.code.as_deref() {
            Some("ParameterMaxVersionLimitExceeded") => {
                StoreError::Labelled { parameter: name.to_owned(), region: self.aws.region().to_owned() }
            }
            _ => StoreError::aws(what)(error),
        }
    }

    /// Comes back when what was written is what everybody reads, with its version.
    async fn read_back(&self, name: &str, value: &str, version: u64) -> Result<u64, StoreError> {
        let wait = Wait::new(format!("`{name}` is stored"), self.patience);
        let look = || async {
            let Some(found) = self.read(name).await? else {
                return Ok(Look::NotYet("no such parameter".to_owned()));
            };
            let (seen, shows) = (found.version.unsigned_abs(), found.value().unwrap_or_default());
            let text = format!("version {seen}, `{shows}`");
            Ok(match seen {
                _ if seen >= version && shows == value => Look::There(seen),
                _ if seen > version => Look::Over(text),
                _ => Look::NotYet(text),
            })
        };
        wait.until(look).await.map_err(|error| self.not_stored(name, value, version, error))
    }

    fn not_stored(&self, name: &str, value: &str, version: u64, error: WaitError<AwsError>) -> StoreError {
        let (parameter, region) = (name.to_owned(), self.aws.region().to_owned());
        match error {
            WaitError::TooLong { waited, last, .. } => {
                StoreError::NotStored { parameter, value: value.to_owned(), region, version, waited, last }
            }
            WaitError::Over { state: found, .. } => {
                let ours = format!("version {version}, `{value}`");
                StoreError::Overtaken { parameter, region, ours, found }
            }
            WaitError::Look(error) => StoreError::aws(format!("read parameter `{name}` back"))(error),
        }
    }
}

/// The answer was lost, or AWS is still looking at the image of a write before: what is read tells.
fn may_be_under_way(error: &AwsError) -> bool {
    let message = error.message.to_lowercase();
    error.fault == Fault::Transient || (message.contains("validation") && message.contains("in progress"))
}

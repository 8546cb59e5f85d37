//! Reading Parameter Store.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_ssm::{
    primitives::DateTime,
    types::{Parameter as Found, ParameterHistory},
};
use jiff::Timestamp;

use super::SsmStore;
use crate::{
    aws::{AwsError, Call, Fault},
    store::{Parameter, Parameters, Store, StoreError, ValueKind},
};

/// What AWS calls a parameter whose value is an image.
pub const IMAGE: &str = "aws:ec2:image";

#[async_trait]
impl Parameters for SsmStore {
    async fn put(&self, name: &str, value: &str, description: &str) -> Result<u64, StoreError> {
        self.write(name, value, ValueKind::Text, description).await
    }

    async fn point(&self, name: &str, image: &str, description: &str) -> Result<u64, StoreError> {
        self.write(name, image, ValueKind::Image, description).await
    }

    async fn check_writable(&self, name: &str, kind: ValueKind) -> Result<(), StoreError> {
        self.ask_before_write(name, kind).await
    }

    async fn in_region(&self, region: &str) -> Result<Option<Arc<dyn Store>>, StoreError> {
        let aws = self.aws.in_region(region).await;
        let aws = aws.map_err(StoreError::aws(format!("open Parameter Store in {region}")))?;
        Ok(Some(Arc::new(Self { aws, ..self.clone() })))
    }

    async fn get(&self, name: &str) -> Result<Option<Parameter>, StoreError> {
        let found = self.read(name).await.map_err(StoreError::aws(format!("read parameter `{name}`")))?;
        Ok(found.map(parameter))
    }

    async fn version(&self, name: &str, version: u64) -> Result<Option<Parameter>, StoreError> {
        let what = format!("read version {version} of parameter `{name}`");
        let found = self.read(&format!("{name}:{version}")).await.map_err(StoreError::aws(what))?;
        Ok(found.map(parameter))
    }

    async fn history(&self, name: &str) -> Result<Vec<Parameter>, StoreError> {
        let what = format!("read the history of parameter `{name}`");
        let mut versions = self.all_versions(name).await.map_err(StoreError::aws(what))?;
        versions.sort_by_key(|one| one.version);
        Ok(versions)
    }
}

impl SsmStore {
    async fn all_versions(&self, name: &str) -> Result<Vec<Parameter>, AwsError> {
        let call = Call::read("ssm:GetParameterHistory", name);
        let (mut versions, mut token) = (Vec::new(), None);
        loop {
            let ask =
                || self.aws.ssm().get_parameter_history().name(name).set_next_token(token.clone()).send();
            let page = match self.aws.call(call, ask).await {
                Ok(page) => page,
                Err(error) if error.fault == Fault::NotFound => return Ok(versions),
                Err(error) => return Err(error),
            };
            versions.extend(page.parameters.unwrap_or_default().into_iter().map(past));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(versions);
            }
        }
    }
}

pub fn parameter(found: Found) -> Parameter {
    Parameter {
        // Without the version or label that it was asked for by.
        name: found.name.unwrap_or_default(),
        version: found.version.unsigned_abs(),
        value: found.value.unwrap_or_default(),
        kind: kind(found.data_type.as_deref()),
        description: String::new(),
        written: time(found.last_modified_date),
    }
}

fn past(found: ParameterHistory) -> Parameter {
    Parameter {
        name: found.name.unwrap_or_default(),
        version: found.version.unsigned_abs(),
        value: found.value.unwrap_or_default(),
        kind: kind(found.data_type.as_deref()),
        description: found.description.unwrap_or_default(),
        written: time(found.last_modified_date),
    }
}

fn kind(data_type: Option<&str>) -> ValueKind {
    if data_type == Some(IMAGE) { ValueKind::Image } else { ValueKind::Text }
}

fn time(date: Option<DateTime>) -> Timestamp {
    date.and_then(|date| Timestamp::from_nanosecond(date.as_nanos()).ok()).unwrap_or_default()
}

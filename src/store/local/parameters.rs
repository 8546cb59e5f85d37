//! Parameters in SQLite: every version is a row that is never changed.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, Transaction};

use super::{Failure, LocalStore, images, locks::check_held};
use crate::store::{Parameter, Parameters, Store, StoreError, ValueKind, name::check_name};

const COLUMNS: &str = "name, version, value, kind, description, written";

#[async_trait]
impl Parameters for LocalStore {
    async fn put(&self, name: &str, value: &str, description: &str) -> Result<u64, StoreError> {
        let (next, lock) = (Next::new(name, value, description, ValueKind::Text)?, self.lock.clone());
        self.transact(format!("write parameter `{name}`"), true, move |transaction, _| {
            check_held(transaction, lock.as_ref(), &next.name)?;
            let newest = newest(transaction, &next.name)?;
            if newest.as_ref().is_some_and(|parameter| parameter.kind == ValueKind::Image) {
                return Err(StoreError::Pointer { parameter: next.name }.into());
            }
            next.insert(transaction, newest)
        })
        .await
    }

    async fn point(&self, name: &str, image: &str, description: &str) -> Result<u64, StoreError> {
        let (next, lock) = (Next::new(name, image, description, ValueKind::Image)?, self.lock.clone());
        self.transact(format!("point `{name}` at image `{image}`"), true, move |transaction, file| {
            check_held(transaction, lock.as_ref(), &next.name)?;
            if !images::is_recorded(transaction, &next.value)? {
                let (parameter, image, file) = (next.name, next.value, file.to_owned());
                return Err(StoreError::PointsNowhere { parameter, image, file }.into());
            }
            let newest = newest(transaction, &next.name)?;
            next.insert(transaction, newest)
        })
        .await
    }

    async fn check_writable(&self, name: &str, kind: ValueKind) -> Result<(), StoreError> {
        check_name(name)?;
        let there = self.get(name).await?.map(|parameter| parameter.kind);
        match (there, kind) {
            (Some(ValueKind::Image), ValueKind::Text) => {
                Err(StoreError::Pointer { parameter: name.to_owned() })
            }
            (Some(ValueKind::Image | ValueKind::Text) | None, ValueKind::Image)
            | (Some(ValueKind::Text) | None, ValueKind::Text) => Ok(()),
        }
    }

    async fn in_region(&self, _region: &str) -> Result<Option<Arc<dyn Store>>, StoreError> {
        Ok(None)
    }

    async fn get(&self, name: &str) -> Result<Option<Parameter>, StoreError> {
        let (what, name) = (format!("read parameter `{name}`"), name.to_owned());
        self.transact(what, false, move |transaction, _| Ok(newest(transaction, &name)?)).await
    }

    async fn version(&self, name: &str, version: u64) -> Result<Option<Parameter>, StoreError> {
        let what = format!("read version {version} of parameter `{name}`");
        let name = name.to_owned();
        self.transact(what, false, move |transaction, _| {
            let query = format!("SELECT {COLUMNS} FROM parameters WHERE name = ?1 AND version = ?2");
            // No version is greater than what SQLite can count to.
            let version = i64::try_from(version).unwrap_or(i64::MAX);
            Ok(transaction.query_row(&query, (name, version), parameter).optional()?)
        })
        .await
    }

    async fn history(&self, name: &str) -> Result<Vec<Parameter>, StoreError> {
        let (what, name) = (format!("read the history of parameter `{name}`"), name.to_owned());
        self.transact(what, false, move |transaction, _| {
            let query = format!("SELECT {COLUMNS} FROM parameters WHERE name = ?1 ORDER BY version");
            let rows =
                transaction.prepare(&query)?.query_map([name], parameter)?.collect::<Result<_, _>>()?;
            Ok(rows)
        })
        .await
    }
}

/// A version that is about to be written.
struct Next {
    name: String,
    value: String,
    description: String,
    kind: ValueKind,
}

impl Next {
    fn new(name: &str, value: &str, description: &str, kind: ValueKind) -> Result<Self, StoreError> {
        check_name(name)?;
        Ok(Self { name: name.into(), value: value.into(), description: description.into(), kind })
    }

    /// Called with the write lock held, so that no other version can come between.
    fn insert(self, transaction: &Transaction, newest: Option<Parameter>) -> Result<u64, Failure> {
        let version = newest.map_or(0, |parameter| parameter.version) + 1;
        let kind = match self.kind {
            ValueKind::Text => "text",
            ValueKind::Image => "image",
        };
        transaction.execute(
            &format!("INSERT INTO parameters ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
            (self.name, version as i64, self.value, kind, self.description, Timestamp::now().to_string()),
        )?;
        Ok(version)
    }
}

fn newest(transaction: &Transaction, name: &str) -> rusqlite::Result<Option<Parameter>> {
    let query = format!("SELECT {COLUMNS} FROM parameters WHERE name = ?1 ORDER BY version DESC LIMIT 1");
    transaction.query_row(&query, [name], parameter).optional()
}

fn parameter(row: &Row) -> rusqlite::Result<Parameter> {
    let kind: String = row.get(3)?;
    Ok(Parameter {
        name: row.get(0)?,
        version: row.get::<_, i64>(1)?.unsigned_abs(),
        value: row.get(2)?,
        kind: if kind == "image" { ValueKind::Image } else { ValueKind::Text },
        description: row.get(4)?,
        written: images::timestamp(row, 5)?,
    })
}

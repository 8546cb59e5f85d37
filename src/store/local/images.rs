//! Image records in SQLite.

use std::path::PathBuf;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, ToSql, Transaction, types::Type};

use super::{Failure, LocalStore};
use crate::store::{ImageRecord, Images, StoreError};

const COLUMNS: &str =
    "id, name, version, platform, run, location, fingerprint, bytes, created, manifest, proved";

#[async_trait]
impl Images for LocalStore {
    async fn record(&self, image: &ImageRecord) -> Result<(), StoreError> {
        let (what, image) = (format!("record image `{}`", image.id), image.clone());
        self.transact(what, true, move |transaction, _| match exact(transaction, &image.id)? {
            None => Ok(insert(transaction, &image)?),
            Some(there) if same(&there, &image) => Ok(()),
            Some(there) => Err(StoreError::OtherImage { image: there.id }.into()),
        })
        .await
    }

    async fn find(&self, id: &str) -> Result<Option<ImageRecord>, StoreError> {
        let (what, id) = (format!("find image `{id}`"), id.to_owned());
        self.transact(what, false, move |transaction, _| match exact(transaction, &id)? {
            Some(image) => Ok(Some(image)),
            None => by_prefix(transaction, &id),
        })
        .await
    }

    async fn list(&self, name: Option<&str>) -> Result<Vec<ImageRecord>, StoreError> {
        let name = name.map(str::to_owned);
        self.transact("list the images".into(), false, move |transaction, _| {
            let filter = "?1 IS NULL OR name = ?1 ORDER BY created DESC, id DESC";
            Ok(select(transaction, filter, &[&name])?)
        })
        .await
    }

    async fn prove(&self, id: &str, _: &str) -> Result<(), StoreError> {
        let (what, id) = (format!("write down that image `{id}` has passed"), id.to_owned());
        self.transact(what, true, move |transaction, file| {
            match transaction.execute("UPDATE images SET proved = 1 WHERE id = ?1", [&id])? {
                0 => Err(StoreError::NoImage { image: id, file: file.to_owned() }.into()),
                _ => Ok(()),
            }
        })
        .await
    }

    /// What was captured is in the folder of its run.
    async fn delivered(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn forget(&self, id: &str) -> Result<(), StoreError> {
        let (what, id) = (format!("forget image `{id}`"), id.to_owned());
        self.transact(what, true, move |transaction, file| {
            let parameters = pointers_at(transaction, &id)?;
            if !parameters.is_empty() {
                return Err(StoreError::InUse { image: id, parameters }.into());
            }
            match transaction.execute("DELETE FROM images WHERE id = ?1", [&id])? {
                0 => Err(StoreError::NoImage { image: id, file: file.to_owned() }.into()),
                _ => Ok(()),
            }
        })
        .await
    }
}

/// What has been shown of it since says nothing of which image it is.
fn same(there: &ImageRecord, image: &ImageRecord) -> bool {
    ImageRecord { proved: image.proved, ..there.clone() } == *image
}

pub fn is_recorded(transaction: &Transaction, id: &str) -> rusqlite::Result<bool> {
    transaction.query_row("SELECT EXISTS (SELECT 1 FROM images WHERE id = ?1)", [id], |row| row.get(0))
}

/// A time as it is kept: RFC 3339 text, which sorts and which other programs can read.
pub fn timestamp(row: &Row, column: usize) -> rusqlite::Result<Timestamp> {
    let text: String = row.get(column)?;
    text.parse()
        .map_err(|err: jiff::Error| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, err.into()))
}

/// The parameters whose newest version is this image.
fn pointers_at(transaction: &Transaction, id: &str) -> rusqlite::Result<Vec<String>> {
    let query = "SELECT name FROM parameters AS p WHERE kind = 'image' AND value = ?1 AND version = \
                 (SELECT max(version) FROM parameters WHERE name = p.name) ORDER BY name";
    transaction.prepare(query)?.query_map([id], |row| row.get(0))?.collect()
}

fn by_prefix(transaction: &Transaction, prefix: &str) -> Result<Option<ImageRecord>, Failure> {
    if prefix.is_empty() {
        return Ok(None);
    }
    let mut images = select(transaction, "substr(id, 1, length(?1)) = ?1 ORDER BY id LIMIT 10", &[&prefix])?;
    if images.len() > 1 {
        let ids = images.into_iter().map(|image| image.id).collect();
        return Err(StoreError::Ambiguous { prefix: prefix.into(), ids }.into());
    }
    Ok(images.pop())
}

fn exact(transaction: &Transaction, id: &str) -> rusqlite::Result<Option<ImageRecord>> {
    let query = format!("SELECT {COLUMNS} FROM images WHERE id = ?1");
    transaction.query_row(&query, [id], image).optional()
}

fn select(
    transaction: &Transaction,
    filter: &str,
    with: &[&dyn ToSql],
) -> rusqlite::Result<Vec<ImageRecord>> {
    let query = format!("SELECT {COLUMNS} FROM images WHERE {filter}");
    transaction.prepare(&query)?.query_map(with, image)?.collect()
}

fn insert(transaction: &Transaction, image: &ImageRecord) -> rusqlite::Result<()> {
    let query =
        format!("INSERT INTO images ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    let values = (
        &image.id,
        &image.name,
        &image.version,
        &image.platform,
        &image.run,
        &image.location,
        &image.fingerprint,
        // Nobody has an image of eight exbibytes.
        i64::try_from(image.bytes).unwrap_or(i64::MAX),
        image.created.to_string(),
        image.manifest.to_string_lossy(),
        image.proved,
    );
    transaction.execute(&query, values).map(drop)
}

fn image(row: &Row) -> rusqlite::Result<ImageRecord> {
    Ok(ImageRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        version: row.get(2)?,
        platform: row.get(3)?,
        run: row.get(4)?,
        location: row.get(5)?,
        fingerprint: row.get(6)?,
        bytes: row.get::<_, i64>(7)?.unsigned_abs(),
        created: timestamp(row, 8)?,
        manifest: PathBuf::from(row.get::<_, String>(9)?),
        proved: row.get(10)?,
        finish: None,
        made_from: None,
        delivery: None,
    })
}

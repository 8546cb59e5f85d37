//! The store's key in SQLite, in a file that only its owner reads.

use async_trait::async_trait;
use rusqlite::OptionalExtension;

use super::LocalStore;
use crate::store::{Key, Keys, StoreError};

#[async_trait]
impl Keys for LocalStore {
    async fn key(&self, make: bool) -> Result<Option<Key>, StoreError> {
        let what = "read the key for secrets".to_owned();
        self.transact(what, make, move |transaction, file| {
            if make {
                let new = Key::random().to_text();
                transaction
                    .execute("INSERT OR IGNORE INTO keys (name, value) VALUES ('secrets', ?1)", [new])?;
            }
            let query = "SELECT value FROM keys WHERE name = 'secrets'";
            let text: Option<String> = transaction.query_row(query, [], |row| row.get(0)).optional()?;
            let damaged = || {
                let (file, why) = (file.to_owned(), "its key for secrets is none".to_owned());
                StoreError::Damaged { file, why }
            };
            Ok(text.map(|text| Key::of_text(&text).ok_or_else(damaged)).transpose()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_store_has_one_key_and_another_store_another() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let first = LocalStore::open(one.path()).await.unwrap();
        assert!(first.key(false).await.unwrap().is_none(), "it was made for somebody who only looks");
        let key = first.key(true).await.unwrap();
        let again = LocalStore::open(one.path()).await.unwrap();
        assert!(key == again.key(false).await.unwrap());
        assert!(key != LocalStore::open(two.path()).await.unwrap().key(true).await.unwrap());
    }
}

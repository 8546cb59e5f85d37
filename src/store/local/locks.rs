//! Locks in SQLite: one row each, judged and written in one transaction.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};

use super::{LocalStore, images};
use crate::{
    journal::Journal,
    store::{Holder, Lease, Locks, StoreError, Taken},
    time::Moment,
};

/// A computer that is overwhelmed still says in this time that its bakes live.
const LEASE: Duration = Duration::from_secs(60);

#[async_trait]
impl Locks for LocalStore {
    fn lease(&self) -> Duration {
        LEASE
    }

    async fn take(&self, name: &str, holder: &Holder, _: &Journal) -> Result<Taken, StoreError> {
        let what = format!("take the lock `{name}`");
        let (name, holder, lease) = (name.to_owned(), holder.clone(), self.lease());
        self.transact(what, true, move |transaction, _| {
            let now = Timestamp::now();
            let since = match held(transaction, &name)? {
                Some((token, lease)) if token == holder.token => lease.since,
                Some((_, lease)) if lease.until > now => return Ok(Taken::Held(lease)),
                Some(_) | None => now,
            };
            transaction.execute(
                "INSERT OR REPLACE INTO locks (name, token, who, since, until) VALUES (?1, ?2, ?3, ?4, ?5)",
                (&name, &holder.token, &holder.who, since.to_string(), now.later(lease).to_string()),
            )?;
            Ok(Taken::Ours)
        })
        .await
    }

    async fn release(&self, name: &str, holder: &Holder) -> Result<(), StoreError> {
        let what = format!("give the lock `{name}` back");
        let (name, token) = (name.to_owned(), holder.token.clone());
        self.transact(what, true, move |transaction, _| {
            transaction.execute("DELETE FROM locks WHERE name = ?1 AND token = ?2", [name, token])?;
            Ok(())
        })
        .await
    }
}

/// The token of its holder, and the lease.
fn held(transaction: &Transaction, name: &str) -> rusqlite::Result<Option<(String, Lease)>> {
    let query = "SELECT token, who, since, until FROM locks WHERE name = ?1";
    let lease = |row: &rusqlite::Row| {
        let (since, until) = (images::timestamp(row, 2)?, images::timestamp(row, 3)?);
        Ok((row.get(0)?, Lease { who: row.get(1)?, since, until }))
    };
    transaction.query_row(query, [name], lease).optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(token: &str) -> Holder {
        Holder { token: token.into(), who: format!("{token}@here") }
    }

    async fn take(store: &LocalStore, name: &str, holder: &Holder) -> Result<Taken, StoreError> {
        store.take(name, holder, &Journal::of_a_test()).await
    }

    async fn expire(store: &LocalStore, name: &'static str) {
        store
            .transact("age a lock".into(), true, move |transaction, _| {
                let over = Timestamp::now() - Duration::from_millis(1);
                transaction
                    .execute("UPDATE locks SET until = ?2 WHERE name = ?1", (name, over.to_string()))?;
                Ok(())
            })
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn one_holder_at_a_time_and_another_when_it_gives_the_lock_back() {
        let data = tempfile::tempdir().unwrap();
        let store = LocalStore::open(data.path()).await.unwrap();
        let (one, two) = (holder("one"), holder("two"));
        assert_eq!(take(&store, "web", &one).await.unwrap(), Taken::Ours);
        assert_eq!(take(&store, "web", &one).await.unwrap(), Taken::Ours, "put off");
        let Taken::Held(lease) = take(&store, "web", &two).await.unwrap() else { panic!("two have it") };
        assert_eq!(lease.who, "one@here");
        assert_eq!(take(&store, "db", &two).await.unwrap(), Taken::Ours, "another lock");
        store.release("web", &two).await.unwrap();
        assert!(matches!(take(&store, "web", &two).await.unwrap(), Taken::Held(_)), "not its to give back");
        store.release("web", &one).await.unwrap();
        assert_eq!(take(&store, "web", &two).await.unwrap(), Taken::Ours);
    }

    #[tokio::test]
    async fn the_lock_of_a_dead_holder_is_taken_over_when_it_is_over_and_not_before() {
        let data = tempfile::tempdir().unwrap();
        let store = LocalStore::open(data.path()).await.unwrap();
        assert_eq!(take(&store, "web", &holder("dead")).await.unwrap(), Taken::Ours);
        let Taken::Held(lease) = take(&store, "web", &holder("next")).await.unwrap() else {
            panic!("too early")
        };
        let left = lease.until.duration_since(Timestamp::now());
        assert!(left.unsigned_abs() <= LEASE && left.is_positive(), "{left}");
        expire(&store, "web").await;
        assert_eq!(take(&store, "web", &holder("next")).await.unwrap(), Taken::Ours);
        assert!(matches!(take(&store, "web", &holder("dead")).await.unwrap(), Taken::Held(_)));
    }
}

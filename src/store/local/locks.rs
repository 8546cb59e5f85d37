//! Locks in SQLite: one row each, judged and written in one transaction.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Transaction};

use super::{Failure, LocalStore, images};
use crate::{
    journal::Journal,
    store::{Confirmed, HeldLock, Holder, Lease, Locks, Store, StoreError, Taken},
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

    async fn confirm(&self, name: &str, holder: &Holder, _: &Journal) -> Result<Confirmed, StoreError> {
        let what = format!("look at the lock `{name}`");
        let (name, token, until) =
            (name.to_owned(), holder.token.clone(), Timestamp::now().later(self.lease()));
        self.transact(what, true, move |transaction, _| {
            if let Err(now) = own(transaction, &name, &token)? {
                return Ok(Confirmed::Lost { now });
            }
            let update = "UPDATE locks SET until = ?2 WHERE name = ?1";
            transaction.execute(update, (&name, until.to_string()))?;
            Ok(Confirmed::Ours { until })
        })
        .await
    }

    fn under(&self, lock: HeldLock) -> Arc<dyn Store> {
        Arc::new(Self { lock: Some(lock), ..self.clone() })
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

/// Nothing, where the lock is that of this token; else who has it now. Whoever takes a lock over writes its own
/// token, and whoever gives it back removes the row, so a row that is still there was ours all the time.
fn own(transaction: &Transaction, name: &str, token: &str) -> rusqlite::Result<Result<(), Option<Lease>>> {
    Ok(match held(transaction, name)? {
        Some((holder, _)) if holder == token => Ok(()),
        other => Err(other.map(|(_, lease)| lease)),
    })
}

/// Refuses to write a parameter when the lock is not held any more. In the transaction of the write nobody can
/// take it in between.
pub(super) fn check_held(
    transaction: &Transaction,
    lock: Option<&HeldLock>,
    parameter: &str,
) -> Result<(), Failure> {
    let Some(lock) = lock else { return Ok(()) };
    match own(transaction, &lock.name, &lock.holder.token)? {
        Ok(()) => Ok(()),
        Err(now) => Err(StoreError::lock_lost(parameter, &lock.name, now).into()),
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
    use crate::store::Parameters;

    fn holder(token: &str) -> Holder {
        Holder { token: token.into(), who: format!("{token}@here") }
    }

    async fn take(store: &LocalStore, name: &str, holder: &Holder) -> Result<Taken, StoreError> {
        store.take(name, holder, &Journal::of_a_test()).await
    }

    /// The store as the holder of the lock `web` has it.
    fn under(store: &LocalStore, holder: &Holder) -> Arc<dyn Store> {
        let (store, journal) = (Arc::new(store.clone()), Journal::of_a_test());
        store.clone().under(HeldLock { store, name: "web".into(), holder: holder.clone(), journal })
    }

    #[tokio::test]
    async fn a_holder_that_was_away_for_too_long_writes_no_parameter() {
        let data = tempfile::tempdir().unwrap();
        let store = LocalStore::open(data.path()).await.unwrap();
        let (asleep, other) = (holder("asleep"), holder("other"));
        assert_eq!(take(&store, "web", &asleep).await.unwrap(), Taken::Ours);
        let late = under(&store, &asleep);
        expire(&store, "web").await;
        late.put("/p", "over, and nobody has come", "").await.unwrap();
        assert_eq!(take(&store, "web", &other).await.unwrap(), Taken::Ours);
        under(&store, &other).put("/p", "new", "").await.unwrap();
        let error = late.put("/p", "old", "").await.unwrap_err();
        assert!(matches!(&error, StoreError::LockLost { now: Some(now), .. } if now.who == "other@here"));
        assert!(matches!(
            late.confirm("web", &asleep, &Journal::of_a_test()).await.unwrap(),
            Confirmed::Lost { now: Some(_) }
        ));

        store.release("web", &other).await.unwrap();
        let error = late.put("/p", "old", "").await.unwrap_err();
        assert!(matches!(error, StoreError::LockLost { now: None, .. }), "it was given back: {error}");
        let lost = late.confirm("web", &asleep, &Journal::of_a_test()).await.unwrap();
        assert_eq!(lost, Confirmed::Lost { now: None }, "it was taken again");
        let history = store.history("/p").await.unwrap();
        let values: Vec<&str> = history.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, ["over, and nobody has come", "new"]);
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

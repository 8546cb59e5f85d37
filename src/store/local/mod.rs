//! The store on this computer: a SQLite file in the data folder that any number of processes may
//! use at once. SQLite blocks, so its work is done on the runtime's blocking threads.

mod images;
mod key;
mod locks;
mod open;
mod parameters;
#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{HeldLock, StoreError};

/// The store's file in the data folder.
pub const FILE: &str = "store.sqlite3";

/// Images and parameters in a SQLite file. Cheap to clone; clones share one connection.
#[derive(Clone, Debug)]
pub struct LocalStore {
    connection: Arc<Mutex<Connection>>,
    /// Whose turn it is. Waiting for it takes no thread, as waiting for the connection would.
    turn: Arc<tokio::sync::Mutex<()>>,
    file: Arc<PathBuf>,
    /// Without it no parameter is written.
    lock: Option<HeldLock>,
}

impl LocalStore {
    /// Opens the store of a data folder; makes both when they are missing.
    pub async fn open(data: &Path) -> Result<Self, StoreError> {
        let data = data.to_owned();
        let opened = tokio::task::spawn_blocking(move || {
            let file = data.join(FILE);
            let connection = open::open(&data, &file)?;
            Ok(Self {
                connection: Arc::new(Mutex::new(connection)),
                turn: Arc::default(),
                file: Arc::new(file),
                lock: None,
            })
        });
        opened.await.map_err(|_| StoreError::Stopped)?
    }

    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Runs `work` in a transaction of its own. A transaction that may write takes the write lock
    /// at its start: two processes that read first and write then would otherwise both be refused.
    async fn transact<T, F>(&self, what: String, writes: bool, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction, &Path) -> Result<T, Failure> + Send + 'static,
    {
        let store = self.clone();
        let _turn = self.turn.lock().await;
        let done = tokio::task::spawn_blocking(move || {
            // A thread that panicked left no transaction behind: dropping it rolled it back.
            let mut connection = store.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let behavior =
                if writes { TransactionBehavior::Immediate } else { TransactionBehavior::Deferred };
            let result = connection.transaction_with_behavior(behavior).map_err(Failure::from).and_then(
                |transaction| {
                    let value = work(&transaction, &store.file)?;
                    transaction.commit()?;
                    Ok(value)
                },
            );
            result.map_err(|failure| store.explain(what, failure))
        });
        done.await.map_err(|_| StoreError::Stopped)?
    }

    fn explain(&self, what: String, failure: Failure) -> StoreError {
        let file = self.file.to_path_buf();
        match failure {
            Failure::Refused(err) => *err,
            Failure::Sqlite(err) if open::is_damage(&err) => {
                StoreError::Damaged { file, why: err.to_string() }
            }
            Failure::Sqlite(source) => StoreError::Query { what, file, source },
        }
    }
}

/// Why a transaction was rolled back: our rules, or SQLite.
enum Failure {
    Refused(Box<StoreError>),
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(err: rusqlite::Error) -> Self {
        Self::Sqlite(err)
    }
}

impl From<StoreError> for Failure {
    fn from(err: StoreError) -> Self {
        Self::Refused(Box::new(err))
    }
}

//! Opening the store's file: made private, recognised as ours, sound, and of a schema we know.
//! Nothing is ever repaired or replaced here: a file that is not as expected stays as it is.

use std::{fs::File, io, path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use rustix::fs::{FlockOperation, flock};

use super::{Failure, StoreError};
use crate::private;

/// Written into the file's header: `horn`.
const APPLICATION: i64 = 0x686f_726e;
/// How long a process waits for another's transaction. Those take milliseconds, unless the disk
/// is overwhelmed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What turns a schema into the next one. Index 0 makes schema 1 from an empty file.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE images (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        version TEXT,
        platform TEXT NOT NULL,
        run TEXT NOT NULL,
        location TEXT NOT NULL,
        fingerprint TEXT,
        bytes INTEGER NOT NULL,
        created TEXT NOT NULL,
        manifest TEXT NOT NULL
    ) STRICT;
    CREATE INDEX images_by_name ON images (name, created);
    CREATE TABLE parameters (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        value TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('text', 'image')),
        description TEXT NOT NULL,
        written TEXT NOT NULL,
        PRIMARY KEY (name, version)
    ) STRICT, WITHOUT ROWID;
",
    "
    ALTER TABLE images ADD COLUMN proved INTEGER NOT NULL DEFAULT 0;
    UPDATE images SET proved = 1 WHERE id IN (SELECT value FROM parameters);
    CREATE TABLE locks (
        name TEXT PRIMARY KEY,
        token TEXT NOT NULL,
        who TEXT NOT NULL,
        since TEXT NOT NULL,
        until TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE keys (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
",
];

pub fn open(folder: &Path, file: &Path) -> Result<Connection, StoreError> {
    let failed = |why: String| StoreError::Open { file: file.to_owned(), why };
    let lock = make_private(folder, file).map_err(|err| failed(err.to_string()))?;
    let mut connection = Connection::open(file).map_err(|err| failed(err.to_string()))?;
    let prepared = prepare(&mut connection, file);
    drop(lock);
    prepared.map_err(|problem| match problem {
        Failure::Sqlite(err) if is_damage(&err) => {
            StoreError::Damaged { file: file.to_owned(), why: err.to_string() }
        }
        Failure::Sqlite(err) => failed(err.to_string()),
        Failure::Refused(err) => *err,
    })?;
    Ok(connection)
}

/// Makes the folder and the file for their owner alone, and locks the folder until the returned
/// file is closed: two processes that turn on the write-ahead log at once would refuse each other.
fn make_private(folder: &Path, file: &Path) -> io::Result<File> {
    private::folder(folder)?;
    let lock = File::open(folder)?;
    flock(&lock, FlockOperation::LockExclusive)?;
    private::append(file)?;
    Ok(lock)
}

fn prepare(connection: &mut Connection, file: &Path) -> Result<(), Failure> {
    connection.busy_timeout(PATIENCE)?;
    recognise(connection, file)?;
    check(connection, file)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    migrate(connection)
}

/// Refuses a file that is another program's, or a newer hornero's, before anything is changed.
fn recognise(connection: &Connection, file: &Path) -> Result<(), Failure> {
    let file = file.to_owned();
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if tables > 0 && application != APPLICATION {
        return Err(StoreError::Foreign { file }.into());
    }
    let (found, known) = (schema(connection)?, MIGRATIONS.len() as i64);
    match found {
        0.. if found <= known => Ok(()),
        _ => Err(StoreError::Newer { file, found, known }.into()),
    }
}

fn check(connection: &Connection, file: &Path) -> Result<(), Failure> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Damaged { file: file.to_owned(), why: verdict }.into()),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), Failure> {
    if schema(connection)? == MIGRATIONS.len() as i64 {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Looked at again under the lock: another process may have done it in between.
    let found = usize::try_from(schema(&transaction)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    Ok(transaction.commit()?)
}

fn schema(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// The file itself is broken, as opposed to busy, read-only or on a full disk.
pub fn is_damage(err: &rusqlite::Error) -> bool {
    matches!(err.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

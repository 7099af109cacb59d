//! Connections to a ledger file, and what is set on each.

use std::path::Path;
use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::{Spoilt, damaged, fault};

/// The first SQLite without the bug by which a WAL that two connections write and check-point at
/// once could be reset too early.
const OLDEST: i32 = 3_051_003;

/// After so many pages the WAL is brought into the file: a cold reader pays for each.
const CHECKPOINT_PAGES: i64 = 200;

/// A file that grew larger is cut when the WAL begins anew.
const WAL_BYTES: i64 = 4 << 20;

/// Opens a file to write. The file must be there; it may be empty.
pub(super) fn writer(path: &Path, patience: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    let set = || -> Result<(), Spoilt> {
        common(&connection, patience)?;
        let mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            return Err(Spoilt::Value(
                Error::new(
                    ErrorKind::Unavailable,
                    format!("the ledger cannot be written ahead: `{}`", path.display()),
                )
                .with("journal mode", mode)
                .hinted("put it on a local disk"),
            ));
        }
        // Not FULL: the WAL is synced by us after the lock is let go, and before anything is
        // acknowledged. SQLite still syncs around each checkpoint.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", WAL_BYTES)?;
        connection.pragma_update(None, "fullfsync", cfg!(target_os = "macos"))?;
        connection.pragma_update(None, "checkpoint_fullfsync", cfg!(target_os = "macos"))?;
        connection.pragma_update(None, "cache_size", -16_384)?;
        Ok(())
    };
    set().map_err(|spoilt| fault(path, spoilt))?;
    Ok(connection)
}

/// Opens a file to read.
pub(super) fn reader(path: &Path, patience: Duration) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    common(&connection, patience).map_err(|spoilt| fault(path, spoilt))?;
    Ok(connection)
}

/// Refuses what is missing and what is empty before SQLite takes it for a new database. Nothing is
/// opened here: to close a descriptor of the file would drop SQLite's locks on it.
fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    if rusqlite::version_number() < OLDEST {
        return Err(Error::new(ErrorKind::Unavailable, "the linked SQLite is too old")
            .with("version", rusqlite::version())
            .hinted("build with the bundled one: older ones can damage a ledger"));
    }
    match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(damaged(path, "it is not a file"));
        }
        Ok(metadata) if metadata.len() == 0 => return Err(damaged(path, "the file is empty")),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no ledger: `{}`", path.display()),
            )
            .hinted("run `octorato init`"));
        }
        Err(error) => {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the ledger cannot be opened: `{}`", path.display()),
            )
            .caused_by(error));
        }
    }
    Connection::open_with_flags(path, flags).map_err(|error| fault(path, error.into()))
}

fn common(connection: &Connection, patience: Duration) -> Result<(), Spoilt> {
    connection.busy_timeout(patience)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A plan does not depend on the values that are bound: else SQLite would prepare statements that an
    // index of some rows might serve anew for every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "PRAGMA mmap_size = 0; PRAGMA foreign_keys = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY;",
    )?;
    Ok(())
}

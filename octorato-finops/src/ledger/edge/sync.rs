//! When a commit of SQLite is on disk.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use octorato_core::{Error, ErrorKind, Result};

use super::system;

/// Makes the write-ahead log of a database durable, outside of every lock of it.
///
/// SQLite with `synchronous=NORMAL` writes a commit to the log and does not wait for the disk. Its
/// frames are chained by checksums, so that a sync of the log file makes everything durable that was
/// committed before it began. SQLite itself syncs the log before a checkpoint and the database
/// after it (<https://www.sqlite.org/pragma.html#pragma_synchronous>).
///
/// Keep a connection open for as long as this object is: the last one that closes deletes the log.
/// Only the log is opened here, never the database or its `-shm` file, since closing those would
/// drop the locks of this process in them.
#[derive(Debug)]
pub struct LogSync {
    log: File,
    path: PathBuf,
    /// Whether the name of the log is on the disk.
    is_named: AtomicBool,
    is_broken: AtomicBool,
}

impl LogSync {
    /// The log of `database`, of which a connection is open that has read or written.
    pub fn open(database: &Path) -> Result<Self> {
        let mut name = OsString::from(database);
        name.push("-wal");
        let path = PathBuf::from(name);
        let log = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .map_err(|source| Error::io("cannot open the log", &path, source))?;
        let (is_named, is_broken) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { log, path, is_named, is_broken })
    }

    /// Waits until all that was committed before the call is on the disk (on macOS with
    /// `F_FULLFSYNC`, so that it is not only in the disk's memory).
    ///
    /// The first time the folder is synced too, since SQLite in this mode makes the name of a new log
    /// durable only at the first checkpoint. Whoever never has to wait, as a gate that books what can
    /// be read again, does not wait for that either.
    ///
    /// After an error it never succeeds again: the system may have thrown away what it could not
    /// write, and would call the next sync a success. Open the store anew and read what is there.
    pub fn sync(&self) -> Result<()> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(self.unavailable("an earlier commit could not be made durable"));
        }
        let done = self.log.sync_data().and_then(|()| {
            if !self.is_named.load(Ordering::SeqCst) {
                system::sync_folder_of(&self.path)?;
                self.is_named.store(true, Ordering::SeqCst);
            }
            if system::is_named(&self.log, &self.path)? {
                Ok(())
            } else {
                Err(io::Error::other("the log was deleted or replaced"))
            }
        });
        done.map_err(|source| {
            self.is_broken.store(true, Ordering::SeqCst);
            self.unavailable("a commit could not be made durable").caused_by(source)
        })
    }

    /// Whether a sync has failed.
    pub fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::SeqCst)
    }

    fn unavailable(&self, what: &str) -> Error {
        Error::new(ErrorKind::Unavailable, what)
            .with("log", self.path.display())
            .hinted("open the ledger anew; retries by id are safe")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> (tempfile::TempDir, PathBuf, LogSync) {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("ledger.db");
        let path = folder.path().join("ledger.db-wal");
        std::fs::write(&path, b"frames").unwrap();
        let sync = LogSync::open(&database).unwrap();
        (folder, path, sync)
    }

    #[test]
    fn a_log_that_is_there_is_synced() {
        let (_folder, path, sync) = log();
        sync.sync().unwrap();
        std::fs::write(&path, b"frames and frames").unwrap();
        sync.sync().unwrap();
        assert!(!sync.is_broken());
    }

    #[test]
    fn without_a_log_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = LogSync::open(&folder.path().join("ledger.db")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn a_log_that_was_deleted_or_replaced_breaks_it_for_good() {
        let (_folder, path, sync) = log();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(sync.sync().unwrap_err().kind(), ErrorKind::Unavailable);

        let (_folder, path, sync) = log();
        std::fs::rename(&path, path.with_extension("away")).unwrap();
        std::fs::write(&path, b"another").unwrap();
        sync.sync().unwrap_err();
        // Even if all is as it was.
        std::fs::rename(path.with_extension("away"), &path).unwrap();
        assert!(sync.sync().is_err() && sync.is_broken());
    }
}

//! A new ledger file: whole from its first moment on.

use std::fs;
use std::path::{Path, PathBuf};

use octorato_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OpenFlags, params};

use super::fault::{Spoilt, fault};
use super::format;
use super::slots::seal;

/// Makes a ledger beside its place and moves it there, so that nobody sees half of one.
///
/// [`ErrorKind::AlreadyExists`] where something is there.
pub(super) fn create(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(exists(path));
    }
    let draft = beside(path, "new")?;
    let made = make(&draft).and_then(|()| publish(&draft, path));
    // The draft is ours alone; where it cannot be removed it only takes space.
    let _ = fs::remove_file(&draft);
    made
}

/// A name beside a file that nobody else uses.
pub(super) fn beside(path: &Path, what: &str) -> Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|source| {
        Error::new(ErrorKind::Io, "the system gives no random bytes")
            .caused_by(std::io::Error::from(source))
    })?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}-{:016x}", u64::from_be_bytes(random)));
    Ok(path.with_file_name(name))
}

/// Puts a closed file at a place where nothing is, and syncs both.
pub(super) fn publish(draft: &Path, path: &Path) -> Result<()> {
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => exists(path),
        _ => Error::io("create", path, source),
    };
    fs::File::open(draft).and_then(|file| file.sync_all()).map_err(failed)?;
    // A link never replaces what is there. Where a file system has none, the check was above.
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            fs::rename(draft, path).map_err(failed)?;
        }
        linked => linked.map_err(failed)?,
    }
    sync_folder(path).map_err(failed)
}

/// Makes what happened to names in the folder of a file durable.
pub(super) fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) { fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

/// An empty file that only its owner may read.
pub(super) fn private_file(path: &Path) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(source) if source.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(path)),
        Err(source) => Err(Error::new(
            ErrorKind::Unavailable,
            format!("the ledger cannot be created: `{}`", path.display()),
        )
        .hinted("the folder must be there and writable by the user who runs this")
        .caused_by(source)),
    }
}

fn make(draft: &Path) -> Result<()> {
    private_file(draft)?;
    let lay_out = || -> Result<(), Spoilt> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(draft, flags)?;
        connection.execute_batch("PRAGMA synchronous = FULL; BEGIN IMMEDIATE")?;
        format::lay_out(&connection)?;
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| {
            Spoilt::Value(Error::new(ErrorKind::Io, "the system gives no random bytes"))
        })?;
        connection.execute("INSERT INTO meta VALUES ('ledger', ?1)", params![id])?;
        let seal = seal(&[], "0 None None None");
        connection
            .execute("INSERT INTO state (one, last, seal) VALUES (1, 0, ?1)", params![seal])?;
        connection.execute_batch("COMMIT")?;
        connection.close().map_err(|(_, error)| Spoilt::Sqlite(error))
    };
    lay_out().map_err(|spoilt| fault(draft, spoilt))
}

fn exists(path: &Path) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("there is a file already: `{}`", path.display()))
        .hinted("name another file, or move that one away")
}

//! What SQLite refuses, as errors that say which file and what to do.

use std::path::Path;

use octorato_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// Why a row could not be read or written: SQLite, or content that no ledger writes.
#[derive(Debug)]
pub(super) enum Spoilt {
    /// SQLite refused.
    Sqlite(rusqlite::Error),
    /// What is there is not what was written.
    Content(&'static str),
    /// A value could not be kept.
    Value(Error),
}

/// Content that no ledger writes.
pub(super) const fn spoilt(what: &'static str) -> Spoilt {
    Spoilt::Content(what)
}

impl From<rusqlite::Error> for Spoilt {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Spoilt {
    fn from(error: Error) -> Self {
        Self::Value(error)
    }
}

/// The error of a ledger file.
pub(super) fn fault(path: &Path, spoilt: Spoilt) -> Error {
    let file = path.display();
    match spoilt {
        Spoilt::Value(error) => error,
        Spoilt::Content(what) => damaged(path, what),
        Spoilt::Sqlite(error) => {
            let (kind, what, hint) = said(error.sqlite_error_code(), &error);
            Error::new(kind, format!("{what}: `{file}`")).hinted(hint).caused_by(error)
        }
    }
}

/// The error of a file whose content is not a ledger's.
pub(super) fn damaged(path: &Path, what: &str) -> Error {
    Error::new(ErrorKind::Data, format!("the ledger is damaged: `{}`", path.display()))
        .with("found", what)
        .hinted(RESTORE)
}

const RESTORE: &str =
    "see what `octorato verify` finds, and take a backup with `octorato ledger restore`";

fn said(
    code: Option<ErrorCode>,
    error: &rusqlite::Error,
) -> (ErrorKind, &'static str, &'static str) {
    use ErrorKind::{Data, Unavailable};
    match code {
        Some(ErrorCode::DiskFull) => (
            Unavailable,
            "the disk of the ledger is full",
            "make room and try again; nothing that was answered is lost",
        ),
        Some(ErrorCode::ReadOnly) => (
            Unavailable,
            "the ledger cannot be written",
            "file and folder must be writable by the user who runs this",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            Unavailable,
            "the ledger is busy",
            "try again; if it stays so, see which process holds the file",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (Data, "the ledger is damaged", RESTORE),
        Some(ErrorCode::NotADatabase) => (Data, "the file is not a ledger", RESTORE),
        Some(ErrorCode::CannotOpen) => (
            Unavailable,
            "the ledger cannot be opened",
            "file and folder must be readable and writable by the user who runs this",
        ),
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => (
            Unavailable,
            "the ledger may not be used",
            "file and folder must belong to the user who runs this",
        ),
        Some(ErrorCode::SystemIoFailure | ErrorCode::NoLargeFileSupport) => (
            Unavailable,
            "the system failed to read or write the ledger",
            "see the system's log for errors of the disk, then try again",
        ),
        _ if is_content(error) => (Data, "the ledger is damaged", RESTORE),
        _ => (Unavailable, "the ledger cannot be used", "try again; then run `octorato verify`"),
    }
}

/// Whether a row was not of the shape that every ledger has.
fn is_content(error: &rusqlite::Error) -> bool {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, QueryReturnedNoRows,
    };
    matches!(
        error,
        FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | QueryReturnedNoRows
    ) || matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch)
    )
}

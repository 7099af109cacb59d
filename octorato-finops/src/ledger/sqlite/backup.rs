//! Copies of a ledger: made while it is written, checked before they are trusted, and never put in
//! the place of anything.

use std::fs;
use std::path::Path;
use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, params};

use super::connect;
use super::create::{beside, private_file, publish};
use super::desk::Desk;
use super::fault::fault;
use super::format::{self, Formats, Found};
use crate::ledger::store::Verification;

/// Copies the ledger of a connection as it is at one moment; `to` is whole or not there.
pub(super) fn copy(connection: &Connection, path: &Path, to: &Path) -> Result<()> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(Error::new(
            ErrorKind::AlreadyExists,
            format!("there is a file already: `{}`", to.display()),
        )
        .hinted("name another file, or move that one away"));
    }
    let draft = beside(to, "copy")?;
    let name = draft.to_str().ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, "the name of a copy is not UTF-8")
            .with("file", draft.display())
    })?;
    private_file(&draft)?;
    let copied = connection
        .execute("VACUUM INTO ?1", params![name])
        .map_err(|error| fault(path, error.into()))
        .and_then(|_| publish(&draft, to));
    // The draft is ours alone; where it cannot be removed it only takes space.
    let _ = fs::remove_file(&draft);
    copied
}

/// Checks a file that nobody writes.
pub(super) fn examine(path: &Path, patience: Duration) -> Result<Verification> {
    let connection = connect::reader(path, patience)?;
    match format::find(&connection, path, Formats::NOW)? {
        Found::Current => {}
        Found::Empty => return Err(super::fault::damaged(path, "it has no tables")),
        Found::Older(format) => {
            return Err(super::fault::damaged(path, "it is of an older format")
                .with("format", format)
                .hinted("open it once with `octorato ledger`, which brings it up"));
        }
    }
    let desk = Desk::new(connection, path);
    desk.view(Desk::verified)
}

/// Refuses a copy in which something is wrong.
pub(super) fn demand_whole(path: &Path, found: &Verification) -> Result<()> {
    match found.faults.first() {
        None => Ok(()),
        Some(fault) => Err(super::fault::damaged(path, fault).with("faults", found.faults.len())),
    }
}

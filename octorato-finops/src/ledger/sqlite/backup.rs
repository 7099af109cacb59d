//! Copies of a ledger: made while it is written, checked before they are trusted, and never put in
//! the place of anything.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, params};

use super::connect;
use super::create::{beside, private_file, publish};
use super::desk::Desk;
use super::fault::fault;
use super::format::{self, Formats, Found};
use super::queue_of;
use crate::ledger::edge::Turnstile;
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
    desk.view(|desk| Ok(desk.verified()))
}

/// Refuses a copy in which something is wrong.
pub(super) fn demand_whole(path: &Path, found: &Verification) -> Result<()> {
    match found.faults.first() {
        None => Ok(()),
        Some(fault) => Err(super::fault::damaged(path, fault).with("faults", found.faults.len())),
    }
}

/// Puts a checked copy in the place of a ledger, where one may be only if it is to be kept under
/// another name.
pub(super) fn restore(
    from: &Path,
    to: &Path,
    keep: Option<&Path>,
    patience: Duration,
) -> Result<Verification> {
    let found = examine(from, patience)?;
    demand_whole(from, &found)?;
    let source = connect::reader(from, patience)?;
    if fs::symlink_metadata(to).is_err() {
        copy(&source, from, to)?;
        return Ok(found);
    }
    let Some(keep) = keep else {
        return Err(Error::new(
            ErrorKind::AlreadyExists,
            format!("there is a file already: `{}`", to.display()),
        )
        .hinted("say under which name it is to be kept"));
    };
    // The copy lies beside its place before anything is moved, and nobody writes meanwhile. Those who
    // have the old file open are told at their next commit that its log is gone.
    let draft = beside(to, "restored")?;
    copy(&source, from, &draft)?;
    let turnstile = Turnstile::open(&queue_of(to))?;
    let turn = turnstile.enter(patience)?;
    let moved = set_aside(to, keep).and_then(|()| publish(&draft, to));
    drop(turn);
    // Where it was published under its name, this is a second name of it.
    let _ = fs::remove_file(&draft);
    moved.map(|()| found)
}

/// Moves a ledger with its log to another name.
fn set_aside(path: &Path, keep: &Path) -> Result<()> {
    let part = |path: &Path, suffix: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    for suffix in ["", "-wal", "-shm"] {
        if fs::symlink_metadata(part(keep, suffix)).is_ok() {
            return Err(Error::new(
                ErrorKind::AlreadyExists,
                format!("there is a file already: `{}`", part(keep, suffix).display()),
            ));
        }
    }
    // The log first: a file without its log is an older state, a log without its file is nothing.
    for suffix in ["-shm", "-wal", ""] {
        let (from, to) = (part(path, suffix), part(keep, suffix));
        match fs::rename(&from, &to) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("cannot move", &from, source));
            }
            _ => {}
        }
    }
    Ok(())
}

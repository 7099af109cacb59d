//! Which files are ledgers, and of which format.

use std::path::Path;

use octorato_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, params};

use super::fault::{Spoilt, damaged, fault};
use crate::ledger::kind::Kind;

/// `OCTO`: what the header of every ledger says.
const APPLICATION: i32 = 0x4f43_544f;

/// The format that this program writes.
pub(super) const FORMAT: i32 = 1;

const SCHEMA: &str = include_str!("schema.sql");

/// A step from one format to the next: statements that change the file in one transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) from: i32,
    pub(super) sql: &'static str,
}

/// What a program can read and write.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formats {
    pub(super) current: i32,
    pub(super) steps: &'static [Step],
}

impl Formats {
    /// Those of this program. There was no format before the first.
    pub(super) const NOW: Self = Self { current: FORMAT, steps: &[] };
}

/// What a file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A ledger of the current format.
    Current,
    /// A ledger of an older format that can be brought up.
    Older(i32),
    /// An empty database: not even a ledger's schema.
    Empty,
}

/// Reads what the header says; what is no ledger or of a later format is an error.
pub(super) fn find(connection: &Connection, path: &Path, formats: Formats) -> Result<Found> {
    let pragma = |name: &str| {
        let value = connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i32>(0));
        value.map_err(|error| fault(path, error.into()))
    };
    let (application, format) = (pragma("application_id")?, pragma("user_version")?);
    if application == 0 && format == 0 {
        let sql = "SELECT count(*) FROM sqlite_schema";
        let tables = connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        if tables.map_err(|error| fault(path, error.into()))? == 0 {
            return Ok(Found::Empty);
        }
    }
    if application != APPLICATION {
        return Err(Error::new(
            ErrorKind::Data,
            format!("the file is a database but not a ledger: `{}`", path.display()),
        )
        .hinted("name another file"));
    }
    if format == formats.current {
        return Ok(Found::Current);
    }
    if format > formats.current {
        return Err(Error::new(
            ErrorKind::Unavailable,
            format!("a newer octorato wrote the ledger: `{}`", path.display()),
        )
        .with("format", format)
        .with("known", formats.current)
        .hinted("update this program; an older one neither reads nor writes it"));
    }
    if formats.steps.iter().any(|step| step.from == format) {
        return Ok(Found::Older(format));
    }
    Err(damaged(path, "its format is unknown"))
}

/// Makes the tables of a new ledger, within a transaction.
pub(super) fn lay_out(connection: &Connection) -> Result<(), Spoilt> {
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(&super::views::views())?;
    for kind in Kind::ALL {
        for has_postings in [false, true] {
            connection.execute(
                "INSERT INTO kinds VALUES (?1, ?2, ?3)",
                params![kind.column(has_postings), kind.name(), has_postings],
            )?;
        }
    }
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    Ok(())
}

/// Brings an older ledger up, step by step, in one transaction, after a copy of it was kept beside it.
/// Nobody else writes meanwhile.
pub(super) fn bring_up(
    connection: &Connection,
    path: &Path,
    format: i32,
    formats: Formats,
) -> Result<()> {
    // Another process may have done it while this one waited.
    if find(connection, path, formats)? != Found::Older(format) {
        return Ok(());
    }
    let mut kept = path.as_os_str().to_owned();
    kept.push(format!(".format-{format}"));
    let kept = Path::new(&kept);
    // A copy of a step that failed before is as good: nothing was written since.
    if std::fs::symlink_metadata(kept).is_err() {
        super::backup::copy(connection, path, kept)?;
    }
    climb(connection, format, formats).map_err(|spoilt| fault(path, spoilt))
}

fn climb(connection: &Connection, mut format: i32, formats: Formats) -> Result<(), Spoilt> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = (|| {
        while let Some(step) = formats.steps.iter().find(|step| step.from == format) {
            connection.execute_batch(step.sql)?;
            format = step.from + 1;
        }
        connection.pragma_update(None, "user_version", format)?;
        connection.execute_batch("COMMIT")
    })();
    if done.is_err() {
        // What failed is told; there is nothing more to undo where this fails too.
        let _ = connection.execute_batch("ROLLBACK");
    }
    Ok(done?)
}

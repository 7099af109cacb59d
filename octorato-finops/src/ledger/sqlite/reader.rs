//! A ledger file that is only looked at.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use octorato_core::{Error, ErrorKind, ReservationId, Result};

use super::connect;
use super::desk::Desk;
use super::fault::damaged;
use super::format::{self, Formats, Found};
use super::options::Options;
use super::whole;
use crate::budget::InForce;
use crate::ledger::answer::{Ask, Call, Standing, Verdict};
use crate::ledger::clock::{Reading, Tick};
use crate::ledger::rules;

/// Looks at a ledger file and never writes: by the same rules as
/// [`SqliteLedger`](super::SqliteLedger), without its queue, its locks and its syncs.
///
/// What cannot be read is an error and never an empty ledger: a file that is missing
/// ([`ErrorKind::NotFound`]), empty, damaged or something else ([`ErrorKind::Data`]), or that a newer
/// program wrote ([`ErrorKind::Unavailable`]).
///
/// ```
/// use octorato_finops::ledger::{Options, SqliteLedger, SqliteReader};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("ledger.db");
/// assert!(SqliteReader::open(&path, Options::default()).is_err());
/// SqliteLedger::create(&path, Options::default())?;
/// assert!(SqliteReader::open(&path, Options::default())?.standings()?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteReader {
    path: PathBuf,
    options: Options,
    desk: Mutex<Option<Desk>>,
}

impl SqliteReader {
    /// Opens a file. Of the options only deadline and clock matter.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        let desk = open(path, &options)?;
        Ok(Self { path: path.to_owned(), options, desk: Mutex::new(Some(desk)) })
    }

    /// See [`Ledger::check`](crate::ledger::Ledger::check).
    pub fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        self.view(|desk, tick| rules::check(desk, asks, rules::now(desk, tick)?))
    }

    /// See [`Ledger::standings`](crate::ledger::Ledger::standings).
    pub fn standings(&self) -> Result<Vec<Standing>> {
        self.view(|desk, tick| rules::standings(desk, rules::now(desk, tick)?))
    }

    /// See [`Ledger::in_force`](crate::ledger::Ledger::in_force).
    pub fn in_force(&self) -> Result<Arc<InForce>> {
        self.view(|desk, _| rules::in_force(desk))
    }

    /// See [`Ledger::time`](crate::ledger::Ledger::time).
    pub fn time(&self) -> Result<Reading> {
        self.view(rules::time)
    }

    /// See [`Ledger::call`](crate::ledger::Ledger::call).
    pub fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        self.view(|desk, _| rules::call(desk, id))
    }

    fn view<T>(&self, look: impl FnOnce(&Desk, Tick) -> Result<T>) -> Result<T> {
        let mut place = self.desk.lock().map_err(|_| {
            Error::new(ErrorKind::Unavailable, "a thread died while it read the ledger")
                .hinted("open it anew")
        })?;
        // After an error the connection is not used again.
        let desk = match place.take() {
            Some(desk) => desk,
            None => open(&self.path, &self.options)?,
        };
        let tick = whole(self.options.clock.tick());
        let seen = desk.view(|desk| look(desk, tick))?;
        *place = Some(desk);
        Ok(seen)
    }
}

fn open(path: &Path, options: &Options) -> Result<Desk> {
    let connection = connect::reader(path, options.deadline)?;
    match format::find(&connection, path, Formats::NOW)? {
        Found::Current => Ok(Desk::new(connection, path)),
        Found::Empty => Err(damaged(path, "it has no tables")),
        Found::Older(format) => {
            Err(Error::new(ErrorKind::Unavailable, "an older octorato wrote the ledger")
                .with("file", path.display())
                .with("format", format)
                .hinted("run `octorato sync`, which brings it up"))
        }
    }
}

//! The ledger in a file: SQLite, shared by threads and processes of one machine.
//!
//! One thread of a process commits for all that wait, and processes take turns in a queue with a
//! deadline. A commit first reaches the WAL, then the lock is let go, then the WAL is synced, and
//! only then anybody is answered.
//!
//! The file can be read with stock tools: the views `entries`, `calls`, `balances` and
//! `spend_by_arm_month` show dollars.

mod apply;
mod backup;
mod bytes;
mod cells;
mod commit;
mod connect;
mod create;
mod desk;
mod entries;
mod fault;
mod format;
mod kept;
mod later;
mod linked;
mod look;
mod names;
mod options;
mod read;
mod reader;
mod refresh;
mod replay;
mod slots;
mod verify;
mod views;
mod write;

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use octorato_core::{ErrorKind, ReservationId, Result};

use self::commit::Counter;
use self::desk::Desk;
use self::format::{Formats, Found};
pub use self::options::{Durability, Options};
pub use self::reader::SqliteReader;
use super::answer::{Answer, Ask, Call, Imported, Standing, Verdict};
use super::batch::{Batch, Note};
use super::clock::{Reading, Tick};
use super::edge::{LogSync, Turnstile, refuse_network};
use super::entry::{Balance, Entry};
use super::kind::Kind;
use super::operation::{Raise, SourceKey};
use super::rules;
use super::store::{Ledger, Verification};
use crate::budget::InForce;

/// So many connections that read are kept open.
const READERS: usize = 4;

/// A [`Ledger`] in a file.
///
/// ```
/// use octorato_finops::ledger::{Ledger, Options, SqliteLedger};
///
/// let folder = tempfile::tempdir()?;
/// let ledger = SqliteLedger::create(&folder.path().join("ledger.db"), Options::default())?;
/// assert!(ledger.entries(0, 10)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteLedger {
    path: PathBuf,
    options: Options,
    counter: Counter,
    readers: Mutex<Vec<Desk>>,
}

impl SqliteLedger {
    /// Makes a ledger and opens it; [`ErrorKind::AlreadyExists`] where there is a file.
    pub fn create(path: &Path, options: Options) -> Result<Self> {
        if !options.force_network {
            refuse_network(path)?;
        }
        create::create(path)?;
        Self::open(path, options)
    }

    /// Opens a ledger; [`ErrorKind::NotFound`] where there is none, [`ErrorKind::Data`] where the file
    /// is something else, [`ErrorKind::Unavailable`] where it cannot be used: a newer program wrote
    /// it, it may not be written, or somebody holds it for longer than the deadline.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        Self::open_as(path, options, Formats::NOW)
    }

    /// Opens a ledger, made where there is none.
    pub fn open_or_create(path: &Path, options: Options) -> Result<Self> {
        match Self::open(path, options.clone()) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                match Self::create(path, options.clone()) {
                    // Another process was faster.
                    Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                        Self::open(path, options)
                    }
                    created => created,
                }
            }
            opened => opened,
        }
    }

    fn open_as(path: &Path, options: Options, formats: Formats) -> Result<Self> {
        if !options.force_network {
            refuse_network(path)?;
        }
        let connection = connect::writer(path, options.deadline)?;
        let turnstile = Turnstile::open(&queue_of(path))?;
        match format::find(&connection, path, formats)? {
            Found::Current => {}
            Found::Empty => return Err(fault::damaged(path, "it has no tables")),
            Found::Older(format) => {
                let turn = turnstile.enter(options.deadline)?;
                format::bring_up(&connection, path, format, formats)?;
                drop(turn);
            }
        }
        let desk = Desk::new(connection, path);
        // Whoever has read once has the log open.
        desk.begin_reading().map_err(|spoilt| desk.fault(spoilt))?;
        desk.end_reading().map_err(|spoilt| desk.fault(spoilt))?;
        let log = LogSync::open(path)?;
        let Options { durability, deadline, .. } = options;
        Ok(Self {
            path: path.to_owned(),
            options,
            counter: Counter::new(desk, turnstile, log, durability, deadline),
            readers: Mutex::default(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks the copy `from` and puts a copy of it at `to`. Where a ledger is there, it is refused
    /// ([`ErrorKind::AlreadyExists`]), unless `keep` says under which name the old one stays.
    ///
    /// Other programs should be stopped meanwhile: those that have the old file open can commit no
    /// more and must open it anew.
    pub fn restore(
        from: &Path,
        to: &Path,
        keep: Option<&Path>,
        options: &Options,
    ) -> Result<Verification> {
        if !options.force_network {
            refuse_network(to)?;
        }
        backup::restore(from, to, keep, options.deadline)
    }

    /// Makes all that was committed durable: batches that can be derived again, and what
    /// [`Durability::Process`] answers before it is.
    pub fn sync(&self) -> Result<()> {
        self.counter.sync()
    }

    /// Copies the ledger as it is at one moment, while others write, and checks the copy.
    ///
    /// [`ErrorKind::AlreadyExists`] where there is a file.
    pub fn backup(&self, to: &Path) -> Result<Verification> {
        self.counter.sync()?;
        let source = connect::reader(&self.path, self.options.deadline)?;
        backup::copy(&source, &self.path, to)?;
        let found = backup::examine(to, self.options.deadline)?;
        backup::demand_whole(to, &found)?;
        Ok(found)
    }

    fn tick(&self) -> Tick {
        whole(self.options.clock.tick())
    }

    /// Looks at one consistent state.
    fn view<T>(&self, look: impl FnOnce(&Desk) -> Result<T>) -> Result<T> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let desk = match free {
            Some(desk) => desk,
            None => Desk::new(connect::reader(&self.path, self.options.deadline)?, &self.path),
        };
        let seen = desk.view(look)?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(desk);
        }
        Ok(seen)
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        if self.options.checkpoint_on_close {
            self.counter.bring_in();
        }
    }
}

/// The file of the queue of processes that write.
fn queue_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-queue");
    PathBuf::from(name)
}

/// The time in whole milliseconds, as commits are dated.
fn whole(tick: Tick) -> Tick {
    let milliseconds = cells::floor(tick.wall);
    let wall = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(tick.wall);
    Tick { wall, ..tick }
}

impl Ledger for SqliteLedger {
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>> {
        batch.validate()?;
        self.counter.commit(batch, || self.tick())
    }

    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        self.view(|desk| rules::check(desk, asks, rules::now(desk, self.tick())?))
    }

    fn standings(&self) -> Result<Vec<Standing>> {
        self.view(|desk| rules::standings(desk, rules::now(desk, self.tick())?))
    }

    fn balances(&self) -> Result<Vec<Balance>> {
        self.view(rules::balances)
    }

    fn in_force(&self) -> Result<Arc<InForce>> {
        self.view(rules::in_force)
    }

    fn raises(&self) -> Result<Vec<Raise>> {
        self.view(|desk| rules::raises(desk, rules::now(desk, self.tick())?))
    }

    fn time(&self) -> Result<Reading> {
        self.view(|desk| rules::time(desk, self.tick()))
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.view(|desk| desk.entries(after, limit).map_err(|spoilt| desk.fault(spoilt)))
    }

    fn entries_of(&self, kinds: &[Kind], after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.view(|desk| desk.entries_of(kinds, after, limit).map_err(|spoilt| desk.fault(spoilt)))
    }

    fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        self.view(|desk| rules::call(desk, id))
    }

    fn outstanding(&self) -> Result<Vec<Call>> {
        self.view(rules::outstanding)
    }

    fn imported_all(&self, sources: &[SourceKey]) -> Result<Vec<Option<Imported>>> {
        self.view(|desk| rules::imported_all(desk, sources))
    }

    fn note(&self, name: &str) -> Result<Option<Arc<[u8]>>> {
        self.view(|desk| desk.find_note(name).map_err(|spoilt| desk.fault(spoilt)))
    }

    fn notes(&self, prefix: &str, limit: usize) -> Result<Vec<Note>> {
        self.view(|desk| desk.find_notes(prefix, limit).map_err(|spoilt| desk.fault(spoilt)))
    }

    fn replay(&self) -> Result<Vec<Balance>> {
        self.view(Desk::replayed)
    }

    fn verify(&self) -> Result<Verification> {
        self.view(|desk| Ok(desk.verified()))
    }
}

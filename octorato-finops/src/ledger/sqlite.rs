//! The ledger in a file: SQLite, shared by threads and processes of one machine.
//!
//! One thread of a process commits for all that wait, and processes take turns in a queue with a
//! deadline. A commit first reaches the WAL, then the lock is let go, then the WAL is synced, and
//! only then anybody is answered.
//!
//! The file can be read with stock tools: the views `entries`, `calls`, `balances` and
//! `spend_by_arm_month` show dollars.

mod apply;
mod bytes;
mod cells;
mod connect;
mod create;
mod desk;
mod fault;
mod format;
mod kept;
mod kinds;
mod later;
mod look;
mod names;
mod options;
mod read;
mod replay;
mod slots;
mod views;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use octorato_core::{Error, ErrorKind, ReservationId, Result};

use self::desk::Desk;
use self::format::{Formats, Found};
pub use self::options::{Durability, Options};
use super::answer::{Answer, Ask, Call, Imported, Standing, Verdict};
use super::batch::{Batch, Note};
use super::clock::{Reading, Tick};
use super::entry::{Balance, Entry};
use super::operation::{Raise, SourceKey};
use super::rules;
use super::store::{Ledger, Verification};
use crate::budget::InForce;

/// A [`Ledger`] in a file.
#[derive(Debug)]
pub struct SqliteLedger {
    path: PathBuf,
    options: Options,
    writer: Mutex<Desk>,
    reader: Mutex<Desk>,
}

impl SqliteLedger {
    /// Makes a ledger and opens it; [`ErrorKind::AlreadyExists`] where there is a file.
    pub fn create(path: &Path, options: Options) -> Result<Self> {
        create::create(path)?;
        Self::open(path, options)
    }

    /// Opens a ledger; [`ErrorKind::NotFound`] where there is none.
    pub fn open(path: &Path, options: Options) -> Result<Self> {
        Self::open_as(path, options, Formats::NOW)
    }

    /// Opens a ledger, made where there is none.
    pub fn open_or_create(path: &Path, options: Options) -> Result<Self> {
        match Self::open(path, options.clone()) {
            Err(error) if error.kind() == ErrorKind::NotFound => match create::create(path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
                _ => Self::open(path, options),
            },
            opened => opened,
        }
    }

    fn open_as(path: &Path, options: Options, formats: Formats) -> Result<Self> {
        let connection = connect::writer(path, options.deadline)?;
        match format::find(&connection, path, formats)? {
            Found::Current => {}
            Found::Empty => return Err(fault::damaged(path, "it has no tables")),
            Found::Older(format) => {
                format::bring_up(&connection, format, formats)
                    .map_err(|spoilt| fault::fault(path, spoilt))?;
            }
        }
        let reader = connect::reader(path, options.deadline)?;
        Ok(Self {
            path: path.to_owned(),
            options,
            writer: Mutex::new(Desk::new(connection, path)),
            reader: Mutex::new(Desk::new(reader, path)),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn tick(&self) -> Tick {
        whole(self.options.clock.tick())
    }

    /// Looks at one consistent state.
    fn view<T>(&self, look: impl FnOnce(&Desk) -> Result<T>) -> Result<T> {
        let desk = lock(&self.reader)?;
        desk.begin_reading().map_err(|spoilt| desk.fault(spoilt))?;
        let seen = look(&desk);
        desk.end_reading().map_err(|spoilt| desk.fault(spoilt))?;
        seen
    }
}

/// The time in whole milliseconds, as commits are dated.
fn whole(tick: Tick) -> Tick {
    let milliseconds = cells::floor(tick.wall);
    let wall = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(tick.wall);
    Tick { wall, ..tick }
}

fn lock(desk: &Mutex<Desk>) -> Result<MutexGuard<'_, Desk>> {
    desk.lock().map_err(|_| {
        Error::new(ErrorKind::Unavailable, "a thread died while it used the ledger")
            .hinted("open it anew")
    })
}

impl Ledger for SqliteLedger {
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>> {
        batch.validate()?;
        let mut desk = lock(&self.writer)?;
        desk.begin_writing().map_err(|spoilt| desk.fault(spoilt))?;
        let done = rules::commit(&mut *desk, batch.operations, self.tick());
        match done {
            Ok(answers) => match desk.note(batch.notes).and_then(|()| desk.commit()) {
                Ok(_) => Ok(answers),
                Err(spoilt) => {
                    desk.roll_back();
                    Err(desk.fault(spoilt))
                }
            },
            Err(error) => {
                desk.roll_back();
                Err(error)
            }
        }
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
        self.view(|desk| {
            let replayed = desk.replayed()?;
            let mut found = Verification::default();
            if replayed != rules::balances(desk)? {
                found.faults.push("the balances are not the fold of the journal".to_owned());
            }
            Ok(found)
        })
    }
}

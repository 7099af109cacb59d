//! Commits: one thread for all that wait, one process at a time, durable before anybody is answered.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use octorato_core::{Error, ErrorKind, Result};
use rusqlite::ErrorCode;

use super::desk::Desk;
use super::fault::Spoilt;
use super::options::Durability;
use crate::ledger::answer::Answer;
use crate::ledger::batch::{Batch, Note};
use crate::ledger::clock::Tick;
use crate::ledger::edge::{Group, LogSync, Turnstile};
use crate::ledger::operation::Operation;
use crate::ledger::rules;

/// The most operations of one commit that has more than one caller.
const LARGEST: usize = 512;

type Answers = Result<Vec<Result<Answer>>>;

/// What one caller wants committed.
#[derive(Debug)]
struct Wanted {
    operations: Vec<Operation>,
    notes: Vec<Note>,
    /// Whether it is answered only once it is durable.
    waits: bool,
}

/// Where operations are committed.
#[derive(Debug)]
pub(super) struct Counter {
    group: Group<Wanted, Answers>,
    turnstile: Turnstile,
    log: LogSync,
    desk: Mutex<Desk>,
    /// What was committed may not be durable, or is not known: nothing is answered any more.
    is_broken: AtomicBool,
    durability: Durability,
    patience: Duration,
}

impl Counter {
    pub(super) fn new(
        desk: Desk,
        turnstile: Turnstile,
        log: LogSync,
        durability: Durability,
        patience: Duration,
    ) -> Self {
        Self {
            group: Group::new(LARGEST),
            turnstile,
            log,
            desk: Mutex::new(desk),
            is_broken: AtomicBool::new(false),
            durability,
            patience,
        }
    }

    /// Has a batch committed, by this thread or by another that commits for it.
    pub(super) fn commit(&self, batch: &Batch<'_>, tick: impl Fn() -> Tick) -> Answers {
        let Batch { operations, notes, is_derivable } = *batch;
        if operations.is_empty() && notes.is_empty() {
            return Ok(Vec::new());
        }
        let only_holds = notes.is_empty() && operations.iter().all(is_hold);
        let may_be_lost = is_derivable || (only_holds && self.durability == Durability::Process);
        let (operations, notes) = (operations.to_vec(), notes.to_vec());
        let wanted = Wanted { operations, notes, waits: !may_be_lost };
        let work = |batch: Vec<Wanted>| self.serve(&batch, &tick);
        self.group.submit(wanted, operations_of(batch), work)?
    }

    /// Makes all that was committed durable.
    pub(super) fn sync(&self) -> Result<()> {
        self.refuse_if_broken()?;
        self.log.sync().inspect_err(|_| self.is_broken.store(true, Ordering::SeqCst))
    }

    /// Brings the log into the file, as far as nobody reads from it.
    pub(super) fn bring_in(&self) {
        if let Ok(desk) = self.desk.lock() {
            // The log is as good as the file: where this fails, it is brought in later.
            let _ = desk.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    fn serve(&self, batch: &[Wanted], tick: &impl Fn() -> Tick) -> Vec<Answers> {
        let answers = match self.decide(batch, tick) {
            Ok(answers) => answers,
            Err(error) => return repeated(&error, batch.len()),
        };
        let waits = batch.iter().any(|wanted| wanted.waits);
        match if waits { self.sync() } else { Ok(()) } {
            Ok(()) => answers,
            Err(error) => repeated(&error, batch.len()),
        }
    }

    /// Decides and commits all requests, each of which sees those before it. The lock of the store is
    /// let go at the end, the lead of this process only once the caller has synced.
    fn decide(&self, batch: &[Wanted], tick: &impl Fn() -> Tick) -> Result<Vec<Answers>> {
        self.refuse_if_broken()?;
        let turn = self.turnstile.enter(self.patience)?;
        let mut desk = self.desk()?;
        let now = tick();
        let answers = match self.try_all(&mut desk, batch, now) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            // One request may be what the store cannot take: the others do not suffer for it.
            Err(error)
                if batch.len() > 1 && !self.is_broken() && error.kind() == ErrorKind::Overflow =>
            {
                let alone = |request: &Wanted| {
                    self.refuse_if_broken()?;
                    let mut answers =
                        self.try_all(&mut desk, std::slice::from_ref(request), now)?;
                    answers.pop().ok_or_else(broken)
                };
                batch.iter().map(alone).collect()
            }
            Err(error) => return Err(error),
        };
        drop(turn);
        Ok(answers)
    }

    fn try_all(
        &self,
        desk: &mut Desk,
        batch: &[Wanted],
        now: Tick,
    ) -> Result<Vec<Vec<Result<Answer>>>> {
        let done = desk.begin_writing().map_err(|spoilt| (None, spoilt)).and_then(|()| {
            let answers = batch
                .iter()
                .map(|wanted| rules::commit(desk, &wanted.operations, now))
                .collect::<Result<Vec<_>>>()
                .map_err(|error| (None, Spoilt::Value(error)))?;
            for wanted in batch {
                desk.note(&wanted.notes).map_err(|spoilt| (None, spoilt))?;
            }
            desk.commit().map_err(|spoilt| (Some(()), spoilt))?;
            Ok(answers)
        });
        done.map_err(|(at_commit, spoilt)| {
            desk.roll_back();
            if at_commit.is_some() && is_unknown(&spoilt) {
                self.is_broken.store(true, Ordering::SeqCst);
            }
            desk.fault(spoilt)
        })
    }

    fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::SeqCst)
    }

    fn refuse_if_broken(&self) -> Result<()> {
        if self.is_broken() { Err(broken()) } else { Ok(()) }
    }

    fn desk(&self) -> Result<MutexGuard<'_, Desk>> {
        self.desk.lock().map_err(|_| {
            Error::new(ErrorKind::Unavailable, "a thread died while it wrote the ledger")
                .hinted("open the ledger anew; retries by id are safe")
        })
    }
}

/// The weight of a batch among those that wait.
fn operations_of(batch: &Batch<'_>) -> usize {
    batch.operations.len().saturating_add(batch.notes.len())
}

fn is_hold(operation: &Operation) -> bool {
    matches!(operation, Operation::Reserve(_) | Operation::Extend(_) | Operation::Release(_))
}

/// Whether a commit that failed may have taken effect all the same, in part or as a whole.
fn is_unknown(spoilt: &Spoilt) -> bool {
    match spoilt {
        Spoilt::Sqlite(error) => !matches!(
            error.sqlite_error_code(),
            Some(
                ErrorCode::DiskFull
                    | ErrorCode::ReadOnly
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::ConstraintViolation
            )
        ),
        Spoilt::Content(_) | Spoilt::Value(_) => false,
    }
}

fn broken() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "an earlier commit of this process could not be made durable",
    )
    .hinted("open the ledger anew; retries by id are safe")
}

/// The same error for each of many callers.
fn repeated(error: &Error, times: usize) -> Vec<Answers> {
    let again = || {
        let copy = Error::new(error.kind(), error.to_string());
        match error.hint() {
            Some(hint) => copy.hinted(hint),
            None => copy,
        }
    };
    (0..times).map(|_| Err(again())).collect()
}

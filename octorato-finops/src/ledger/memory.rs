//! The ledger in memory: the plain model with which every durable store is compared.
//!
//! It keeps the whole journal and folds it into sums; it is simple rather than fast, and nothing
//! of it outlives the process.

mod book;
mod calls;
mod govern;
mod imports;
mod judge;

use std::sync::{Mutex, MutexGuard};

use octorato_core::{Error, ErrorKind, ReservationId, Result};

use self::book::Book;
use super::answer::{Answer, Ask, Call, Standing, Verdict};
use super::clock::Clock;
use super::entry::{Balance, Entry};
use super::operation::Operation;
use super::store::{Ledger, Verification};

/// A [`Ledger`] in memory, behind one lock.
#[derive(Debug)]
pub struct MemoryLedger<C> {
    clock: C,
    book: Mutex<Book>,
}

impl<C: Clock> MemoryLedger<C> {
    /// An empty ledger that takes the time from `clock`.
    pub fn new(clock: C) -> Self {
        Self { clock, book: Mutex::default() }
    }

    /// Only after a thread has panicked within the ledger is there none.
    fn book(&self) -> Result<MutexGuard<'_, Book>> {
        self.book.lock().map_err(|_| {
            Error::new(ErrorKind::Unavailable, "a thread died while it wrote the ledger")
        })
    }
}

impl<C: Clock> Ledger for MemoryLedger<C> {
    fn commit(&self, operations: &[Operation]) -> Result<Vec<Result<Answer>>> {
        let mut book = self.book()?;
        Ok(book.commit(operations, self.clock.tick()))
    }

    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        let book = self.book()?;
        let now = book.now(self.clock.tick());
        asks.iter().map(|ask| book.verdict(ask, now)).collect()
    }

    fn standings(&self) -> Result<Vec<Standing>> {
        let book = self.book()?;
        book.standings(book.now(self.clock.tick()))
    }

    fn balances(&self) -> Result<Vec<Balance>> {
        Ok(self.book()?.balances())
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        let book = self.book()?;
        let later = book.journal().iter().filter(|entry| entry.sequence > after);
        Ok(later.take(limit).cloned().collect())
    }

    fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        Ok(self.book()?.call(id))
    }

    fn outstanding(&self) -> Result<Vec<Call>> {
        Ok(self.book()?.outstanding())
    }

    fn replay(&self) -> Result<Vec<Balance>> {
        let journal = self.book()?.journal().to_vec();
        Ok(Book::replayed(journal)?.balances())
    }

    fn verify(&self) -> Result<Verification> {
        let (journal, balances) = {
            let book = self.book()?;
            (book.journal().to_vec(), book.balances())
        };
        let mut faults = Vec::new();
        let mut ended = std::collections::BTreeSet::new();
        for pair in journal.windows(2) {
            if let [one, next] = pair
                && (next.sequence <= one.sequence || next.at < one.at)
            {
                faults.push(format!("entry {} is not after entry {}", next.sequence, one.sequence));
            }
        }
        for entry in &journal {
            if let Some(id) = entry.fact.ends()
                && !ended.insert(id)
            {
                faults.push(format!("entry {} ends the call {id} again", entry.sequence));
            }
        }
        let entries = u64::try_from(journal.len()).unwrap_or(u64::MAX);
        let last = journal.last().map(|entry| entry.at);
        if Book::replayed(journal)?.balances() != balances {
            faults.push("the balances are not the fold of the journal".to_owned());
        }
        Ok(Verification { entries, last, faults })
    }
}

//! The ledger in memory: the plain model with which every durable store is compared.
//!
//! The rules are those of every store; only the records are maps here, and nothing of them outlives
//! the process. It serves short programs and tests as well.

mod shelf;

use std::sync::{Arc, Mutex, MutexGuard};

use octorato_core::{Error, ErrorKind, ReservationId, Result};

pub(super) use self::shelf::Shelf;
use super::answer::{Answer, Ask, Call, Imported, Standing, Verdict};
use super::batch::{Batch, Note};
use super::clock::{Clock, Reading};
use super::entry::{Balance, Entry};
use super::operation::{Raise, SourceKey};
use super::rules;
use super::store::{Ledger, Verification};
use crate::budget::InForce;

/// A [`Ledger`] in memory, behind one lock.
#[derive(Debug)]
pub struct MemoryLedger<C> {
    clock: C,
    shelf: Mutex<Shelf>,
}

impl<C: Clock> MemoryLedger<C> {
    /// An empty ledger that takes the time from `clock`.
    pub fn new(clock: C) -> Self {
        Self { clock, shelf: Mutex::default() }
    }

    /// Only after a thread has panicked within the ledger is there none.
    fn shelf(&self) -> Result<MutexGuard<'_, Shelf>> {
        self.shelf.lock().map_err(|_| {
            Error::new(ErrorKind::Unavailable, "a thread died while it wrote the ledger")
        })
    }
}

impl Shelf {
    /// The records that follow from a journal.
    pub(super) fn replayed(journal: &[Entry]) -> Result<Self> {
        let mut shelf = Self::default();
        journal.iter().try_for_each(|entry| rules::absorb(&mut shelf, entry.clone()))?;
        Ok(shelf)
    }

    /// The journal and the balances beside what the journal says.
    fn verified(&self) -> Result<Verification> {
        let (journal, balances) = (self.journal(), rules::balances(self)?);
        let mut faults = Vec::new();
        let mut ended = std::collections::BTreeSet::new();
        for pair in journal.windows(2) {
            if let [one, next] = pair
                && (next.sequence <= one.sequence || next.at < one.at)
            {
                faults.push(format!("entry {} is not after entry {}", next.sequence, one.sequence));
            }
        }
        for entry in journal {
            if let Some(id) = entry.fact.ends()
                && !ended.insert(id)
            {
                faults.push(format!("entry {} ends the call {id} again", entry.sequence));
            }
        }
        faults.extend(rules::key_faults(journal).iter().map(ToString::to_string));
        let entries = u64::try_from(journal.len()).unwrap_or(u64::MAX);
        let last = journal.last().map(|entry| entry.at);
        if rules::balances(&Self::replayed(journal)?)? != balances {
            faults.push("the balances are not the fold of the journal".to_owned());
        }
        Ok(Verification { entries, last, faults })
    }
}

impl<C: Clock> Ledger for MemoryLedger<C> {
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>> {
        batch.validate()?;
        let mut kept = self.shelf()?;
        let answers = rules::commit(&mut *kept, batch.operations, self.clock.tick())?;
        kept.note(batch.notes);
        Ok(answers)
    }

    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        let kept = self.shelf()?;
        rules::check(&*kept, asks, rules::now(&*kept, self.clock.tick())?)
    }

    fn standings(&self) -> Result<Vec<Standing>> {
        let kept = self.shelf()?;
        rules::standings(&*kept, rules::now(&*kept, self.clock.tick())?)
    }

    fn in_force(&self) -> Result<Arc<InForce>> {
        rules::in_force(&*self.shelf()?)
    }

    fn raises(&self) -> Result<Vec<Raise>> {
        let kept = self.shelf()?;
        rules::raises(&*kept, rules::now(&*kept, self.clock.tick())?)
    }

    fn time(&self) -> Result<Reading> {
        rules::time(&*self.shelf()?, self.clock.tick())
    }

    fn balances(&self) -> Result<Vec<Balance>> {
        rules::balances(&*self.shelf()?)
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        Ok(self.shelf()?.entries(after, limit))
    }

    fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        rules::call(&*self.shelf()?, id)
    }

    fn outstanding(&self) -> Result<Vec<Call>> {
        rules::outstanding(&*self.shelf()?)
    }

    fn imported_all(&self, sources: &[SourceKey]) -> Result<Vec<Option<Imported>>> {
        rules::imported_all(&*self.shelf()?, sources)
    }

    fn note(&self, name: &str) -> Result<Option<Arc<[u8]>>> {
        Ok(self.shelf()?.notes().get(name).cloned())
    }

    fn notes(&self, prefix: &str, limit: usize) -> Result<Vec<Note>> {
        let kept = self.shelf()?;
        let notes = kept.notes().range(Arc::from(prefix)..);
        let notes = notes.take_while(|(name, _)| name.starts_with(prefix)).take(limit);
        Ok(notes
            .map(|(name, value)| Note { name: name.clone(), value: Some(value.clone()) })
            .collect())
    }

    fn replay(&self) -> Result<Vec<Balance>> {
        let journal = self.shelf()?.journal().to_vec();
        rules::balances(&Shelf::replayed(&journal)?)
    }

    fn verify(&self) -> Result<Verification> {
        self.shelf()?.verified()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Cycle, Scope};
    use crate::ledger::conformance::TestClock;
    use crate::ledger::conformance::world::{cents, in_force, over, path};
    use crate::ledger::{Append, Fact, Operation, Reserve, Settle};

    /// A ledger with two days: a call in the first, an import in the second.
    fn kept() -> MemoryLedger<TestClock> {
        let clock = TestClock::at("2026-10-20T12:00:00Z");
        let ledger = MemoryLedger::new(clock.clone());
        let daily = over(Scope::Operator, "9", Cycle::Daily, "UTC");
        ledger.commit(&[Operation::Adopt(in_force(vec![daily]))]).unwrap();
        let id = ReservationId::from_parts(clock.now(), [1; 10]);
        let reserve = Reserve {
            id,
            path: path(0),
            amount: cents(50),
            max_output_tokens: 1,
            patience: jiff::SignedDuration::from_mins(1),
            holder: None,
        };
        ledger.reserve(reserve).unwrap();
        let (request, metered) = (None, None);
        ledger
            .settle(Settle { id, amount: cents(40), is_estimate: false, request, metered })
            .unwrap();
        clock.wait(86_400);
        let source = SourceKey { reader: "test".into(), key: "a".into() };
        let import = Append {
            source,
            at: clock.now(),
            path: path(0),
            amount: Some(cents(5)),
            size: 1,
            request: None,
            metered: None,
            origin: None,
        };
        ledger.append(vec![import]).unwrap().remove(0).unwrap();
        ledger
    }

    fn faults(change: impl FnOnce(&mut Shelf)) -> Vec<String> {
        let ledger = kept();
        change(&mut ledger.shelf().unwrap());
        ledger.verify().unwrap().faults
    }

    #[test]
    fn what_is_whole_has_no_fault_and_is_counted() {
        let found = kept().verify().unwrap();
        assert!(found.faults.is_empty(), "{:?}", found.faults);
        let ledger = kept();
        assert_eq!(found.entries, u64::try_from(ledger.entries(0, 99).unwrap().len()).unwrap());
        assert_eq!(found.last, Some("2026-10-21T12:00:00Z".parse().unwrap()));
    }

    #[test]
    fn each_damage_is_found() {
        let settled = |shelf: &mut Shelf| {
            let journal = shelf.journal_mut();
            journal.iter().position(|entry| matches!(entry.fact, Fact::Settled { .. })).unwrap()
        };
        let booked = faults(|shelf| {
            let at = settled(shelf);
            shelf.journal_mut()[at].postings[1].amounts.spent = cents(39);
        });
        assert_eq!(booked, ["the balances are not the fold of the journal"]);
        let missing = faults(|shelf| drop(shelf.journal_mut().pop()));
        assert_eq!(missing, ["the balances are not the fold of the journal"]);
        let twice = faults(|shelf| {
            let at = settled(shelf);
            let mut again = shelf.journal_mut()[at].clone();
            again.postings.clear();
            again.sequence = 99;
            again.at = shelf.journal().last().unwrap().at;
            shelf.journal_mut().push(again);
        });
        assert!(twice[0].ends_with("again"), "{twice:?}");
        let turned = faults(|shelf| {
            let journal = shelf.journal_mut();
            let last = journal.len() - 1;
            journal[last].at = journal[0].at - jiff::SignedDuration::from_secs(1);
        });
        assert!(turned[0].contains("is not after"), "{turned:?}");
    }
}

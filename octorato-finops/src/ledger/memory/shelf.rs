//! The records of a ledger as maps.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{DecisionId, ReservationId};

use crate::budget::{BudgetId, InForce, Scope, Tier};
use crate::ledger::answer::State;
use crate::ledger::batch::Note;
use crate::ledger::clock::LedgerTime;
use crate::ledger::entry::{Amounts, Entry, Posting};
use crate::ledger::operation::{AddKey, Close, Holder, Raise, RequestKey, SourceKey};
use crate::ledger::records::{
    CallRecord, Changes, Found, GivenUp, Interval, Records, RequestRecord, SourceRecord,
};
use crate::ledger::slot::Slot;

/// All records of one ledger. Only [`Records::apply`] changes them.
#[derive(Debug)]
pub(crate) struct Shelf {
    journal: Vec<Entry>,
    time: LedgerTime,
    in_force: Arc<InForce>,
    calls: BTreeMap<ReservationId, CallRecord>,
    outstanding: BTreeSet<ReservationId>,
    open_by_deadline: BTreeSet<(Timestamp, ReservationId)>,
    open_by_holder: BTreeMap<Holder, BTreeSet<ReservationId>>,
    sources: BTreeMap<SourceKey, SourceRecord>,
    requests: BTreeMap<RequestKey, RequestRecord>,
    decisions: BTreeMap<DecisionId, [u8; 16]>,
    raises: BTreeMap<BudgetId, Vec<Raise>>,
    closed: Vec<Close>,
    keys: Vec<AddKey>,
    /// The civil periods that were ever opened, by budget and start, with their ends.
    periods: BTreeMap<(BudgetId, Timestamp), Timestamp>,
    balances: BTreeMap<(BudgetId, Slot), Amounts>,
    reached: BTreeMap<(BudgetId, Slot), Vec<Tier>>,
    notes: BTreeMap<Arc<str>, Arc<[u8]>>,
    /// Where the postings of an instant are: entry and place in it.
    posted: BTreeMap<Timestamp, Vec<(usize, usize)>>,
}

impl Default for Shelf {
    fn default() -> Self {
        Self {
            journal: Vec::new(),
            time: LedgerTime::default(),
            in_force: Arc::new(InForce::none()),
            calls: BTreeMap::new(),
            outstanding: BTreeSet::new(),
            open_by_deadline: BTreeSet::new(),
            open_by_holder: BTreeMap::new(),
            sources: BTreeMap::new(),
            requests: BTreeMap::new(),
            decisions: BTreeMap::new(),
            raises: BTreeMap::new(),
            closed: Vec::new(),
            keys: Vec::new(),
            periods: BTreeMap::new(),
            balances: BTreeMap::new(),
            reached: BTreeMap::new(),
            notes: BTreeMap::new(),
            posted: BTreeMap::new(),
        }
    }
}

impl Shelf {
    pub(super) fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// The journal for tests of damage.
    #[cfg(test)]
    pub(super) fn journal_mut(&mut self) -> &mut Vec<Entry> {
        &mut self.journal
    }

    /// At most `limit` entries after a sequence.
    pub(super) fn entries(&self, after: u64, limit: usize) -> Vec<Entry> {
        let first = self.journal.partition_point(|entry| entry.sequence <= after);
        self.journal.iter().skip(first).take(limit).cloned().collect()
    }

    pub(super) fn notes(&self) -> &BTreeMap<Arc<str>, Arc<[u8]>> {
        &self.notes
    }

    pub(super) fn note(&mut self, notes: &[Note]) {
        for Note { name, value } in notes {
            match value {
                Some(value) => drop(self.notes.insert(name.clone(), value.clone())),
                None => drop(self.notes.remove(name)),
            }
        }
    }

    fn push(&mut self, entry: Entry) {
        let number = self.journal.len();
        for (place, posting) in entry.postings.iter().enumerate() {
            self.posted.entry(posting.posted).or_default().push((number, place));
        }
        self.journal.push(entry);
    }

    fn put_call(&mut self, id: ReservationId, record: CallRecord) {
        if let Some(before) = self.calls.get(&id) {
            self.open_by_deadline.remove(&(before.deadline, id));
            if let Some(holder) = before.holder
                && let Some(held) = self.open_by_holder.get_mut(&holder)
            {
                held.remove(&id);
                if held.is_empty() {
                    self.open_by_holder.remove(&holder);
                }
            }
        }
        if record.is(State::Open) {
            self.open_by_deadline.insert((record.deadline, id));
            if let Some(holder) = record.holder {
                self.open_by_holder.entry(holder).or_default().insert(id);
            }
        }
        if record.outcome.state.is_final() {
            self.outstanding.remove(&id);
        } else {
            self.outstanding.insert(id);
        }
        self.calls.insert(id, record);
    }
}

impl Records for Shelf {
    fn time(&self) -> Found<LedgerTime> {
        Ok(self.time)
    }

    fn last_sequence(&self) -> Found<u64> {
        Ok(self.journal.last().map_or(0, |last| last.sequence))
    }

    fn in_force(&self) -> Found<Arc<InForce>> {
        Ok(self.in_force.clone())
    }

    fn call(&self, id: ReservationId) -> Found<Option<CallRecord>> {
        Ok(self.calls.get(&id).cloned())
    }

    fn given_up(&self, which: GivenUp, limit: usize) -> Found<Vec<ReservationId>> {
        let mut ids: Vec<ReservationId> = match which {
            GivenUp::Overdue(now) => {
                let overdue = self.open_by_deadline.iter();
                overdue.take_while(|(deadline, _)| *deadline <= now).map(|(_, id)| *id).collect()
            }
            GivenUp::Holder(holder) => {
                self.open_by_holder.get(&holder).into_iter().flatten().copied().collect()
            }
        };
        ids.sort_unstable();
        ids.truncate(limit);
        Ok(ids)
    }

    fn outstanding(&self, after: Option<ReservationId>, limit: usize) -> Found<Vec<ReservationId>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self.outstanding.range((from, Bound::Unbounded)).take(limit).copied().collect())
    }

    fn source(&self, key: &SourceKey) -> Found<Option<SourceRecord>> {
        Ok(self.sources.get(key).cloned())
    }

    fn request(&self, key: &RequestKey) -> Found<Option<RequestRecord>> {
        Ok(self.requests.get(key).cloned())
    }

    fn decision(&self, id: DecisionId) -> Found<Option<[u8; 16]>> {
        Ok(self.decisions.get(&id).copied())
    }

    fn raises(&self, budget: BudgetId, now: Timestamp) -> Found<Vec<Raise>> {
        let raises = self.raises.get(&budget).into_iter().flatten();
        Ok(raises.filter(|raise| now < raise.until).cloned().collect())
    }

    fn keys(&self) -> Found<Vec<AddKey>> {
        Ok(self.keys.clone())
    }

    fn closed(&self, start: Timestamp, end: Timestamp) -> Found<Vec<Close>> {
        let closed = self.closed.iter();
        Ok(closed.filter(|close| close.start < end && start < close.end).cloned().collect())
    }

    fn opened_before(&self, budget: BudgetId, at: Timestamp) -> Found<Option<Interval>> {
        let last = self.periods.range((budget, Timestamp::MIN)..=(budget, at)).next_back();
        Ok(last.map(|((_, start), end)| (*start, *end)))
    }

    fn opened_after(&self, budget: BudgetId, at: Timestamp) -> Found<Option<Timestamp>> {
        let mut later = self.periods.range((budget, at)..=(budget, Timestamp::MAX));
        Ok(later.next().map(|((_, start), _)| *start))
    }

    fn balance(&self, budget: BudgetId, slot: &Slot) -> Found<Option<Amounts>> {
        Ok(self.balances.get(&(budget, slot.clone())).copied())
    }

    fn balances(
        &self,
        budget: BudgetId,
        after: Option<&Slot>,
        last: Option<&Slot>,
        limit: usize,
    ) -> Found<Vec<(Slot, Amounts)>> {
        let from = match after {
            Some(slot) => Bound::Excluded((budget, slot.clone())),
            None => Bound::Included((budget, Slot::From(Timestamp::MIN))),
        };
        let own = self.balances.range((from, Bound::Unbounded));
        let own =
            own.take_while(|((id, slot), _)| *id == budget && last.is_none_or(|last| slot <= last));
        Ok(own.take(limit).map(|((_, slot), amounts)| (slot.clone(), *amounts)).collect())
    }

    fn reached(&self, budget: BudgetId, first: &Slot, last: &Slot) -> Found<Vec<Tier>> {
        let told = self.reached.range((budget, first.clone())..=(budget, last.clone()));
        Ok(told.flat_map(|(_, tiers)| tiers).copied().collect())
    }

    fn postings(
        &self,
        _: &Scope,
        interval: Option<Interval>,
        each: &mut dyn FnMut(&Posting),
    ) -> Found<()> {
        let (start, end) = match interval {
            Some((start, end)) => (Bound::Included(start), Bound::Excluded(end.max(start))),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        for (number, place) in self.posted.range((start, end)).flat_map(|(_, places)| places) {
            let entry = self.journal.get(*number);
            entry.and_then(|entry| entry.postings.get(*place)).into_iter().for_each(&mut *each);
        }
        Ok(())
    }

    fn apply(&mut self, changes: Changes) -> Found<()> {
        changes.entries.into_iter().for_each(|entry| self.push(entry));
        self.time = changes.time;
        changes.calls.into_iter().for_each(|(id, record)| self.put_call(id, record));
        self.sources.extend(changes.sources);
        self.requests.extend(changes.requests);
        self.decisions.extend(changes.decisions);
        for raise in changes.raises {
            self.raises.entry(raise.budget).or_default().push(raise);
        }
        self.closed.extend(changes.closed);
        self.keys.extend(changes.keys);
        self.periods.extend(changes.periods);
        self.in_force = changes.in_force.unwrap_or_else(|| self.in_force.clone());
        for id in changes.dropped {
            self.balances.retain(|(budget, _), _| *budget != id);
        }
        self.balances.extend(changes.balances);
        for (budget, slot, tier) in changes.reached {
            self.reached.entry((budget, slot)).or_default().push(tier);
        }
        Ok(())
    }
}

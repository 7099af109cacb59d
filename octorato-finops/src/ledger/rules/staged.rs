//! What an operation writes, before it is written: entries, and all that follows from them.
//!
//! Nothing reaches the store until the whole operation is staged, so that one that fails half way
//! leaves no trace.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::spend::{add, bucket_interval, fold, period};
use super::{Draft, Ruled};
use crate::budget::{BudgetId, Cycle, InForce, Judge, Scope, SpendPath, Tier};
use crate::ledger::clock::LedgerTime;
use crate::ledger::entry::{Amounts, Entry, Fact, Posting};
use crate::ledger::records::{Changes, Found, Interval, Records};
use crate::ledger::slot::Slot;

/// The records with what one operation changes of them.
pub(super) struct Staged<'r, R> {
    pub(super) records: &'r R,
    pub(super) in_force: Arc<InForce>,
    next: u64,
    pub(super) changes: Changes,
    /// Periods that were looked up.
    seen: BTreeMap<(BudgetId, Timestamp), Timestamp>,
    /// Slots of which more was spent, and whose tiers are not yet told.
    pub(super) touched: BTreeSet<(BudgetId, Slot)>,
}

impl<'r, R: Records> Staged<'r, R> {
    pub(super) fn new(records: &'r R, time: LedgerTime, next: u64) -> Found<Self> {
        let in_force = records.in_force()?;
        let changes = Changes { time, ..Changes::default() };
        let (seen, touched) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { records, in_force, next, changes, seen, touched })
    }

    pub(super) fn finish(self) -> Changes {
        self.changes
    }

    /// Writes an entry, and before it the periods that it needs.
    pub(super) fn write(&mut self, draft: Draft, now: Timestamp) -> Ruled<()> {
        for posting in &draft.postings {
            self.open_periods(Some(&posting.path), posting.posted, now)?;
        }
        let before = self.in_force.clone();
        let is_policy = matches!(draft.fact, Fact::Adopted(_));
        self.push(draft.fact, draft.postings, now)?;
        if is_policy {
            self.open_periods(None, now, now)?;
            self.touch_changed(&before, now)?;
        }
        self.tell_tiers(now)
    }

    pub(super) fn push(&mut self, fact: Fact, postings: Vec<Posting>, at: Timestamp) -> Ruled<()> {
        self.absorb(Entry { sequence: self.next, at, fact, postings })
    }

    /// Opens the civil periods that contain `at`, of the budgets that judge `path` or of all.
    fn open_periods(
        &mut self,
        path: Option<&SpendPath>,
        at: Timestamp,
        now: Timestamp,
    ) -> Ruled<()> {
        let in_force = self.in_force.clone();
        let judges = match path {
            Some(path) => in_force.judging(path),
            None => in_force.judges().iter().collect(),
        };
        for judge in judges {
            if !judge.budget.cycle().is_civil() {
                continue;
            }
            let before = self.opened_before(judge.id, at)?;
            if before.is_some_and(|(_, end)| at < end) {
                continue;
            }
            let after = || self.opened_after(judge.id, at);
            if let Some((start, end, label)) = period(&judge.budget, at, before, after)? {
                let fact = Fact::Opened { budget: judge.id, start, end, label };
                self.push(fact, Vec::new(), now)?;
            }
        }
        Ok(())
    }

    pub(super) fn opened_before(&mut self, id: BudgetId, at: Timestamp) -> Found<Option<Interval>> {
        let last = |known: &BTreeMap<(BudgetId, Timestamp), Timestamp>| {
            let last = known.range((id, Timestamp::MIN)..=(id, at)).next_back();
            last.map(|((_, start), end)| (*start, *end))
        };
        let staged = last(&self.changes.periods).max(last(&self.seen));
        if staged.is_some_and(|(_, end)| at < end) {
            return Ok(staged);
        }
        let stored = self.records.opened_before(id, at)?;
        self.seen.extend(stored.map(|(start, end)| ((id, start), end)));
        Ok(stored.max(staged))
    }

    fn opened_after(&self, id: BudgetId, at: Timestamp) -> Found<Option<Timestamp>> {
        let mut staged = self.changes.periods.range((id, at)..=(id, Timestamp::MAX));
        let staged = staged.next().map(|((_, start), _)| *start);
        let stored = self.records.opened_after(id, at)?;
        Ok(stored.into_iter().chain(staged).min())
    }

    /// Takes an entry, and everything that follows from it.
    pub(super) fn absorb(&mut self, entry: Entry) -> Ruled<()> {
        self.absorb_fact(&entry)?;
        // First every balance is opened from the journal without this entry, then it is added.
        let in_force = self.in_force.clone();
        let mut touched = Vec::new();
        for posting in &entry.postings {
            for judge in in_force.judging(&posting.path) {
                if let Some((slot, interval)) = self.slot(judge, posting)? {
                    self.open_balance(judge, &slot, interval)?;
                    if posting.amounts.spent.pico() > 0 {
                        self.touched.insert((judge.id, slot.clone()));
                    }
                    touched.push(((judge.id, slot), posting.amounts));
                }
            }
        }
        for (key, amounts) in touched {
            let sum = self.changes.balances.entry(key).or_insert(Amounts::ZERO);
            *sum = sum.checked_add(amounts)?;
        }
        self.next = entry.sequence.saturating_add(1);
        self.changes.entries.push(entry);
        Ok(())
    }

    /// The slot of a budget that counts a posting, with the interval of those that are folded anew
    /// where they have no balance. Sessions, runs and all time are complete from the adoption on.
    fn slot(
        &mut self,
        judge: &Judge,
        posting: &Posting,
    ) -> Ruled<Option<(Slot, Option<Interval>)>> {
        let budget = &judge.budget;
        if budget.cycle().is_civil() {
            let opened = self.opened_before(judge.id, posting.posted)?;
            let opened = opened.filter(|(_, end)| posting.posted < *end);
            return Ok(opened.map(|interval| (Slot::From(interval.0), Some(interval))));
        }
        let keyed = Slot::keyed(budget.cycle(), posting.posted, &posting.path);
        Ok(keyed.map(|slot| {
            let interval = bucket_interval(budget, &slot);
            (slot, interval)
        }))
    }

    /// Makes certain that the balance of a slot is staged: as it is stored, else as the fold of its
    /// interval.
    fn open_balance(
        &mut self,
        judge: &Judge,
        slot: &Slot,
        interval: Option<Interval>,
    ) -> Ruled<()> {
        let key = (judge.id, slot.clone());
        if self.changes.balances.contains_key(&key) {
            return Ok(());
        }
        let is_dropped = self.changes.dropped.contains(&judge.id);
        let stored = if is_dropped { None } else { self.records.balance(judge.id, slot)? };
        let sum = match (stored, interval) {
            (Some(amounts), _) => amounts,
            (None, Some(interval)) => fold(self.records, judge, interval)?,
            (None, None) => Amounts::ZERO,
        };
        self.changes.balances.insert(key, sum);
        Ok(())
    }

    fn absorb_fact(&mut self, entry: &Entry) -> Ruled<()> {
        match &entry.fact {
            Fact::Adopted(in_force) => self.absorb_policy(in_force, entry.at)?,
            Fact::Opened { budget, start, end, .. } => {
                self.changes.periods.insert((*budget, *start), *end);
                let in_force = self.in_force.clone();
                if let Some(judge) = in_force.find(*budget) {
                    self.open_balance(judge, &Slot::From(*start), Some((*start, *end)))?;
                }
            }
            Fact::Raised(raise) => {
                self.changes.decisions.insert(raise.id, raise.fingerprint());
                self.changes.raises.push(raise.clone());
            }
            Fact::Closed(close) => self.changes.closed.push(close.clone()),
            Fact::KeyAdded(add) => {
                self.changes.decisions.insert(add.id, add.fingerprint());
                self.changes.keys.push(add.clone());
            }
            Fact::Imported { .. } => self.absorb_import(entry)?,
            Fact::Adjusted { .. } | Fact::Corrected(_) => self.absorb_correction(entry)?,
            Fact::Rebooked { .. } => self.absorb_move(entry)?,
            Fact::TierReached { budget, slot, at_pct, action, .. } => {
                let tier = Tier { at: *at_pct, action: *action };
                self.changes.reached.push((*budget, slot.clone(), tier));
            }
            Fact::ClockReset { .. } | Fact::Reversed { .. } | Fact::WouldDeny { .. } => {}
            Fact::Reserved { .. } => self.absorb_reserve(entry),
            Fact::Extended { .. }
            | Fact::Settled { .. }
            | Fact::Released { .. }
            | Fact::Orphaned { .. }
            | Fact::Resolved { .. }
            | Fact::Confirmed { .. } => self.absorb_call(entry)?,
        }
        Ok(())
    }

    /// New budgets start with what the journal holds for their current period, and for every
    /// session, run or bucket that still counts for a call of the window.
    fn absorb_policy(&mut self, in_force: &Arc<InForce>, at: Timestamp) -> Ruled<()> {
        let before = std::mem::replace(&mut self.in_force, in_force.clone());
        self.changes.in_force = Some(in_force.clone());
        let gone = before.judges().iter().filter(|judge| in_force.find(judge.id).is_none());
        self.changes.dropped.extend(gone.map(|judge| judge.id));
        self.changes.balances.retain(|(id, _), _| in_force.find(*id).is_some());
        let (mut keyed, mut since) = (Vec::new(), Timestamp::MAX);
        for judge in in_force.judges().iter().filter(|judge| before.find(judge.id).is_none()) {
            match judge.budget.cycle() {
                cycle if cycle.is_civil() => {
                    let opened = self.opened_before(judge.id, at)?;
                    if let Some(interval) = opened.filter(|(_, end)| at < *end) {
                        self.open_balance(judge, &Slot::From(interval.0), Some(interval))?;
                    }
                }
                Cycle::Rolling(rolling) => {
                    let oldest = rolling.oldest_kept(at);
                    since = since.min(rolling.interval(oldest).0);
                    keyed.push((judge, Some(oldest)));
                }
                _ => {
                    since = Timestamp::MIN;
                    keyed.push((judge, None));
                }
            }
        }
        if keyed.is_empty() {
            return Ok(());
        }
        let mut sums = BTreeMap::new();
        self.records.postings(&Scope::Operator, Some((since, Timestamp::MAX)), &mut |posting| {
            for (judge, oldest) in &keyed {
                let slot = Slot::keyed(judge.budget.cycle(), posting.posted, &posting.path);
                let is_old = match (&slot, oldest) {
                    (Some(Slot::Bucket(number)), Some(oldest)) => number < oldest,
                    _ => false,
                };
                if let Some(slot) = slot
                    && !is_old
                    && judge.budget.matches(&posting.path)
                {
                    let sum = sums.entry((judge.id, slot)).or_insert(Ok(Amounts::ZERO));
                    add(sum, posting.amounts);
                }
            }
        })?;
        for (key, sum) in sums {
            self.changes.balances.insert(key, sum?);
        }
        Ok(())
    }
}

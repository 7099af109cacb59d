//! What an operation writes, before it is written: entries, and all that follows from them.
//!
//! Nothing reaches the store until the whole operation is staged, so that one that fails half way
//! leaves no trace.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::ReservationId;

use super::calls::overrun;
use super::spend::{add, bucket_interval, fold, period};
use super::{Draft, NOTHING, Ruled};
use crate::budget::{BudgetId, Cycle, InForce, Judge, Scope, SpendPath};
use crate::ledger::answer::{Grant, Outcome, State};
use crate::ledger::clock::LedgerTime;
use crate::ledger::entry::{Amounts, Entry, Fact, Posting};
use crate::ledger::operation::{Reference, RequestKey};
use crate::ledger::records::{
    CallRecord, Changes, Found, Interval, Records, RequestRecord, SourceRecord,
};
use crate::ledger::slot::Slot;

/// The records with what one operation changes of them.
pub(super) struct Staged<'r, R> {
    records: &'r R,
    in_force: Arc<InForce>,
    next: u64,
    changes: Changes,
    /// Periods that were looked up.
    seen: BTreeMap<(BudgetId, Timestamp), Timestamp>,
}

impl<'r, R: Records> Staged<'r, R> {
    pub(super) fn new(records: &'r R, time: LedgerTime, next: u64) -> Found<Self> {
        let in_force = records.in_force()?;
        let changes = Changes { time, ..Changes::default() };
        Ok(Self { records, in_force, next, changes, seen: BTreeMap::new() })
    }

    pub(super) fn finish(self) -> Changes {
        self.changes
    }

    /// Writes an entry, and before it the periods that it needs.
    pub(super) fn write(&mut self, draft: Draft, now: Timestamp) -> Ruled<()> {
        for posting in &draft.postings {
            self.open_periods(Some(&posting.path), posting.posted, now)?;
        }
        let is_policy = matches!(draft.fact, Fact::Adopted(_));
        self.push(draft.fact, draft.postings, now)?;
        if is_policy {
            self.open_periods(None, now, now)?;
        }
        Ok(())
    }

    fn push(&mut self, fact: Fact, postings: Vec<Posting>, at: Timestamp) -> Ruled<()> {
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

    fn opened_before(&mut self, id: BudgetId, at: Timestamp) -> Found<Option<Interval>> {
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
            Fact::ClockReset { .. } => {}
            Fact::Imported { .. } => self.absorb_import(entry)?,
            Fact::Adjusted { .. } | Fact::Corrected(_) => self.absorb_correction(entry)?,
            Fact::Reserved { .. } => self.absorb_reserve(entry),
            _ => self.absorb_call(entry)?,
        }
        Ok(())
    }

    /// New budgets start with what the journal holds for their current period, and for every
    /// session, run or bucket that still counts.
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
                    let oldest = rolling.oldest_bucket(at);
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

    /// The staged record of a call, for change.
    fn call(&mut self, id: ReservationId) -> Found<Option<&mut CallRecord>> {
        if !self.changes.calls.contains_key(&id)
            && let Some(stored) = self.records.call(id)?
        {
            self.changes.calls.insert(id, stored);
        }
        Ok(self.changes.calls.get_mut(&id))
    }

    /// The staged record of a request, for change.
    fn request(&mut self, key: &RequestKey) -> Found<&mut RequestRecord> {
        if !self.changes.requests.contains_key(key) {
            let stored = self.records.request(key)?.unwrap_or_default();
            self.changes.requests.insert(key.clone(), stored);
        }
        Ok(self.changes.requests.entry(key.clone()).or_default())
    }

    fn absorb_reserve(&mut self, entry: &Entry) {
        let Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder } =
            &entry.fact
        else {
            return;
        };
        let Some(posting) = entry.postings.first() else { return };
        let outcome =
            Outcome { state: State::Open, held: *amount, amount: NOTHING, overrun: NOTHING };
        let record = CallRecord {
            id: *id,
            path: posting.path.clone(),
            reserved_at: posting.dated,
            deadline: *deadline,
            holder: *holder,
            reserve: *fingerprint,
            grant: Grant { amount: *amount, max_output_tokens: *max_output_tokens },
            settle: None,
            outcome,
            max_output_tokens: *max_output_tokens,
            booked: NOTHING,
            corrected: NOTHING,
            is_estimate: false,
            follows_imports: false,
            request: None,
        };
        self.changes.calls.insert(*id, record);
    }

    fn absorb_call(&mut self, entry: &Entry) -> Ruled<()> {
        let (id, state, told, request) = match &entry.fact {
            Fact::Extended { id, .. } => (id, State::Open, NOTHING, None),
            Fact::Settled { id, amount, request, .. } => {
                (id, State::Settled, *amount, request.as_ref())
            }
            Fact::Released { id, .. } => (id, State::Released, NOTHING, None),
            Fact::Orphaned { id, seen, request, .. } => {
                (id, State::Orphaned, *seen, request.as_ref())
            }
            Fact::Resolved { id, amount, .. } => (id, State::Resolved, *amount, None),
            _ => return Ok(()),
        };
        if let Some(request) = request {
            self.request(request)?.call = Some(*id);
        }
        let Some(record) = self.call(*id)? else { return Ok(()) };
        for posting in &entry.postings {
            record.booked = record.booked.checked_add(posting.amounts.spent)?;
        }
        record.outcome.state = state;
        record.outcome.amount = told;
        record.outcome.overrun = overrun(told, record.outcome.held)?;
        record.request = request.cloned().or(record.request.take());
        match &entry.fact {
            Fact::Extended { amount, max_output_tokens, deadline, .. } => {
                record.outcome.held = *amount;
                record.outcome.overrun = NOTHING;
                record.max_output_tokens = *max_output_tokens;
                record.deadline = *deadline;
            }
            Fact::Settled { fingerprint, is_estimate, .. } => {
                record.settle = Some(*fingerprint);
                record.is_estimate = *is_estimate;
            }
            Fact::Orphaned { .. } => record.is_estimate = true,
            Fact::Resolved { source, .. } => {
                record.is_estimate = source.is_some();
                record.follows_imports = source.is_some();
            }
            _ => {}
        }
        Ok(())
    }

    fn absorb_correction(&mut self, entry: &Entry) -> Ruled<()> {
        let spent = entry
            .postings
            .iter()
            .try_fold(Amounts::ZERO, |sum, posting| sum.checked_add(posting.amounts))?
            .spent;
        match &entry.fact {
            Fact::Corrected(correct) => {
                self.changes.decisions.insert(correct.id, correct.fingerprint());
                if let Reference::Call(id) = &correct.of
                    && let Some(record) = self.call(*id)?
                {
                    record.corrected = record.corrected.checked_add(spent)?;
                }
            }
            Fact::Adjusted { of: Reference::Call(id), .. } => {
                if let Some(record) = self.call(*id)? {
                    record.booked = record.booked.checked_add(spent)?;
                    record.follows_imports = true;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn absorb_import(&mut self, entry: &Entry) -> Ruled<()> {
        let Fact::Imported { source, revision, amount, size, request, copy_of, metered, .. } =
            &entry.fact
        else {
            return Ok(());
        };
        let known = match self.changes.sources.remove(source) {
            Some(staged) => Some(staged),
            None => self.records.source(source)?,
        };
        if let (Some(request), None, None) = (request, copy_of, &known) {
            self.request(request)?.sources.push(source.clone());
        }
        let owner = match (&known, entry.postings.first(), copy_of) {
            (Some(known), _, _) => Some((known.path.clone(), known.at)),
            (None, Some(posting), _) => Some((posting.path.clone(), posting.dated)),
            (None, None, Some(id)) => {
                self.call(*id)?.map(|call| (call.path.clone(), call.reserved_at))
            }
            (None, None, None) => None,
        };
        let Some((path, at)) = owner else { return Ok(()) };
        let copy_of = copy_of.or(known.and_then(|known| known.copy_of));
        let (revision, amount, size) = (*revision, *amount, *size);
        let metered = metered.clone();
        let record = SourceRecord { path, at, revision, amount, size, copy_of, metered };
        self.changes.sources.insert(source.clone(), record);
        Ok(())
    }
}

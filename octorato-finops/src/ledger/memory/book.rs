//! All that a ledger knows: the journal, and what follows from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{DecisionId, Money, ReservationId, Result};

use crate::ledger::answer::{Answer, Grant, Outcome, State};
use crate::ledger::budget::{Budget, BudgetId};
use crate::ledger::clock::{LedgerTime, Tick};
use crate::ledger::entry::{Amounts, Balance, Entry, Fact, Posting};
use crate::ledger::operation::{Close, Holder, Operation, Raise, RequestKey, SourceKey};
use crate::ledger::path::{Scope, SpendPath};
use crate::ledger::window::{BUCKETS, Slot, Window, bucket, bucket_interval};

/// The journal and its folds. Only [`Book::absorb`] changes anything but the time, so that the book
/// is what its journal says.
#[derive(Debug, Default)]
pub(super) struct Book {
    journal: Vec<Entry>,
    pub(super) time: LedgerTime,
    pub(super) budgets: Vec<InForce>,
    /// The civil periods that were ever opened, by budget and start, with their ends.
    periods: BTreeMap<BudgetId, BTreeMap<Timestamp, Timestamp>>,
    balances: BTreeMap<(BudgetId, Slot), Amounts>,
    pub(super) calls: BTreeMap<ReservationId, CallRecord>,
    pub(super) sources: BTreeMap<SourceKey, SourceRecord>,
    pub(super) requests: BTreeMap<RequestKey, Request>,
    pub(super) decisions: BTreeMap<DecisionId, [u8; 16]>,
    pub(super) raises: Vec<Raise>,
    pub(super) closed: Vec<Close>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct InForce {
    pub(super) id: BudgetId,
    pub(super) budget: Budget,
}

#[derive(Clone, Debug)]
pub(super) struct CallRecord {
    pub(super) path: Arc<SpendPath>,
    pub(super) reserved_at: Timestamp,
    pub(super) deadline: Timestamp,
    pub(super) holder: Option<Holder>,
    pub(super) reserve: [u8; 16],
    pub(super) grant: Grant,
    pub(super) settle: Option<[u8; 16]>,
    pub(super) outcome: Outcome,
    pub(super) max_output_tokens: u64,
    /// What the postings of the call itself add to what is spent; corrections are apart.
    pub(super) booked: Money,
    pub(super) corrected: Money,
    /// The amount is not final: imports of the same request set it right.
    pub(super) is_estimate: bool,
    /// What is booked is the sum of what imports told.
    pub(super) follows_imports: bool,
}

#[derive(Clone, Debug)]
pub(super) struct SourceRecord {
    pub(super) path: Arc<SpendPath>,
    pub(super) at: Timestamp,
    pub(super) revision: u32,
    pub(super) amount: Option<Money>,
    pub(super) size: u128,
    pub(super) copy_of: Option<ReservationId>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) call: Option<ReservationId>,
    /// The imports that were booked by themselves.
    pub(super) sources: Vec<SourceKey>,
}

/// An entry that is not yet in the journal.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) fact: Fact,
    pub(super) postings: Vec<Posting>,
}

impl Book {
    pub(super) fn journal(&self) -> &[Entry] {
        &self.journal
    }

    pub(super) fn now(&self, tick: Tick) -> Timestamp {
        self.time.read(tick).now
    }

    pub(super) fn commit(&mut self, operations: &[Operation], tick: Tick) -> Vec<Result<Answer>> {
        let before = self.journal.len();
        let answers = operations.iter().map(|operation| self.operate(operation, tick)).collect();
        if self.journal.len() > before {
            self.time.commit(tick);
        }
        answers
    }

    fn operate(&mut self, operation: &Operation, tick: Tick) -> Result<Answer> {
        if matches!(operation, Operation::ResetClock) {
            let before = self.time.last();
            self.time.reset(tick);
            let draft = Draft { fact: Fact::ClockReset { before }, postings: Vec::new() };
            self.write(vec![draft], self.now(tick))?;
            return Ok(Answer::Done);
        }
        let now = self.now(tick);
        let (answer, drafts) = self.decide(operation, now)?;
        self.write(drafts, now)?;
        Ok(answer)
    }

    fn decide(&self, operation: &Operation, now: Timestamp) -> Result<(Answer, Vec<Draft>)> {
        match operation {
            Operation::Reserve(reserve) => self.reserve(reserve, now),
            Operation::Extend(extend) => self.extend(extend, now),
            Operation::Settle(settle) => self.settle(settle),
            Operation::Release(release) => self.release(release),
            Operation::Expire(expire) => self.expire(expire, now),
            Operation::Resolve(resolve) => self.resolve(resolve),
            Operation::Correct(correct) => self.correct(correct),
            Operation::Append(append) => self.append(append),
            Operation::Adopt(policy) => Ok(self.adopt(policy)),
            Operation::Raise(raise) => self.raise(raise),
            Operation::Close(close) => self.close(close, now),
            Operation::ResetClock => Ok((Answer::Done, Vec::new())),
        }
    }

    /// Writes entries and opens the periods that they need; all of it or, on an error, nothing.
    fn write(&mut self, drafts: Vec<Draft>, now: Timestamp) -> Result<()> {
        let before = self.journal.len();
        let written = drafts.into_iter().try_for_each(|draft| self.write_one(draft, now));
        if written.is_err() {
            // Rare (an amount out of range): the book is made again from what was there.
            let mut journal = std::mem::take(&mut self.journal);
            journal.truncate(before);
            let time = self.time;
            *self = Self::replayed(journal)?;
            self.time = time;
        }
        written
    }

    fn write_one(&mut self, draft: Draft, now: Timestamp) -> Result<()> {
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

    /// Opens the civil periods that contain `at`, of the budgets that judge `path` or of all.
    fn open_periods(
        &mut self,
        path: Option<&SpendPath>,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let mut opened = Vec::new();
        for InForce { id, budget } in &self.budgets {
            if path.is_some_and(|path| !budget.identity.matches(path))
                || self.opened(*id, at).is_some()
            {
                continue;
            }
            if let Some((start, end, label)) = self.civil(*id, budget, at)? {
                opened.push(Fact::Opened { budget: *id, start, end, label });
            }
        }
        opened.into_iter().try_for_each(|fact| self.push(fact, Vec::new(), now))
    }

    /// The opened civil period that contains `at`.
    pub(super) fn opened(&self, id: BudgetId, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (start, end) = self.periods.get(&id)?.range(..=at).next_back()?;
        (at < *end).then_some((*start, *end))
    }

    /// The civil period that contains `at` and would be opened: cut where one that is open begins
    /// or ends, so that a new time zone database leaves no gap and no overlap.
    pub(super) fn civil(
        &self,
        id: BudgetId,
        budget: &Budget,
        at: Timestamp,
    ) -> Result<Option<(Timestamp, Timestamp, Arc<str>)>> {
        let Some(period) = budget.identity.window.civil(at, &budget.identity.zone)? else {
            return Ok(None);
        };
        let mut start = period.start().unwrap_or(Timestamp::MIN);
        let mut end = period.end().unwrap_or(Timestamp::MAX);
        if let Some(opened) = self.periods.get(&id) {
            if let Some((_, before)) = opened.range(..=at).next_back() {
                start = start.max(*before);
            }
            if let Some((after, _)) = opened.range(at..).next() {
                end = end.min(*after);
            }
        }
        Ok(Some((start, end, period.label().into())))
    }

    fn push(&mut self, fact: Fact, postings: Vec<Posting>, at: Timestamp) -> Result<()> {
        let sequence = self.journal.last().map_or(1, |last| last.sequence + 1);
        self.absorb(Entry { sequence, at, fact, postings })
    }

    /// Makes a book of a journal.
    pub(super) fn replayed(journal: Vec<Entry>) -> Result<Self> {
        let mut book = Self::default();
        for entry in journal {
            book.time = LedgerTime::of(entry.at, None);
            book.absorb(entry)?;
        }
        Ok(book)
    }

    /// Adds an entry and everything that follows from it.
    fn absorb(&mut self, entry: Entry) -> Result<()> {
        self.absorb_fact(&entry)?;
        // First every balance is opened from the journal without this entry, then it is added.
        let mut touched = Vec::new();
        for posting in &entry.postings {
            for in_force in &self.budgets {
                if let Some(slot) = self.slot(in_force, posting) {
                    touched.push((in_force.id, slot, posting.amounts));
                }
            }
        }
        for (id, slot, _) in &touched {
            self.open_balance(*id, slot)?;
        }
        for (id, slot, amounts) in touched {
            if let Some(sum) = self.balances.get_mut(&(id, slot)) {
                *sum = sum.checked_add(amounts)?;
            }
        }
        self.journal.push(entry);
        Ok(())
    }

    /// The slot of a budget that counts a posting; nothing where the budget does not judge it.
    fn slot(&self, InForce { id, budget }: &InForce, posting: &Posting) -> Option<Slot> {
        if !budget.identity.matches(&posting.path) {
            return None;
        }
        let window = budget.identity.window;
        window
            .keyed(posting.posted, &posting.path)
            .or_else(|| self.opened(*id, posting.posted).map(|(start, _)| Slot::From(start)))
    }

    fn open_balance(&mut self, id: BudgetId, slot: &Slot) -> Result<()> {
        if self.balances.contains_key(&(id, slot.clone())) {
            return Ok(());
        }
        let Some(in_force) = self.budgets.iter().find(|in_force| in_force.id == id) else {
            return Ok(());
        };
        let interval = self.interval(in_force, slot);
        let sum = self.fold(in_force, slot, interval)?;
        self.balances.insert((id, slot.clone()), sum);
        Ok(())
    }

    /// The sum of the journal's postings that a slot of a budget counts.
    pub(super) fn fold(
        &self,
        InForce { budget, .. }: &InForce,
        slot: &Slot,
        interval: Option<(Timestamp, Timestamp)>,
    ) -> Result<Amounts> {
        let window = budget.identity.window;
        let counts = |posting: &Posting| {
            budget.identity.matches(&posting.path)
                && match window.keyed(posting.posted, &posting.path) {
                    Some(keyed) => keyed == *slot,
                    None => interval.is_some_and(|(start, end)| {
                        start <= posting.posted && posting.posted < end
                    }),
                }
        };
        let postings = self.journal.iter().flat_map(|entry| &entry.postings);
        postings
            .filter(|posting| counts(posting))
            .try_fold(Amounts::ZERO, |sum, posting| sum.checked_add(posting.amounts))
    }

    /// The interval of a slot, where it has one.
    fn interval(&self, in_force: &InForce, slot: &Slot) -> Option<(Timestamp, Timestamp)> {
        match (slot, in_force.budget.identity.window) {
            (Slot::From(start), _) => {
                self.periods.get(&in_force.id)?.get(start).map(|end| (*start, *end))
            }
            (Slot::Bucket(number), Window::Rolling { hours }) => {
                Some(bucket_interval(hours, *number))
            }
            _ => None,
        }
    }

    fn absorb_policy(&mut self, budgets: &[Budget], at: Timestamp) -> Result<()> {
        let before = std::mem::take(&mut self.budgets);
        self.budgets = budgets
            .iter()
            .map(|budget| InForce { id: budget.identity.id(), budget: budget.clone() })
            .collect();
        let is_in = |list: &[InForce], id: BudgetId| list.iter().any(|known| known.id == id);
        self.balances.retain(|(id, _), _| is_in(&self.budgets, *id));
        let mut slots = Vec::new();
        for in_force in self.budgets.iter().filter(|in_force| !is_in(&before, in_force.id)) {
            let InForce { id, budget } = in_force;
            if let Some((start, _)) = self.opened(*id, at) {
                slots.push((*id, Slot::From(start)));
            }
            let oldest = match budget.identity.window {
                Window::Rolling { hours } => bucket(hours, at).saturating_sub(BUCKETS),
                _ => i64::MIN,
            };
            for posting in self.journal.iter().flat_map(|entry| &entry.postings) {
                match budget.identity.window.keyed(posting.posted, &posting.path) {
                    Some(Slot::Bucket(number)) if number < oldest => {}
                    Some(slot) if budget.identity.matches(&posting.path) => slots.push((*id, slot)),
                    _ => {}
                }
            }
        }
        slots.into_iter().try_for_each(|(id, slot)| self.open_balance(id, &slot))
    }

    fn absorb_fact(&mut self, entry: &Entry) -> Result<()> {
        match &entry.fact {
            Fact::Adopted(policy) => self.absorb_policy(policy.budgets(), entry.at)?,
            Fact::Opened { budget, start, end, .. } => {
                self.periods.entry(*budget).or_default().insert(*start, *end);
                self.open_balance(*budget, &Slot::From(*start))?;
            }
            Fact::Raised(raise) => {
                self.decisions.insert(raise.id, raise.fingerprint());
                self.raises.push(raise.clone());
            }
            Fact::Closed(close) => self.closed.push(close.clone()),
            Fact::ClockReset { .. } => {}
            Fact::Imported { .. } | Fact::Adjusted { .. } | Fact::Corrected(_) => {
                self.absorb_booking(entry)?;
            }
            _ => self.absorb_call(entry)?,
        }
        Ok(())
    }

    pub(super) fn balances(&self) -> Vec<Balance> {
        let balance = |((id, slot), amounts): (&(BudgetId, Slot), &Amounts)| {
            let in_force = self.budgets.iter().find(|in_force| in_force.id == *id);
            Balance {
                budget: *id,
                slot: slot.clone(),
                interval: in_force.and_then(|in_force| self.interval(in_force, slot)),
                amounts: *amounts,
            }
        };
        self.balances.iter().map(balance).collect()
    }

    pub(super) fn balance(&self, id: BudgetId, slot: &Slot) -> Option<Amounts> {
        self.balances.get(&(id, slot.clone())).copied()
    }

    /// The slots of a budget that have a balance.
    pub(super) fn slots(&self, id: BudgetId) -> impl Iterator<Item = &Slot> {
        self.balances.keys().filter(move |(of, _)| *of == id).map(|(_, slot)| slot)
    }

    /// A posting of spend dated `dated`, past the closed months of its owner.
    pub(super) fn spend(&self, path: &Arc<SpendPath>, dated: Timestamp, amount: Money) -> Posting {
        let mut posted = dated;
        let closed = |posted: Timestamp| {
            self.closed.iter().find(|close| {
                close.scope.holds(path) && close.start <= posted && posted < close.end
            })
        };
        while let Some(close) = closed(posted) {
            posted = close.end;
        }
        Posting { path: path.clone(), dated, posted, amounts: Amounts::spent(amount) }
    }
}

impl CallRecord {
    /// A posting to the periods of the reserve.
    pub(super) fn hold(&self, amounts: Amounts) -> Posting {
        let at = self.reserved_at;
        Posting { path: self.path.clone(), dated: at, posted: at, amounts }
    }

    pub(super) fn is(&self, state: State) -> bool {
        self.outcome.state == state
    }
}

/// Whether two scopes can hold the same spend.
pub(super) fn overlap(one: &Scope, other: &Scope) -> bool {
    one == other || *one == Scope::Operator || *other == Scope::Operator
}

//! What the rules of a ledger look up, and what they write: all that a store has to do.
//!
//! The rules decide, a store keeps rows. Every lookup is by a key or a small range; every write is
//! one [`Changes`] for each operation that has an effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{DecisionId, Error, Money, ReservationId};

use super::answer::{Call, Grant, Imported, Outcome, State};
use super::clock::LedgerTime;
use super::entry::{Amounts, Entry, Posting};
use super::operation::{AddKey, Close, Holder, Metered, Raise, RequestKey, SourceKey};
use super::slot::Slot;
use crate::budget::{BudgetId, InForce, Scope, SpendPath, Tier};

/// A store that failed: it could not be read or written. Unlike what a rule refuses, it is the
/// outer error of a commit.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) Error);

/// What a lookup finds.
pub(crate) type Found<T> = Result<T, Failure>;

/// The first instant, and the first after it.
pub(crate) type Interval = (Timestamp, Timestamp);

/// The records of one ledger, within one commit or one consistent read.
pub(crate) trait Records {
    /// The time of the last commit.
    fn time(&self) -> Found<LedgerTime>;

    /// The sequence of the last entry; 0 where there is none.
    fn last_sequence(&self) -> Found<u64>;

    /// The budgets in force.
    fn in_force(&self) -> Found<Arc<InForce>>;

    /// A call that was granted.
    fn call(&self, id: ReservationId) -> Found<Option<CallRecord>>;

    /// The first open calls that are given up, in the order of their ids.
    fn given_up(&self, which: GivenUp, limit: usize) -> Found<Vec<ReservationId>>;

    /// The first calls after `after` that are open or orphans, in the order of their ids.
    fn outstanding(&self, after: Option<ReservationId>, limit: usize) -> Found<Vec<ReservationId>>;

    /// What was imported of a source.
    fn source(&self, key: &SourceKey) -> Found<Option<SourceRecord>>;

    /// Who booked a provider's request.
    fn request(&self, key: &RequestKey) -> Found<Option<RequestRecord>>;

    /// The fingerprint of the decision that has used up this id.
    fn decision(&self, id: DecisionId) -> Found<Option<[u8; 16]>>;

    /// The raises of a budget that end after `now`.
    fn raises(&self, budget: BudgetId, now: Timestamp) -> Found<Vec<Raise>>;

    /// The keys that were added, in their order.
    fn keys(&self) -> Found<Vec<AddKey>>;

    /// The closed months that have an instant in `start..end`.
    fn closed(&self, start: Timestamp, end: Timestamp) -> Found<Vec<Close>>;

    /// Start and end of the last opened period of a budget that starts at `at` or before.
    fn opened_before(&self, budget: BudgetId, at: Timestamp) -> Found<Option<Interval>>;

    /// The start of the first opened period of a budget that starts at `at` or after.
    fn opened_after(&self, budget: BudgetId, at: Timestamp) -> Found<Option<Timestamp>>;

    /// The sums of a slot; nothing where it has no balance.
    fn balance(&self, budget: BudgetId, slot: &Slot) -> Found<Option<Amounts>>;

    /// The first balances of a budget after `after` and not after `last`, in the order of slots.
    fn balances(
        &self,
        budget: BudgetId,
        after: Option<&Slot>,
        last: Option<&Slot>,
        limit: usize,
    ) -> Found<Vec<(Slot, Amounts)>>;

    /// The tiers of a budget that were told to be reached in the slots from `first` to `last`.
    fn reached(&self, budget: BudgetId, first: &Slot, last: &Slot) -> Found<Vec<Tier>>;

    /// Shows every posting of the journal that is posted in `start..end`, or all, in any order.
    /// Those that `scope` does not hold may be left out.
    fn postings(
        &self,
        scope: &Scope,
        interval: Option<Interval>,
        each: &mut dyn FnMut(&Posting),
    ) -> Found<()>;

    /// Writes what one operation changes; what is written is found by the lookups that follow.
    fn apply(&mut self, changes: Changes) -> Found<()>;
}

/// Which open calls are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GivenUp {
    /// Those whose deadline is at this instant or before.
    Overdue(Timestamp),
    /// Those of this process.
    Holder(Holder),
}

/// What a ledger knows of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallRecord {
    pub(crate) id: ReservationId,
    pub(crate) path: Arc<SpendPath>,
    pub(crate) reserved_at: Timestamp,
    pub(crate) deadline: Timestamp,
    pub(crate) holder: Option<Holder>,
    /// What a retry of the reserve must be equal to.
    pub(crate) reserve: [u8; 16],
    /// What the reserve was answered.
    pub(crate) grant: Grant,
    /// What a retry of the settle must be equal to.
    pub(crate) settle: Option<[u8; 16]>,
    pub(crate) outcome: Outcome,
    pub(crate) max_output_tokens: u64,
    /// What the postings of the call itself add to what is spent; corrections are apart.
    pub(crate) booked: Money,
    /// What corrections add, those of imports that are copies of it included.
    pub(crate) corrected: Money,
    /// The amount is not final: imports of the same request set it right.
    pub(crate) is_estimate: bool,
    /// What is booked is the sum of what imports told.
    pub(crate) follows_imports: bool,
    /// The provider's name for it.
    pub(crate) request: Option<RequestKey>,
}

impl CallRecord {
    pub(crate) fn is(&self, state: State) -> bool {
        self.outcome.state == state
    }

    /// As those who ask see it.
    pub(crate) fn shown(self) -> Call {
        let Self { id, path, reserved_at, deadline, holder, outcome, corrected, .. } = self;
        Call { id, path, reserved_at, deadline, holder, outcome, corrected }
    }
}

/// What a ledger knows of a source of imports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceRecord {
    pub(crate) path: Arc<SpendPath>,
    pub(crate) at: Timestamp,
    pub(crate) revision: u32,
    pub(crate) amount: Option<Money>,
    pub(crate) size: u128,
    pub(crate) copy_of: Option<ReservationId>,
    /// What was counted, as the last snapshot tells it.
    pub(crate) metered: Option<Arc<Metered>>,
    /// All that was posted of it to its owner, adjustments and corrections included.
    pub(crate) booked: Money,
}

impl SourceRecord {
    /// As those who ask see it.
    pub(crate) fn shown(self) -> Imported {
        let Self { path, at, revision, amount, size, metered, copy_of, booked: _ } = self;
        Imported { path, at, revision, amount, size, metered, copy_of }
    }
}

/// Who booked a provider's request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RequestRecord {
    pub(crate) call: Option<ReservationId>,
    /// The imports that were booked by themselves, in their order.
    pub(crate) sources: Vec<SourceKey>,
}

/// What one operation changes. Records are whole: what was there under the key is replaced.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// New entries, in their order.
    pub(crate) entries: Vec<Entry>,
    /// The time of the commit.
    pub(crate) time: LedgerTime,
    pub(crate) calls: BTreeMap<ReservationId, CallRecord>,
    pub(crate) sources: BTreeMap<SourceKey, SourceRecord>,
    pub(crate) requests: BTreeMap<RequestKey, RequestRecord>,
    pub(crate) decisions: BTreeMap<DecisionId, [u8; 16]>,
    pub(crate) raises: Vec<Raise>,
    pub(crate) closed: Vec<Close>,
    pub(crate) keys: Vec<AddKey>,
    /// Opened periods with their ends.
    pub(crate) periods: BTreeMap<(BudgetId, Timestamp), Timestamp>,
    /// The budgets in force from here on, where they change.
    pub(crate) in_force: Option<Arc<InForce>>,
    /// Budgets whose balances go, before those below are written.
    pub(crate) dropped: Vec<BudgetId>,
    pub(crate) balances: BTreeMap<(BudgetId, Slot), Amounts>,
    /// Tiers that were told to be reached.
    pub(crate) reached: Vec<(BudgetId, Slot, Tier)>,
}

//! A good ledger with one rule broken: what each check must notice.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use octorato_core::{DecisionId, Money, ReservationId, Result};

use super::world::{cents, in_force};
use crate::budget::{Action, Budget, InForce, Percent, Scope, Tier, Tiers};
use crate::ledger::{
    Answer, Append, Ask, Balance, Batch, Call, Decision, Entry, Fact, Imported, Ledger, Note,
    Operation, Raise, Reading, SourceKey, Standing, Verdict, Verification,
};

/// The rule that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Calls are granted up to twice the limit.
    GrantsTooMuch,
    /// Holds do not count in balances.
    ForgetsHolds,
    /// Two calls end under the same id.
    EndsTwice,
    /// A correction that comes again is another correction.
    BooksRetries,
    /// A denied call is remembered as a little spend.
    KeepsDenials,
    /// The months of one arm count less than was spent.
    ForgetsAChild,
    /// The first period of each budget is lost.
    LosesAPeriod,
    /// Periods are an hour too long.
    OverlapsPeriods,
    /// What is dated in a closed month is posted there.
    ReopensMonths,
    /// An entry is dated before the one before it.
    TurnsBack,
    /// Only the first budget that fails is named.
    NamesOne,
    /// A cost is booked at no more than nothing.
    ClampsCosts,
    /// Orphans hold nothing.
    ForgetsOrphans,
    /// Tiers are not told.
    ForgetsTiers,
    /// The tiers of a budget are told in its first period again.
    TellsTwice,
    /// What trials would deny is not said.
    HidesTrials,
    /// What is moved stays booked where it was.
    MovesHalf,
    /// What a late cost changes is not booked.
    ForgetsLateCosts,
}

pub(crate) struct Faulty<L> {
    inner: L,
    fault: Fault,
    serial: AtomicU8,
    policies: Mutex<Vec<Arc<InForce>>>,
}

impl<L: Ledger> Faulty<L> {
    pub(crate) fn new(inner: L, fault: Fault) -> Self {
        Self { inner, fault, serial: AtomicU8::new(100), policies: Mutex::default() }
    }

    fn lax(&self, policy: &Arc<InForce>) -> Operation {
        self.policies.lock().unwrap().push(policy.clone());
        let double = Tier { at: Percent::new(200.into()).unwrap(), action: Action::HardStop };
        let budgets = policy.budgets().map(|budget| {
            if !budget.enforces() {
                return budget.clone();
            }
            let (scope, matching) = (budget.scope().clone(), budget.selectors().clone());
            let tiers = Tiers::new(None, None, vec![double]).unwrap();
            let lax = Budget::new(scope, budget.cycle(), budget.cap(), tiers).unwrap();
            lax.matching(matching).in_zone(budget.zone().clone())
        });
        Operation::Adopt(in_force(budgets.collect()))
    }

    fn changed(&self, operation: &Operation) -> Operation {
        match (self.fault, operation) {
            (Fault::GrantsTooMuch, Operation::Adopt(policy)) => self.lax(policy),
            (Fault::BooksRetries, Operation::Correct(correct)) => {
                let serial = self.serial.fetch_add(1, Ordering::SeqCst);
                let mut correct = correct.clone();
                correct.id = DecisionId::from_parts(Timestamp::UNIX_EPOCH, [serial; 10]);
                Operation::Correct(correct)
            }
            _ => operation.clone(),
        }
    }

    fn after(&self, operation: &Operation, answer: &mut Result<Answer>) {
        let Ok(Answer::Decision(decision)) = answer else { return };
        let (Decision::Busy(shortage) | Decision::Exhausted(shortage)) = decision else { return };
        match (self.fault, operation) {
            (Fault::NamesOne, _) => shortage.failed.truncate(1),
            (Fault::KeepsDenials, Operation::Reserve(reserve)) => {
                let serial = self.serial.fetch_add(1, Ordering::SeqCst);
                let trace = Append {
                    source: SourceKey { reader: "fault".into(), key: serial.to_string().into() },
                    at: "2026-10-20T00:00:00Z".parse().unwrap(),
                    path: reserve.path.clone(),
                    amount: Some(cents(1)),
                    size: 1,
                    request: None,
                    metered: None,
                    origin: None,
                };
                self.inner.append(vec![trace]).unwrap();
            }
            _ => {}
        }
    }

    fn told(&self, mut balances: Vec<Balance>) -> Vec<Balance> {
        let nothing = Money::zero(octorato_core::Currency::USD);
        let standings = self.inner.standings().unwrap();
        match self.fault {
            Fault::ForgetsHolds => {
                for balance in &mut balances {
                    balance.amounts.open = nothing;
                }
            }
            Fault::ForgetsAChild => {
                let arm = standings.iter().find(|one| matches!(one.scope, Scope::Arm(_)));
                for balance in &mut balances {
                    if arm.is_some_and(|arm| arm.budget == balance.budget) {
                        balance.amounts.spent = nothing;
                    }
                }
            }
            Fault::LosesAPeriod => drop(balances.drain(..balances.len().min(1))),
            _ => {}
        }
        balances
    }
}

impl<L: Ledger> Ledger for Faulty<L> {
    fn commit_batch(&self, batch: &Batch<'_>) -> Result<Vec<Result<Answer>>> {
        let operations = batch.operations.iter();
        let changed: Vec<_> = operations.map(|operation| self.changed(operation)).collect();
        let mut answers = self.inner.commit_batch(&Batch { operations: &changed, ..*batch })?;
        for (operation, answer) in batch.operations.iter().zip(&mut answers) {
            self.after(operation, answer);
        }
        Ok(answers)
    }

    fn check(&self, asks: &[Ask]) -> Result<Vec<Verdict>> {
        self.inner.check(asks)
    }

    fn standings(&self) -> Result<Vec<Standing>> {
        self.inner.standings()
    }

    fn in_force(&self) -> Result<Arc<InForce>> {
        self.inner.in_force()
    }

    fn raises(&self) -> Result<Vec<Raise>> {
        self.inner.raises()
    }

    fn time(&self) -> Result<Reading> {
        self.inner.time()
    }

    fn balances(&self) -> Result<Vec<Balance>> {
        self.inner.balances().map(|balances| self.told(balances))
    }

    fn entries(&self, after: u64, limit: usize) -> Result<Vec<Entry>> {
        let mut all = self.inner.entries(0, usize::MAX)?;
        let (mut first_end, mut first_slots) = (None, BTreeMap::new());
        let hides = |fact: &Fact| match self.fault {
            Fault::ForgetsTiers => matches!(fact, Fact::TierReached { .. }),
            Fault::HidesTrials => matches!(fact, Fact::WouldDeny { .. }),
            _ => false,
        };
        all.retain(|entry| !hides(&entry.fact));
        let policies = self.policies.lock().unwrap();
        for entry in &mut all {
            match (self.fault, &mut entry.fact) {
                (Fault::GrantsTooMuch, Fact::Adopted(policy)) => {
                    let names = |policy: &InForce| {
                        let judges = policy.judges().iter();
                        judges.map(|one| (one.id, one.budget.cap())).collect::<Vec<_>>()
                    };
                    let adopted = policies.iter().find(|one| names(one) == names(policy));
                    *policy = adopted.unwrap().clone();
                }
                (
                    Fault::EndsTwice,
                    Fact::Settled { id, .. }
                    | Fact::Released { id, .. }
                    | Fact::Resolved { id, .. },
                ) => *id = *first_end.get_or_insert(*id),
                (Fault::OverlapsPeriods, Fact::Opened { end, .. }) => {
                    *end += SignedDuration::from_hours(1);
                }
                (Fault::TellsTwice, Fact::TierReached { budget, slot, at_pct, action, .. }) => {
                    let told = (slot.clone(), *at_pct, *action);
                    let first = first_slots.entry(*budget).or_insert(told);
                    (*slot, *at_pct, *action) = first.clone();
                }
                (Fault::MovesHalf, Fact::Reversed { .. })
                | (Fault::ForgetsLateCosts, Fact::Confirmed { .. }) => entry.postings.clear(),
                (Fault::ClampsCosts, Fact::Settled { .. }) => entry.postings.truncate(1),
                (Fault::TurnsBack, Fact::Reserved { .. }) => {
                    entry.at -= SignedDuration::from_hours(1);
                }
                _ => {}
            }
            if self.fault == Fault::ReopensMonths {
                for posting in &mut entry.postings {
                    posting.posted = posting.dated;
                }
            }
        }
        all.retain(|entry| entry.sequence > after);
        all.truncate(limit);
        Ok(all)
    }

    fn call(&self, id: ReservationId) -> Result<Option<Call>> {
        self.inner.call(id)
    }

    fn outstanding(&self) -> Result<Vec<Call>> {
        let mut calls = self.inner.outstanding()?;
        if self.fault == Fault::ForgetsOrphans {
            calls.retain(|call| call.outcome.state == crate::ledger::State::Open);
        }
        Ok(calls)
    }

    fn imported_all(&self, sources: &[SourceKey]) -> Result<Vec<Option<Imported>>> {
        self.inner.imported_all(sources)
    }

    fn note(&self, name: &str) -> Result<Option<Arc<[u8]>>> {
        self.inner.note(name)
    }

    fn notes(&self, prefix: &str, limit: usize) -> Result<Vec<Note>> {
        self.inner.notes(prefix, limit)
    }

    fn replay(&self) -> Result<Vec<Balance>> {
        self.inner.replay()
    }

    fn verify(&self) -> Result<Verification> {
        self.inner.verify()
    }
}

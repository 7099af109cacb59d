//! Telling once for each period that a tier of a budget is reached.

use std::collections::BTreeMap;

use jiff::Timestamp;
use octorato_core::Money;

use super::Ruled;
use super::staged::Staged;
use crate::budget::{Cycle, InForce, Judge, Rolling, Tier};
use crate::ledger::entry::{Amounts, Fact};
use crate::ledger::records::Records;
use crate::ledger::slot::Slot;

/// A period of a budget: the slots in which its tiers are told once, and what was spent in it.
struct Told {
    first: Slot,
    last: Slot,
    spent: Money,
}

impl<R: Records> Staged<'_, R> {
    /// Of budgets that are new or otherwise than before, the tiers of their current periods are told
    /// as well. Sessions and runs wait for their next spend: which of them go on is not known.
    pub(super) fn touch_changed(&mut self, before: &InForce, now: Timestamp) -> Ruled<()> {
        let in_force = self.in_force.clone();
        for judge in in_force.judges().iter().filter(|judge| before.find(judge.id) != Some(*judge))
        {
            let slot = match judge.budget.cycle() {
                Cycle::Session | Cycle::Run => None,
                Cycle::Total => Some(Slot::Total),
                Cycle::Rolling(rolling) => Some(Slot::Bucket(rolling.bucket(now))),
                _ => self.opened_before(judge.id, now)?.map(|(start, _)| Slot::From(start)),
            };
            self.touched.extend(slot.map(|slot| (judge.id, slot)));
        }
        Ok(())
    }

    /// Writes what was reached in the slots of which more was spent.
    pub(super) fn tell_tiers(&mut self, now: Timestamp) -> Ruled<()> {
        let in_force = self.in_force.clone();
        for (id, slot) in std::mem::take(&mut self.touched) {
            let Some(judge) = in_force.find(id) else { continue };
            let Some(period) = self.told(judge, slot, now)? else { continue };
            let reached = judge.budget.reached(period.spent)?;
            if reached.is_empty() {
                continue;
            }
            let Told { first, last, spent } = period;
            let mut told = self.records.reached(id, &first, &last)?;
            told.extend(self.changes.reached.iter().filter_map(|(of, at, tier)| {
                (*of == id && first <= *at && *at <= last).then_some(*tier)
            }));
            for Tier { at, action } in reached.iter().filter(|tier| !told.contains(tier)).copied() {
                let (slot, cap) = (last.clone(), judge.budget.cap());
                let (budget, at_pct) = (id, at);
                let fact = Fact::TierReached { budget, slot, at_pct, action, spent, cap };
                self.push(fact, Vec::new(), now)?;
            }
        }
        Ok(())
    }

    /// The period of a slot; nothing of a rolling one that counts no longer, or not yet.
    fn told(&self, judge: &Judge, slot: Slot, now: Timestamp) -> Ruled<Option<Told>> {
        let (Slot::Bucket(number), Cycle::Rolling(rolling)) = (&slot, judge.budget.cycle()) else {
            let spent = self.staged_balance(judge, &slot)?.spent;
            return Ok(Some(Told { first: slot.clone(), last: slot, spent }));
        };
        let newest = rolling.bucket(now);
        let oldest = newest.saturating_sub(Rolling::BUCKETS);
        if !(oldest..=newest).contains(number) {
            return Ok(None);
        }
        let (first, last) = (Slot::Bucket(oldest), Slot::Bucket(newest));
        let after = Slot::Bucket(oldest.saturating_sub(1));
        let stored = self.records.balances(judge.id, Some(&after), Some(&last), usize::MAX)?;
        let mut sums: BTreeMap<Slot, Amounts> = stored.into_iter().collect();
        let staged = (judge.id, first.clone())..=(judge.id, last.clone());
        let staged = self.changes.balances.range(staged);
        sums.extend(staged.map(|((_, slot), amounts)| (slot.clone(), *amounts)));
        let sum = sums.into_values().try_fold(Amounts::ZERO, Amounts::checked_add)?;
        Ok(Some(Told { first, last, spent: sum.spent }))
    }

    fn staged_balance(&self, judge: &Judge, slot: &Slot) -> Ruled<Amounts> {
        let key = (judge.id, slot.clone());
        if let Some(staged) = self.changes.balances.get(&key) {
            return Ok(*staged);
        }
        Ok(self.records.balance(judge.id, slot)?.unwrap_or(Amounts::ZERO))
    }
}

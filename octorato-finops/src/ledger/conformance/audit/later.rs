//! What is told beside the books: tiers, trials, moves, late costs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use octorato_core::Money;

use super::{Audit, MOVED, TIERS, TOLD, TRIALS, sum};
use crate::budget::{Budget, BudgetId, Cycle, SpendPath, Tier};
use crate::ledger::conformance::world::usd;
use crate::ledger::{Clock, Entry, Fact, Posting, Reference, RequestKey, Reserve, Slot, SourceKey};

impl Audit<'_> {
    /// A tier that is told was reached, and was not told in this period before.
    pub(super) fn check_told(&mut self, entry: &Entry) {
        let Fact::TierReached { budget, slot, at_pct, action, spent, cap } = &entry.fact else {
            return;
        };
        let tier = Tier { at: *at_pct, action: *action };
        let known = self.budgets.iter().find(|known| known.id() == *budget);
        let is_reached = known.is_some_and(|known| {
            known.cap() == *cap
                && known.tiers().list().contains(&tier)
                && tier.at.of(*cap).unwrap() <= *spent
                && !spent.is_zero()
        });
        let is_first = !self.is_told(*budget, slot, tier);
        self.check(TIERS, is_reached && is_first);
        self.told.entry((*budget, slot.clone())).or_default().push(tier);
    }

    fn is_told(&self, budget: BudgetId, slot: &Slot, tier: Tier) -> bool {
        let first = match slot {
            Slot::Bucket(number) => Slot::Bucket(number - 60),
            other => other.clone(),
        };
        let mut told = self.told.range((budget, first)..=(budget, slot.clone()));
        told.any(|(_, tiers)| tiers.contains(&tier))
    }

    /// Every tier that is reached in a period of which more was spent is told.
    pub(super) fn check_tiers(&mut self, written: &[Entry]) {
        let now = self.time.read(self.clock.tick()).now;
        let mut slots = BTreeSet::new();
        let postings = written.iter().flat_map(|entry| &entry.postings);
        for posting in postings.filter(|posting| posting.amounts.spent.pico() > 0) {
            for budget in self.budgets.iter().filter(|known| known.matches(&posting.path)) {
                let slot = self.slot(budget, posting.posted, &posting.path, now);
                slots.extend(slot.map(|slot| (budget.id(), slot)));
            }
        }
        if written.iter().any(|entry| matches!(entry.fact, Fact::Adopted(_))) {
            for budget in &self.budgets {
                let slot = self.slot(budget, now, &SpendPath::default(), now);
                slots.extend(slot.map(|slot| (budget.id(), slot)));
            }
        }
        let mut is_all = true;
        for (id, slot) in slots {
            let budget = self.budgets.iter().find(|known| known.id() == id).unwrap();
            let spent = self.spent_in(budget, &slot);
            for tier in budget.tiers().list() {
                let is_reached = spent.pico() > 0 && tier.at.of(budget.cap()).unwrap() <= spent;
                is_all &= !is_reached || self.is_told(id, &slot, *tier);
            }
        }
        self.check(TIERS, is_all);
    }

    /// The slot whose tiers spend at `at` can reach; of a rolling budget the newest bucket, while
    /// the spend counts.
    fn slot(
        &self,
        budget: &Budget,
        at: Timestamp,
        path: &SpendPath,
        now: Timestamp,
    ) -> Option<Slot> {
        match budget.cycle() {
            Cycle::Rolling(rolling) => {
                let bucket = |at: Timestamp| at.as_second().div_euclid(rolling.bucket_seconds());
                let newest = bucket(now);
                (newest - 60..=newest).contains(&bucket(at)).then_some(Slot::Bucket(newest))
            }
            Cycle::Total => Some(Slot::Total),
            Cycle::Session => path.session.clone().map(Slot::Session),
            Cycle::Run => path.run.clone().map(Slot::Run),
            _ => {
                let opened = self.periods.get(&budget.id())?.range(..=at).next_back()?;
                (at < *opened.1).then_some(Slot::From(*opened.0))
            }
        }
    }

    fn spent_in(&self, budget: &Budget, slot: &Slot) -> Money {
        let counts = |posting: &&Posting| {
            budget.matches(&posting.path)
                && match (slot, budget.cycle()) {
                    (Slot::From(start), _) => {
                        let end = self.periods[&budget.id()][start];
                        *start <= posting.posted && posting.posted < end
                    }
                    (Slot::Bucket(newest), Cycle::Rolling(rolling)) => {
                        let bucket =
                            posting.posted.as_second().div_euclid(rolling.bucket_seconds());
                        (newest - 60..=*newest).contains(&bucket)
                    }
                    (Slot::Session(session), _) => posting.path.session.as_ref() == Some(session),
                    (Slot::Run(run), _) => posting.path.run.as_ref() == Some(run),
                    _ => true,
                }
        };
        sum(self.journal.iter().flat_map(|entry| &entry.postings).filter(counts)).spent
    }

    /// The trials that a reserve would fail, in the order of the policy.
    pub(super) fn failing_trials(&self, reserve: &Reserve) -> Vec<BudgetId> {
        let now = self.time.read(self.clock.tick()).now;
        let amounts = crate::ledger::Amounts::ZERO;
        let like = Posting { path: reserve.path.clone(), dated: now, posted: now, amounts };
        let mut failing = Vec::new();
        for budget in self.budgets.iter().filter(|known| known.matches(&reserve.path)) {
            if budget.is_shadow() && budget.tiers().has_hard_stop() {
                let counted = self.counted(budget, &like, now).exposure().unwrap();
                let limit = self.raised(budget, now);
                if counted.checked_add(reserve.amount).unwrap() > limit {
                    failing.push(budget.id());
                }
            }
        }
        failing
    }

    /// What trials would have denied is said exactly of what is granted.
    pub(super) fn check_trials(&mut self, granted: bool, failing: &[BudgetId], written: &[Entry]) {
        let said: Vec<_> = written
            .iter()
            .filter_map(|entry| match &entry.fact {
                Fact::WouldDeny { budgets, .. } => Some(budgets.clone()),
                _ => None,
            })
            .collect();
        let expected: Vec<_> =
            (granted && !failing.is_empty()).then(|| failing.to_vec()).into_iter().collect();
        self.check(TRIALS, said == expected);
    }

    /// After a move all that was booked of a thing is where it is now; a cost that comes late is
    /// all that is booked of its call.
    pub(super) fn check_moves(&mut self, written: &[Entry]) {
        for entry in written {
            match &entry.fact {
                Fact::Rebooked { of, .. } => {
                    let here = &entry.postings[0].path;
                    let booked = self.booked_by_path(of);
                    let is_moved = booked.iter().all(|(path, pico)| *path == **here || *pico == 0);
                    self.check(MOVED, is_moved);
                }
                Fact::Confirmed { amount, request, .. } => {
                    let booked = self.booked_of_call(&entry.fact, request.as_ref());
                    self.check(TOLD, booked == *amount);
                }
                _ => {}
            }
        }
    }

    /// What is booked of a call or an import, by path.
    fn booked_by_path(&self, of: &Reference) -> BTreeMap<SpendPath, i128> {
        let mut copies: BTreeMap<&SourceKey, Reference> = BTreeMap::new();
        let mut booked = BTreeMap::new();
        for entry in &self.journal {
            if let Fact::Imported { source, copy_of: Some(id), .. } = &entry.fact {
                copies.insert(source, Reference::Call(*id));
            }
            let about = match &entry.fact {
                Fact::Settled { id, .. }
                | Fact::Released { id, .. }
                | Fact::Orphaned { id, .. }
                | Fact::Resolved { id, .. }
                | Fact::Confirmed { id, .. } => Some(Reference::Call(*id)),
                Fact::Imported { source, .. } => Some(Reference::Source(source.clone())),
                Fact::Adjusted { of, .. }
                | Fact::Reversed { of, .. }
                | Fact::Rebooked { of, .. } => Some(of.clone()),
                Fact::Corrected(correct) => match &correct.of {
                    Reference::Source(key) if copies.contains_key(key) => copies.get(key).cloned(),
                    of => Some(of.clone()),
                },
                _ => None,
            };
            if about.as_ref() == Some(of) {
                for posting in &entry.postings {
                    let sum = booked.entry((*posting.path).clone()).or_insert(0);
                    *sum += posting.amounts.spent.pico();
                }
            }
        }
        booked
    }

    /// What is booked of a call and of the imports of its request, without corrections.
    fn booked_of_call(&self, fact: &Fact, key: Option<&RequestKey>) -> Money {
        let Fact::Confirmed { id: call, .. } = fact else { return usd("0") };
        let mut own: BTreeSet<&SourceKey> = BTreeSet::new();
        let mut seen: BTreeSet<&SourceKey> = BTreeSet::new();
        let mut booked = usd("0");
        for entry in &self.journal {
            let is_about = match &entry.fact {
                Fact::Settled { id, .. }
                | Fact::Orphaned { id, .. }
                | Fact::Resolved { id, .. }
                | Fact::Confirmed { id, .. }
                | Fact::Adjusted { of: Reference::Call(id), .. } => id == call,
                Fact::Imported { source, request, copy_of, .. } => {
                    // Its first snapshot says whose request it is.
                    if seen.insert(source) && request.as_ref() == key && copy_of.is_none() {
                        own.insert(source);
                    }
                    key.is_some() && own.contains(source)
                }
                Fact::Adjusted { of: Reference::Source(source), .. } => {
                    key.is_some() && own.contains(source)
                }
                _ => false,
            };
            if is_about {
                booked = booked.checked_add(sum(entry.postings.iter()).spent).unwrap();
            }
        }
        booked
    }
}

//! Whether something fits, and how it stands with the budgets.

use jiff::Timestamp;
use octorato_core::{Currency, Money, ReservationId, Result};

use super::book::{Book, CallRecord, InForce};
use crate::ledger::answer::{Ask, Call, Decision, Grant, Shortage, Standing, Verdict};
use crate::ledger::entry::Amounts;
use crate::ledger::path::SpendPath;
use crate::ledger::window::{BUCKETS, Slot, Window, bucket, bucket_interval, rolling_length};

impl Book {
    pub(super) fn verdict(&self, ask: &Ask, now: Timestamp) -> Result<Verdict> {
        super::calls::amount(ask.amount)?;
        let mut standings = self.standings_of(&ask.path, now, now)?;
        standings.sort_by(Standing::by_tightness);
        let grant = Grant { amount: ask.amount, max_output_tokens: ask.max_output_tokens };
        let decision = decide(&standings, ask.amount, grant)?;
        Ok(Verdict { decision, standings })
    }

    /// Whether `more` fits on `path` in the periods of `at`, for a call that then holds the grant.
    pub(super) fn judge(
        &self,
        path: &SpendPath,
        at: Timestamp,
        now: Timestamp,
        more: Money,
        grant: Grant,
    ) -> Result<Decision> {
        decide(&self.standings_of(path, at, now)?, more, grant)
    }

    /// How it stands at `now` with the budgets that judge `path`, in the periods of `at`.
    fn standings_of(
        &self,
        path: &SpendPath,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Standing>> {
        let judging = self.budgets.iter().filter(|known| known.budget.identity.matches(path));
        judging
            .map(|known| match known.budget.identity.window.keyed(at, path) {
                Some(slot) => self.standing(known, slot, now),
                None => self.civil_standing(known, at, now),
            })
            .collect()
    }

    pub(super) fn standings(&self, now: Timestamp) -> Result<Vec<Standing>> {
        let mut standings = Vec::new();
        for known in &self.budgets {
            match known.budget.identity.window {
                Window::Hour | Window::Civil(_) | Window::MonthFrom(_) => {
                    standings.push(self.civil_standing(known, now, now)?);
                }
                Window::Rolling { hours } => {
                    standings.push(self.standing(known, Slot::Bucket(bucket(hours, now)), now)?);
                }
                Window::Total => standings.push(self.standing(known, Slot::Total, now)?),
                Window::Session | Window::Run => {
                    for slot in self.slots(known.id) {
                        standings.push(self.standing(known, slot.clone(), now)?);
                    }
                }
            }
        }
        Ok(standings)
    }

    fn civil_standing(&self, known: &InForce, at: Timestamp, now: Timestamp) -> Result<Standing> {
        let interval = match self.opened(known.id, at) {
            Some(interval) => interval,
            None => match self.civil(known.id, &known.budget, at)? {
                Some((start, end, _)) => (start, end),
                None => (Timestamp::MIN, Timestamp::MAX),
            },
        };
        let slot = Slot::From(interval.0);
        let amounts = match self.balance(known.id, &slot) {
            Some(amounts) => amounts,
            None => self.fold(known, &slot, Some(interval))?,
        };
        let mut standing = self.with_amounts(known, slot, amounts, now)?;
        standing.start = Some(interval.0);
        standing.end = Some(interval.1);
        standing.resets = standing.end;
        Ok(standing)
    }

    fn standing(&self, known: &InForce, slot: Slot, now: Timestamp) -> Result<Standing> {
        let (Slot::Bucket(newest), Window::Rolling { hours }) =
            (&slot, known.budget.identity.window)
        else {
            let amounts = self.balance(known.id, &slot).unwrap_or(Amounts::ZERO);
            return self.with_amounts(known, slot, amounts, now);
        };
        let (mut amounts, mut oldest_spend) = (Amounts::ZERO, None);
        let oldest = newest.saturating_sub(BUCKETS);
        for number in oldest..=*newest {
            if let Some(in_bucket) = self.balance(known.id, &Slot::Bucket(number)) {
                amounts = amounts.checked_add(in_bucket)?;
                if oldest_spend.is_none() && in_bucket != Amounts::ZERO {
                    oldest_spend = Some(number);
                }
            }
        }
        let mut standing = self.with_amounts(known, slot.clone(), amounts, now)?;
        standing.start = Some(bucket_interval(hours, oldest).0);
        // A bucket counts until the window's start has left it.
        standing.resets = oldest_spend.and_then(|number| {
            bucket_interval(hours, number).1.checked_add(rolling_length(hours)).ok()
        });
        Ok(standing)
    }

    fn with_amounts(
        &self,
        InForce { id, budget }: &InForce,
        slot: Slot,
        amounts: Amounts,
        now: Timestamp,
    ) -> Result<Standing> {
        let raised = self
            .raises
            .iter()
            .filter(|raise| raise.budget == *id && now < raise.until)
            .map(|raise| raise.amount);
        let raised = Money::sum(Currency::USD, raised)?;
        Ok(Standing {
            budget: *id,
            name: budget.name.clone(),
            scope: budget.identity.scope.clone(),
            slot,
            start: None,
            end: None,
            resets: None,
            cap: budget.cap,
            limit: budget.limit()?.map(|limit| limit.checked_add(raised)).transpose()?,
            spent: amounts.spent,
            open: amounts.open,
            orphaned: amounts.orphaned,
        })
    }

    pub(super) fn call(&self, id: ReservationId) -> Option<Call> {
        self.calls.get(&id).map(|record| call(id, record))
    }

    pub(super) fn outstanding(&self) -> Vec<Call> {
        let calls = self.calls.iter().filter(|(_, record)| !record.outcome.state.is_final());
        calls.map(|(id, record)| call(*id, record)).collect()
    }
}

fn call(id: ReservationId, record: &CallRecord) -> Call {
    Call {
        id,
        path: record.path.clone(),
        reserved_at: record.reserved_at,
        deadline: record.deadline,
        outcome: record.outcome,
        corrected: record.corrected,
    }
}

/// The grant is all that the call would hold: waiting for other calls does not free its part.
fn decide(standings: &[Standing], more: Money, grant: Grant) -> Result<Decision> {
    let mut failed = Vec::new();
    let mut would_fit = true;
    for standing in standings {
        if !standing.fits(more)? {
            would_fit &= standing.would_fit_once_settled(grant.amount)?;
            failed.push(standing.clone());
        }
    }
    if failed.is_empty() {
        return Ok(Decision::Granted(grant));
    }
    failed.sort_by(Standing::by_tightness);
    let shortage = Shortage { requested: more, failed };
    Ok(if would_fit { Decision::Busy(shortage) } else { Decision::Exhausted(shortage) })
}

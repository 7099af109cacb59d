//! Whether something fits, and how it stands with the budgets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use octorato_core::{Currency, Money};

use super::spend::{fold, period};
use super::{Ruled, Rules, amount};
use crate::budget::{Action, BudgetId, Cycle, Judge, Rolling, SpendPath};
use crate::ledger::answer::{Ask, Decision, Grant, Level, Shortage, Standing, Verdict};
use crate::ledger::entry::Amounts;
use crate::ledger::records::Records;
use crate::ledger::slot::Slot;

/// How many sessions or runs are read at once.
const PAGE: usize = 1_000;

impl<R: Records> Rules<'_, R> {
    pub(super) fn verdict(&self, ask: &Ask, now: Timestamp) -> Ruled<Verdict> {
        amount(ask.amount)?;
        let mut standings = self.standings_of(&ask.path, now, now)?;
        standings.sort_by(Standing::by_tightness);
        let grant = Grant { amount: ask.amount, max_output_tokens: ask.max_output_tokens };
        let (decision, _) = decide(&standings, ask.amount, grant)?;
        Ok(Verdict { decision, standings })
    }

    /// Whether `more` fits on `path` in the periods of `at`, for a call that then holds the grant;
    /// and the trials that would have denied what is granted.
    pub(super) fn judge(
        &self,
        path: &SpendPath,
        at: Timestamp,
        now: Timestamp,
        more: Money,
        grant: Grant,
    ) -> Ruled<(Decision, Vec<BudgetId>)> {
        decide(&self.standings_of(path, at, now)?, more, grant)
    }

    /// How it stands at `now` with the budgets that judge `path`, in the periods of `at`.
    fn standings_of(
        &self,
        path: &SpendPath,
        at: Timestamp,
        now: Timestamp,
    ) -> Ruled<Vec<Standing>> {
        let in_force = self.records.in_force()?;
        let judges = in_force.judging(path).into_iter();
        judges
            .map(|judge| match Slot::keyed(judge.budget.cycle(), at, path) {
                Some(slot) => self.standing(judge, slot, now),
                None => self.civil_standing(judge, at, now),
            })
            .collect()
    }

    pub(super) fn standings(&self, now: Timestamp) -> Ruled<Vec<Standing>> {
        let in_force = self.records.in_force()?;
        let mut standings = Vec::new();
        for judge in in_force.judges() {
            match judge.budget.cycle() {
                Cycle::Rolling(rolling) => {
                    standings.push(self.rolling_standing(
                        judge,
                        rolling,
                        rolling.bucket(now),
                        now,
                    )?);
                }
                Cycle::Total => standings.push(self.standing(judge, Slot::Total, now)?),
                Cycle::Session | Cycle::Run => self.keyed_standings(judge, now, &mut standings)?,
                _ => standings.push(self.civil_standing(judge, now, now)?),
            }
        }
        Ok(standings)
    }

    /// Of each session or run that has a balance.
    fn keyed_standings(
        &self,
        judge: &Judge,
        now: Timestamp,
        standings: &mut Vec<Standing>,
    ) -> Ruled<()> {
        let mut after = None;
        loop {
            let page = self.records.balances(judge.id, after.as_ref(), None, PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(slot, _)| slot.clone());
            for (slot, amounts) in page {
                standings.push(self.with_amounts(judge, slot, amounts, now)?);
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn civil_standing(&self, judge: &Judge, at: Timestamp, now: Timestamp) -> Ruled<Standing> {
        let before = self.records.opened_before(judge.id, at)?;
        let interval = if let Some(interval) = before.filter(|(_, end)| at < *end) {
            interval
        } else {
            let after = || self.records.opened_after(judge.id, at);
            let period = period(&judge.budget, at, before, after)?;
            period.map_or((Timestamp::MIN, Timestamp::MAX), |(start, end, _)| (start, end))
        };
        let slot = Slot::From(interval.0);
        let amounts = match self.records.balance(judge.id, &slot)? {
            Some(amounts) => amounts,
            None => fold(self.records, judge, interval)?,
        };
        let mut standing = self.with_amounts(judge, slot, amounts, now)?;
        standing.start = Some(interval.0);
        standing.end = Some(interval.1);
        standing.resets = standing.end;
        Ok(standing)
    }

    fn standing(&self, judge: &Judge, slot: Slot, now: Timestamp) -> Ruled<Standing> {
        if let (Slot::Bucket(first), Cycle::Rolling(rolling)) = (&slot, judge.budget.cycle()) {
            return self.rolling_standing(judge, rolling, *first, now);
        }
        let amounts = self.records.balance(judge.id, &slot)?.unwrap_or(Amounts::ZERO);
        self.with_amounts(judge, slot, amounts, now)
    }

    /// How it stands in the fullest of the windows that contain the bucket `first`, up to the one
    /// that ends at `now`: what is added to an older bucket counts in all of them.
    fn rolling_standing(
        &self,
        judge: &Judge,
        rolling: Rolling,
        first: i64,
        now: Timestamp,
    ) -> Ruled<Standing> {
        let span = Rolling::BUCKETS;
        let final_end = rolling.bucket(now).min(first.saturating_add(span)).max(first);
        let buckets = self.buckets(judge, rolling, (first.saturating_sub(span), final_end), now)?;
        let mut fullest: Option<(Money, i64, Amounts)> = None;
        for end in first..=final_end {
            let window = buckets.range(end.saturating_sub(span)..=end);
            let mut amounts = Amounts::ZERO;
            for (_, in_bucket) in window {
                amounts = amounts.checked_add(*in_bucket)?;
            }
            let exposure = amounts.exposure()?;
            if fullest.is_none_or(|(most, ..)| most.pico() <= exposure.pico()) {
                fullest = Some((exposure, end, amounts));
            }
        }
        let (_, end, amounts) =
            fullest.unwrap_or((Money::zero(Currency::USD), first, Amounts::ZERO));
        let oldest = end.saturating_sub(span);
        let mut in_window = buckets.range(oldest..=end);
        let oldest_spend = in_window.find(|(_, amounts)| **amounts != Amounts::ZERO);
        let mut standing = self.with_amounts(judge, Slot::Bucket(end), amounts, now)?;
        standing.start = Some(rolling.interval(oldest).0);
        // A bucket counts until the window's start has left it.
        standing.resets = oldest_spend
            .and_then(|(number, _)| rolling.interval(*number).1.checked_add(rolling.length()).ok());
        Ok(standing)
    }

    /// The sums of a rolling budget from one bucket to another. Those that are kept are complete from
    /// two windows before the adoption; what may be older is folded from the journal.
    fn buckets(
        &self,
        judge: &Judge,
        rolling: Rolling,
        (first, last): (i64, i64),
        now: Timestamp,
    ) -> Ruled<BTreeMap<i64, Amounts>> {
        let mut buckets = BTreeMap::new();
        if first >= rolling.oldest_kept(now) {
            let (after, until) = (Slot::Bucket(first.saturating_sub(1)), Slot::Bucket(last));
            let kept = self.records.balances(judge.id, Some(&after), Some(&until), usize::MAX)?;
            for (slot, amounts) in kept {
                if let Slot::Bucket(number) = slot {
                    buckets.insert(number, amounts);
                }
            }
            return Ok(buckets);
        }
        let interval = (rolling.interval(first).0, rolling.interval(last).1);
        let mut overflow = Ok(());
        self.records.postings(judge.budget.scope(), Some(interval), &mut |posting| {
            let (budget, at) = (&judge.budget, posting.posted);
            if interval.0 <= at && at < interval.1 && budget.matches(&posting.path) {
                let sum = buckets.entry(rolling.bucket(at)).or_insert(Amounts::ZERO);
                match sum.checked_add(posting.amounts) {
                    Ok(more) => *sum = more,
                    Err(error) => overflow = Err(error),
                }
            }
        })?;
        overflow?;
        Ok(buckets)
    }

    fn with_amounts(
        &self,
        judge: &Judge,
        slot: Slot,
        amounts: Amounts,
        now: Timestamp,
    ) -> Ruled<Standing> {
        let Judge { id, title, budget } = judge;
        let raises = self.records.raises(*id, now)?;
        let more = Money::sum(Currency::USD, raises.iter().map(|raise| raise.amount))?;
        let limit = budget.limit().checked_add(more)?;
        let reached = budget.reached(amounts.spent)?.iter().map(|tier| tier.action).max();
        let is_over = amounts.spent.pico() > 0 && amounts.spent.pico() >= limit.pico();
        let level = match reached {
            _ if is_over => Level::Over,
            None => Level::Ok,
            Some(Action::Alert) => Level::Alert,
            Some(Action::Warn | Action::HardStop) => Level::Warn,
        };
        Ok(Standing {
            budget: *id,
            name: title.clone(),
            scope: budget.scope().clone(),
            slot,
            start: None,
            end: None,
            resets: None,
            cap: budget.cap(),
            limit,
            action: budget.tiers().strongest(),
            is_enforced: budget.enforces(),
            is_shadow: budget.is_shadow(),
            level,
            spent: amounts.spent,
            open: amounts.open,
            orphaned: amounts.orphaned,
        })
    }
}

/// The grant is all that the call would hold: waiting for other calls does not free its part.
fn decide(standings: &[Standing], more: Money, grant: Grant) -> Ruled<(Decision, Vec<BudgetId>)> {
    let (mut failed, mut trials) = (Vec::new(), Vec::new());
    let mut would_fit = true;
    for standing in standings.iter().filter(|standing| standing.action == Action::HardStop) {
        if standing.fits(more)? {
            continue;
        }
        if standing.is_enforced {
            would_fit &= standing.would_fit_once_settled(grant.amount)?;
            failed.push(standing.clone());
        } else {
            trials.push(standing.budget);
        }
    }
    if failed.is_empty() {
        return Ok((Decision::Granted(grant), trials));
    }
    failed.sort_by(Standing::by_tightness);
    let shortage = Shortage { requested: more, failed };
    let denied = if would_fit { Decision::Busy } else { Decision::Exhausted };
    Ok((denied(shortage), Vec::new()))
}

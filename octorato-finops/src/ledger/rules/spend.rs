//! Where spend is posted, and what a slot of a budget counts.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Money, Result};

use super::{Ruled, Rules};
use crate::budget::{Budget, Cycle, Judge, SpendPath};
use crate::ledger::entry::{Amounts, Posting};
use crate::ledger::records::{CallRecord, Found, Interval, Records};
use crate::ledger::slot::Slot;

impl<R: Records> Rules<'_, R> {
    /// A posting of spend dated `dated`, past the closed months of its owner.
    pub(super) fn spend(
        &self,
        path: &Arc<SpendPath>,
        dated: Timestamp,
        amount: Money,
    ) -> Ruled<Posting> {
        let mut posted = dated;
        loop {
            let next = posted.saturating_add(SignedDuration::from_nanos(1));
            let closed = self.records.closed(posted, next.unwrap_or(Timestamp::MAX))?;
            match closed.iter().find(|close| close.scope.holds(path) && close.end > posted) {
                Some(close) => posted = close.end,
                None => break,
            }
        }
        Ok(Posting { path: path.clone(), dated, posted, amounts: Amounts::spent(amount) })
    }
}

impl CallRecord {
    /// A posting to the periods of the reserve.
    pub(super) fn hold(&self, amounts: Amounts) -> Posting {
        let at = self.reserved_at;
        Posting { path: self.path.clone(), dated: at, posted: at, amounts }
    }
}

/// The sum of the journal's postings in an interval that a budget counts.
pub(super) fn fold<R: Records>(records: &R, judge: &Judge, interval: Interval) -> Ruled<Amounts> {
    let budget = &judge.budget;
    let mut sum = Ok(Amounts::ZERO);
    records.postings(budget.scope(), Some(interval), &mut |posting| {
        if counts(budget, interval, posting) {
            add(&mut sum, posting.amounts);
        }
    })?;
    Ok(sum?)
}

/// Adds to a sum that may be out of range already.
pub(super) fn add(sum: &mut Result<Amounts>, amounts: Amounts) {
    if let Ok(so_far) = sum {
        *sum = so_far.checked_add(amounts);
    }
}

fn counts(budget: &Budget, (start, end): Interval, posting: &Posting) -> bool {
    start <= posting.posted && posting.posted < end && budget.matches(&posting.path)
}

/// The period that a budget opens to contain `at`: cut where one that is open begins or ends, so
/// that a new time zone database leaves no gap and no overlap. Nothing where its cycle is not civil.
pub(super) fn period(
    budget: &Budget,
    at: Timestamp,
    before: Option<Interval>,
    after: impl FnOnce() -> Found<Option<Timestamp>>,
) -> Ruled<Option<(Timestamp, Timestamp, Arc<str>)>> {
    if !budget.cycle().is_civil() {
        return Ok(None);
    }
    let Some(period) = budget.period(at)? else { return Ok(None) };
    let mut start = period.start().unwrap_or(Timestamp::MIN);
    let mut end = period.end().unwrap_or(Timestamp::MAX);
    if let Some((_, before)) = before {
        start = start.max(before);
    }
    if let Some(after) = after()? {
        end = end.min(after);
    }
    Ok(Some((start, end, period.label().into())))
}

/// The interval of a slot whose place in time is known by its cycle alone.
pub(crate) fn bucket_interval(budget: &Budget, slot: &Slot) -> Option<Interval> {
    match (slot, budget.cycle()) {
        (Slot::Bucket(number), Cycle::Rolling(rolling)) => Some(rolling.interval(*number)),
        _ => None,
    }
}

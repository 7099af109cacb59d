//! What is asked of a ledger, from its records.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{ReservationId, Result};

use super::spend::bucket_interval;
use super::{Ruled, Rules};
use crate::budget::InForce;
use crate::ledger::answer::{Ask, Call, Imported, Standing, Verdict};
use crate::ledger::clock::{Reading, Tick};
use crate::ledger::entry::Balance;
use crate::ledger::operation::{Raise, SourceKey};
use crate::ledger::records::{CallRecord, Failure, Found, Records, SourceRecord};
use crate::ledger::slot::Slot;

/// How many rows are read at once.
const PAGE: usize = 1_000;

/// See [`crate::ledger::Ledger::check`].
pub(crate) fn check<R: Records>(records: &R, asks: &[Ask], now: Timestamp) -> Result<Vec<Verdict>> {
    let rules = Rules::over(records);
    asks.iter().map(|ask| Ok(rules.verdict(ask, now)?)).collect()
}

/// See [`crate::ledger::Ledger::standings`].
pub(crate) fn standings<R: Records>(records: &R, now: Timestamp) -> Result<Vec<Standing>> {
    Ok(Rules::over(records).standings(now)?)
}

/// See [`crate::ledger::Ledger::in_force`].
pub(crate) fn in_force<R: Records>(records: &R) -> Result<Arc<InForce>> {
    records.in_force().map_err(|Failure(error)| error)
}

/// See [`crate::ledger::Ledger::raises`].
pub(crate) fn raises<R: Records>(records: &R, now: Timestamp) -> Result<Vec<Raise>> {
    let in_force = in_force(records)?;
    let mut raises = Vec::new();
    for judge in in_force.judges() {
        raises.extend(records.raises(judge.id, now).map_err(|Failure(error)| error)?);
    }
    Ok(raises)
}

/// See [`crate::ledger::Ledger::time`].
pub(crate) fn time<R: Records>(records: &R, tick: Tick) -> Result<Reading> {
    let time = records.time().map_err(|Failure(error)| error)?;
    Ok(time.read(tick))
}

/// See [`crate::ledger::Ledger::balances`].
pub(crate) fn balances<R: Records>(records: &R) -> Result<Vec<Balance>> {
    Ok(all_balances(records)?)
}

fn all_balances<R: Records>(records: &R) -> Ruled<Vec<Balance>> {
    let in_force = records.in_force()?;
    let mut judges: Vec<_> = in_force.judges().iter().collect();
    judges.sort_unstable_by_key(|judge| judge.id);
    let mut balances = Vec::new();
    for judge in judges {
        let mut after = None;
        loop {
            let page = records.balances(judge.id, after.as_ref(), None, PAGE)?;
            let is_last = page.len() < PAGE;
            after = page.last().map(|(slot, _)| slot.clone());
            for (slot, amounts) in page {
                let interval = match &slot {
                    Slot::From(start) => records.opened_before(judge.id, *start)?,
                    _ => bucket_interval(&judge.budget, &slot),
                };
                balances.push(Balance { budget: judge.id, slot, interval, amounts });
            }
            if is_last {
                break;
            }
        }
    }
    Ok(balances)
}

/// See [`crate::ledger::Ledger::call`].
pub(crate) fn call<R: Records>(records: &R, id: ReservationId) -> Result<Option<Call>> {
    let call = records.call(id).map_err(|Failure(error)| error)?;
    Ok(call.map(CallRecord::shown))
}

/// See [`crate::ledger::Ledger::outstanding`].
pub(crate) fn outstanding<R: Records>(records: &R) -> Result<Vec<Call>> {
    all_outstanding(records).map_err(|Failure(error)| error)
}

/// See [`crate::ledger::Ledger::imported_all`].
pub(crate) fn imported_all<R: Records>(
    records: &R,
    sources: &[SourceKey],
) -> Result<Vec<Option<Imported>>> {
    let found = sources.iter().map(|key| records.source(key));
    let found = found.map(|source| Ok(source?.map(SourceRecord::shown)));
    found.collect::<Found<_>>().map_err(|Failure(error)| error)
}

fn all_outstanding<R: Records>(records: &R) -> Found<Vec<Call>> {
    let (mut calls, mut after) = (Vec::new(), None);
    loop {
        let page = records.outstanding(after, PAGE)?;
        for id in &page {
            calls.extend(records.call(*id)?.map(CallRecord::shown));
        }
        after = page.last().copied();
        if page.len() < PAGE {
            return Ok(calls);
        }
    }
}

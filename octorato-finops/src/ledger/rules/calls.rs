//! The life of a call: reserved, extended, settled, released, resolved.

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Error, ErrorKind, Money, ReservationId, Result};

use super::{Decided, Draft, NOTHING, Ruled, Rules, amount, other_content};
use crate::budget::BudgetId;
use crate::ledger::answer::{Answer, Decision, Grant, Outcome, State};
use crate::ledger::entry::{Amounts, Fact, Posting};
use crate::ledger::operation::{Extend, Release, RequestKey, Reserve, Resolve, Settle};
use crate::ledger::records::{CallRecord, Records};

impl<R: Records> Rules<'_, R> {
    pub(super) fn reserve(&self, reserve: &Reserve, now: Timestamp) -> Decided {
        amount(reserve.amount)?;
        let fingerprint = reserve.fingerprint();
        if let Some(known) = self.records.call(reserve.id)? {
            if known.reserve != fingerprint {
                return Err(other_content(reserve.id).into());
            }
            return Ok((Answer::Decision(Decision::Granted(known.grant)), Vec::new()));
        }
        let Reserve { id, path, amount, max_output_tokens, patience, holder } = reserve.clone();
        let grant = Grant { amount, max_output_tokens };
        let (decision, trials) = self.judge(&path, now, now, amount, grant)?;
        let mut drafts = Vec::new();
        if decision.granted().is_some() {
            let deadline = deadline(now, patience);
            let posting = Posting { path, dated: now, posted: now, amounts: Amounts::open(amount) };
            drafts.push(Draft {
                fact: Fact::Reserved {
                    id,
                    fingerprint,
                    amount,
                    max_output_tokens,
                    deadline,
                    holder,
                },
                postings: vec![posting],
            });
            drafts.extend(would_deny(id, trials));
        }
        Ok((Answer::Decision(decision), drafts))
    }

    pub(super) fn extend(&self, extend: &Extend, now: Timestamp) -> Decided {
        amount(extend.amount)?;
        let record = self.known(extend.id)?;
        if !record.is(State::Open) {
            return Err(not_possible(extend.id, &record, "extended").into());
        }
        let held = record.outcome.held;
        let amount = if extend.amount.pico() > held.pico() { extend.amount } else { held };
        let more = amount.checked_sub(held)?;
        let max_output_tokens = extend.max_output_tokens.max(record.max_output_tokens);
        let deadline = deadline(now, extend.patience).max(record.deadline);
        let grant = Grant { amount, max_output_tokens };
        // Nothing more is asked for: it is granted even where a limit was lowered.
        let (decision, trials) = if more.is_zero() {
            (Decision::Granted(grant), Vec::new())
        } else {
            self.judge(&record.path, record.reserved_at, now, more, grant)?
        };
        let mut drafts = Vec::new();
        let is_new = !more.is_zero()
            || deadline > record.deadline
            || max_output_tokens > record.max_output_tokens;
        if decision.granted().is_some() && is_new {
            drafts.push(Draft {
                fact: Fact::Extended { id: extend.id, amount, max_output_tokens, deadline },
                postings: vec![record.hold(Amounts::open(more))],
            });
            drafts.extend(would_deny(extend.id, trials));
        }
        Ok((Answer::Decision(decision), drafts))
    }

    pub(super) fn settle(&self, settle: &Settle) -> Decided {
        amount(settle.amount)?;
        let record = self.known(settle.id)?;
        let fingerprint = settle.fingerprint();
        if record.settle == Some(fingerprint) {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        if record.settle.is_some() {
            return Err(other_content(settle.id).into());
        }
        if record.is(State::Resolved) && record.follows_imports {
            return self.confirm(settle, &record);
        }
        if record.outcome.state.is_final() {
            return Err(not_possible(settle.id, &record, "settled").into());
        }
        self.not_of_another_call(settle.id, settle.request.as_ref())?;
        let overrun = overrun(settle.amount, record.outcome.held)?;
        let imported = match &settle.request {
            Some(request) if self.imported(request)?.is_some() => Some(request),
            _ => None,
        };
        let booked = if imported.is_some() { NOTHING } else { settle.amount };
        let fact = Fact::Settled {
            id: settle.id,
            fingerprint,
            amount: settle.amount,
            overrun,
            is_estimate: settle.is_estimate,
            request: settle.request.clone(),
            metered: settle.metered.clone(),
        };
        let mut drafts = vec![self.ended(&record, fact, booked)?];
        if let (Some(request), false) = (imported, settle.is_estimate) {
            drafts.extend(self.adjusted_import(request, settle.amount)?);
        }
        let amount = settle.amount;
        let outcome = Outcome { state: State::Settled, amount, overrun, ..record.outcome };
        Ok((Answer::Call(outcome), drafts))
    }

    /// The exact cost of a call that an import has ended: it takes the place of what that told.
    fn confirm(&self, settle: &Settle, record: &CallRecord) -> Decided {
        let id = settle.id;
        self.not_of_another_call(id, settle.request.as_ref())?;
        let request = match (&record.request, &settle.request) {
            (Some(known), Some(told)) if known != told => return Err(other_content(id).into()),
            (known, told) => told.clone().or(known.clone()),
        };
        if settle.is_estimate {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        let import = match &request {
            Some(request) => self.adjusted_import(request, settle.amount)?,
            None => None,
        };
        let is_imported = match &request {
            Some(request) => self.imported(request)?.is_some(),
            None => false,
        };
        let booked = if is_imported { NOTHING } else { settle.amount };
        let delta = booked.checked_sub(record.booked)?;
        let mut postings = Vec::new();
        if !delta.is_zero() {
            postings.push(self.spend(&record.path, record.reserved_at, delta)?);
        }
        let (amount, overrun) = (settle.amount, overrun(settle.amount, record.outcome.held)?);
        let (fingerprint, metered) = (settle.fingerprint(), settle.metered.clone());
        let fact = Fact::Confirmed { id, fingerprint, amount, overrun, request, metered };
        let mut drafts = vec![Draft { fact, postings }];
        drafts.extend(import);
        let outcome = Outcome { amount, overrun, ..record.outcome };
        Ok((Answer::Call(outcome), drafts))
    }

    pub(super) fn release(&self, release: &Release) -> Decided {
        let record = self.known(release.id)?;
        if record.is(State::Released) {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        if !record.is(State::Open) {
            return Err(not_possible(release.id, &record, "released").into());
        }
        let fact = Fact::Released { id: release.id, reason: release.reason.clone() };
        let drafts = vec![self.ended(&record, fact, NOTHING)?];
        let outcome = Outcome { state: State::Released, ..record.outcome };
        Ok((Answer::Call(outcome), drafts))
    }

    pub(super) fn resolve(&self, resolve: &Resolve) -> Decided {
        amount(resolve.amount)?;
        let record = self.known(resolve.id)?;
        if record.is(State::Resolved) && record.outcome.amount == resolve.amount {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        if !record.is(State::Orphaned) {
            return Err(not_possible(resolve.id, &record, "resolved").into());
        }
        let (amount, overrun) = (resolve.amount, overrun(resolve.amount, record.outcome.held)?);
        let (id, reason) = (resolve.id, resolve.reason.clone());
        let fact = Fact::Resolved { id, amount, overrun, reason, source: None };
        let outcome = Outcome { state: State::Resolved, amount, overrun, ..record.outcome };
        Ok((Answer::Call(outcome), vec![self.ended(&record, fact, amount)?]))
    }

    /// Frees what a call holds and books it at `booked` in all.
    pub(super) fn ended(&self, record: &CallRecord, fact: Fact, booked: Money) -> Ruled<Draft> {
        let held = held(record)?;
        let free = Amounts {
            spent: NOTHING,
            open: NOTHING.checked_sub(held.open)?,
            orphaned: NOTHING.checked_sub(held.orphaned)?,
        };
        let delta = booked.checked_sub(record.booked)?;
        let mut postings = vec![record.hold(free)];
        if !delta.is_zero() {
            postings.push(self.spend(&record.path, record.reserved_at, delta)?);
        }
        Ok(Draft { fact, postings })
    }

    pub(super) fn known(&self, id: ReservationId) -> Ruled<CallRecord> {
        let known = self.records.call(id)?;
        known.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("the ledger does not know the call `{id}`"))
                .hinted("it was denied or never reserved; what it cost can be imported")
                .into()
        })
    }

    pub(super) fn not_of_another_call(
        &self,
        id: ReservationId,
        request: Option<&RequestKey>,
    ) -> Ruled<()> {
        let Some(request) = request else { return Ok(()) };
        let booked = self.records.request(request)?;
        match booked.and_then(|booked| booked.call).filter(|other| *other != id) {
            None => Ok(()),
            Some(other) => Err(Error::new(
                ErrorKind::Conflict,
                format!("the provider's request belongs to another call: `{other}`"),
            )
            .with("call", id)
            .into()),
        }
    }
}

/// What trials would have done about a call that is granted.
fn would_deny(id: ReservationId, budgets: Vec<BudgetId>) -> Option<Draft> {
    let draft = |budgets| Draft { fact: Fact::WouldDeny { id, budgets }, postings: Vec::new() };
    (!budgets.is_empty()).then(|| draft(budgets))
}

/// What a call holds now.
pub(super) fn held(record: &CallRecord) -> Result<Amounts> {
    Ok(match record.outcome.state {
        State::Open => Amounts::open(record.outcome.held),
        State::Orphaned => Amounts {
            orphaned: at_least_nothing(record.outcome.held.checked_sub(record.outcome.amount)?),
            ..Amounts::ZERO
        },
        _ => Amounts::ZERO,
    })
}

pub(super) fn overrun(amount: Money, held: Money) -> Result<Money> {
    amount.checked_sub(held).map(at_least_nothing)
}

pub(super) fn at_least_nothing(amount: Money) -> Money {
    if amount.pico() < 0 { NOTHING } else { amount }
}

fn deadline(now: Timestamp, patience: SignedDuration) -> Timestamp {
    now.saturating_add(patience.max(SignedDuration::ZERO)).unwrap_or(Timestamp::MAX)
}

fn not_possible(id: ReservationId, record: &CallRecord, what: &str) -> Error {
    let state = record.outcome.state.name();
    Error::new(ErrorKind::Conflict, format!("the call cannot be {what}: it is {state}"))
        .with("call", id)
}

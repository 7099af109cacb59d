//! The life of a call: reserved, extended, settled, released, orphaned, resolved.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Currency, Error, ErrorKind, Money, ReservationId, Result};

use super::book::{Book, CallRecord, Draft};
use crate::ledger::answer::{Answer, Decision, Grant, Outcome, State};
use crate::ledger::entry::{Amounts, Entry, Fact, Posting};
use crate::ledger::operation::{Expire, Extend, Release, RequestKey, Reserve, Resolve, Settle};

/// The most that one operation can be about: 10^12 USD, which every store can hold.
const MOST: i128 = 1_000_000_000_000_000_000_000_000;

pub(super) const NOTHING: Money = Money::zero(Currency::USD);

type Decided = Result<(Answer, Vec<Draft>)>;

impl Book {
    pub(super) fn reserve(&self, reserve: &Reserve, now: Timestamp) -> Decided {
        amount(reserve.amount)?;
        let fingerprint = reserve.fingerprint();
        if let Some(known) = self.calls.get(&reserve.id) {
            if known.reserve != fingerprint {
                return Err(other_content(reserve.id));
            }
            return Ok((Answer::Decision(Decision::Granted(known.grant)), Vec::new()));
        }
        let Reserve { id, path, amount, max_output_tokens, patience, holder } = reserve.clone();
        let grant = Grant { amount, max_output_tokens };
        let decision = self.judge(&path, now, now, amount, grant)?;
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
        }
        Ok((Answer::Decision(decision), drafts))
    }

    pub(super) fn extend(&self, extend: &Extend, now: Timestamp) -> Decided {
        amount(extend.amount)?;
        let record = self.known(extend.id)?;
        if !record.is(State::Open) {
            return Err(not_possible(extend.id, record, "extended"));
        }
        let held = record.outcome.held;
        let amount = if extend.amount.pico() > held.pico() { extend.amount } else { held };
        let more = amount.checked_sub(held)?;
        let max_output_tokens = extend.max_output_tokens.max(record.max_output_tokens);
        let deadline = deadline(now, extend.patience).max(record.deadline);
        let grant = Grant { amount, max_output_tokens };
        // Nothing more is asked for: it is granted even where a limit was lowered.
        let decision = if more.is_zero() {
            Decision::Granted(grant)
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
            return Err(other_content(settle.id));
        }
        if record.outcome.state.is_final() {
            return Err(not_possible(settle.id, record, "settled"));
        }
        self.not_of_another_call(settle.id, settle.request.as_ref())?;
        let overrun = overrun(settle.amount, record.outcome.held)?;
        let imported = settle.request.as_ref().filter(|request| self.is_imported(request));
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
        let mut drafts = vec![self.ended(record, fact, booked)?];
        if let Some(request) = imported.filter(|_| !settle.is_estimate) {
            drafts.extend(self.adjusted_import(request, settle.amount)?);
        }
        let amount = settle.amount;
        let outcome = Outcome { state: State::Settled, amount, overrun, ..record.outcome };
        Ok((Answer::Call(outcome), drafts))
    }

    pub(super) fn release(&self, release: &Release) -> Decided {
        let record = self.known(release.id)?;
        if record.is(State::Released) {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        if !record.is(State::Open) {
            return Err(not_possible(release.id, record, "released"));
        }
        let fact = Fact::Released { id: release.id, reason: release.reason.clone() };
        let drafts = vec![self.ended(record, fact, NOTHING)?];
        let outcome = Outcome { state: State::Released, ..record.outcome };
        Ok((Answer::Call(outcome), drafts))
    }

    pub(super) fn expire(&self, expire: &Expire, now: Timestamp) -> Decided {
        let (holder, reason): (_, Arc<str>) = match expire {
            Expire::Overdue => (None, "overdue".into()),
            Expire::Holder(holder) => (Some(*holder), "its process is dead".into()),
            Expire::Call { id, seen, request, reason } => {
                return self.orphan(*id, *seen, request.as_ref(), reason);
            }
        };
        let is_meant = |record: &CallRecord| match holder {
            Some(_) => record.holder == holder,
            None => record.deadline <= now,
        };
        let (mut ids, mut drafts) = (Vec::new(), Vec::new());
        for (id, record) in &self.calls {
            if record.is(State::Open) && is_meant(record) {
                ids.push(*id);
                drafts.push(self.orphaned(*id, record, NOTHING, None, &reason)?);
            }
        }
        Ok((Answer::Orphaned(ids), drafts))
    }

    fn orphan(
        &self,
        id: ReservationId,
        seen: Money,
        request: Option<&RequestKey>,
        reason: &Arc<str>,
    ) -> Decided {
        amount(seen)?;
        let record = self.known(id)?;
        if record.outcome.state.is_final() {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        self.not_of_another_call(id, request)?;
        if record.is(State::Orphaned) && seen.pico() <= record.outcome.amount.pico() {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        // What a log has told of it is what it cost, and is booked there.
        if let Some((request, told)) = request.and_then(|key| Some((key, self.imported(key)?))) {
            let orphaned = self.orphaned(id, record, NOTHING, Some(request), reason)?;
            let overrun = overrun(told, record.outcome.held)?;
            let rest = record.outcome.held;
            let free = Amounts { orphaned: NOTHING.checked_sub(rest)?, ..Amounts::ZERO };
            let source =
                self.requests.get(request).and_then(|known| known.sources.first().cloned());
            let reason = "a log tells what it cost".into();
            let fact = Fact::Resolved { id, amount: told, overrun, reason, source };
            let resolved = Draft { fact, postings: vec![record.hold(free)] };
            let outcome =
                Outcome { state: State::Resolved, amount: told, overrun, ..record.outcome };
            return Ok((Answer::Call(outcome), vec![orphaned, resolved]));
        }
        let draft = self.orphaned(id, record, seen, request, reason)?;
        let overrun = overrun(seen, record.outcome.held)?;
        let outcome = Outcome { state: State::Orphaned, amount: seen, overrun, ..record.outcome };
        Ok((Answer::Call(outcome), vec![draft]))
    }

    /// Books what was seen of a call and keeps the rest of its worst case held.
    fn orphaned(
        &self,
        id: ReservationId,
        record: &CallRecord,
        seen: Money,
        request: Option<&RequestKey>,
        reason: &Arc<str>,
    ) -> Result<Draft> {
        let rest = at_least_nothing(record.outcome.held.checked_sub(seen)?);
        let held = held(record)?;
        let moved = Amounts {
            spent: NOTHING,
            open: NOTHING.checked_sub(held.open)?,
            orphaned: rest.checked_sub(held.orphaned)?,
        };
        let booked = seen.checked_sub(record.booked)?;
        let (request, reason) = (request.cloned(), reason.clone());
        let mut postings = vec![record.hold(moved)];
        if !booked.is_zero() {
            postings.push(self.spend(&record.path, record.reserved_at, booked));
        }
        Ok(Draft { fact: Fact::Orphaned { id, seen, request, reason }, postings })
    }

    pub(super) fn resolve(&self, resolve: &Resolve) -> Decided {
        amount(resolve.amount)?;
        let record = self.known(resolve.id)?;
        if record.is(State::Resolved) && record.outcome.amount == resolve.amount {
            return Ok((Answer::Call(record.outcome), Vec::new()));
        }
        if !record.is(State::Orphaned) {
            return Err(not_possible(resolve.id, record, "resolved"));
        }
        let (amount, overrun) = (resolve.amount, overrun(resolve.amount, record.outcome.held)?);
        let (id, reason) = (resolve.id, resolve.reason.clone());
        let fact = Fact::Resolved { id, amount, overrun, reason, source: None };
        let outcome = Outcome { state: State::Resolved, amount, overrun, ..record.outcome };
        Ok((Answer::Call(outcome), vec![self.ended(record, fact, amount)?]))
    }

    /// Frees what a call holds and books it at `booked` in all.
    pub(super) fn ended(&self, record: &CallRecord, fact: Fact, booked: Money) -> Result<Draft> {
        let held = held(record)?;
        let free = Amounts {
            spent: NOTHING,
            open: NOTHING.checked_sub(held.open)?,
            orphaned: NOTHING.checked_sub(held.orphaned)?,
        };
        let delta = booked.checked_sub(record.booked)?;
        let mut postings = vec![record.hold(free)];
        if !delta.is_zero() {
            postings.push(self.spend(&record.path, record.reserved_at, delta));
        }
        Ok(Draft { fact, postings })
    }

    pub(super) fn known(&self, id: ReservationId) -> Result<&CallRecord> {
        self.calls.get(&id).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, format!("the ledger does not know the call `{id}`"))
                .hinted("it was denied or never reserved; what it cost can be imported")
        })
    }

    fn not_of_another_call(&self, id: ReservationId, request: Option<&RequestKey>) -> Result<()> {
        let other = request
            .and_then(|request| self.requests.get(request))
            .and_then(|request| request.call)
            .filter(|other| *other != id);
        match other {
            None => Ok(()),
            Some(other) => Err(Error::new(
                ErrorKind::Conflict,
                format!("the provider's request belongs to another call: `{other}`"),
            )
            .with("call", id)),
        }
    }

    pub(super) fn absorb_call(&mut self, entry: &Entry) -> Result<()> {
        if let Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder } =
            &entry.fact
        {
            let Some(posting) = entry.postings.first() else { return Ok(()) };
            let grant = Grant { amount: *amount, max_output_tokens: *max_output_tokens };
            let outcome =
                Outcome { state: State::Open, held: *amount, amount: NOTHING, overrun: NOTHING };
            let record = CallRecord {
                path: posting.path.clone(),
                reserved_at: posting.dated,
                deadline: *deadline,
                holder: *holder,
                reserve: *fingerprint,
                grant,
                settle: None,
                outcome,
                max_output_tokens: *max_output_tokens,
                booked: NOTHING,
                corrected: NOTHING,
                is_estimate: false,
                follows_imports: false,
            };
            self.calls.insert(*id, record);
            return Ok(());
        }
        let (id, state, told, request) = match &entry.fact {
            Fact::Extended { id, .. } => (id, State::Open, NOTHING, None),
            Fact::Settled { id, amount, request, .. } => {
                (id, State::Settled, *amount, request.as_ref())
            }
            Fact::Released { id, .. } => (id, State::Released, NOTHING, None),
            Fact::Orphaned { id, seen, request, .. } => {
                (id, State::Orphaned, *seen, request.as_ref())
            }
            Fact::Resolved { id, amount, .. } => (id, State::Resolved, *amount, None),
            _ => return Ok(()),
        };
        if let Some(request) = request {
            self.requests.entry(request.clone()).or_default().call = Some(*id);
        }
        let Some(record) = self.calls.get_mut(id) else { return Ok(()) };
        for posting in &entry.postings {
            record.booked = record.booked.checked_add(posting.amounts.spent)?;
        }
        record.outcome.state = state;
        record.outcome.amount = told;
        record.outcome.overrun = overrun(told, record.outcome.held)?;
        match &entry.fact {
            Fact::Extended { amount, max_output_tokens, deadline, .. } => {
                record.outcome.held = *amount;
                record.max_output_tokens = *max_output_tokens;
                record.deadline = *deadline;
            }
            Fact::Settled { fingerprint, is_estimate, .. } => {
                record.settle = Some(*fingerprint);
                record.is_estimate = *is_estimate;
            }
            Fact::Orphaned { .. } => record.is_estimate = true,
            Fact::Resolved { source, .. } => {
                record.is_estimate = source.is_some();
                record.follows_imports = source.is_some();
            }
            _ => {}
        }
        Ok(())
    }
}

/// What a call holds now.
fn held(record: &CallRecord) -> Result<Amounts> {
    Ok(match record.outcome.state {
        State::Open => Amounts::open(record.outcome.held),
        State::Orphaned => Amounts {
            orphaned: at_least_nothing(record.outcome.held.checked_sub(record.outcome.amount)?),
            ..Amounts::ZERO
        },
        _ => Amounts::ZERO,
    })
}

/// Refuses an amount that no call can cost.
pub(super) fn amount(amount: Money) -> Result<()> {
    if amount.pico() < 0 {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("an amount is negative: `{amount}`"),
        ));
    }
    any_amount(amount)
}

/// Refuses an amount that is not in USD or that no store could hold.
pub(super) fn any_amount(amount: Money) -> Result<()> {
    NOTHING.checked_add(amount)?;
    if amount.pico().unsigned_abs() > MOST.unsigned_abs() {
        return Err(Error::new(ErrorKind::Overflow, format!("amount out of range: `{amount}`"))
            .hinted("one entry holds at most 1000000000000 USD"));
    }
    Ok(())
}

fn overrun(amount: Money, held: Money) -> Result<Money> {
    amount.checked_sub(held).map(at_least_nothing)
}

fn at_least_nothing(amount: Money) -> Money {
    if amount.pico() < 0 { NOTHING } else { amount }
}

fn deadline(now: Timestamp, patience: SignedDuration) -> Timestamp {
    now.saturating_add(patience.max(SignedDuration::ZERO)).unwrap_or(Timestamp::MAX)
}

pub(super) fn other_content(id: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Conflict, format!("the id was used for something else: `{id}`"))
        .hinted("a retry must bring the same content, a new operation a new id")
}

fn not_possible(id: ReservationId, record: &CallRecord, what: &str) -> Error {
    let state = record.outcome.state.name();
    Error::new(ErrorKind::Conflict, format!("the call cannot be {what}: it is {state}"))
        .with("call", id)
}

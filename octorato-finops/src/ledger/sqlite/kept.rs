//! A call as it is kept: by the entries that reserved and ended it, and the rest where it had a
//! longer life.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Currency, Money, ReservationId};

use super::bytes::{Reader, Writer};
use super::fault::{Spoilt, spoilt};
use super::write::{First, more_than};
use crate::ledger::answer::{Grant, Outcome, State};
use crate::ledger::entry::{Entry, Fact};
use crate::ledger::operation::RequestKey;
use crate::ledger::records::CallRecord;

const LAYOUT: u8 = 1;
/// Added to the number of the state of a call that was moved.
const MOVED: usize = 8;
const NOTHING: Money = Money::zero(Currency::USD);

const STATES: [State; 5] =
    [State::Open, State::Settled, State::Released, State::Orphaned, State::Resolved];

/// A call with the places of its entries.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) first: First,
    pub(super) last: Option<i64>,
    pub(super) record: CallRecord,
}

/// The record of a call that was only reserved, from that entry.
pub(super) fn reserved(entry: &Entry) -> Result<CallRecord, Spoilt> {
    let Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder } =
        &entry.fact
    else {
        return Err(spoilt("the reserve of a call is another entry"));
    };
    let posting = entry.postings.first().ok_or(spoilt("a reserve posts nothing"))?;
    Ok(CallRecord {
        id: *id,
        path: posting.path.clone(),
        reserved_at: posting.dated,
        deadline: *deadline,
        holder: *holder,
        reserve: *fingerprint,
        grant: Grant { amount: *amount, max_output_tokens: *max_output_tokens },
        settle: None,
        outcome: Outcome { state: State::Open, held: *amount, amount: NOTHING, overrun: NOTHING },
        max_output_tokens: *max_output_tokens,
        booked: NOTHING,
        corrected: NOTHING,
        is_estimate: false,
        follows_imports: false,
        request: None,
    })
}

/// The record of a call that was reserved and then ended by this entry, with nothing between; nothing
/// where its life was longer.
pub(super) fn ended(reserved: CallRecord, entry: &Entry) -> Option<CallRecord> {
    let held = reserved.outcome.held;
    match &entry.fact {
        Fact::Settled { fingerprint, amount, is_estimate, request, .. } => Some(CallRecord {
            settle: Some(*fingerprint),
            outcome: Outcome {
                state: State::Settled,
                held,
                amount: *amount,
                overrun: more_than(*amount, held)?,
            },
            booked: *amount,
            is_estimate: *is_estimate,
            request: request.clone(),
            ..reserved
        }),
        Fact::Released { .. } => Some(CallRecord {
            outcome: Outcome { state: State::Released, ..reserved.outcome },
            ..reserved
        }),
        _ => None,
    }
}

/// Spells what a record has that its reserve does not say; `request` is the number of its request,
/// `path` that of its path where it was moved.
pub(super) fn spell(
    record: &CallRecord,
    request: Option<i64>,
    path: Option<i64>,
) -> Result<Vec<u8>, Spoilt> {
    let state = STATES.iter().position(|state| *state == record.outcome.state);
    let flags = u8::from(record.is_estimate)
        | u8::from(record.follows_imports) << 1
        | u8::from(record.settle.is_some()) << 2
        | u8::from(request.is_some()) << 3;
    let mut more = Writer::new(LAYOUT, flags);
    let moved = if path.is_some() { MOVED } else { 0 };
    more.number(u128::try_from(state.unwrap_or_default() + moved).unwrap_or_default());
    more.signed(record.deadline.as_nanosecond()).number(record.max_output_tokens.into());
    let Outcome { held, amount, overrun, .. } = record.outcome;
    for money in [held, amount, overrun, record.booked, record.corrected] {
        more.signed(money.pico());
    }
    if let Some(settle) = &record.settle {
        more.raw(settle);
    }
    if let Some(request) = request {
        more.number(u128::try_from(request).map_err(|_| spoilt("a number is negative"))?);
    }
    if let Some(path) = path {
        more.number(u128::try_from(path).map_err(|_| spoilt("a number is negative"))?);
    }
    Ok(more.finish())
}

/// The record that [`spell`] spelled, beside its reserve, and the number of its path where it was
/// moved.
pub(super) fn read(
    reserved: CallRecord,
    more: &[u8],
    request: impl FnOnce(i64) -> Result<RequestKey, Spoilt>,
) -> Result<(CallRecord, Option<i64>), Spoilt> {
    let (flags, mut more) = Reader::new(more, LAYOUT)?;
    let state: usize = more.small()?;
    let (state, is_moved) = if state >= MOVED { (state - MOVED, true) } else { (state, false) };
    let state = *STATES.get(state).ok_or(spoilt("a call is in no known state"))?;
    let deadline = Timestamp::from_nanosecond(more.signed()?)
        .map_err(|_| spoilt("a deadline is out of range"))?;
    let max_output_tokens = more.small()?;
    let mut money = || more.signed().map(|pico| Money::from_pico(pico, Currency::USD));
    let (held, amount, overrun) = (money()?, money()?, money()?);
    let (booked, corrected) = (money()?, money()?);
    let settle = if flags & 4 == 0 { None } else { Some(more.array()?) };
    let request = if flags & 8 == 0 { None } else { Some(request(more.small()?)?) };
    let path = if is_moved { Some(more.small()?) } else { None };
    more.end()?;
    let record = CallRecord {
        deadline,
        max_output_tokens,
        outcome: Outcome { state, held, amount, overrun },
        booked,
        corrected,
        settle,
        is_estimate: flags & 1 != 0,
        follows_imports: flags & 2 != 0,
        request,
        ..reserved
    };
    Ok((record, path))
}

/// The reserve of a call, from its record.
pub(super) fn first(sequence: i64, reserved: &CallRecord) -> First {
    First {
        sequence,
        path: Arc::clone(&reserved.path),
        at: reserved.reserved_at,
        amount: reserved.grant.amount,
    }
}

/// The call that an entry is about.
pub(super) fn about(fact: &Fact) -> Option<ReservationId> {
    match fact {
        Fact::Extended { id, .. }
        | Fact::Settled { id, .. }
        | Fact::Released { id, .. }
        | Fact::Orphaned { id, .. }
        | Fact::Resolved { id, .. } => Some(*id),
        _ => None,
    }
}

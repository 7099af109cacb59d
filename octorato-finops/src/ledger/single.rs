//! One operation at a time, for callers that have no batch.

use octorato_core::{Error, ErrorKind, ReservationId, Result};

use super::answer::{Answer, Appended, Decision, Outcome};
use super::operation::{Append, Expire, Operation};
use super::store::Ledger;

pub(super) fn answer<L: Ledger + ?Sized>(ledger: &L, operation: Operation) -> Result<Answer> {
    let mut answers = ledger.commit(&[operation])?;
    match (answers.pop(), answers.pop()) {
        (Some(answer), None) => answer,
        _ => Err(unexpected()),
    }
}

pub(super) fn decision<L: Ledger + ?Sized>(ledger: &L, operation: Operation) -> Result<Decision> {
    match answer(ledger, operation)? {
        Answer::Decision(decision) => Ok(decision),
        _ => Err(unexpected()),
    }
}

pub(super) fn outcome<L: Ledger + ?Sized>(ledger: &L, operation: Operation) -> Result<Outcome> {
    match answer(ledger, operation)? {
        Answer::Call(outcome) => Ok(outcome),
        _ => Err(unexpected()),
    }
}

pub(super) fn orphaned<L: Ledger + ?Sized>(
    ledger: &L,
    expire: Expire,
) -> Result<Vec<ReservationId>> {
    let one = match &expire {
        Expire::Call { id, .. } => vec![*id],
        Expire::Overdue | Expire::Holder(_) => Vec::new(),
    };
    match answer(ledger, Operation::Expire(expire))? {
        Answer::Orphaned(ids) => Ok(ids),
        Answer::Call(_) => Ok(one),
        _ => Err(unexpected()),
    }
}

pub(super) fn appended<L: Ledger + ?Sized>(
    ledger: &L,
    imports: Vec<Append>,
) -> Result<Vec<Result<Appended>>> {
    let operations: Vec<Operation> = imports.into_iter().map(Operation::Append).collect();
    let answers = ledger.commit(&operations)?;
    if answers.len() != operations.len() {
        return Err(unexpected());
    }
    let unpack = |answer: Result<Answer>| match answer? {
        Answer::Appended(appended) => Ok(appended),
        _ => Err(unexpected()),
    };
    Ok(answers.into_iter().map(unpack).collect())
}

fn unexpected() -> Error {
    Error::new(ErrorKind::Data, "the store answered something else than was asked")
}

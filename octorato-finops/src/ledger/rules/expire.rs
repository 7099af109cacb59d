//! Calls whose outcome nobody will tell.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Money, ReservationId};

use super::calls::{at_least_nothing, held, overrun};
use super::{Decided, Draft, NOTHING, Ruled, Rules, amount};
use crate::ledger::answer::{Answer, Outcome, State};
use crate::ledger::entry::{Amounts, Fact};
use crate::ledger::operation::{Expire, RequestKey};
use crate::ledger::records::{CallRecord, GivenUp, Records};

/// How many calls one operation gives up at most, so that a commit stays small.
const AT_ONCE: usize = 10_000;

impl<R: Records> Rules<'_, R> {
    pub(super) fn expire(&self, expire: &Expire, now: Timestamp) -> Decided {
        let (which, reason): (_, Arc<str>) = match expire {
            Expire::Overdue => (GivenUp::Overdue(now), "overdue".into()),
            Expire::Holder(holder) => (GivenUp::Holder(*holder), "its process is dead".into()),
            Expire::Call { id, seen, request, reason } => {
                return self.orphan(*id, *seen, request.as_ref(), reason);
            }
        };
        let ids = self.records.given_up(which, AT_ONCE)?;
        let mut drafts = Vec::with_capacity(ids.len());
        for id in &ids {
            let record = self.known(*id)?;
            drafts.push(self.orphaned(*id, &record, NOTHING, None, &reason)?);
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
        let told = match request {
            Some(request) => self.imported(request)?.map(|told| (request, told)),
            None => None,
        };
        if let Some((request, told)) = told {
            let orphaned = self.orphaned(id, &record, NOTHING, Some(request), reason)?;
            let overrun = overrun(told, record.outcome.held)?;
            let rest = record.outcome.held;
            let free = Amounts { orphaned: NOTHING.checked_sub(rest)?, ..Amounts::ZERO };
            let source = self.own_sources(request)?.into_iter().next().map(|(key, _)| key);
            let reason = "a log tells what it cost".into();
            let fact = Fact::Resolved { id, amount: told, overrun, reason, source };
            let resolved = Draft { fact, postings: vec![record.hold(free)] };
            let outcome =
                Outcome { state: State::Resolved, amount: told, overrun, ..record.outcome };
            return Ok((Answer::Call(outcome), vec![orphaned, resolved]));
        }
        let draft = self.orphaned(id, &record, seen, request, reason)?;
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
    ) -> Ruled<Draft> {
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
            postings.push(self.spend(&record.path, record.reserved_at, booked)?);
        }
        Ok(Draft { fact: Fact::Orphaned { id, seen, request, reason }, postings })
    }
}

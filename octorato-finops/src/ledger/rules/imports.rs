//! Usage from logs: booked once, and never beside the live meter's entry of the same call.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{DecisionId, Error, ErrorKind, Money, ReservationId};

use super::{Decided, Draft, NOTHING, Ruled, Rules, amount, any_amount, other_content};
use crate::budget::SpendPath;
use crate::ledger::answer::{Answer, Appended, State};
use crate::ledger::entry::Fact;
use crate::ledger::operation::{Append, Correct, Reference, RequestKey, SourceKey};
use crate::ledger::records::{Records, SourceRecord};

/// 2200-01-01: no log is from later.
const LATEST: i64 = 7_258_118_400;

impl<R: Records> Rules<'_, R> {
    pub(super) fn append(&self, append: &Append) -> Decided {
        append.amount.map_or(Ok(()), amount)?;
        if append.at < Timestamp::UNIX_EPOCH || append.at.as_second() >= LATEST {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("no log is from that time: `{}`", append.at),
            )
            .into());
        }
        let known = self.records.source(&append.source)?;
        let known = known.as_ref();
        let revision = known.map_or(0, |known| known.revision);
        if let Some(known) = known {
            let is_larger = append.size > known.size
                || (append.size == known.size && known.amount.is_none() && append.amount.is_some());
            // A snapshot without a price never takes back what one with a price told.
            if !is_larger || (known.amount.is_some() && append.amount.is_none()) {
                return Ok((Answer::Appended(Appended::Known { revision }), Vec::new()));
            }
        }
        let revision = revision.saturating_add(1);
        let booked = match &append.request {
            Some(request) => self.records.request(request)?,
            None => None,
        };
        let call = booked.and_then(|booked| booked.call);
        let copy_of = match known {
            Some(known) if known.copy_of.is_some() => known.copy_of,
            Some(known) if known.amount.is_some() => None,
            _ => call,
        };
        if let Some(id) = copy_of {
            return self.append_copy(append, known, revision, id);
        }
        // The import came first and keeps what it booked, but the call's exact cost is known.
        if let Some(id) = call
            && !self.known(id)?.is_estimate
        {
            let note = Draft { fact: imported(append, revision, None), postings: Vec::new() };
            return Ok((Answer::Appended(Appended::Enriched(id)), vec![note]));
        }
        let delta = match (append.amount, known.and_then(|known| known.amount)) {
            (None, _) => None,
            (Some(amount), None) => Some(amount),
            (Some(amount), Some(before)) => Some(amount.checked_sub(before)?),
        };
        let (path, at) = known.map_or((&append.path, append.at), |known| (&known.path, known.at));
        let posting = self.spend(path, at, delta.unwrap_or(NOTHING))?;
        let draft = Draft { fact: imported(append, revision, None), postings: vec![posting] };
        Ok((Answer::Appended(Appended::Booked { revision, delta }), vec![draft]))
    }

    /// The log's copy of a call that the live meter knows.
    fn append_copy(
        &self,
        append: &Append,
        known: Option<&SourceRecord>,
        revision: u32,
        id: ReservationId,
    ) -> Decided {
        let record = self.known(id)?;
        let note = Draft { fact: imported(append, revision, Some(id)), postings: Vec::new() };
        let Some(told) = append.amount.filter(|_| record.is_estimate) else {
            return Ok((Answer::Appended(Appended::Enriched(id)), vec![note]));
        };
        // One request may be told in several parts, each a source: an advisor's beside its caller's.
        let booked = if record.follows_imports {
            let before = known.and_then(|known| known.amount).unwrap_or(NOTHING);
            record.booked.checked_add(told)?.checked_sub(before)?
        } else {
            told
        };
        let delta = booked.checked_sub(record.booked)?;
        let draft = if record.is(State::Orphaned) {
            let held = record.outcome.held;
            let overrun =
                if booked.pico() > held.pico() { booked.checked_sub(held)? } else { NOTHING };
            let fact = Fact::Resolved {
                id,
                amount: booked,
                overrun,
                reason: "a log tells what it cost".into(),
                source: Some(append.source.clone()),
            };
            self.ended(&record, fact, booked)?
        } else {
            let Some(request) = record.request.clone().or(append.request.clone()) else {
                return Ok((Answer::Appended(Appended::Enriched(id)), vec![note]));
            };
            Draft {
                fact: Fact::Adjusted { of: Reference::Call(id), request, delta },
                postings: vec![self.spend(&record.path, record.reserved_at, delta)?],
            }
        };
        Ok((Answer::Appended(Appended::Resolved(id)), vec![draft, note]))
    }

    /// What imports with this request have booked by themselves; nothing where there is none, or
    /// none with a price.
    pub(super) fn imported(&self, request: &RequestKey) -> Ruled<Option<Money>> {
        let mut sum = None;
        for (_, source) in self.own_sources(request)? {
            if let Some(amount) = source.amount {
                sum = Some(sum.unwrap_or(NOTHING).checked_add(amount)?);
            }
        }
        Ok(sum)
    }

    /// The imports with this request that were booked by themselves. One that had no price until the
    /// call was known is a copy of that.
    pub(super) fn own_sources(
        &self,
        request: &RequestKey,
    ) -> Ruled<Vec<(SourceKey, SourceRecord)>> {
        let mut own = Vec::new();
        for key in self.records.request(request)?.unwrap_or_default().sources {
            let source = self.records.source(&key)?.filter(|source| source.copy_of.is_none());
            own.extend(source.map(|source| (key, source)));
        }
        Ok(own)
    }

    /// Sets imports of a request right once its exact cost is known: the difference is booked where
    /// the first of them was.
    pub(super) fn adjusted_import(
        &self,
        request: &RequestKey,
        exact: Money,
    ) -> Ruled<Option<Draft>> {
        let own = self.own_sources(request)?.into_iter().next();
        let (Some(told), Some((key, source))) = (self.imported(request)?, own) else {
            return Ok(None);
        };
        let delta = exact.checked_sub(told)?;
        if delta.is_zero() {
            return Ok(None);
        }
        let (of, request) = (Reference::Source(key), request.clone());
        let postings = vec![self.spend(&source.path, source.at, delta)?];
        Ok(Some(Draft { fact: Fact::Adjusted { of, request, delta }, postings }))
    }

    pub(super) fn correct(&self, correct: &Correct) -> Decided {
        any_amount(correct.delta)?;
        if self.is_decided(correct.id, correct.fingerprint())? {
            return Ok((Answer::Done, Vec::new()));
        }
        let (path, at) = self.owner(&correct.of)?;
        let posting = self.spend(&path, at, correct.delta)?;
        let draft = Draft { fact: Fact::Corrected(correct.clone()), postings: vec![posting] };
        Ok((Answer::Done, vec![draft]))
    }

    /// Whether a decision was taken before; with other content it is an error.
    pub(super) fn is_decided(&self, id: DecisionId, fingerprint: [u8; 16]) -> Ruled<bool> {
        match self.records.decision(id)? {
            None => Ok(false),
            Some(known) if known == fingerprint => Ok(true),
            Some(_) => Err(other_content(id).into()),
        }
    }

    /// Whose a booking is, and its date.
    fn owner(&self, of: &Reference) -> Ruled<(Arc<SpendPath>, Timestamp)> {
        let key = match of {
            Reference::Call(id) => return self.correctable(*id),
            Reference::Source(key) => key,
        };
        let source = self.records.source(key)?.ok_or_else(|| {
            let name = format!("{} {}", key.reader, key.key);
            Error::new(ErrorKind::NotFound, format!("nothing is imported of `{name}`"))
        })?;
        match source.copy_of {
            Some(id) => self.correctable(id),
            None => Ok((source.path, source.at)),
        }
    }

    pub(super) fn correctable(&self, id: ReservationId) -> Ruled<(Arc<SpendPath>, Timestamp)> {
        let record = self.known(id)?;
        if record.outcome.state.is_final() {
            return Ok((record.path, record.reserved_at));
        }
        let state = record.outcome.state.name();
        Err(Error::new(ErrorKind::Conflict, format!("the call cannot be corrected: it is {state}"))
            .with("call", id)
            .hinted("settle, release or resolve it")
            .into())
    }
}

fn imported(append: &Append, revision: u32, copy_of: Option<ReservationId>) -> Fact {
    Fact::Imported {
        source: append.source.clone(),
        revision,
        amount: append.amount,
        size: append.size,
        request: append.request.clone(),
        copy_of,
        metered: append.metered.clone(),
        origin: append.origin.clone(),
    }
}

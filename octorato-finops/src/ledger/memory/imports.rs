//! Usage from logs: booked once, and never beside the live meter's entry of the same call.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Money, ReservationId, Result};

use super::book::{Book, Draft, SourceRecord};
use super::calls::{NOTHING, amount, any_amount, other_content};
use crate::ledger::answer::{Answer, Appended, State};
use crate::ledger::entry::{Amounts, Entry, Fact};
use crate::ledger::operation::{Append, Correct, Reference, RequestKey};
use crate::ledger::path::SpendPath;

/// 2200-01-01: no log is from later.
const LATEST: i64 = 7_258_118_400;

impl Book {
    pub(super) fn append(&self, append: &Append) -> Result<(Answer, Vec<Draft>)> {
        append.amount.map_or(Ok(()), amount)?;
        if append.at < Timestamp::UNIX_EPOCH || append.at.as_second() >= LATEST {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("no log is from that time: `{}`", append.at),
            ));
        }
        let known = self.sources.get(&append.source);
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
        let call = append
            .request
            .as_ref()
            .and_then(|request| self.requests.get(request))
            .and_then(|request| request.call);
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
        let posting = self.spend(path, at, delta.unwrap_or(NOTHING));
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
    ) -> Result<(Answer, Vec<Draft>)> {
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
            self.ended(record, fact, booked)?
        } else {
            let Some(request) = self.request_of(id).or(append.request.clone()) else {
                return Ok((Answer::Appended(Appended::Enriched(id)), vec![note]));
            };
            Draft {
                fact: Fact::Adjusted { of: Reference::Call(id), request, delta },
                postings: vec![self.spend(&record.path, record.reserved_at, delta)],
            }
        };
        Ok((Answer::Appended(Appended::Resolved(id)), vec![draft, note]))
    }

    fn request_of(&self, id: ReservationId) -> Option<RequestKey> {
        let mut requests = self.requests.iter();
        requests.find(|(_, request)| request.call == Some(id)).map(|(key, _)| key.clone())
    }

    /// What imports with this request have booked by themselves; nothing where there is none, or
    /// none with a price.
    pub(super) fn imported(&self, request: &RequestKey) -> Option<Money> {
        let sources = &self.requests.get(request)?.sources;
        let mut amounts = sources.iter().filter_map(|key| self.sources.get(key)?.amount).peekable();
        amounts.peek()?;
        Money::sum(NOTHING.currency(), amounts).ok()
    }

    pub(super) fn is_imported(&self, request: &RequestKey) -> bool {
        self.imported(request).is_some()
    }

    /// Sets imports of a request right once its exact cost is known: the difference is booked where
    /// the first of them was.
    pub(super) fn adjusted_import(
        &self,
        request: &RequestKey,
        exact: Money,
    ) -> Result<Option<Draft>> {
        let first = self.requests.get(request).and_then(|known| known.sources.first());
        let (Some(told), Some((key, source))) =
            (self.imported(request), first.and_then(|key| Some((key, self.sources.get(key)?))))
        else {
            return Ok(None);
        };
        let of = Reference::Source(key.clone());
        let delta = exact.checked_sub(told)?;
        Ok((!delta.is_zero()).then(|| Draft {
            fact: Fact::Adjusted { of, request: request.clone(), delta },
            postings: vec![self.spend(&source.path, source.at, delta)],
        }))
    }

    pub(super) fn correct(&self, correct: &Correct) -> Result<(Answer, Vec<Draft>)> {
        any_amount(correct.delta)?;
        if let Some(known) = self.decisions.get(&correct.id) {
            return if *known == correct.fingerprint() {
                Ok((Answer::Done, Vec::new()))
            } else {
                Err(other_content(correct.id))
            };
        }
        let (path, at) = match &correct.of {
            Reference::Call(id) => self.correctable(*id)?,
            Reference::Source(key) => {
                let source = self.sources.get(key).ok_or_else(|| {
                    let name = format!("{} {}", key.reader, key.key);
                    Error::new(ErrorKind::NotFound, format!("nothing is imported of `{name}`"))
                })?;
                match source.copy_of {
                    Some(id) => self.correctable(id)?,
                    None => (&source.path, source.at),
                }
            }
        };
        let posting = self.spend(path, at, correct.delta);
        let draft = Draft { fact: Fact::Corrected(correct.clone()), postings: vec![posting] };
        Ok((Answer::Done, vec![draft]))
    }

    fn correctable(&self, id: ReservationId) -> Result<(&Arc<SpendPath>, Timestamp)> {
        let record = self.known(id)?;
        if record.outcome.state.is_final() {
            return Ok((&record.path, record.reserved_at));
        }
        let state = record.outcome.state.name();
        Err(Error::new(ErrorKind::Conflict, format!("the call cannot be corrected: it is {state}"))
            .with("call", id)
            .hinted("settle, release or resolve it"))
    }

    pub(super) fn absorb_booking(&mut self, entry: &Entry) -> Result<()> {
        let spent = entry
            .postings
            .iter()
            .try_fold(Amounts::ZERO, |sum, posting| sum.checked_add(posting.amounts))?
            .spent;
        match &entry.fact {
            Fact::Corrected(correct) => {
                self.decisions.insert(correct.id, correct.fingerprint());
                if let Reference::Call(id) = &correct.of
                    && let Some(record) = self.calls.get_mut(id)
                {
                    record.corrected = record.corrected.checked_add(spent)?;
                }
            }
            Fact::Adjusted { of: Reference::Call(id), .. } => {
                if let Some(record) = self.calls.get_mut(id) {
                    record.booked = record.booked.checked_add(spent)?;
                    record.follows_imports = true;
                }
            }
            Fact::Imported { source, revision, amount, size, request, copy_of, .. } => {
                if let (Some(request), None, false) =
                    (request, copy_of, self.sources.contains_key(source))
                {
                    let known = self.requests.entry(request.clone()).or_default();
                    known.sources.push(source.clone());
                }
                if let Some(known) = self.sources.get_mut(source) {
                    known.revision = *revision;
                    known.amount = *amount;
                    known.size = *size;
                    known.copy_of = copy_of.or(known.copy_of);
                    return Ok(());
                }
                let owner = match (entry.postings.first(), copy_of) {
                    (Some(posting), _) => Some((posting.path.clone(), posting.dated)),
                    (None, Some(id)) => {
                        self.calls.get(id).map(|call| (call.path.clone(), call.reserved_at))
                    }
                    (None, None) => None,
                };
                let Some((path, at)) = owner else { return Ok(()) };
                let record = SourceRecord {
                    path,
                    at,
                    revision: *revision,
                    amount: *amount,
                    size: *size,
                    copy_of: *copy_of,
                };
                self.sources.insert(source.clone(), record);
            }
            _ => {}
        }
        Ok(())
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
    }
}

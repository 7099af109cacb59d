//! What entries make of the records of calls and imports.

use octorato_core::{Money, ReservationId};

use super::calls::overrun;
use super::staged::Staged;
use super::{NOTHING, Ruled};
use crate::ledger::answer::{Grant, Outcome, State};
use crate::ledger::entry::{Amounts, Entry, Fact};
use crate::ledger::operation::{Reference, RequestKey, SourceKey};
use crate::ledger::records::{CallRecord, Found, Records, RequestRecord, SourceRecord};

impl<R: Records> Staged<'_, R> {
    /// The staged record of a call, for change.
    fn call(&mut self, id: ReservationId) -> Found<Option<&mut CallRecord>> {
        if !self.changes.calls.contains_key(&id)
            && let Some(stored) = self.records.call(id)?
        {
            self.changes.calls.insert(id, stored);
        }
        Ok(self.changes.calls.get_mut(&id))
    }

    /// The staged record of a source, for change.
    fn source(&mut self, key: &SourceKey) -> Found<Option<&mut SourceRecord>> {
        if !self.changes.sources.contains_key(key)
            && let Some(stored) = self.records.source(key)?
        {
            self.changes.sources.insert(key.clone(), stored);
        }
        Ok(self.changes.sources.get_mut(key))
    }

    /// The staged record of a request, for change.
    fn request(&mut self, key: &RequestKey) -> Found<&mut RequestRecord> {
        if !self.changes.requests.contains_key(key) {
            let stored = self.records.request(key)?.unwrap_or_default();
            self.changes.requests.insert(key.clone(), stored);
        }
        Ok(self.changes.requests.entry(key.clone()).or_default())
    }

    pub(super) fn absorb_reserve(&mut self, entry: &Entry) {
        let Fact::Reserved { id, fingerprint, amount, max_output_tokens, deadline, holder } =
            &entry.fact
        else {
            return;
        };
        let Some(posting) = entry.postings.first() else { return };
        let outcome =
            Outcome { state: State::Open, held: *amount, amount: NOTHING, overrun: NOTHING };
        let record = CallRecord {
            id: *id,
            path: posting.path.clone(),
            reserved_at: posting.dated,
            deadline: *deadline,
            holder: *holder,
            reserve: *fingerprint,
            grant: Grant { amount: *amount, max_output_tokens: *max_output_tokens },
            settle: None,
            outcome,
            max_output_tokens: *max_output_tokens,
            booked: NOTHING,
            corrected: NOTHING,
            is_estimate: false,
            follows_imports: false,
            request: None,
        };
        self.changes.calls.insert(*id, record);
    }

    pub(super) fn absorb_call(&mut self, entry: &Entry) -> Ruled<()> {
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
            Fact::Confirmed { id, amount, request, .. } => {
                (id, State::Resolved, *amount, request.as_ref())
            }
            _ => return Ok(()),
        };
        if let Some(request) = request {
            self.request(request)?.call = Some(*id);
        }
        let Some(record) = self.call(*id)? else { return Ok(()) };
        for posting in &entry.postings {
            record.booked = record.booked.checked_add(posting.amounts.spent)?;
        }
        record.outcome.state = state;
        record.outcome.amount = told;
        record.outcome.overrun = overrun(told, record.outcome.held)?;
        record.request = request.cloned().or(record.request.take());
        match &entry.fact {
            Fact::Extended { amount, max_output_tokens, deadline, .. } => {
                record.outcome.held = *amount;
                record.outcome.overrun = NOTHING;
                record.max_output_tokens = *max_output_tokens;
                record.deadline = *deadline;
            }
            Fact::Settled { fingerprint, is_estimate, .. } => {
                record.settle = Some(*fingerprint);
                record.is_estimate = *is_estimate;
            }
            Fact::Confirmed { fingerprint, .. } => {
                record.settle = Some(*fingerprint);
                record.is_estimate = false;
                record.follows_imports = false;
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

    pub(super) fn absorb_correction(&mut self, entry: &Entry) -> Ruled<()> {
        let spent = entry
            .postings
            .iter()
            .try_fold(Amounts::ZERO, |sum, posting| sum.checked_add(posting.amounts))?
            .spent;
        match &entry.fact {
            Fact::Corrected(correct) => {
                self.changes.decisions.insert(correct.id, correct.fingerprint());
                match &correct.of {
                    Reference::Call(id) => self.add_correction(*id, spent)?,
                    Reference::Source(key) => match self.source(key)?.map(|one| one.copy_of) {
                        Some(Some(id)) => self.add_correction(id, spent)?,
                        _ => self.add_booked(key, spent)?,
                    },
                }
            }
            Fact::Adjusted { of: Reference::Call(id), .. } => {
                if let Some(record) = self.call(*id)? {
                    record.booked = record.booked.checked_add(spent)?;
                    record.follows_imports = true;
                }
            }
            Fact::Adjusted { of: Reference::Source(key), .. } => self.add_booked(key, spent)?,
            _ => {}
        }
        Ok(())
    }

    fn add_correction(&mut self, id: ReservationId, spent: Money) -> Ruled<()> {
        if let Some(record) = self.call(id)? {
            record.corrected = record.corrected.checked_add(spent)?;
        }
        Ok(())
    }

    fn add_booked(&mut self, key: &SourceKey, spent: Money) -> Ruled<()> {
        if let Some(record) = self.source(key)? {
            record.booked = record.booked.checked_add(spent)?;
        }
        Ok(())
    }

    /// What is moved has another owner from here on.
    pub(super) fn absorb_move(&mut self, entry: &Entry) -> Ruled<()> {
        let Fact::Rebooked { id, of, fingerprint, .. } = &entry.fact else { return Ok(()) };
        self.changes.decisions.insert(*id, *fingerprint);
        let Some(posting) = entry.postings.first() else { return Ok(()) };
        match of {
            Reference::Call(id) => {
                if let Some(record) = self.call(*id)? {
                    record.path = posting.path.clone();
                }
            }
            Reference::Source(key) => {
                if let Some(record) = self.source(key)? {
                    record.path = posting.path.clone();
                }
            }
        }
        Ok(())
    }

    pub(super) fn absorb_import(&mut self, entry: &Entry) -> Ruled<()> {
        let Fact::Imported { source, revision, amount, size, request, copy_of, metered, .. } =
            &entry.fact
        else {
            return Ok(());
        };
        let known = self.source(source)?.cloned();
        if let (Some(request), None, None) = (request, copy_of, &known) {
            self.request(request)?.sources.push(source.clone());
        }
        let owner = match (&known, entry.postings.first(), copy_of) {
            (Some(known), _, _) => Some((known.path.clone(), known.at)),
            (None, Some(posting), _) => Some((posting.path.clone(), posting.dated)),
            (None, None, Some(id)) => {
                self.call(*id)?.map(|call| (call.path.clone(), call.reserved_at))
            }
            (None, None, None) => None,
        };
        let Some((path, at)) = owner else { return Ok(()) };
        let copy_of = copy_of.or(known.as_ref().and_then(|known| known.copy_of));
        // What only adds to what is known of a call books nothing, and is nothing that its own
        // request cost.
        let is_note = copy_of.is_none() && entry.postings.is_empty();
        let booked_before = known.as_ref().and_then(|known| known.amount);
        let amount = if is_note { booked_before } else { *amount };
        let (revision, size) = (*revision, *size);
        let mut booked = known.as_ref().map_or(NOTHING, |known| known.booked);
        for posting in &entry.postings {
            booked = booked.checked_add(posting.amounts.spent)?;
        }
        let metered = metered.clone();
        let record = SourceRecord { path, at, revision, amount, size, copy_of, metered, booked };
        self.changes.sources.insert(source.clone(), record);
        Ok(())
    }
}

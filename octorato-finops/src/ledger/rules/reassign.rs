//! Booking elsewhere what was booked in the wrong place.

use octorato_core::{Error, ErrorKind};

use super::{Decided, Draft, NOTHING, Rules};
use crate::ledger::answer::Answer;
use crate::ledger::entry::Fact;
use crate::ledger::operation::{Reassign, Reference};
use crate::ledger::records::Records;

impl<R: Records> Rules<'_, R> {
    pub(super) fn reassign(&self, reassign: &Reassign) -> Decided {
        let Reassign { id, of, to, reason } = reassign;
        let (id, fingerprint) = (*id, reassign.fingerprint());
        if self.is_decided(id, fingerprint)? {
            return Ok((Answer::Done, Vec::new()));
        }
        let source = match of {
            Reference::Call(_) => None,
            Reference::Source(key) => Some(self.records.source(key)?.ok_or_else(|| {
                let name = format!("{} {}", key.reader, key.key);
                Error::new(ErrorKind::NotFound, format!("nothing is imported of `{name}`"))
            })?),
        };
        let call = match (of, source.as_ref().and_then(|source| source.copy_of)) {
            (Reference::Call(call), _) => Some(*call),
            (Reference::Source(_), copy_of) => copy_of,
        };
        let (of, path, at, amount) = match (call, source) {
            (Some(call), _) => {
                let (path, at) = self.correctable(call)?;
                let record = self.known(call)?;
                let amount = record.booked.checked_add(record.corrected)?;
                (Reference::Call(call), path, at, amount)
            }
            (None, Some(source)) => (of.clone(), source.path, source.at, source.booked),
            (None, None) => return Ok((Answer::Done, Vec::new())),
        };
        if path == *to {
            return Ok((Answer::Done, Vec::new()));
        }
        let away = self.spend(&path, at, NOTHING.checked_sub(amount)?)?;
        let here = self.spend(to, at, amount)?;
        let reversed = Fact::Reversed { id, of: of.clone(), amount, reason: reason.clone() };
        let rebooked = Fact::Rebooked { id, of, amount, fingerprint, reason: reason.clone() };
        let drafts = vec![
            Draft { fact: reversed, postings: vec![away] },
            Draft { fact: rebooked, postings: vec![here] },
        ];
        Ok((Answer::Done, drafts))
    }
}

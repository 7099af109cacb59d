//! With which keys the operator signs: the first is taken as it is, each later one is signed by the one
//! before it.

use std::sync::Arc;

use octorato_core::{Error, ErrorKind, Result};

use super::{Decided, Draft, Ruled, Rules};
use crate::ledger::answer::Answer;
use crate::ledger::entry::{Entry, Fact};
use crate::ledger::keys::{rotation_statement, verify_raise};
use crate::ledger::operation::{AddKey, Raise};
use crate::ledger::records::Records;

impl<R: Records> Rules<'_, R> {
    pub(super) fn add_key(&self, add: &AddKey) -> Decided {
        let keys = self.records.keys()?;
        if self.is_decided(add.id, add.fingerprint())? {
            return Ok((Answer::Done, Vec::new()));
        }
        // Two processes may have made the same key the first one.
        let same = |known: &AddKey| known.public == add.public && known.replaces == add.replaces;
        if keys.last().is_some_and(same) {
            return Ok((Answer::Done, Vec::new()));
        }
        follow(&keys, add)?;
        let draft = Draft { fact: Fact::KeyAdded(add.clone()), postings: Vec::new() };
        Ok((Answer::Done, vec![draft]))
    }

    /// Refuses a raise that is not signed with the key that signs, where the ledger has one.
    pub(super) fn check_signature(&self, raise: &Raise) -> Ruled<()> {
        let keys = self.records.keys()?;
        Ok(keys.first().map_or(Ok(()), |first| is_signed_well(&keys, first, raise))?)
    }
}

/// Refuses a key that may not come after `keys`.
fn follow(keys: &[AddKey], add: &AddKey) -> Result<()> {
    let refuse = |kind, why: &str| Err(Error::new(kind, why).with("key", add.public.id()));
    let (first, last) = match (keys.first(), keys.last()) {
        (Some(first), Some(last)) => (first, last),
        _ if add.replaces.is_some() || add.signature.is_some() => {
            return refuse(ErrorKind::NotFound, "the ledger has no key that could be replaced");
        }
        _ => return Ok(()),
    };
    if keys.iter().any(|known| known.public == add.public) {
        return refuse(ErrorKind::Conflict, "the ledger had this key before");
    }
    match (add.replaces, &add.signature) {
        (Some(replaces), Some(signature)) if replaces == last.public => {
            let statement = rotation_statement(&first.id.to_bytes(), &replaces, &add.public);
            replaces.verify(&statement, signature)
        }
        (Some(replaces), Some(_)) => Err(Error::new(
            ErrorKind::Conflict,
            "the key that would be replaced is not the one that signs",
        )
        .with("key", replaces.id())
        .with("signs", last.public.id())),
        _ => refuse(ErrorKind::Refused, "a later key must be signed by the one that it replaces"),
    }
}

/// Refuses a raise that is not signed with the key that signed after `keys`; where there was none
/// yet, with the `first` one.
fn is_signed_well(keys: &[AddKey], first: &AddKey, raise: &Raise) -> Result<()> {
    let signs = keys.last().unwrap_or(first).public;
    verify_raise(&first.id.to_bytes(), raise, |id| (*signs.id() == *id).then_some(signs))
}

/// What of the keys and of the signed raises of a journal is not as it must be, a sentence each.
pub(crate) fn key_faults(journal: &[Entry]) -> Vec<Arc<str>> {
    let added = |entry: &Entry| match &entry.fact {
        Fact::KeyAdded(add) => Some(add.clone()),
        _ => None,
    };
    let Some(first) = journal.iter().find_map(added) else { return Vec::new() };
    let (mut keys, mut faults) = (Vec::new(), Vec::new());
    for entry in journal {
        let checked = match &entry.fact {
            Fact::KeyAdded(add) => {
                let checked = follow(&keys, add);
                keys.push(add.clone());
                checked
            }
            // Before the first key was kept, a raise needed no signature.
            Fact::Raised(raise) if raise.signature.is_some() || !keys.is_empty() => {
                is_signed_well(&keys, &first, raise)
            }
            _ => Ok(()),
        };
        if let Err(error) = checked {
            faults.push(format!("entry {}: {error}", entry.sequence).into());
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use octorato_core::{Currency, DecisionId, Money};

    use super::*;
    use crate::budget::BudgetId;
    use crate::ledger::keys::{KeyFolder, PublicKey, sign_raise};

    #[test]
    fn a_journal_with_a_false_key_or_a_false_raise_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let keys = KeyFolder::make(&folder.path().join("keys")).unwrap();
        let [one, two] = [(); 2].map(|()| keys.make_key().unwrap());
        let id = |number| DecisionId::from_parts(Timestamp::UNIX_EPOCH, [number; 10]);
        let entry = |sequence, fact| Entry {
            sequence,
            at: Timestamp::UNIX_EPOCH,
            fact,
            postings: Vec::new(),
        };
        let first = AddKey { id: id(1), public: one, replaces: None, signature: None };
        let raise = |by: &PublicKey| {
            let mut raise = Raise {
                id: id(2),
                budget: BudgetId::from_bytes([2; 32]),
                amount: Money::from_pico(3, Currency::USD),
                until: Timestamp::UNIX_EPOCH,
                reason: "launch".into(),
                signature: None,
            };
            let signer = keys.signer(&by.id()).unwrap();
            sign_raise(&id(1).to_bytes(), &mut raise, &signer).unwrap();
            raise
        };
        let faults = |facts: Vec<Fact>| {
            let entries = (1..).zip(facts).map(|(sequence, fact)| entry(sequence, fact));
            key_faults(&entries.collect::<Vec<_>>()).len()
        };
        let good = Fact::KeyAdded(first.clone());
        assert_eq!(faults(vec![good.clone(), Fact::Raised(raise(&one))]), 0);
        // Signed before the keys were kept.
        assert_eq!(faults(vec![Fact::Raised(raise(&one)), good.clone()]), 0);
        assert_eq!(faults(vec![good.clone(), Fact::Raised(raise(&two))]), 1);
        let changed = Raise { amount: Money::from_pico(4, Currency::USD), ..raise(&one) };
        assert_eq!(faults(vec![good.clone(), Fact::Raised(changed)]), 1);
        let unsigned = Raise { signature: None, ..raise(&one) };
        assert_eq!(faults(vec![Fact::Raised(unsigned.clone()), good.clone()]), 0);
        assert_eq!(faults(vec![good.clone(), Fact::Raised(unsigned)]), 1);
        let stolen = AddKey { id: id(3), public: two, ..first };
        assert_eq!(faults(vec![good, Fact::KeyAdded(stolen)]), 1);
    }
}

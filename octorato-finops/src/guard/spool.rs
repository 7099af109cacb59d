//! Outcomes that the store has not taken yet: kept in memory, tried again, reported.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Money, ReservationId, Result};

use super::store::{Failure, Shared};
use crate::ledger::{
    Answer, Append, Decision, Expire, Operation, Release, Reserve, Settle, SourceKey,
};

/// The reader by whose name calls are imported that were never reserved.
const READER: &str = "octorato-guard";

/// How many outcomes are tried again beside a call.
const FEW: usize = 8;

/// How a call ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    Settle(Settle),
    Orphan(Expire),
    Release(Release),
}

impl End {
    pub(super) fn operation(&self) -> Operation {
        match self {
            Self::Settle(settle) => Operation::Settle(settle.clone()),
            Self::Orphan(expire) => Operation::Expire(expire.clone()),
            Self::Release(release) => Operation::Release(release.clone()),
        }
    }

    fn amount(&self) -> Option<Money> {
        match self {
            Self::Settle(settle) => Some(settle.amount),
            Self::Orphan(Expire::Call { seen, .. }) => Some(*seen),
            Self::Orphan(_) | Self::Release(_) => None,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Settle(_) => "settle",
            Self::Orphan(_) => "orphan",
            Self::Release(_) => "release",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) end: End,
    /// The reserve that may not have taken effect.
    pub(super) reserve: Reserve,
    pub(super) at: Timestamp,
    pub(super) why: String,
    pub(super) is_refused: bool,
    /// How often it was tried in vain.
    pub(super) tries: u32,
}

/// An outcome that the ledger does not have yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Unbooked {
    /// The call.
    pub id: ReservationId,
    /// `settle`, `orphan` or `release`.
    pub end: &'static str,
    /// What it cost, or what was seen of that, in USD; nothing for a release.
    pub amount: Option<Money>,
    /// What is or should be held for it, in USD.
    pub held: Money,
    /// When it was sent.
    pub at: Timestamp,
    /// Why it is not booked.
    pub why: String,
    /// Whether the ledger refused it: then it is not tried again, and a person has to look.
    pub is_refused: bool,
}

#[derive(Debug, Default)]
pub(super) struct Spool {
    items: Mutex<BTreeMap<ReservationId, Item>>,
    flushing: Mutex<()>,
}

impl Spool {
    fn items(&self) -> MutexGuard<'_, BTreeMap<ReservationId, Item>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.items().len()
    }

    pub(super) fn holds(&self, id: ReservationId) -> bool {
        self.items().contains_key(&id)
    }

    /// Keeps an outcome. Of two of one call a settle is more than an orphan, and that is more than
    /// a release.
    pub(super) fn keep(&self, id: ReservationId, item: Item) {
        let rank = |end: &End| match end {
            End::Settle(_) => 2,
            End::Orphan(_) => 1,
            End::Release(_) => 0,
        };
        let mut items = self.items();
        if items.get(&id).is_none_or(|known| rank(&known.end) <= rank(&item.end)) {
            items.insert(id, item);
        }
    }

    pub(super) fn unbooked(&self) -> Vec<Unbooked> {
        let items = self.items();
        let unbooked = items.iter().map(|(id, item)| Unbooked {
            id: *id,
            end: item.end.name(),
            amount: item.end.amount(),
            held: item.reserve.amount,
            at: item.at,
            why: item.why.clone(),
            is_refused: item.is_refused,
        });
        unbooked.collect()
    }

    /// At most so many that may be tried, those first that were tried the least.
    fn due(&self, most: usize) -> Vec<(ReservationId, Item)> {
        let items = self.items();
        let mut due: Vec<_> = items.iter().filter(|(_, item)| !item.is_refused).collect();
        due.sort_by_key(|(_, item)| item.tries);
        due.into_iter().take(most).map(|(id, item)| (*id, item.clone())).collect()
    }
}

impl Shared {
    /// Tries to book a few of those that wait, beside a call.
    pub(super) fn flush_some(&self) {
        // Best effort: what does not succeed stays where it is, and is reported.
        _ = self.flush(FEW);
    }

    /// Tries to book what waits; stops where the store fails. How many were booked.
    pub(super) fn flush(&self, most: usize) -> Result<usize> {
        if self.spool.len() == 0 {
            return Ok(0);
        }
        let _one_at_a_time = match self.spool.flushing.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(0),
        };
        let mut booked = 0;
        for (id, item) in self.spool.due(most) {
            match self.book(id, &item) {
                Ok(()) => {
                    let mut items = self.spool.items();
                    // A later outcome of the same call may have taken its place meanwhile.
                    if items.get(&id).is_some_and(|now| now.end.name() == item.end.name()) {
                        items.remove(&id);
                    }
                    booked += 1;
                }
                Err(Failure::Store(error)) => {
                    self.note(id, &error, false);
                    return Err(error);
                }
                Err(Failure::Refused(error)) => {
                    let is_final = error.kind() != ErrorKind::Refused;
                    self.note(id, &error, is_final);
                }
            }
        }
        if booked > 0 {
            self.line.turn();
        }
        Ok(booked)
    }

    fn note(&self, id: ReservationId, error: &Error, is_refused: bool) {
        if let Some(item) = self.spool.items().get_mut(&id) {
            item.why = error.to_string();
            item.is_refused = is_refused;
            item.tries = item.tries.saturating_add(1);
        }
    }

    fn book(&self, id: ReservationId, item: &Item) -> Result<(), Failure> {
        match self.commit(&item.end.operation(), Duration::ZERO) {
            Err(Failure::Refused(error)) if error.kind() == ErrorKind::NotFound => {}
            answer => return answer.map(drop),
        }
        // The ledger never heard of the call.
        match &item.end {
            End::Release(_) => Ok(()),
            End::Settle(settle) => self.import(id, settle, item),
            End::Orphan(_) => self.reserve_late(item),
        }
    }

    /// Books a call that was never reserved; an import is never denied.
    fn import(&self, id: ReservationId, settle: &Settle, item: &Item) -> Result<(), Failure> {
        let size = settle.metered.as_ref().map_or(1, |metered| metered.usage.tokens().max(1));
        let append = Append {
            source: SourceKey { reader: READER.into(), key: id.to_string().into() },
            at: item.at,
            path: item.reserve.path.clone(),
            amount: Some(settle.amount),
            size,
            request: settle.request.clone(),
            metered: settle.metered.clone(),
            origin: None,
        };
        self.commit(&Operation::Append(append), Duration::ZERO).map(drop)
    }

    /// Holds the worst case of a call whose cost nobody will tell. Where it no longer fits, it is
    /// tried again: nothing is booked that was not seen, and nothing is forgotten.
    fn reserve_late(&self, item: &Item) -> Result<(), Failure> {
        let reserve = Operation::Reserve(item.reserve.clone());
        match self.commit(&reserve, Duration::ZERO)? {
            Answer::Decision(Decision::Granted(_)) => {
                self.commit(&item.end.operation(), Duration::ZERO).map(drop)
            }
            _ => Err(Failure::Refused(Error::new(
                ErrorKind::Refused,
                "the budgets have no room to hold what the call can have cost",
            ))),
        }
    }
}

/// An outcome for the spool.
pub(super) fn item(end: End, reserve: &Arc<Reserve>, at: Timestamp, why: &Error) -> Item {
    Item {
        end,
        reserve: Reserve::clone(reserve),
        at,
        why: why.to_string(),
        is_refused: false,
        tries: 0,
    }
}

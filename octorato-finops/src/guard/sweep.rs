//! Calls whose end nobody will tell.

use std::collections::BTreeSet;

use octorato_core::{ReservationId, Result};

use super::store::Shared;
use crate::ledger::{Expire, Holder, State};

/// What [`Guard::sweep`](super::Guard::sweep) found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    /// The calls whose patience had run out.
    pub overdue: Vec<ReservationId>,
    /// The open calls of dead processes.
    pub of_dead: Vec<ReservationId>,
}

impl Shared {
    pub(super) fn sweep(&self) -> Result<Swept> {
        self.flush_some();
        let mut swept = Swept { overdue: self.all_of(&Expire::Overdue)?, of_dead: Vec::new() };
        if let Some(is_dead) = &self.options.is_dead {
            let open = self.ledger.outstanding()?.into_iter();
            let holders: BTreeSet<Holder> = open
                .filter(|call| call.outcome.state == State::Open)
                .filter_map(|call| call.holder)
                .collect();
            for holder in holders {
                if Some(holder) != self.options.holder && is_dead(&holder) {
                    swept.of_dead.extend(self.all_of(&Expire::Holder(holder))?);
                }
            }
        }
        if !swept.overdue.is_empty() || !swept.of_dead.is_empty() {
            self.line.turn();
        }
        Ok(swept)
    }

    /// A ledger may do a part at once: it is asked until nothing is left.
    fn all_of(&self, expire: &Expire) -> Result<Vec<ReservationId>> {
        let mut all = Vec::new();
        loop {
            let some = self.ledger.expire(expire.clone())?;
            if some.is_empty() {
                return Ok(all);
            }
            all.extend(some);
        }
    }
}

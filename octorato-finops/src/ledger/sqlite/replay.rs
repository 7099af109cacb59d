//! The balances, computed from the journal alone.

use octorato_core::Result;

use super::desk::{Desk, Done};
use super::read::{Gloss, Line, select};
use crate::ledger::entry::{Balance, Entry};
use crate::ledger::memory::Shelf;
use crate::ledger::rules;

impl Desk {
    /// At most `limit` entries after a sequence.
    pub(super) fn entries(&self, after: u64, limit: usize) -> Done<Vec<Entry>> {
        let mut statement = self
            .connection
            .prepare_cached(&select("WHERE e.sequence > ?1 ORDER BY e.sequence LIMIT ?2"))?;
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query([whole(after), limit])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let line = Line::of(row)?;
            let known = &mut *self.known.borrow_mut();
            let mut gloss = Gloss { connection: &self.connection, names: &mut known.names };
            entries.push(gloss.entry(&line)?);
        }
        Ok(entries)
    }

    /// What the balances must be.
    pub(super) fn replayed(&self) -> Result<Vec<Balance>> {
        let entries = self.entries(0, usize::MAX).map_err(|spoilt| self.fault(spoilt))?;
        rules::balances(&Shelf::replayed(&entries)?)
    }
}

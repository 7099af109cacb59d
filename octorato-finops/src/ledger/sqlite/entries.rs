//! Entries, read in their order or by their kind.

use super::desk::{Desk, Done};
use super::read::{Gloss, Line, select};
use crate::ledger::entry::Entry;
use crate::ledger::kind::Kind;

/// The lowest kind, as the column has it, of the index `journal_by_kind`.
const FIRST_INDEXED: i64 = Kind::Adopted.column(false);

/// The condition of that index, word for word.
const INDEXED: &str = "AND e.kind >= 20";

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

    /// At most `limit` entries of some kinds after a sequence. Of those that are not about calls and
    /// imports an index knows where they are.
    pub(super) fn entries_of(&self, kinds: &[Kind], after: u64, limit: usize) -> Done<Vec<Entry>> {
        let whole = |number| i64::try_from(number).unwrap_or(i64::MAX);
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut lines = Vec::new();
        for kind in kinds {
            for column in [kind.column(false), kind.column(true)] {
                let indexed = if column >= FIRST_INDEXED { INDEXED } else { "" };
                let mut statement = self.connection.prepare_cached(&select(&format!(
                    "WHERE e.kind = ?1 {indexed} AND e.sequence > ?2 ORDER BY e.sequence LIMIT ?3"
                )))?;
                let mut rows = statement.query([column, whole(after), most])?;
                while let Some(row) = rows.next()? {
                    lines.push(Line::of(row)?);
                }
            }
        }
        lines.sort_unstable_by_key(|line| line.sequence);
        lines.dedup_by_key(|line| line.sequence);
        lines.truncate(limit);
        let known = &mut *self.known.borrow_mut();
        let mut gloss = Gloss { connection: &self.connection, names: &mut known.names };
        lines.iter().map(|line| gloss.entry(line)).collect()
    }
}

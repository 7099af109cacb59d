//! What another writer has touched is forgotten, and nothing else.
//!
//! Every change of the tables comes with entries of the journal. So whoever has the transaction reads
//! the entries after the last one that it knows, and drops what these are about: the balances of the
//! budgets that judge their paths, their chains, sums and calls. What is dropped is read again when it is
//! needed. Where an entry is rare or changes much, everything is forgotten.

use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::cells::sixteen;
use super::desk::{Done, Known};
use super::fault::spoilt;
use super::read::reservation;
use crate::budget::{BudgetId, InForce};
use crate::ledger::kind::Kind;

/// Where so many entries are new, everything is read again.
const MOST: u64 = 2_000;

/// What an entry of another writer touches.
enum Touched {
    Everything,
    /// Its path, by number.
    Path(i64),
    /// The call whose reserve has this sequence.
    Call(i64),
    Budget(i64),
    /// Only the operator's own chain.
    Nothing,
}

struct News {
    sequence: i64,
    has_postings: bool,
    touched: Touched,
}

impl Known {
    /// Drops what the entries after `known` and up to `last` have touched. The policy in force is still
    /// `policy`: a new one is an entry that touches everything.
    pub(super) fn refresh(
        &mut self,
        connection: &Connection,
        known: u64,
        last: u64,
        policy: Option<&Arc<InForce>>,
    ) -> Done<()> {
        if known == 0 || last < known || last - known > MOST {
            self.forget();
            return Ok(());
        }
        let after = i64::try_from(known).map_err(|_| spoilt("too many entries"))?;
        let mut statement = connection.prepare_cached(
            "SELECT sequence, kind, path, subject FROM journal WHERE sequence > ?1",
        )?;
        let mut rows = statement.query([after])?;
        while let Some(row) = rows.next()? {
            let news = news(row)?;
            if !self.drop_touched(connection, &news, policy)? {
                self.forget();
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether it is known what an entry has touched: that is dropped.
    fn drop_touched(
        &mut self,
        connection: &Connection,
        news: &News,
        policy: Option<&Arc<InForce>>,
    ) -> Done<bool> {
        if news.has_postings {
            let sql = "SELECT path FROM postings WHERE entry = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let paths = statement.query_map([news.sequence], |row| row.get(0))?;
            for path in paths.collect::<Result<Vec<i64>, _>>()? {
                self.drop_path(connection, path, policy)?;
            }
            self.chains.drop(None);
        }
        match news.touched {
            Touched::Everything => return Ok(false),
            Touched::Path(path) => self.drop_path(connection, path, policy)?,
            Touched::Call(first) => {
                let (path, id) = match self.opened.get(&first) {
                    Some(opened) => *opened,
                    None => reserve(connection, first)?,
                };
                self.calls.remove(&id);
                if !news.has_postings {
                    self.drop_path(connection, path, policy)?;
                }
            }
            Touched::Budget(number) => {
                let budget = self.names.budget_of(connection, number)?;
                self.balances.remove(&budget);
                self.chains.drop(None);
            }
            Touched::Nothing => self.chains.drop(None),
        }
        Ok(true)
    }

    /// Drops the sums, the chain and the balances of a path.
    fn drop_path(
        &mut self,
        connection: &Connection,
        number: i64,
        policy: Option<&Arc<InForce>>,
    ) -> Done<()> {
        self.sums.remove(&number);
        let path = self.names.path_of(connection, number)?;
        self.chains.drop(path.arm.as_ref());
        let budgets = self.judges.entry(number).or_insert_with(|| {
            let judges = policy.iter().flat_map(|policy| policy.judging(&path));
            judges.map(|judge| judge.id).collect()
        });
        for budget in budgets.iter() {
            self.balances.remove(budget);
        }
        Ok(())
    }
}

/// The budgets that judge a path.
pub(super) type Judges = Box<[BudgetId]>;

fn news(row: &rusqlite::Row<'_>) -> Done<News> {
    let (kind, has_postings) =
        Kind::of_column(row.get(1)?).ok_or(spoilt("an entry is of an unknown kind"))?;
    let number = || match row.get_ref(3)? {
        ValueRef::Integer(number) => Ok(number),
        _ => Err(spoilt("an entry is about nothing")),
    };
    let touched = match kind {
        Kind::Reserved | Kind::Imported => match row.get(2)? {
            Some(path) => Touched::Path(path),
            None => Touched::Nothing,
        },
        kind if kind.follows_a_reserve() => Touched::Call(number()?),
        Kind::Opened => Touched::Budget(number()?),
        Kind::TierReached | Kind::WouldDeny => Touched::Nothing,
        _ => Touched::Everything,
    };
    Ok(News { sequence: row.get(0)?, has_postings, touched })
}

/// The path and the id of a call, by the sequence of its reserve.
fn reserve(connection: &Connection, first: i64) -> Done<(i64, octorato_core::ReservationId)> {
    let sql = "SELECT path, subject FROM journal WHERE sequence = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([first])?;
    let row = rows.next()?.ok_or(spoilt("the reserve of a call is missing"))?;
    Ok((row.get(0)?, reservation(sixteen(row.get_ref(1)?)?)?))
}

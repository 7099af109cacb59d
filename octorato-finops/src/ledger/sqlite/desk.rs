//! The records of a ledger file, within one transaction.
//!
//! What was read stays known to the next transaction, but for what somebody else has written meanwhile:
//! then the sequence of the last entry is another, and the entries up to it say what they touch. Sums are
//! written once, at the end.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Error, ReservationId};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params};

use super::cells::{Instant, amounts, floor, instant, sixteen, split_amounts};
use super::fault::{Spoilt, fault, spoilt};
use super::kept::{self, Kept};
use super::linked::Chains;
use super::names::Names;
use super::read::{Gloss, Line, select};
use super::refresh::Judges;
use super::slots::{columns, seal};
use crate::budget::{BudgetId, InForce};
use crate::ledger::batch::Note;
use crate::ledger::clock::{LedgerTime, Uptime};
use crate::ledger::entry::{Amounts, Entry};
use crate::ledger::operation::Close;
use crate::ledger::records::Failure;
use crate::ledger::slot::Slot;

pub(super) type Done<T> = Result<T, Spoilt>;

/// So many calls, balances and sums are remembered between transactions.
const MOST: usize = 50_000;

/// One connection to a ledger file, and what is known of it.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) known: RefCell<Known>,
}

/// What was read or is to be written.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) names: Names,
    pub(super) chains: Chains,
    pub(super) state: Option<State>,
    pub(super) calls: HashMap<ReservationId, Kept>,
    /// By budget.
    pub(super) balances: HashMap<BudgetId, HashMap<Slot, Option<Amounts>>>,
    /// By path and minute.
    pub(super) sums: HashMap<i64, HashMap<i64, Amounts>>,
    /// Path and id of calls, by the sequence of their reserve.
    pub(super) opened: HashMap<i64, (i64, ReservationId)>,
    /// The budgets in force that judge a path.
    pub(super) judges: HashMap<i64, Judges>,
    pub(super) periods: BTreeMap<(BudgetId, Timestamp), Timestamp>,
    pub(super) closed: Option<Vec<Close>>,
    /// How many balances and sums were put there since both were empty.
    remembered: usize,
    changed: BTreeSet<(BudgetId, Slot)>,
    summed: BTreeSet<(i64, i64, i64)>,
    is_changed: bool,
}

/// The row of `state`.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) last: u64,
    pub(super) time: LedgerTime,
    pub(super) uptime: Option<Uptime>,
    pub(super) policy: Option<Arc<InForce>>,
}

impl Desk {
    pub(super) fn new(connection: Connection, path: &Path) -> Self {
        Self { connection, path: path.to_owned(), known: RefCell::default() }
    }

    pub(super) fn fault(&self, spoilt: Spoilt) -> Error {
        fault(&self.path, spoilt)
    }

    pub(super) fn failure(&self, spoilt: Spoilt) -> Failure {
        Failure(self.fault(spoilt))
    }

    /// Keeps notes, within the transaction.
    pub(super) fn note(&self, notes: &[Note]) -> Done<()> {
        for Note { name, value } in notes {
            match value {
                Some(value) => self
                    .connection
                    .prepare_cached("INSERT OR REPLACE INTO notes VALUES (?1, ?2)")?
                    .execute(params![name, value])?,
                None => self
                    .connection
                    .prepare_cached("DELETE FROM notes WHERE name = ?1")?
                    .execute([name])?,
            };
        }
        Ok(())
    }

    /// The value of a note.
    pub(super) fn find_note(&self, name: &str) -> Done<Option<Arc<[u8]>>> {
        let sql = "SELECT value FROM notes WHERE name = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([name])?;
        Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
    }

    /// The first notes whose names start so.
    pub(super) fn find_notes(&self, prefix: &str, limit: usize) -> Done<Vec<Note>> {
        let sql = "SELECT name, value FROM notes WHERE name >= ?1 ORDER BY name";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([prefix])?;
        let mut notes = Vec::new();
        while let Some(row) = rows.next()? {
            let name: Arc<str> = row.get(0)?;
            if notes.len() >= limit || !name.starts_with(prefix) {
                break;
            }
            notes.push(Note { name, value: Some(row.get(1)?) });
        }
        Ok(notes)
    }

    /// Begins a transaction that will write: from here on nobody else does.
    pub(super) fn begin_writing(&self) -> Done<()> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.read_state()
    }

    /// Begins a consistent view.
    pub(super) fn begin_reading(&self) -> Done<()> {
        self.connection.prepare_cached("BEGIN")?.execute([])?;
        self.read_state()
    }

    /// Looks at one consistent state. After an error the connection is of no more use.
    pub(super) fn view<T>(&self, look: impl FnOnce(&Self) -> Result<T, Error>) -> Result<T, Error> {
        self.begin_reading().map_err(|spoilt| self.fault(spoilt))?;
        let seen = look(self)?;
        self.end_reading().map_err(|spoilt| self.fault(spoilt))?;
        Ok(seen)
    }

    /// Ends a view.
    pub(super) fn end_reading(&self) -> Done<()> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(())
    }

    /// Writes all that changed and commits: whether anything did.
    pub(super) fn commit(&self) -> Done<bool> {
        let mut known = self.known.borrow_mut();
        known.flush(&self.connection)?;
        let is_changed = std::mem::take(&mut known.is_changed);
        if is_changed {
            known.chains.flush(&self.connection)?;
            known.write_state(&self.connection)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        known.forget_some();
        Ok(is_changed)
    }

    /// Undoes the transaction and forgets everything.
    pub(super) fn roll_back(&self) {
        // Where SQLite has rolled back by itself there is nothing left to undo.
        let _ = self.connection.execute_batch("ROLLBACK");
        *self.known.borrow_mut() = Known::default();
    }

    fn read_state(&self) -> Done<()> {
        let known = &mut *self.known.borrow_mut();
        let mut statement = self.connection.prepare_cached(
            "SELECT last, at, boot, uptime_ns, policy, seal FROM state WHERE one = 1",
        )?;
        let mut rows = statement.query([])?;
        let row = rows.next()?.ok_or(spoilt("the state is missing"))?;
        let last: i64 = row.get(0)?;
        let last = u64::try_from(last).map_err(|_| spoilt("the last sequence is negative"))?;
        if known.state.as_ref().is_some_and(|state| state.last == last) {
            return Ok(());
        }
        let at = match row.get_ref(1)? {
            ValueRef::Null => None,
            at => Some(instant(at)?),
        };
        let uptime = match row.get_ref(2)? {
            ValueRef::Null => None,
            boot => {
                let elapsed = super::cells::read_count(row.get_ref(3)?)?;
                let elapsed = i128::try_from(elapsed).unwrap_or(i128::MAX);
                let elapsed = SignedDuration::try_from_nanos_i128(elapsed)
                    .ok_or(spoilt("the time since the boot is out of range"))?;
                Some(Uptime { boot: sixteen(boot)?, elapsed })
            }
        };
        let policy: Option<i64> = row.get(4)?;
        let time = at.map_or_else(LedgerTime::default, |at| LedgerTime::of(at, uptime));
        if row.get::<_, i64>(5)? != sealed(last, at, uptime, policy) {
            return Err(spoilt("the state is not what was written"));
        }
        let policy =
            policy.map(|number| known.names.policy_of(&self.connection, number)).transpose()?;
        match &known.state {
            Some(State { last: before, policy: was, .. })
                if was.as_ref().map(Arc::as_ptr) == policy.as_ref().map(Arc::as_ptr) =>
            {
                let before = *before;
                known.refresh(&self.connection, before, last, policy.as_ref())?;
            }
            _ => known.forget(),
        }
        known.state = Some(State { last, time, uptime, policy });
        Ok(())
    }

    /// Writes sums that lookups must find.
    pub(super) fn flush(&self) -> Done<()> {
        self.known.borrow_mut().flush(&self.connection)
    }

    pub(super) fn entry(&self, sequence: i64) -> Done<Entry> {
        let mut statement = self.connection.prepare_cached(&select("WHERE e.sequence = ?1"))?;
        let mut rows = statement.query([sequence])?;
        let row = rows.next()?.ok_or(spoilt("an entry is missing"))?;
        let line = Line::of(row)?;
        let known = &mut *self.known.borrow_mut();
        Gloss { connection: &self.connection, names: &mut known.names }.entry(&line)
    }

    /// A call by its id.
    pub(super) fn kept(&self, id: ReservationId) -> Done<Option<Kept>> {
        if let Some(kept) = self.known.borrow().calls.get(&id) {
            return Ok(Some(kept.clone()));
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT first, last, more FROM call_rows WHERE id = ?1")?;
        let found: Option<(i64, Option<i64>, Option<Vec<u8>>)> = statement
            .query_row([id.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((sequence, last, more)) = found else { return Ok(None) };
        let reserved = kept::reserved(&self.entry(sequence)?)?;
        if reserved.id != id {
            return Err(spoilt("a call has the reserve of another"));
        }
        let first = kept::first(sequence, &reserved);
        let record = match (more, last) {
            (Some(more), _) => {
                let known = &mut *self.known.borrow_mut();
                let request = |number| known.names.request_of(&self.connection, number);
                let (mut record, moved) = kept::read(reserved, &more, request)?;
                if let Some(path) = moved {
                    record.path = known.names.path_of(&self.connection, path)?;
                }
                record
            }
            (None, None) => reserved,
            (None, Some(last)) => kept::ended(reserved, &self.entry(last)?)
                .ok_or(spoilt("the end of a call is another entry"))?,
        };
        let kept = Kept { first, last, record };
        self.known.borrow_mut().calls.insert(id, kept.clone());
        Ok(Some(kept))
    }

    /// What is booked, open and orphaned in a slot.
    pub(super) fn sum(&self, budget: BudgetId, slot: &Slot) -> Done<Option<Amounts>> {
        let known = &mut *self.known.borrow_mut();
        if let Some(sum) = known.balances.get(&budget).and_then(|sums| sums.get(slot)) {
            return Ok(*sum);
        }
        let Some(number) = known.names.find_budget(&self.connection, budget)? else {
            return Ok(None);
        };
        let (kind, value) = columns(slot)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT {SUM} FROM balance_rows WHERE budget = ?1 AND kind = ?2 AND slot = ?3"
        ))?;
        let mut rows = statement.query(params![number, kind, value])?;
        let sum = match rows.next()? {
            Some(row) => Some(sealed_amounts(row, 0, number, kind, &value)?),
            None => None,
        };
        known.balances.entry(budget).or_default().insert(slot.clone(), sum);
        known.remembered += 1;
        Ok(sum)
    }
}

/// The columns of a balance.
pub(super) const SUM: &str =
    "spent_micro, spent_pico, open_micro, open_pico, orphaned_micro, orphaned_pico, seal";

/// The sums of a balance whose columns begin at `first`.
pub(super) fn sealed_amounts(
    row: &rusqlite::Row<'_>,
    first: usize,
    budget: i64,
    kind: i64,
    slot: &Value,
) -> Done<Amounts> {
    let sum = amounts(row, first)?;
    if row.get::<_, i64>(first + 6)? == seal_of(budget, kind, slot, sum)?.1 {
        Ok(sum)
    } else {
        Err(spoilt("a balance is not what was written"))
    }
}

fn seal_of(budget: i64, kind: i64, slot: &Value, sum: Amounts) -> Done<([i64; 6], i64)> {
    let [spent, spent_pico, open, open_pico, orphaned, orphaned_pico] = split_amounts(sum)?;
    let columns = [spent, spent_pico, open, open_pico, orphaned, orphaned_pico];
    let mut numbers = vec![budget, kind];
    numbers.extend(columns);
    let text = match slot {
        Value::Integer(number) => {
            numbers.push(*number);
            ""
        }
        Value::Text(text) => text,
        _ => "",
    };
    Ok((columns, seal(&numbers, text)))
}

fn sealed(last: u64, at: Option<Timestamp>, uptime: Option<Uptime>, policy: Option<i64>) -> i64 {
    let text = format!(
        "{last} {:?} {:?} {policy:?}",
        at.map(Timestamp::as_nanosecond),
        uptime.map(|uptime| (uptime.boot, uptime.elapsed.as_nanos())),
    );
    seal(&[], &text)
}

impl Known {
    pub(super) fn state(&mut self) -> Done<&mut State> {
        self.state.as_mut().ok_or(spoilt("nothing was begun"))
    }

    pub(super) fn change_balance(&mut self, key: (BudgetId, Slot), sum: Amounts) {
        let before = self.balances.entry(key.0).or_default().insert(key.1.clone(), Some(sum));
        self.remembered += usize::from(before.is_none());
        self.changed.insert(key);
    }

    /// Forgets the balances of a budget that go.
    pub(super) fn drop_balances(&mut self, budget: BudgetId) {
        self.balances.remove(&budget);
        self.changed.retain(|(of, _)| *of != budget);
    }

    pub(super) fn mark_changed(&mut self) {
        self.is_changed = true;
    }

    /// Adds to the sum of a path in a minute.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        path: i64,
        posted: i64,
        more: Amounts,
    ) -> Done<()> {
        let arm = self.names.arm_of(connection, path)?;
        let key = (arm, posted, path);
        let sums = self.sums.entry(path).or_default();
        let before = match sums.get(&posted) {
            Some(sum) => *sum,
            None => read_sum(connection, key)?,
        };
        let known = sums.insert(posted, before.checked_add(more)?);
        self.remembered += usize::from(known.is_none());
        self.summed.insert(key);
        Ok(())
    }

    fn flush(&mut self, connection: &Connection) -> Done<()> {
        let mut statement = connection.prepare_cached(
            "INSERT OR REPLACE INTO balance_rows VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for key in std::mem::take(&mut self.changed) {
            let sum = self.balances.get(&key.0).and_then(|sums| sums.get(&key.1));
            let Some(Some(sum)) = sum else { continue };
            let budget = self.names.find_budget(connection, key.0)?;
            let budget = budget.ok_or(spoilt("a balance is of an unknown budget"))?;
            let (kind, slot) = columns(&key.1)?;
            let (sum, seal) = seal_of(budget, kind, &slot, *sum)?;
            statement.execute(params![
                budget, kind, slot, sum[0], sum[1], sum[2], sum[3], sum[4], sum[5], seal,
            ])?;
        }
        let mut statement = connection.prepare_cached(
            "INSERT OR REPLACE INTO sums VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?;
        for key in std::mem::take(&mut self.summed) {
            let sum = self.sums.get(&key.2).and_then(|sums| sums.get(&key.1));
            let Some(sum) = sum else { continue };
            let sum = split_amounts(*sum)?;
            statement.execute(params![
                key.0, key.1, key.2, sum[0], sum[1], sum[2], sum[3], sum[4], sum[5],
            ])?;
        }
        Ok(())
    }

    fn write_state(&mut self, connection: &Connection) -> Done<()> {
        let State { last, time, uptime, policy } = self.state()?.clone();
        let policy = policy.map(|policy| self.names.policy(connection, &policy)).transpose()?;
        let seal = sealed(last, time.last(), uptime, policy);
        let elapsed = uptime.map(|uptime| {
            let elapsed = u128::try_from(uptime.elapsed.as_nanos()).unwrap_or_default();
            super::cells::count(elapsed)
        });
        connection
            .prepare_cached(
                "UPDATE state SET last = ?1, at = ?2, boot = ?3, uptime_ns = ?4, policy = ?5, \
                 seal = ?6 WHERE one = 1",
            )?
            .execute(params![
                i64::try_from(last).map_err(|_| spoilt("too many entries"))?,
                time.last().map(Instant),
                uptime.map(|uptime| uptime.boot),
                elapsed,
                policy,
                seal,
            ])?;
        Ok(())
    }

    /// Forgets what another writer may have changed.
    pub(super) fn forget(&mut self) {
        self.chains.forget();
        *self = Self {
            names: std::mem::take(&mut self.names),
            chains: std::mem::take(&mut self.chains),
            ..Self::default()
        };
    }

    /// Keeps memory bounded.
    fn forget_some(&mut self) {
        if self.calls.len() > MOST {
            self.calls.clear();
        }
        if self.remembered > MOST {
            self.balances.clear();
            self.sums.clear();
            self.remembered = 0;
        }
        if self.opened.len() > MOST {
            self.opened.clear();
        }
        if self.judges.len() > MOST {
            self.judges.clear();
        }
        if self.periods.len() > MOST {
            self.periods.clear();
        }
    }
}

fn read_sum(connection: &Connection, (arm, posted, path): (i64, i64, i64)) -> Done<Amounts> {
    let mut statement = connection.prepare_cached(
        "SELECT spent_micro, spent_pico, open_micro, open_pico, orphaned_micro, orphaned_pico \
         FROM sums WHERE arm = ?1 AND posted = ?2 AND path = ?3",
    )?;
    let mut rows = statement.query([arm, posted, path])?;
    rows.next()?.map_or(Ok(Amounts::ZERO), |row| amounts(row, 0))
}

/// The milliseconds of an instant up to which rows can matter.
pub(super) fn up_to(at: Timestamp) -> i64 {
    floor(at)
}

//! What the rules look up.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{DecisionId, ReservationId};
use rusqlite::types::Value;
use rusqlite::{params, params_from_iter};

use super::cells::{instant, join, read_count, sixteen};
use super::desk::{Desk, Done, SUM, sealed_amounts, up_to};
use super::fault::spoilt;
use super::read::{Gloss, Line, reservation, select};
use super::slots::{columns, slot, tiles};
use crate::budget::{Action, BudgetId, InForce, Percent, Scope, Tier};
use crate::ledger::answer::State;
use crate::ledger::clock::LedgerTime;
use crate::ledger::entry::{Amounts, Entry, Fact, Posting};
use crate::ledger::kind::Kind;
use crate::ledger::operation::{AddKey, Close, Holder, Raise, RequestKey, SourceKey};
use crate::ledger::records::{
    CallRecord, Changes, Found, GivenUp, Records, RequestRecord, SourceRecord,
};
use crate::ledger::slot::Slot;

impl Records for Desk {
    fn time(&self) -> Found<LedgerTime> {
        let mut known = self.known.borrow_mut();
        known.state().map(|state| state.time).map_err(|error| self.failure(error))
    }

    fn last_sequence(&self) -> Found<u64> {
        let mut known = self.known.borrow_mut();
        known.state().map(|state| state.last).map_err(|error| self.failure(error))
    }

    fn in_force(&self) -> Found<Arc<InForce>> {
        let mut known = self.known.borrow_mut();
        let state = known.state().map_err(|error| self.failure(error))?;
        Ok(state.policy.clone().unwrap_or_else(|| Arc::new(InForce::none())))
    }

    fn call(&self, id: ReservationId) -> Found<Option<CallRecord>> {
        let kept = self.kept(id).map_err(|error| self.failure(error))?;
        Ok(kept.map(|kept| kept.record))
    }

    fn given_up(&self, which: GivenUp, limit: usize) -> Found<Vec<ReservationId>> {
        self.find_given_up(which, limit).map_err(|error| self.failure(error))
    }

    fn outstanding(&self, after: Option<ReservationId>, limit: usize) -> Found<Vec<ReservationId>> {
        let after = after.map_or([0; 16], ReservationId::to_bytes);
        self.find_calls(
            "deadline IS NOT NULL AND id > ?1",
            vec![Value::Blob(after.to_vec())],
            limit,
        )
        .map_err(|error| self.failure(error))
    }

    fn source(&self, key: &SourceKey) -> Found<Option<SourceRecord>> {
        self.find_source(key).map_err(|error| self.failure(error))
    }

    fn request(&self, key: &RequestKey) -> Found<Option<RequestRecord>> {
        self.find_request(key).map_err(|error| self.failure(error))
    }

    fn decision(&self, id: DecisionId) -> Found<Option<[u8; 16]>> {
        let find = || -> Done<Option<[u8; 16]>> {
            let sql = "SELECT fingerprint FROM decisions WHERE id = ?1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([id.to_bytes()])?;
            rows.next()?.map(|row| sixteen(row.get_ref(0)?)).transpose()
        };
        find().map_err(|error| self.failure(error))
    }

    fn raises(&self, budget: BudgetId, now: Timestamp) -> Found<Vec<Raise>> {
        self.find_raises(budget, now).map_err(|error| self.failure(error))
    }

    fn keys(&self) -> Found<Vec<AddKey>> {
        let entries = self.entries_of(&[Kind::KeyAdded], 0, usize::MAX);
        let entries = entries.map_err(|error| self.failure(error))?;
        let key = |entry: Entry| match entry.fact {
            Fact::KeyAdded(add) => Some(add),
            _ => None,
        };
        Ok(entries.into_iter().filter_map(key).collect())
    }

    fn closed(&self, start: Timestamp, end: Timestamp) -> Found<Vec<Close>> {
        let closed = self.all_closed().map_err(|error| self.failure(error))?;
        let overlaps = |close: &Close| close.start < end && start < close.end;
        Ok(closed.into_iter().filter(overlaps).collect())
    }

    fn opened_before(
        &self,
        budget: BudgetId,
        at: Timestamp,
    ) -> Found<Option<(Timestamp, Timestamp)>> {
        self.find_period(budget, at).map_err(|error| self.failure(error))
    }

    fn opened_after(&self, budget: BudgetId, at: Timestamp) -> Found<Option<Timestamp>> {
        let find = || -> Done<Option<Timestamp>> {
            let Some(number) = self.number(budget)? else { return Ok(None) };
            // An instant within a millisecond is after the period that begins with that.
            let nanosecond = SignedDuration::from_nanos(1);
            let from = at.checked_sub(nanosecond).map_or(i64::MIN, |at| up_to(at) + 1);
            let sql = "SELECT start FROM periods WHERE budget = ?1 AND start >= ?2 \
                       ORDER BY start LIMIT 1";
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query([number, from])?;
            rows.next()?.map(|row| instant(row.get_ref(0)?)).transpose()
        };
        find().map_err(|error| self.failure(error))
    }

    fn balance(&self, budget: BudgetId, slot: &Slot) -> Found<Option<Amounts>> {
        self.sum(budget, slot).map_err(|error| self.failure(error))
    }

    fn balances(
        &self,
        budget: BudgetId,
        after: Option<&Slot>,
        last: Option<&Slot>,
        limit: usize,
    ) -> Found<Vec<(Slot, Amounts)>> {
        self.find_balances(budget, after, last, limit).map_err(|error| self.failure(error))
    }

    fn reached(&self, budget: BudgetId, first: &Slot, last: &Slot) -> Found<Vec<Tier>> {
        self.find_reached(budget, first, last).map_err(|error| self.failure(error))
    }

    fn postings(
        &self,
        scope: &Scope,
        interval: Option<(Timestamp, Timestamp)>,
        each: &mut dyn FnMut(&Posting),
    ) -> Found<()> {
        let interval = interval.unwrap_or((Timestamp::MIN, Timestamp::MAX));
        match tiles(interval) {
            Some(tiles) => self.show_sums(scope, tiles, each),
            None => self.show_journal(interval, each),
        }
        .map_err(|error| self.failure(error))
    }

    fn apply(&mut self, changes: Changes) -> Found<()> {
        self.write(changes).map_err(|error| self.failure(error))
    }
}

impl Desk {
    fn number(&self, budget: BudgetId) -> Done<Option<i64>> {
        self.known.borrow_mut().names.find_budget(&self.connection, budget)
    }

    fn find_given_up(&self, which: GivenUp, limit: usize) -> Done<Vec<ReservationId>> {
        let (condition, values) = match which {
            // The deadline of an orphan is never.
            GivenUp::Overdue(now) => ("deadline <= ?1", vec![Value::Integer(up_to(now))]),
            GivenUp::Holder(holder) => {
                let Some(number) = self.find_holder(holder)? else { return Ok(Vec::new()) };
                ("deadline < ?1 AND holder = ?2", vec![Value::Integer(i64::MAX), number.into()])
            }
        };
        let mut ids = self.find_calls(condition, values, limit)?;
        // Rows are as fine as milliseconds.
        if let GivenUp::Overdue(now) = which {
            let mut overdue = Vec::with_capacity(ids.len());
            for id in ids {
                let kept = self.kept(id)?.ok_or(spoilt("a call is missing"))?;
                if kept.record.is(State::Open) && kept.record.deadline <= now {
                    overdue.push(id);
                }
            }
            ids = overdue;
        }
        Ok(ids)
    }

    fn find_calls(
        &self,
        condition: &str,
        mut values: Vec<Value>,
        limit: usize,
    ) -> Done<Vec<ReservationId>> {
        values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT id FROM call_rows INDEXED BY calls_outstanding WHERE {condition} ORDER BY id \
             LIMIT ?{}",
            values.len()
        ))?;
        let mut rows = statement.query(params_from_iter(values))?;
        let mut ids = Vec::new();
        while let Some(row) = rows.next()? {
            ids.push(reservation(sixteen(row.get_ref(0)?)?)?);
        }
        Ok(ids)
    }

    fn find_holder(&self, holder: Holder) -> Done<Option<i64>> {
        self.known.borrow_mut().names.find_holder(&self.connection, holder)
    }

    fn find_source(&self, key: &SourceKey) -> Done<Option<SourceRecord>> {
        let known = &mut *self.known.borrow_mut();
        let Some(number) = known.names.find_source(&self.connection, key)? else {
            return Ok(None);
        };
        let sql = "SELECT path, dated, revision, micro, pico, size, copy_of, last, booked_micro, \
                   booked_pico FROM sources \
                   WHERE number = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or(spoilt("a source is missing"))?;
        let amount: Option<i64> = row.get(3)?;
        let amount = match amount {
            Some(micro) => Some(join(micro, row.get(4)?)?),
            None => None,
        };
        let booked: Option<i64> = row.get(8)?;
        let booked = match booked {
            Some(micro) => join(micro, row.get(9)?)?,
            None => amount.unwrap_or(Amounts::ZERO.spent),
        };
        let copy_of = match row.get_ref(6)? {
            rusqlite::types::ValueRef::Null => None,
            id => Some(reservation(sixteen(id)?)?),
        };
        let last: i64 = row.get(7)?;
        let line = self.line(last)?;
        let mut gloss = Gloss { connection: &self.connection, names: &mut known.names };
        let Fact::Imported { metered, .. } = gloss.fact(&line)? else {
            return Err(spoilt("the import of a source is another entry"));
        };
        Ok(Some(SourceRecord {
            path: gloss.path(row.get(0)?)?,
            at: instant(row.get_ref(1)?)?,
            revision: row.get(2)?,
            amount,
            booked,
            size: read_count(row.get_ref(5)?)?,
            copy_of,
            metered,
        }))
    }

    fn line(&self, sequence: i64) -> Done<Line> {
        let mut statement = self.connection.prepare_cached(&select("WHERE e.sequence = ?1"))?;
        let mut rows = statement.query([sequence])?;
        Line::of(rows.next()?.ok_or(spoilt("an entry is missing"))?)
    }

    fn find_request(&self, key: &RequestKey) -> Done<Option<RequestRecord>> {
        let known = &mut *self.known.borrow_mut();
        let Some(number) = known.names.find_request(&self.connection, key)? else {
            return Ok(None);
        };
        let sql = "SELECT call, sources FROM requests WHERE number = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or(spoilt("a request is missing"))?;
        let call = match row.get_ref(0)? {
            rusqlite::types::ValueRef::Null => None,
            id => Some(reservation(sixteen(id)?)?),
        };
        let sources: Option<String> = row.get(1)?;
        let numbers: Vec<i64> = sources
            .map_or_else(|| Ok(Vec::new()), |text| serde_json::from_str(&text))
            .map_err(|_| spoilt("the sources of a request cannot be read"))?;
        let sources = numbers
            .into_iter()
            .map(|number| known.names.source_of(&self.connection, number))
            .collect::<Done<Vec<_>>>()?;
        // A request that was only named is nobody's.
        let is_known = call.is_some() || !sources.is_empty();
        Ok(is_known.then_some(RequestRecord { call, sources }))
    }

    fn find_raises(&self, budget: BudgetId, now: Timestamp) -> Done<Vec<Raise>> {
        let Some(number) = self.number(budget)? else { return Ok(Vec::new()) };
        let sql = "SELECT entry FROM raises WHERE budget = ?1 AND until >= ?2 ORDER BY entry";
        let mut statement = self.connection.prepare_cached(sql)?;
        let entries = statement.query_map([number, up_to(now)], |row| row.get(0))?;
        let mut raises = Vec::new();
        for entry in entries.collect::<rusqlite::Result<Vec<i64>>>()? {
            match self.entry(entry)?.fact {
                Fact::Raised(raise) if raise.budget == budget => raises.push(raise),
                _ => return Err(spoilt("a raise is another entry")),
            }
        }
        raises.retain(|raise| now < raise.until);
        Ok(raises)
    }

    fn all_closed(&self) -> Done<Vec<Close>> {
        if let Some(closed) = &self.known.borrow().closed {
            return Ok(closed.clone());
        }
        let mut statement =
            self.connection.prepare_cached("SELECT entry FROM closed ORDER BY entry")?;
        let entries = statement.query_map([], |row| row.get(0))?;
        let mut closed = Vec::new();
        for entry in entries.collect::<rusqlite::Result<Vec<i64>>>()? {
            match self.entry(entry)?.fact {
                Fact::Closed(close) => closed.push(close),
                _ => return Err(spoilt("a closed month is another entry")),
            }
        }
        self.known.borrow_mut().closed = Some(closed.clone());
        Ok(closed)
    }

    fn find_period(&self, budget: BudgetId, at: Timestamp) -> Done<Option<(Timestamp, Timestamp)>> {
        let seen = {
            let known = self.known.borrow();
            let mut seen = known.periods.range((budget, Timestamp::MIN)..=(budget, at));
            seen.next_back().map(|((_, start), end)| (*start, *end))
        };
        if seen.is_some_and(|(_, end)| at < end) {
            return Ok(seen);
        }
        let Some(number) = self.number(budget)? else { return Ok(None) };
        let sql = "SELECT start, stop FROM periods WHERE budget = ?1 AND start <= ?2 \
                   ORDER BY start DESC LIMIT 1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([number, up_to(at)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (start, end) = (instant(row.get_ref(0)?)?, instant(row.get_ref(1)?)?);
        self.known.borrow_mut().periods.insert((budget, start), end);
        Ok(Some((start, end)))
    }

    fn find_reached(&self, budget: BudgetId, first: &Slot, last: &Slot) -> Done<Vec<Tier>> {
        let Some(number) = self.number(budget)? else { return Ok(Vec::new()) };
        let ((low, low_slot), (high, high_slot)) = (columns(first)?, columns(last)?);
        let mut statement = self.connection.prepare_cached(
            "SELECT percent, action FROM reached WHERE budget = ?1 \
             AND (kind, slot) >= (?2, ?3) AND (kind, slot) <= (?4, ?5)",
        )?;
        let mut rows = statement.query(params![number, low, low_slot, high, high_slot])?;
        let mut tiers = Vec::new();
        while let Some(row) = rows.next()? {
            let (percent, action): (String, String) = (row.get(0)?, row.get(1)?);
            let percent = percent.parse().ok().and_then(|percent| Percent::new(percent).ok());
            let tier =
                percent.zip(Action::from_name(&action)).map(|(at, action)| Tier { at, action });
            tiers.push(tier.ok_or(spoilt("a tier is none"))?);
        }
        Ok(tiers)
    }

    fn find_balances(
        &self,
        budget: BudgetId,
        after: Option<&Slot>,
        last: Option<&Slot>,
        limit: usize,
    ) -> Done<Vec<(Slot, Amounts)>> {
        self.flush()?;
        let Some(number) = self.number(budget)? else { return Ok(Vec::new()) };
        let (low, low_slot) = after.map_or(Ok((0, Value::Null)), columns)?;
        let (high, high_slot) = last.map_or(Ok((i64::MAX, Value::Null)), columns)?;
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT kind, slot, {SUM} FROM balance_rows WHERE budget = ?1 \
             AND (kind, slot) > (?2, ?3) AND (kind, slot) <= (?4, ?5) ORDER BY kind, slot LIMIT ?6"
        ))?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![number, low, low_slot, high, high_slot, limit])?;
        let mut balances = Vec::new();
        while let Some(row) = rows.next()? {
            let kind: i64 = row.get(0)?;
            let sum = sealed_amounts(row, 2, number, kind, &row.get(1)?)?;
            balances.push((slot(kind, row.get_ref(1)?)?, sum));
        }
        Ok(balances)
    }

    /// Shows what was posted in whole minutes, as one posting for each path and minute.
    fn show_sums(
        &self,
        scope: &Scope,
        (from, to): (i64, i64),
        each: &mut dyn FnMut(&Posting),
    ) -> Done<()> {
        self.flush()?;
        let (condition, name) = match scope {
            Scope::Operator => ("?1 IS NULL", None),
            Scope::Client(client) => ("client = ?1", Some(client.as_str())),
            Scope::Arm(arm) => ("arm = ?1", Some(arm.as_str())),
        };
        let sql = format!("SELECT number FROM arms WHERE {condition}");
        let mut arms = self.connection.prepare_cached(&sql)?;
        let arms = arms.query_map([name], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        let mut statement = self.connection.prepare_cached(
            "SELECT path, posted, spent_micro, spent_pico, open_micro, open_pico, orphaned_micro, \
             orphaned_pico FROM sums WHERE arm = ?1 AND posted >= ?2 AND posted < ?3",
        )?;
        for arm in arms {
            let mut rows = statement.query([arm, from, to])?;
            while let Some(row) = rows.next()? {
                let posted = Timestamp::from_millisecond(row.get(1)?)
                    .map_err(|_| spoilt("a minute is out of range"))?;
                let known = &mut *self.known.borrow_mut();
                let path = known.names.path_of(&self.connection, row.get(0)?)?;
                let amounts = super::cells::amounts(row, 2)?;
                each(&Posting { path, dated: posted, posted, amounts });
            }
        }
        Ok(())
    }

    /// Shows what the journal posts, entry by entry.
    fn show_journal(
        &self,
        (start, end): (Timestamp, Timestamp),
        each: &mut dyn FnMut(&Posting),
    ) -> Done<()> {
        let mut statement = self.connection.prepare_cached(&select("ORDER BY e.sequence"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let line = Line::of(row)?;
            let known = &mut *self.known.borrow_mut();
            let mut gloss = Gloss { connection: &self.connection, names: &mut known.names };
            for posting in gloss.postings(&line)? {
                if start <= posting.posted && posting.posted < end {
                    each(&posting);
                }
            }
        }
        Ok(())
    }
}

//! What the rules write.

use std::collections::HashMap;

use octorato_core::{Currency, Money, ReservationId};
use rusqlite::{Connection, params};

use super::cells::{Instant, count, floor, split};
use super::desk::{Desk, Done, Known};
use super::fault::spoilt;
use super::kept::{self, Kept};
use super::slots::{columns, posted, whole};
use super::write::{First, Scribe};
use crate::budget::{BudgetId, Tier};
use crate::ledger::answer::State;
use crate::ledger::entry::{Entry, Fact};
use crate::ledger::operation::{Raise, RequestKey, SourceKey};
use crate::ledger::records::{CallRecord, Changes, RequestRecord, SourceRecord};
use crate::ledger::slot::Slot;

const NOTHING: Money = Money::zero(Currency::USD);

impl Desk {
    /// Writes what one operation changes.
    pub(super) fn write(&mut self, changes: Changes) -> Done<()> {
        let mut calls = HashMap::new();
        for id in changes.calls.keys() {
            calls.extend(self.kept(*id)?.map(|kept| (*id, kept)));
        }
        for entry in &changes.entries {
            if let Some(id) = kept::about(&entry.fact)
                && !calls.contains_key(&id)
            {
                calls.extend(self.kept(id)?.map(|kept| (id, kept)));
            }
        }
        let known = &mut *self.known.borrow_mut();
        known.mark_changed();
        let mut pen = Pen { connection: &self.connection, known };
        pen.write(changes, &calls)
    }
}

struct Pen<'p> {
    connection: &'p Connection,
    known: &'p mut Known,
}

impl Pen<'_> {
    fn write(&mut self, changes: Changes, calls: &HashMap<ReservationId, Kept>) -> Done<()> {
        let (connection, entries) = (self.connection, &changes.entries);
        for judge in changes.in_force.iter().flat_map(|policy| policy.judges()) {
            self.known.names.budget(connection, judge.id, &judge.title)?;
        }
        for (key, record) in &changes.sources {
            self.source(key, record, entries)?;
        }
        for entry in entries {
            let first = kept::about(&entry.fact).and_then(|id| calls.get(&id));
            self.entry(entry, first.map(|kept| &kept.first))?;
        }
        for (id, record) in changes.calls {
            self.call(record, calls.get(&id), entries)?;
        }
        for (key, record) in &changes.requests {
            self.request(key, record)?;
        }
        for (id, fingerprint) in &changes.decisions {
            connection
                .prepare_cached("INSERT INTO decisions VALUES (?1, ?2)")?
                .execute(params![id.to_bytes(), fingerprint])?;
        }
        for raise in &changes.raises {
            self.raise(raise, entries)?;
        }
        if !changes.closed.is_empty() {
            self.close(entries)?;
        }
        for ((budget, start), end) in changes.periods {
            let number = self.known.names.find_budget(connection, budget)?;
            let number = number.ok_or(spoilt("a period is of an unknown budget"))?;
            let label = entries.iter().find_map(|entry| match &entry.fact {
                Fact::Opened { budget: of, start: from, label, .. }
                    if *of == budget && *from == start =>
                {
                    Some(label.clone())
                }
                _ => None,
            });
            connection
                .prepare_cached("INSERT INTO periods VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![number, whole(start)?, Instant(end), label])?;
            self.known.periods.insert((budget, start), end);
        }
        for budget in changes.dropped {
            self.drop_balances(budget)?;
        }
        for (key, sum) in changes.balances {
            self.known.change_balance(key, sum);
        }
        for (budget, slot, tier) in changes.reached {
            self.reach(budget, &slot, tier)?;
        }
        let state = self.known.state()?;
        state.time = changes.time;
        state.uptime = changes.time.uptime();
        state.last = entries.last().map_or(state.last, |entry| entry.sequence);
        if let Some(in_force) = changes.in_force {
            state.policy = Some(in_force);
            self.known.judges.clear();
        }
        Ok(())
    }

    fn entry(&mut self, entry: &Entry, first: Option<&First>) -> Done<()> {
        let link = self.known.chains.add(self.connection, entry)?;
        Scribe { connection: self.connection, names: &mut self.known.names }
            .append(entry, first, link)?;
        for posting in &entry.postings {
            let path = self.known.names.path(self.connection, &posting.path)?;
            self.known.add(self.connection, path, posted(posting.posted), posting.amounts)?;
        }
        Ok(())
    }

    fn call(&mut self, record: CallRecord, before: Option<&Kept>, entries: &[Entry]) -> Done<()> {
        let id = record.id;
        let Some(before) = before else { return self.new_call(record, entries) };
        let about = |entry: &&Entry| kept::about(&entry.fact) == Some(id);
        let end = entries.iter().rev().find(about);
        let last = match end {
            Some(entry) => Some(sequence(entry)?),
            None => before.last,
        };
        // A call that was reserved and ended is its two entries, and nothing is said twice.
        let is_plain = before.last.is_none()
            && end.is_some_and(|end| {
                kept::ended(before.record.clone(), end).as_ref() == Some(&record)
            });
        let more = if is_plain {
            None
        } else {
            let request = record.request.as_ref();
            let request = request.map(|key| self.known.names.request(self.connection, key));
            let is_moved = record.path != before.first.path;
            let path = is_moved.then(|| self.known.names.path(self.connection, &record.path));
            Some(kept::spell(&record, request.transpose()?, path.transpose()?)?)
        };
        let (deadline, holder) = self.outstanding(&record)?;
        self.connection
            .prepare_cached(
                "UPDATE call_rows SET last = ?2, deadline = ?3, holder = ?4, more = ?5 WHERE id = ?1",
            )?
            .execute(params![id.to_bytes(), last, deadline, holder, more])?;
        if record.outcome.state.is_final() {
            self.known.calls.remove(&id);
            self.known.opened.remove(&before.first.sequence);
        } else {
            self.known.calls.insert(id, Kept { first: before.first.clone(), last, record });
        }
        Ok(())
    }

    fn new_call(&mut self, record: CallRecord, entries: &[Entry]) -> Done<()> {
        let id = record.id;
        let is_reserve =
            |entry: &&Entry| matches!(&entry.fact, Fact::Reserved { id: of, .. } if *of == id);
        let reserve = entries.iter().find(is_reserve).ok_or(spoilt("a call has no reserve"))?;
        let first = kept::first(sequence(reserve)?, &record);
        let (deadline, holder) = self.outstanding(&record)?;
        self.connection
            .prepare_cached(
                "INSERT INTO call_rows (id, first, deadline, holder) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![id.to_bytes(), first.sequence, deadline, holder])?;
        let path = self.known.names.path(self.connection, &first.path)?;
        self.known.opened.insert(first.sequence, (path, id));
        self.known.calls.insert(id, Kept { first, last: None, record });
        Ok(())
    }

    /// Deadline and holder of a call that has not ended: an orphan's deadline is never.
    fn outstanding(&mut self, record: &CallRecord) -> Done<(Option<i64>, Option<i64>)> {
        let holder = match record.holder {
            Some(holder) if !record.outcome.state.is_final() => {
                Some(self.known.names.holder(self.connection, holder)?)
            }
            _ => None,
        };
        Ok(match record.outcome.state {
            State::Open => (Some(floor(record.deadline)), holder),
            State::Orphaned => (Some(i64::MAX), holder),
            _ => (None, None),
        })
    }

    fn source(&mut self, key: &SourceKey, record: &SourceRecord, entries: &[Entry]) -> Done<()> {
        let (connection, names) = (self.connection, &mut self.known.names);
        let told = entries
            .iter()
            .rev()
            .find(|entry| matches!(&entry.fact, Fact::Imported { source, .. } if source == key));
        let (micro, pico) = record.amount.map(split).transpose()?.unzip();
        let copy_of = record.copy_of.map(ReservationId::to_bytes);
        let last = told.map(sequence).transpose()?;
        let is_usual = record.booked == record.amount.unwrap_or(NOTHING);
        let booked = if is_usual { None } else { Some(split(record.booked)?) };
        let (booked, booked_pico) = booked.unzip();
        let path = names.path(connection, &record.path)?;
        let found = names.find_source(connection, key)?;
        if let Some(number) = found {
            connection
                .prepare_cached(
                    "UPDATE sources SET revision = ?2, micro = ?3, pico = ?4, size = ?5, \
                     copy_of = ?6, last = coalesce(?7, last), path = ?8, booked_micro = ?9, \
                     booked_pico = ?10 WHERE number = ?1",
                )?
                .execute(params![
                    number,
                    record.revision,
                    micro,
                    pico,
                    count(record.size),
                    copy_of,
                    last,
                    path,
                    booked,
                    booked_pico,
                ])?;
            return Ok(());
        }
        let reader = names.text(connection, &key.reader)?;
        connection
            .prepare_cached(
                "INSERT INTO sources (key_hash, reader, key, path, dated, revision, micro, pico, \
                 size, copy_of, last, booked_micro, booked_pico) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                super::names::short(&[&key.reader, &key.key]),
                reader,
                key.key,
                path,
                Instant(record.at),
                record.revision,
                micro,
                pico,
                count(record.size),
                copy_of,
                last,
                booked,
                booked_pico,
            ])?;
        Ok(())
    }

    fn request(&mut self, key: &RequestKey, record: &RequestRecord) -> Done<()> {
        let (connection, names) = (self.connection, &mut self.known.names);
        let number = names.request(connection, key)?;
        let sources = record
            .sources
            .iter()
            .map(|source| names.find_source(connection, source)?.ok_or(spoilt("no such source")))
            .collect::<Done<Vec<i64>>>()?;
        let sources = match &sources[..] {
            [] => None,
            some => Some(serde_json::to_string(some).map_err(|_| spoilt("a list has no text"))?),
        };
        connection
            .prepare_cached("UPDATE requests SET call = ?2, sources = ?3 WHERE number = ?1")?
            .execute(params![number, record.call.map(ReservationId::to_bytes), sources])?;
        Ok(())
    }

    fn raise(&mut self, raise: &Raise, entries: &[Entry]) -> Done<()> {
        let budget = self.known.names.find_budget(self.connection, raise.budget)?;
        let is_it =
            |entry: &&Entry| matches!(&entry.fact, Fact::Raised(known) if known.id == raise.id);
        let entry = entries.iter().find(is_it).ok_or(spoilt("a raise has no entry"))?;
        self.connection
            .prepare_cached("INSERT INTO raises VALUES (?1, ?2, ?3)")?
            .execute(params![sequence(entry)?, budget, floor(raise.until)])?;
        Ok(())
    }

    fn close(&mut self, entries: &[Entry]) -> Done<()> {
        for entry in entries.iter().filter(|entry| matches!(entry.fact, Fact::Closed(_))) {
            self.connection
                .prepare_cached("INSERT INTO closed VALUES (?1)")?
                .execute([sequence(entry)?])?;
        }
        self.known.closed = None;
        Ok(())
    }

    fn drop_balances(&mut self, budget: BudgetId) -> Done<()> {
        self.known.drop_balances(budget);
        if let Some(number) = self.known.names.find_budget(self.connection, budget)? {
            self.connection
                .prepare_cached("DELETE FROM balance_rows WHERE budget = ?1")?
                .execute([number])?;
        }
        Ok(())
    }

    fn reach(&mut self, budget: BudgetId, slot: &Slot, tier: Tier) -> Done<()> {
        let number = self.known.names.find_budget(self.connection, budget)?;
        let (kind, value) = columns(slot)?;
        self.connection
            .prepare_cached("INSERT OR IGNORE INTO reached VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![number, kind, value, tier.at.to_string(), tier.action.name()])?;
        Ok(())
    }
}

fn sequence(entry: &Entry) -> Done<i64> {
    i64::try_from(entry.sequence).map_err(|_| spoilt("too many entries"))
}

//! Whether a ledger file is what its journal says.

use std::collections::{BTreeMap, HashMap};

use octorato_core::{ReservationId, Result};
use rusqlite::Connection;

use super::cells::amounts;
use super::desk::{Desk, Done};
use super::fault::Spoilt;
use super::format;
use super::linked::Proof;
use super::read::{Gloss, Line, select};
use super::slots::posted;
use crate::ledger::clock::LedgerTime;
use crate::ledger::entry::{Amounts, Entry, Fact};
use crate::ledger::memory::Shelf;
use crate::ledger::records::{Failure, Records};
use crate::ledger::rules;
use crate::ledger::store::Verification;

/// More faults than these are only counted.
const MOST: usize = 100;

/// What was found so far.
#[derive(Debug, Default)]
struct Findings {
    faults: Vec<String>,
    more: usize,
}

impl Findings {
    fn add(&mut self, fault: String) {
        if self.faults.len() < MOST { self.faults.push(fault) } else { self.more += 1 }
    }

    fn add_unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.add(fault());
        }
    }

    /// A lookup that fails is a finding, and the others are looked at all the same.
    fn take<T>(&mut self, what: impl FnOnce() -> String, found: Result<T, Spoilt>) -> Option<T> {
        match found {
            Ok(found) => Some(found),
            Err(error) => {
                self.add(format!("{}: {}", what(), said(&error)));
                None
            }
        }
    }
}

fn said(error: &Spoilt) -> String {
    match error {
        Spoilt::Sqlite(error) => error.to_string(),
        Spoilt::Content(what) => (*what).to_owned(),
        Spoilt::Value(error) => error.to_string(),
    }
}

impl Desk {
    /// Compares everything with the journal, row by row.
    pub(super) fn verified(&self) -> Verification {
        let mut findings = Findings::default();
        let checked = self.check_pages(&mut findings);
        findings.take(|| "the pages".to_owned(), checked);
        let compared = self.compare_layout(&mut findings);
        findings.take(|| "the tables".to_owned(), compared);
        let mut journal = Vec::new();
        let read = self.read_journal(&mut findings, &mut journal);
        let is_read = findings.take(|| "the journal".to_owned(), read).is_some();
        for fault in rules::key_faults(&journal) {
            findings.add(fault.to_string());
        }
        if is_read && findings.faults.is_empty() {
            let compared = self.compare(&journal, &mut findings);
            findings.take(|| "the records".to_owned(), compared);
        }
        let Findings { mut faults, more } = findings;
        if more > 0 {
            faults.push(format!("and {more} more"));
        }
        Verification {
            entries: u64::try_from(journal.len()).unwrap_or(u64::MAX),
            last: journal.last().map(|entry| entry.at),
            faults,
        }
    }

    /// What SQLite finds of its own pages and indexes.
    fn check_pages(&self, findings: &mut Findings) -> Done<()> {
        let mut statement = self.connection.prepare("PRAGMA integrity_check(100)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let found: String = row.get(0)?;
            findings.add_unless(found == "ok", || found);
        }
        Ok(())
    }

    /// Compares tables, indexes, triggers and views with those of a new ledger.
    fn compare_layout(&self, findings: &mut Findings) -> Done<()> {
        let layout = |connection: &Connection| -> Done<BTreeMap<String, Option<String>>> {
            let mut statement = connection.prepare(
                "SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        };
        let new = Connection::open_in_memory()?;
        format::lay_out(&new)?;
        let (is, must) = (layout(&self.connection)?, layout(&new)?);
        for (name, sql) in &must {
            findings.add_unless(is.get(name) == Some(sql), || {
                format!("`{name}` is not laid out as in a new ledger")
            });
        }
        for name in is.keys().filter(|name| !must.contains_key(*name)) {
            findings.add(format!("`{name}` is not part of a ledger"));
        }
        Ok(())
    }

    /// Reads every entry and checks the order of times and sequences and the ends of calls.
    fn read_journal(&self, findings: &mut Findings, journal: &mut Vec<Entry>) -> Done<()> {
        let mut statement = self.connection.prepare(&select("ORDER BY e.sequence"))?;
        let mut rows = statement.query([])?;
        let mut ended: HashMap<ReservationId, u64> = HashMap::new();
        let mut proof = Proof::new(&self.connection)?;
        while let Some(row) = rows.next()? {
            let sequence: i64 = row.get(0)?;
            let read = Line::of(row).and_then(|line| {
                let known = &mut *self.known.borrow_mut();
                let mut gloss = Gloss { connection: &self.connection, names: &mut known.names };
                let entry = gloss.entry(&line)?;
                let follows = proof.follows(&self.connection, &entry, line.link)?;
                Ok((entry, follows))
            });
            let Some((entry, follows)) = findings.take(|| format!("entry {sequence}"), read) else {
                continue;
            };
            findings.add_unless(follows, || format!("entry {sequence} breaks its chain"));
            let is_after = |last: &Entry| last.sequence < entry.sequence && last.at <= entry.at;
            findings.add_unless(journal.last().is_none_or(is_after), || {
                format!("entry {} is not after the one before it", entry.sequence)
            });
            if let Some(id) = entry.fact.ends()
                && let Some(before) = ended.insert(id, entry.sequence)
            {
                findings.add(format!("entry {sequence} ends the call {id}, as entry {before} did"));
            }
            journal.push(entry);
        }
        for arm in proof.broken(&self.connection)? {
            findings.add(format!("the chain of {arm} does not end as it was written"));
        }
        Ok(())
    }

    /// Makes the records of the journal anew and compares them with those of the file.
    fn compare(&self, journal: &[Entry], findings: &mut Findings) -> Done<()> {
        let made = Shelf::replayed(journal)?;
        let last = journal.last().map_or(0, |entry| entry.sequence);
        let state = self.known.borrow_mut().state()?.clone();
        findings.add_unless(state.last == last, || {
            format!("the last entry is {last}, and the state says {}", state.last)
        });
        let at = journal.last().map(|entry| entry.at);
        findings.add_unless(LedgerTime::last(state.time) >= at, || {
            "the time of the last commit is before its entries".to_owned()
        });
        let in_force = Records::in_force(&made).map_err(failed)?;
        findings.add_unless(Records::in_force(self).map_err(failed)? == in_force, || {
            "the budgets in force are not those that were adopted".to_owned()
        });
        let folded = rules::balances(&made)?;
        let kept = findings
            .take(|| "the balances".to_owned(), rules::balances(self).map_err(Spoilt::Value));
        for one in folded.iter().filter(|one| !kept.iter().flatten().any(|other| other == *one)) {
            findings.add(format!(
                "the balance of {} {} is not the fold of the journal",
                one.budget, one.slot
            ));
        }
        findings.add_unless(kept.is_none_or(|kept| kept.len() == folded.len()), || {
            "there are balances that the journal does not have".to_owned()
        });
        self.compare_records(&made, journal, findings)?;
        self.compare_sums(journal, findings)
    }

    fn compare_records(
        &self,
        made: &Shelf,
        journal: &[Entry],
        findings: &mut Findings,
    ) -> Done<()> {
        let mut counts = [0_i64; 4];
        for entry in journal {
            let place = |what: &str| format!("{what} of entry {}", entry.sequence);
            if let Some(id) = entry.fact.decision() {
                counts[2] += 1;
                equal(findings, || place("the decision"), self.decision(id), made.decision(id));
            }
            match &entry.fact {
                Fact::Reserved { id, .. } => {
                    counts[0] += 1;
                    let (is, must) = (Records::call(self, *id), Records::call(made, *id));
                    equal(findings, || place("the call"), is, must);
                }
                Fact::Imported { source, revision, request, .. } => {
                    counts[1] += i64::from(*revision == 1);
                    let (is, must) = (Records::source(self, source), Records::source(made, source));
                    equal(findings, || place("the source"), is, must);
                    if let Some(key) = request {
                        let (is, must) = (self.request(key), made.request(key));
                        equal(findings, || place("the request"), is, must);
                    }
                }
                Fact::Settled { request: Some(key), .. }
                | Fact::Orphaned { request: Some(key), .. } => {
                    equal(findings, || place("the request"), self.request(key), made.request(key));
                }
                Fact::Raised(raise) => {
                    let is = self.raises(raise.budget, entry.at);
                    equal(findings, || place("the raise"), is, made.raises(raise.budget, entry.at));
                }
                Fact::Opened { budget, start, end, .. } => {
                    counts[3] += 1;
                    let is = self.opened_before(*budget, *start);
                    equal(findings, || place("the period"), is, Ok(Some((*start, *end))));
                }
                Fact::KeyAdded(_) => {
                    equal(findings, || place("the key"), self.keys(), made.keys());
                }
                Fact::Closed(close) => {
                    let is = self.closed(close.start, close.end);
                    let must = made.closed(close.start, close.end);
                    equal(findings, || place("the closed month"), is, must);
                }
                _ => {}
            }
            // What verifying remembers is bounded.
            self.known.borrow_mut().calls.clear();
        }
        for (table, count) in ["call_rows", "sources", "decisions", "periods"].iter().zip(counts) {
            let sql = format!("SELECT count(*) FROM {table}");
            let rows: i64 = self.connection.query_row(&sql, [], |row| row.get(0))?;
            findings.add_unless(rows == count, || {
                format!("{table} has {rows} rows, and the journal says {count}")
            });
        }
        Ok(())
    }

    /// Folds the journal into minutes and compares them with the sums that are kept.
    fn compare_sums(&self, journal: &[Entry], findings: &mut Findings) -> Done<()> {
        let mut sums: BTreeMap<(i64, i64, i64), Amounts> = BTreeMap::new();
        for posting in journal.iter().flat_map(|entry| &entry.postings) {
            let known = &mut *self.known.borrow_mut();
            let path = known.names.path(&self.connection, &posting.path)?;
            let arm = known.names.arm_of(&self.connection, path)?;
            let sum = sums.entry((arm, posted(posting.posted), path)).or_insert(Amounts::ZERO);
            *sum = sum.checked_add(posting.amounts)?;
        }
        let mut statement = self.connection.prepare(
            "SELECT arm, posted, path, spent_micro, spent_pico, open_micro, open_pico, \
             orphaned_micro, orphaned_pico FROM sums",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let key = (row.get(0)?, row.get(1)?, row.get(2)?);
            let is = findings.take(|| format!("the sum {key:?}"), amounts(row, 3));
            let must = sums.remove(&key);
            findings.add_unless(is.is_none_or(|is| must == Some(is)), || {
                format!("the sum of path {} is not the fold of the journal", key.2)
            });
        }
        findings.add_unless(sums.is_empty(), || format!("{} sums are missing", sums.len()));
        Ok(())
    }
}

fn equal<T: PartialEq>(
    findings: &mut Findings,
    what: impl Fn() -> String,
    is: Result<T, Failure>,
    must: Result<T, Failure>,
) {
    let is = findings.take(&what, is.map_err(failed));
    let must = findings.take(&what, must.map_err(failed));
    findings.add_unless(is.is_none() || is == must, || format!("{} is not what it says", what()));
}

fn failed(Failure(error): Failure) -> Spoilt {
    Spoilt::Value(error)
}

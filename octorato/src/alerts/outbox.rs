//! What sinks are still to be told, kept in the ledger beside what they are told of.

use std::fmt;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::budget::Action;
use octorato_finops::ledger::{Batch, Entry, Fact, Kind, Ledger, Note};
use serde_json::Value;

use super::document;
use crate::books::Books;

/// How far the journal was read.
const READ: &str = "alerts/read";
/// Before the sequence of an entry and the name of a sink.
const TO: &str = "alerts/to/";
/// How many entries are read at once.
const PAGE: usize = 1_000;
/// The most that wait; what comes then stays in the journal until there is room.
const MOST_WAITING: usize = 10_000;

/// That a tier was reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Its id, the same however often it is told.
    pub id: String,
    /// When it happened, by the ledger's clock.
    pub at: Timestamp,
    /// What the tier does.
    pub action: Action,
    /// What people call the budget.
    pub budget: String,
    /// What a sink is told; `octorato schema alert` describes it.
    pub document: Value,
}

/// One sentence for people.
impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(document::message_of(&self.document))
    }
}

/// An alert that a sink is still to be told.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub(super) note: std::sync::Arc<str>,
    pub(super) sink: String,
    pub(super) alert: Alert,
}

/// Reads the journal on, and keeps for each sink what it is to be told.
///
/// A tier of a budget that is no longer in force tells nobody: whom it was to tell is not known any
/// more. Where the policy cannot be known the journal is not read on.
pub(super) fn collect(books: &Books) -> Result<()> {
    let ledger = books.ledger();
    let Some(policy) = books.regime().policy() else { return Ok(()) };
    let mut after = read_up_to(ledger)?;
    let mut room = MOST_WAITING.saturating_sub(waiting_names(ledger)?);
    loop {
        let entries = ledger.entries_of(&[Kind::TierReached], after, PAGE)?;
        let Some(last) = entries.last().map(|entry| entry.sequence) else { return Ok(()) };
        let mut notes = Vec::new();
        for entry in &entries {
            let Some((judge, alert)) = told_by(books, entry)? else { continue };
            let document = serde_json::to_vec(&alert.document).map_err(|error| {
                Error::new(ErrorKind::Data, "an alert has no JSON").caused_by(error)
            })?;
            for (sink, _) in policy.sinks_of(&judge.budget) {
                let name = format!("{TO}{:020}/{sink}", entry.sequence);
                notes.push(Note { name: name.into(), value: Some(document.as_slice().into()) });
            }
        }
        if notes.len() > room {
            return Ok(());
        }
        room -= notes.len();
        let read = last.to_string().into_bytes();
        notes.push(Note { name: READ.into(), value: Some(read.into()) });
        ledger.commit_batch(&Batch { notes: &notes, ..Batch::default() })?;
        after = last;
    }
}

fn told_by<'b>(
    books: &'b Books,
    entry: &Entry,
) -> Result<Option<(&'b octorato_finops::budget::Judge, Alert)>> {
    let Fact::TierReached { budget, .. } = &entry.fact else { return Ok(None) };
    let Some(judge) = books.regime().in_force().find(*budget) else { return Ok(None) };
    Ok(document::alert(entry, judge)?.map(|alert| (judge, alert)))
}

fn read_up_to(ledger: &dyn Ledger) -> Result<u64> {
    let Some(value) = ledger.note(READ)? else { return Ok(0) };
    std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).ok_or_else(|| damaged(READ))
}

fn waiting_names(ledger: &dyn Ledger) -> Result<usize> {
    Ok(ledger.notes(TO, MOST_WAITING)?.len())
}

/// What is to be told, in the order of the journal.
pub(super) fn waiting(ledger: &dyn Ledger) -> Result<Vec<Waiting>> {
    ledger.notes(TO, MOST_WAITING)?.into_iter().map(read).collect()
}

fn read(note: Note) -> Result<Waiting> {
    let parsed = || {
        let (_, sink) = note.name.strip_prefix(TO)?.split_once('/')?;
        let document: Value = serde_json::from_slice(note.value.as_deref()?).ok()?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let alert = Alert {
            id: text(&document["id"])?,
            at: document["at"].as_str()?.parse().ok()?,
            action: Action::from_name(document["tier"]["action"].as_str()?)?,
            budget: text(&document["budget"]["name"])?,
            document,
        };
        Some((sink.to_owned(), alert))
    };
    let (sink, alert) = parsed().ok_or_else(|| damaged(&note.name))?;
    Ok(Waiting { note: note.name, sink, alert })
}

/// Notes that a sink was told.
pub(super) fn strike(ledger: &dyn Ledger, waiting: &Waiting) -> Result<()> {
    let notes = [Note { name: waiting.note.clone(), value: None }];
    ledger.commit_batch(&Batch { notes: &notes, ..Batch::default() }).map(drop)
}

fn damaged(note: &str) -> Error {
    Error::new(ErrorKind::Data, format!("not what was noted of alerts: `{note}`"))
}

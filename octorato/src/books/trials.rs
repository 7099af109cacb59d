//! How many calls the trials would have denied.

use std::collections::HashMap;

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::budget::{BudgetId, Judge};
use octorato_finops::ledger::{Batch, Fact, Kind, Ledger, Note};

use super::Books;

/// How far the journal was read.
const READ: &str = "trials/read";
/// How many entries are read at once.
const PAGE: usize = 1_000;

/// How many calls each trial in force would have denied in its current period, or since it is one
/// where the calendar does not cut it.
///
/// The journal is read on from where it was left, and what was counted is noted in the ledger.
pub(super) fn denied(books: &Books) -> Result<HashMap<BudgetId, u64>> {
    let in_force = books.regime().in_force();
    let trials: Vec<&Judge> = in_force.judges().iter().filter(|it| it.budget.is_shadow()).collect();
    if trials.is_empty() {
        return Ok(HashMap::new());
    }
    let ledger = books.ledger();
    read_on(ledger, &trials)?;
    let now = ledger.time()?.now;
    let count = |judge: &&Judge| Ok((judge.id, number(ledger, &name(judge, now))?));
    trials.iter().map(count).collect()
}

fn read_on(ledger: &dyn Ledger, trials: &[&Judge]) -> Result<()> {
    let mut after = number(ledger, READ)?;
    loop {
        let entries = ledger.entries_of(&[Kind::WouldDeny], after, PAGE)?;
        let Some(last) = entries.last().map(|entry| entry.sequence) else { return Ok(()) };
        let mut counts: HashMap<String, u64> = HashMap::new();
        for entry in &entries {
            let Fact::WouldDeny { budgets, .. } = &entry.fact else { continue };
            for judge in trials.iter().filter(|judge| budgets.contains(&judge.id)) {
                *counts.entry(name(judge, entry.at)).or_default() += 1;
            }
        }
        let mut notes = vec![note(READ.to_owned(), last)];
        for (name, count) in counts {
            let before = number(ledger, &name)?;
            notes.push(note(name, before.saturating_add(count)));
        }
        // Whatever is lost of it is in the journal.
        let batch = Batch { notes: &notes, is_derivable: true, ..Batch::default() };
        ledger.commit_batch(&batch)?;
        after = last;
    }
}

/// The note of a budget's period.
fn name(judge: &Judge, at: Timestamp) -> String {
    let period = judge.budget.period(at).ok().flatten();
    let start = period.and_then(|period| period.start());
    let start = start.map_or_else(|| "-".to_owned(), |start| start.to_string());
    format!("trials/{}/{start}", judge.id.full())
}

fn note(name: String, number: u64) -> Note {
    Note { name: name.into(), value: Some(number.to_string().into_bytes().into()) }
}

fn number(ledger: &dyn Ledger, name: &str) -> Result<u64> {
    let Some(value) = ledger.note(name)? else { return Ok(0) };
    let text = std::str::from_utf8(&value).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        Error::new(ErrorKind::Data, format!("not what was noted of trials: `{name}`"))
    })
}

//! Budgets that denied calls and were removed: said for a week, so that nobody misses it.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use octorato_brain::read_file;
use octorato_core::{Diagnostic, Error, ErrorKind, Result};
use octorato_finops::budget::{InForce, Judge};
use serde::{Deserialize, Serialize};

use crate::config::codes::doctor as codes;
use crate::config::places::Places;
use crate::files::Lock;

/// For how long it is said.
const LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A budget that denied calls and no longer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// When it was found to be gone.
    pub at: Timestamp,
    /// The budget's id, in full.
    pub budget: String,
    /// What it was called.
    pub name: String,
    /// What its limit was, in USD.
    pub limit: String,
}

/// One finding of all that were removed; nothing where none was.
pub(super) fn finding(removals: &[Removal]) -> Option<Diagnostic> {
    let last = removals.iter().map(|removal| removal.at).max()?;
    let since = last.strftime("%Y-%m-%d %H:%M UTC");
    let message = if let [Removal { name, limit, .. }] = removals {
        format!("a budget no longer denies calls since {since} (its limit was ${limit}): `{name}`")
    } else {
        let named = |Removal { name, limit, .. }: &Removal| format!("`{name}` (${limit})");
        let all: Vec<_> = removals.iter().map(named).collect();
        let count = removals.len();
        let all = all.join(", ");
        format!("{count} budgets no longer deny calls, the last since {since}: {all}")
    };
    let hint = "if that was not meant, declare it again: it goes on from what was spent; this is said \
                for a week";
    Some(Diagnostic::warning(codes::CAP_REMOVED, message).hinted(hint))
}

fn file(places: &Places) -> PathBuf {
    places.state.join("removed-budgets.jsonl")
}

/// Notes the budgets that denied calls before and do not any more.
pub(super) fn note(places: &Places, before: &InForce, next: &InForce) -> Result<()> {
    let is_gone = |judge: &&Judge| {
        judge.budget.enforces() && !next.find(judge.id).is_some_and(|it| it.budget.enforces())
    };
    let at = Timestamp::now();
    let mut text = String::new();
    for Judge { id, title, budget } in before.judges().iter().filter(is_gone) {
        let removal = Removal {
            at,
            budget: id.full(),
            name: title.to_string(),
            limit: budget.limit().to_string(),
        };
        text += &serde_json::to_string(&removal).map_err(|error| {
            Error::new(ErrorKind::Data, "a removal has no JSON").caused_by(error)
        })?;
        text.push('\n');
    }
    if text.is_empty() { Ok(()) } else { Lock::of(&file(places))?.append(&text) }
}

/// The latest removal of each budget that is not back, of the last days. A file that cannot be read
/// says nothing: what is in force does not hang on it.
pub(super) fn recent(places: &Places, in_force: &InForce, now: Timestamp) -> Vec<Removal> {
    let text = read_file(&file(places)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut removals: Vec<Removal> = Vec::new();
    let lines = text.unwrap_or_default();
    for removal in lines.lines().filter_map(|line| serde_json::from_str::<Removal>(line).ok()) {
        let is_back = in_force
            .judges()
            .iter()
            .any(|judge| judge.budget.enforces() && judge.id.full() == removal.budget);
        if is_back || now.duration_since(removal.at) > LATELY {
            continue;
        }
        removals.retain(|other| other.budget != removal.budget);
        removals.push(removal);
    }
    removals
}

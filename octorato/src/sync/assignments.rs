//! What the operator gave to another arm, once it is booked.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{ArmId, Error, ErrorKind, Result};
use octorato_finops::attribute::Pins;
use octorato_finops::ledger::{
    Batch, Entry, Fact, Ledger, Operation, Reassign, Reference, SourceKey, SpendPath,
    fresh_decision,
};

use super::notes;
use crate::Workspace;

/// How many entries are looked at, or sources moved, at once.
const AT_ONCE: usize = 256;

/// Books elsewhere what an assignment gives to another arm than the one that it is booked at, and
/// says of how many sources. It looks at the journal only where the assignments have changed.
///
/// An assignment that was taken back leaves everything where it is.
pub(super) fn follow(workspace: &Workspace, ledger: &dyn Ledger) -> Result<u64> {
    let pins = workspace.pins();
    let hash = hash(pins);
    let followed = notes::assignments(ledger)?;
    if followed.as_deref() == Some(&hash) || (followed.is_none() && pins.arms().next().is_none()) {
        return Ok(0);
    }
    let wanted: Vec<(SourceKey, ArmId)> = wanted(pins, ledger)?.into_iter().collect();
    let mut moved = 0;
    for wanted in wanted.chunks(AT_ONCE) {
        let why = "the operator assigned it";
        let operations = moves(workspace, ledger, wanted, why, |_| true)?;
        for answer in ledger.commit_batch(&Batch::of(&operations))? {
            answer?;
            moved += 1;
        }
    }
    let notes = [notes::of_assignments(&hash)];
    ledger.commit_batch(&Batch { operations: &[], notes: &notes, is_derivable: false })?;
    Ok(moved)
}

/// The same for the same assignments in any order.
fn hash(pins: &Pins) -> String {
    let sessions = pins.sessions.iter().map(|(id, arm)| ("session", id.as_str(), arm));
    let messages = pins.messages.iter().map(|(id, arm)| ("message", id.as_str(), arm));
    let mut all: Vec<_> = sessions.chain(messages).collect();
    all.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (kind, id, arm) in all {
        for part in [kind, id, arm.as_str()] {
            hasher.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}

/// The sources that assignments are about, with the arm that each gives them to.
fn wanted(pins: &Pins, ledger: &dyn Ledger) -> Result<BTreeMap<SourceKey, ArmId>> {
    let mut wanted = BTreeMap::new();
    let mut after = 0;
    loop {
        let entries = ledger.entries(after, AT_ONCE)?;
        let Some(last) = entries.last() else { return Ok(wanted) };
        after = last.sequence;
        wanted.extend(entries.iter().filter_map(|entry| assigned(pins, entry)));
    }
}

fn assigned(pins: &Pins, entry: &Entry) -> Option<(SourceKey, ArmId)> {
    let Fact::Imported { source, origin, .. } = &entry.fact else { return None };
    let message = origin.as_ref().and_then(|origin| origin.message.as_ref());
    let session = entry.postings.first().and_then(|posting| posting.path.session.as_ref());
    let by_message = message.and_then(|message| pins.messages.get(message));
    let arm = by_message.or_else(|| pins.sessions.get(session?))?;
    Some((source.clone(), arm.clone()))
}

/// What brings sources to their arms that are booked at others; only those whose path `may` move.
pub(super) fn moves(
    workspace: &Workspace,
    ledger: &dyn Ledger,
    wanted: &[(SourceKey, ArmId)],
    reason: &str,
    may: impl Fn(&SpendPath) -> bool,
) -> Result<Vec<Operation>> {
    let sources: Vec<SourceKey> = wanted.iter().map(|(source, _)| source.clone()).collect();
    let mut operations = Vec::new();
    for ((source, id), imported) in wanted.iter().zip(ledger.imported_all(&sources)?) {
        let is_elsewhere = |path: &SpendPath| path.arm.as_ref() != Some(id) && may(path);
        let Some(imported) = imported.filter(|known| is_elsewhere(&known.path)) else {
            continue;
        };
        let Some(arm) = workspace.arms().arm(id) else {
            let message = format!("assigned to an arm that arms.yaml does not declare: `{id}`");
            return Err(Error::new(ErrorKind::Config, message));
        };
        let to = SpendPath {
            client: Some(arm.client.clone()),
            arm: Some(id.clone()),
            ..(*imported.path).clone()
        };
        operations.push(Operation::Reassign(Reassign {
            id: fresh_decision(Timestamp::now())?,
            of: Reference::Source(source.clone()),
            to: Arc::new(to),
            reason: reason.into(),
        }));
    }
    Ok(operations)
}

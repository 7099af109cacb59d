//! Spend that was booked without an arm, though one claims it now: it was declared later.
//!
//! Whose a request is follows from its folder and from its session, as in a report. What has an arm
//! keeps it; only an assignment moves it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use octorato_core::{ArmId, Arms, Currency, ModelId, Money, Result, SessionId, UsageEvent};
use octorato_finops::ledger::{Batch, Entry, Fact, Ledger, Metered, Origin, SourceKey, SpendPath};
use serde::{Deserialize, Serialize};

use super::{assignments, notes};
use crate::Workspace;

/// How many entries are looked at, or sources moved, at once.
const AT_ONCE: usize = 256;

/// What an arm claims of what is booked without one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claimed {
    /// The arm.
    pub arm: ArmId,
    /// How many requests.
    pub requests: u64,
    /// Their list cost, in USD.
    #[serde(with = "as_text")]
    pub list_cost: Money,
}

/// Money as a decimal text, in USD.
mod as_text {
    use octorato_core::{Currency, Money};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(
        money: &Money,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&money.to_string())
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Money, D::Error> {
        let text = String::deserialize(deserializer)?;
        Money::parse(&text, Currency::USD).map_err(D::Error::custom)
    }
}

/// A source without an arm, with the arm that claims it.
struct Claim {
    source: SourceKey,
    arm: ArmId,
    amount: Money,
}

/// What arms claim now of what is booked without one, an arm a row. It reads the whole journal and
/// changes nothing.
pub fn claimed(workspace: &Workspace, ledger: &dyn Ledger) -> Result<Vec<Claimed>> {
    rows(&claims(workspace, ledger)?)
}

/// The same, as it was found when the arms were last changed: it reads the journal only where they
/// are others than the last time, or `is_other` since something was moved meanwhile.
pub(super) fn known(
    workspace: &Workspace,
    ledger: &dyn Ledger,
    is_other: bool,
) -> Result<Vec<Claimed>> {
    let hash = hash(workspace.arms());
    if !is_other && let Some(rows) = notes::claims(ledger, &hash)? {
        return Ok(rows);
    }
    let rows = claimed(workspace, ledger)?;
    note(ledger, &hash, &rows)?;
    Ok(rows)
}

/// Gives what is booked without an arm to those that claim it, by linked corrections: each takes the
/// amount away where it was and books it at the arm, on the same date; of a closed month in the
/// first that is open. Says what was moved.
///
/// A second call moves nothing. One that was killed is taken up by the next.
pub(super) fn reattribute(workspace: &Workspace, ledger: &dyn Ledger) -> Result<Vec<Claimed>> {
    let claims = claims(workspace, ledger)?;
    for claims in claims.chunks(AT_ONCE) {
        let wanted: Vec<_> =
            claims.iter().map(|claim| (claim.source.clone(), claim.arm.clone())).collect();
        let why = "its arm was declared after it was booked";
        let operations =
            assignments::moves(workspace, ledger, &wanted, why, |path| path.arm.is_none())?;
        for answer in ledger.commit_batch(&Batch::of(&operations))? {
            answer?;
        }
    }
    note(ledger, &hash(workspace.arms()), &[])?;
    rows(&claims)
}

fn note(ledger: &dyn Ledger, hash: &str, rows: &[Claimed]) -> Result<()> {
    let notes: Vec<_> = notes::of_claims(hash, rows).into_iter().collect();
    ledger.commit_batch(&Batch { operations: &[], notes: &notes, is_derivable: false }).map(drop)
}

fn rows(claims: &[Claim]) -> Result<Vec<Claimed>> {
    let mut rows: BTreeMap<&ArmId, Claimed> = BTreeMap::new();
    for Claim { arm, amount, .. } in claims {
        let nothing =
            || Claimed { arm: arm.clone(), requests: 0, list_cost: Money::zero(Currency::USD) };
        let row = rows.entry(arm).or_insert_with(nothing);
        row.requests += 1;
        row.list_cost = row.list_cost.checked_add(*amount)?;
    }
    Ok(rows.into_values().collect())
}

fn claims(workspace: &Workspace, ledger: &dyn Ledger) -> Result<Vec<Claim>> {
    let unclaimed = unclaimed(ledger)?;
    if unclaimed.is_empty() || workspace.arms().arms.is_empty() {
        return Ok(Vec::new());
    }
    let sessions = unclaimed.values().filter_map(|(session, _)| session.clone()).collect();
    let mut events = events(ledger, &unclaimed, &sessions)?;
    events.sort_by_key(|(event, _)| event.at);
    let (events, sources): (Vec<UsageEvent>, Vec<SourceKey>) = events.into_iter().unzip();
    let attributions = workspace.resolver()?.resolve(&events);
    let claim = |(source, attribution): (SourceKey, octorato_core::Attribution)| {
        let (_, amount) = unclaimed.get(&source)?;
        Some(Claim { arm: attribution.arm?, amount: *amount, source })
    };
    Ok(sources.into_iter().zip(attributions).filter_map(claim).collect())
}

/// What is booked without an arm: session and amount by source.
fn unclaimed(ledger: &dyn Ledger) -> Result<HashMap<SourceKey, (Option<SessionId>, Money)>> {
    let mut unclaimed = HashMap::new();
    let mut after = 0;
    loop {
        let entries = ledger.entries(after, AT_ONCE)?;
        let Some(last) = entries.last() else { return Ok(unclaimed) };
        after = last.sequence;
        let found = entries.iter().filter_map(|entry| {
            let (source, _, path) = import(entry)?;
            path.arm.is_none().then(|| source.clone())
        });
        let found: Vec<SourceKey> = found.collect();
        for (source, imported) in found.iter().zip(ledger.imported_all(&found)?) {
            if let Some(it) = imported
                && it.path.arm.is_none()
                && it.copy_of.is_none()
            {
                let amount = it.amount.unwrap_or(Money::zero(Currency::USD));
                unclaimed.insert(source.clone(), (it.path.session.clone(), amount));
            }
        }
    }
}

/// The requests of `wanted` and all others of their sessions, which may say whose they are.
fn events(
    ledger: &dyn Ledger,
    wanted: &HashMap<SourceKey, (Option<SessionId>, Money)>,
    sessions: &HashSet<SessionId>,
) -> Result<Vec<(UsageEvent, SourceKey)>> {
    let mut events = Vec::new();
    let mut seen = HashSet::new();
    let mut after = 0;
    loop {
        let entries = ledger.entries(after, AT_ONCE)?;
        let Some(last) = entries.last() else { return Ok(events) };
        after = last.sequence;
        for (source, origin, path) in entries.iter().filter_map(import) {
            let session = path.session.as_ref();
            let is_wanted = session.is_some_and(|session| sessions.contains(session));
            if (is_wanted || wanted.contains_key(source)) && seen.insert(source.clone()) {
                events.push((event(origin, path), source.clone()));
            }
        }
    }
}

/// A request that a transcript told.
fn import(entry: &Entry) -> Option<(&SourceKey, &Origin, &SpendPath)> {
    let Fact::Imported { source, origin: Some(origin), .. } = &entry.fact else { return None };
    entry.postings.first().map(|posting| (source, &**origin, &*posting.path))
}

/// As much of a request as says whose it is.
fn event(origin: &Origin, path: &SpendPath) -> UsageEvent {
    let unmetered = Metered {
        provider: None,
        model: path.model.clone().unwrap_or_else(|| ModelId::from("")),
        usage: octorato_core::Usage::default(),
        context: octorato_core::PriceContext::standard(),
        book: Arc::from(""),
    };
    origin.event("octorato", path, &unmetered)
}

/// The same for the same claims of arms.
fn hash(arms: &Arms) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
    };
    part(arms.zone.iana_name().unwrap_or_default());
    for arm in &arms.arms {
        part("arm");
        part(arm.id.as_str());
        for root in &arm.roots {
            part("root");
            part(&root.path);
            part(&root.from.map(|from| from.to_string()).unwrap_or_default());
        }
        for remote in &arm.remotes {
            part("remote");
            part(remote);
        }
    }
    hasher.finalize().to_hex().to_string()
}

//! An alert as a document: what happened, to which budget, for machines and for people.

use octorato_core::{Money, Result};
use octorato_finops::budget::{Judge, Scope};
use octorato_finops::ledger::{Entry, Fact, Slot};
use serde_json::{Value, json};

use super::outbox::Alert;
use crate::books::{conditions, label, parties, scope_name};

/// The alert of an entry that says that a tier of this budget was reached.
pub(super) fn alert(entry: &Entry, judge: &Judge) -> Result<Option<Alert>> {
    let Fact::TierReached { slot, at_pct, action, spent, cap, .. } = &entry.fact else {
        return Ok(None);
    };
    let Judge { id, title, budget } = judge;
    let period = match slot {
        Slot::From(start) => budget.period(*start)?,
        _ => None,
    };
    let label = label(budget, Some(slot));
    let limit = budget.tiers().limit().of(*cap)?;
    let percent = spent.pico().saturating_mul(100).checked_div(cap.pico());
    let (arm, client) = parties(budget.scope());
    let alert_id = format!("{}-{id}", entry.sequence);
    let instant = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    let document = json!({
        "schema": 1,
        "type": "budget_tier_reached",
        "id": alert_id,
        "at": entry.at.to_string(),
        "budget": {
            "id": id.to_string(),
            "name": title,
            "scope": scope_name(budget.scope()),
            "arm": arm,
            "client": client,
            "match": conditions(budget),
            "shadow": budget.is_shadow(),
            "enforced": budget.enforces(),
        },
        "period": {
            "kind": budget.cycle().name(),
            "label": label,
            "start": instant(period.as_ref().and_then(octorato_core::Period::start)),
            "end": instant(period.as_ref().and_then(octorato_core::Period::end)),
        },
        "tier": { "at_pct": at_pct.to_string(), "action": action.name() },
        "cap": cap.to_string(),
        "limit": limit.to_string(),
        "spent": spent.to_string(),
        "message": format!(
            "{}; {action} at {at_pct} %",
            message(title, budget.scope(), &label, *spent, *cap, percent)
        ),
    });
    Ok(Some(Alert {
        id: alert_id,
        at: entry.at,
        action: *action,
        budget: title.to_string(),
        document,
    }))
}

fn message(
    title: &str,
    scope: &Scope,
    label: &str,
    spent: Money,
    cap: Money,
    percent: Option<i128>,
) -> String {
    let of_cap = percent.map_or_else(String::new, |percent| format!(" ({percent} %)"));
    // A name of the operator's own does not say whose budget it is.
    let whose =
        if title.contains(&scope.to_string()) { String::new() } else { format!(", {scope}") };
    format!("{title}{whose}: ${spent} of ${cap}{of_cap} spent, {label}")
}

/// What people are shown of an alert.
pub(super) fn message_of(document: &Value) -> &str {
    document["message"].as_str().unwrap_or_default()
}

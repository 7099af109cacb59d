//! What the ledger answered, as JSON: money as text, instants in UTC.

use octorato_core::Error;
use octorato_finops::budget::Judge;
use octorato_finops::ledger::{
    Answer, Appended, Call, Decision, Grant, Outcome, Shortage, SpendPath, Standing, Verdict,
};
use serde_json::{Map, Value, json};

/// The answer to an operation, without what every reply has.
pub(super) fn answer(answer: &Answer) -> Value {
    match answer {
        Answer::Decision(decision) => self::decision(decision),
        Answer::Call(outcome) => self::outcome(outcome),
        Answer::Orphaned(ids) => {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            json!({"orphaned": ids})
        }
        Answer::Appended(appended) => self::appended(appended),
        Answer::Adopted(adopted) => {
            let ids = |judges: &mut dyn Iterator<Item = &Judge>| -> Vec<String> {
                judges.map(|judge| judge.id.to_string()).collect()
            };
            json!({
                "policy": adopted.policy.to_string(),
                "added": ids(&mut adopted.added.iter()),
                "changed": ids(&mut adopted.changed.iter().map(|(_, after)| after)),
                "removed": ids(&mut adopted.removed.iter()),
            })
        }
        Answer::Done => json!({}),
    }
}

fn decision(decision: &Decision) -> Value {
    match decision {
        Decision::Granted(Grant { amount, max_output_tokens, .. }) => json!({
            "decision": "granted", "usd": amount.to_string(), "max_output_tokens": max_output_tokens,
        }),
        Decision::Busy(shortage) => denied("busy", shortage),
        Decision::Exhausted(shortage) => denied("exhausted", shortage),
    }
}

fn denied(name: &str, shortage: &Shortage) -> Value {
    let failed: Vec<Value> = shortage.failed.iter().map(standing).collect();
    json!({"decision": name, "requested": shortage.requested.to_string(), "failed": failed})
}

fn outcome(outcome: &Outcome) -> Value {
    json!({
        "state": outcome.state.name(),
        "held": outcome.held.to_string(),
        "usd": outcome.amount.to_string(),
        "overrun": outcome.overrun.to_string(),
    })
}

fn appended(appended: &Appended) -> Value {
    match appended {
        Appended::Booked { revision, delta } => json!({
            "appended": "booked", "revision": revision, "usd": delta.map(|delta| delta.to_string()),
        }),
        Appended::Known { revision } => json!({"appended": "known", "revision": revision}),
        Appended::Enriched(id) => json!({"appended": "enriched", "call": id.to_string()}),
        Appended::Resolved(id) => json!({"appended": "resolved", "call": id.to_string()}),
    }
}

/// The answer to a question.
pub(super) fn verdict(verdict: &Verdict) -> Value {
    let mut document = decision(&verdict.decision);
    let standings: Vec<Value> = verdict.standings.iter().map(standing).collect();
    add(&mut document, "standings", standings.into());
    document
}

/// How it stands with a call, as a document.
pub fn call(call: &Call) -> Value {
    let mut document = outcome(&call.outcome);
    add(&mut document, "id", call.id.to_string().into());
    add(&mut document, "path", path(&call.path));
    add(&mut document, "reserved_at", call.reserved_at.to_string().into());
    add(&mut document, "deadline", call.deadline.to_string().into());
    add(&mut document, "corrected", call.corrected.to_string().into());
    document
}

/// How it stands with a budget in one of its periods, as a document.
pub fn standing(standing: &Standing) -> Value {
    json!({
        "budget": standing.budget.to_string(),
        "name": standing.name,
        "scope": standing.scope.to_string(),
        "start": standing.start.map(|at| at.to_string()),
        "end": standing.end.map(|at| at.to_string()),
        "resets": standing.resets.map(|at| at.to_string()),
        "cap": standing.cap.to_string(),
        "limit": standing.limit.to_string(),
        "enforced": standing.is_enforced,
        "spent": standing.spent.to_string(),
        "open": standing.open.to_string(),
        "orphaned": standing.orphaned.to_string(),
        "remaining": standing.remaining().ok().map(|left| left.to_string()),
    })
}

/// What is known of a path, as a document.
pub fn path(path: &SpendPath) -> Value {
    let mut document = Map::new();
    let named = [
        ("client", path.client.as_ref().map(AsRef::as_ref)),
        ("arm", path.arm.as_ref().map(AsRef::as_ref)),
        ("project", path.project.as_deref()),
        ("agent", path.agent.as_deref()),
        ("session", path.session.as_ref().map(AsRef::as_ref)),
        ("run", path.run.as_deref()),
        ("skill", path.skill.as_deref()),
        ("model", path.model.as_ref().map(AsRef::as_ref)),
        ("priced_as", path.priced_as.as_ref().map(AsRef::as_ref)),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            document.insert(name.to_owned(), value.into());
        }
    }
    if !path.tags.is_empty() {
        document.insert("tags".to_owned(), json!(path.tags));
    }
    Value::Object(document)
}

/// What went wrong.
pub(super) fn error(error: &Error) -> Value {
    json!({"error": {
        "kind": error.kind().name(), "message": error.to_string(), "hint": error.hint(),
    }})
}

/// Adds a key to a document.
pub(super) fn add(document: &mut Value, key: &str, value: Value) {
    if let Value::Object(map) = document {
        map.insert(key.to_owned(), value);
    }
}

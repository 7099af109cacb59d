//! How many tokens models take and give at most, laid over a snapshot.

use std::collections::BTreeMap;

use octorato_core::Result;
use serde::Deserialize;

use super::snapshot::Snapshot;
use super::{json, refused};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    source: String,
    /// By provider, then by the id of the entry.
    models: BTreeMap<String, BTreeMap<String, Entry>>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    max_input: Option<u64>,
    max_output: Option<u64>,
}

/// A snapshot whose token limits are those of `facts`, a JSON document (`data/limits.json`), in
/// place of any that it has. Limits of models that the snapshot has not are left out, since a new
/// price list may drop models. For the built-in snapshot only.
///
/// Fails with [`ErrorKind::Data`](octorato_core::ErrorKind::Data) where the facts name a provider
/// that the snapshot has not.
pub fn with_limits(snapshot: &str, facts: &str) -> Result<String> {
    let mut snapshot = Snapshot::parse(snapshot)?;
    apply(&mut snapshot, facts)?;
    snapshot.to_text()
}

fn apply(snapshot: &mut Snapshot, facts: &str) -> Result<()> {
    let Limits { source, models } = json::read(facts, "the limits")?;
    if !source.contains("MIT") {
        return Err(refused("source", "it does not say under which licence its facts are"));
    }
    for list in &mut snapshot.lists {
        let known = models.get(&list.id);
        for model in &mut list.models {
            let limits = known.and_then(|known| known.get(&model.id)).copied().unwrap_or_default();
            Entry { max_input: model.max_input, max_output: model.max_output } = limits;
        }
    }
    let listed = |provider: &&String| snapshot.lists.iter().any(|list| list.id == **provider);
    match models.keys().find(|provider| !listed(provider)) {
        Some(provider) => Err(refused(provider, "limits of a provider that is not listed")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SNAPSHOT: &str = concat!(
        r#"{"schema":1,"source":"s","version":"1","licence":"MIT","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"aws","name":"A","api_pattern":"a"}]}"#,
        "\n",
        r#"{"id":"aws","models":[{"id":"m","match":{"starts_with":"m"},"prices":[{"rates":{}}]}]}"#,
        "\n",
    );

    #[test]
    fn applying_twice_is_applying_once_and_what_is_gone_is_taken_away() {
        let limits = r#"{"source":"x, MIT","models":{"aws":{"m":{"max_input":7,"max_output":3},
            "gone":{"max_input":1}}}}"#;
        let once = with_limits(SNAPSHOT, limits).unwrap();
        assert!(once.contains(r#""max_input":7,"max_output":3"#), "{once}");
        assert_eq!(with_limits(&once, limits).unwrap(), once);
        let none = r#"{"source":"MIT","models":{}}"#;
        assert_eq!(with_limits(&once, none).unwrap(), SNAPSHOT);
    }

    #[test]
    fn foreign_providers_and_unlicensed_facts_are_refused() {
        for facts in [
            r#"{"source":"MIT","models":{"other":{}}}"#,
            r#"{"source":"x","models":{}}"#,
            r#"{"source":"MIT","models":{"aws":{"m":{"min_input":1}}}}"#,
        ] {
            assert!(with_limits(SNAPSHOT, facts).is_err(), "{facts}");
        }
    }
}

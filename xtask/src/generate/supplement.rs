//! Price facts that the source lacks, kept by hand.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::snapshot::{Snapshot, Variant};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Supplement {
    #[serde(rename = "about")]
    _about: IgnoredAny,
    variants: Vec<Multiplier>,
}

/// All token rates of some models times a factor, under a condition.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Multiplier {
    provider: String,
    models: Vec<String>,
    when: BTreeMap<String, String>,
    multiply: String,
    /// Where the fact was published.
    #[serde(rename = "source")]
    _source: String,
}

/// Replaces the multipliers of the snapshot (only the supplement has any) with those of `text`.
pub(super) fn apply(snapshot: &mut Snapshot, text: &str) -> Result<()> {
    let supplement: Supplement = serde_json::from_str(text)?;
    for model in snapshot.lists.iter_mut().flat_map(|list| &mut list.models) {
        model.variants.retain(|variant| variant.multiply.is_none());
    }
    for extra in supplement.variants {
        let list = snapshot.lists.iter_mut().find(|list| list.id == extra.provider);
        let list = list.with_context(|| format!("no such provider: `{}`", extra.provider))?;
        for id in &extra.models {
            let model = list.models.iter_mut().find(|model| model.id == *id);
            let model = model.with_context(|| format!("no such model: `{id}`"))?;
            ensure!(
                model.variants.iter().all(|variant| variant.when != extra.when),
                "the source has a variant {:?} of `{id}` now; remove it here",
                extra.when
            );
            model.variants.push(Variant {
                when: extra.when.clone(),
                constraint: None,
                rates: None,
                multiply: Some(extra.multiply.clone()),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        let text = concat!(
            r#"{"schema":1,"source":"s","version":"1","licence":"MIT","made":"2026-01-01","#,
            r#""normalised":0,"providers":[{"id":"a","name":"A","api_pattern":"a"}]}"#,
            "\n",
            r#"{"id":"a","models":[{"id":"m","match":{"equals":"m"},"prices":[{"rates":{}}],"#,
            r#""variants":[{"when":{"processing":"batch"},"rates":{}}]}]}"#,
            "\n",
        );
        Snapshot::parse(text).unwrap()
    }

    fn supplement(model: &str, when: &str) -> String {
        format!(
            r#"{{"about":"","variants":[{{"provider":"a","models":["{model}"],"when":{when},
                "multiply":"2","source":"x"}}]}}"#
        )
    }

    #[test]
    fn applying_twice_is_applying_once() {
        let mut snapshot = snapshot();
        let extra = supplement("m", r#"{"speed":"fast"}"#);
        apply(&mut snapshot, &extra).unwrap();
        let once = snapshot.to_text().unwrap();
        assert!(once.contains(r#"{"when":{"speed":"fast"},"multiply":"2"}"#));
        apply(&mut snapshot, &extra).unwrap();
        assert_eq!(snapshot.to_text().unwrap(), once);
    }

    #[test]
    fn what_does_not_fit_the_source_is_refused() {
        assert!(apply(&mut snapshot(), &supplement("n", r#"{"speed":"fast"}"#)).is_err());
        assert!(apply(&mut snapshot(), &supplement("m", r#"{"processing":"batch"}"#)).is_err());
    }
}

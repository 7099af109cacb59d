//! Price facts that the source lacks, kept by hand.

use std::collections::BTreeMap;

use octorato_core::Result;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::snapshot::{Model, Snapshot, Variant};
use super::{json, refused};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Supplement {
    #[serde(rename = "about")]
    _about: IgnoredAny,
    variants: Vec<Multiplier>,
    #[serde(default)]
    minimums: Vec<Minimum>,
}

/// How much is charged at least for each request to some models.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Minimum {
    provider: String,
    models: Vec<String>,
    /// By unit.
    least: BTreeMap<String, u64>,
    /// Where the fact was published.
    #[serde(rename = "source")]
    _source: String,
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

/// A snapshot whose multipliers and minimums are those of `facts`, a JSON document kept by hand
/// (`data/supplement.json`), in place of any that it has. For the built-in snapshot only.
///
/// Fails with [`ErrorKind::Data`](octorato_core::ErrorKind::Data) where the facts name a provider
/// or a model that the snapshot has not, or a condition for which it has a price already.
pub fn with_supplement(snapshot: &str, facts: &str) -> Result<String> {
    let mut snapshot = Snapshot::parse(snapshot)?;
    apply(&mut snapshot, facts)?;
    snapshot.to_text()
}

fn apply(snapshot: &mut Snapshot, facts: &str) -> Result<()> {
    let supplement: Supplement = json::read(facts, "the supplement")?;
    for model in snapshot.lists.iter_mut().flat_map(|list| &mut list.models) {
        model.variants.retain(|variant| variant.multiply.is_none());
        model.minimums.clear();
    }
    for extra in supplement.minimums {
        for id in &extra.models {
            let model = named(snapshot, &extra.provider, id)?;
            model.minimums.extend(extra.least.clone());
        }
    }
    for extra in supplement.variants {
        for id in &extra.models {
            let place = || format!("{}/{id}: {:?}", extra.provider, extra.when);
            let model = named(snapshot, &extra.provider, id)?;
            if model.variants.iter().any(|variant| variant.when == extra.when) {
                return Err(refused(place(), "the source has this variant now; remove it here"));
            }
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

fn named<'s>(snapshot: &'s mut Snapshot, provider: &str, id: &str) -> Result<&'s mut Model> {
    let list = snapshot.lists.iter_mut().find(|list| list.id == provider);
    let list = list.ok_or_else(|| refused(provider, "no such provider"))?;
    let model = list.models.iter_mut().find(|model| model.id == id);
    model.ok_or_else(|| refused(format!("{provider}/{id}"), "no such model"))
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
    fn minimums_are_those_of_the_facts() {
        let minimums = |model: &str| {
            format!(
                r#"{{"about":"","variants":[],"minimums":[{{"provider":"a","models":["{model}"],
                    "least":{{"audio_seconds":10}},"source":"x"}}]}}"#
            )
        };
        let mut snapshot = snapshot();
        apply(&mut snapshot, &minimums("m")).unwrap();
        assert!(snapshot.to_text().unwrap().contains(r#""minimums":{"audio_seconds":10}"#));
        assert!(apply(&mut snapshot, &minimums("n")).is_err());
        apply(&mut snapshot, r#"{"about":"","variants":[]}"#).unwrap();
        assert!(!snapshot.to_text().unwrap().contains("minimums"));
    }

    #[test]
    fn what_does_not_fit_the_source_is_refused() {
        assert!(apply(&mut snapshot(), &supplement("n", r#"{"speed":"fast"}"#)).is_err());
        assert!(apply(&mut snapshot(), &supplement("m", r#"{"processing":"batch"}"#)).is_err());
    }
}

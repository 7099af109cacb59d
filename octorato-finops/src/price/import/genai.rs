//! The JSON of genai-prices, version 2: a list of providers.
//!
//! Its models are found by rules in the order of the list, so a model whose rates cannot be used
//! keeps its place and its rule; a rule that is not understood refuses the whole list.

use std::collections::BTreeMap;
use std::fmt;

use octorato_core::{Error, Result};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::findings::Findings;
use super::json::{self, Object};
use super::rule::Rule;
use super::snapshot::{
    Constraint, Era, Header, List, Model, Provider, Rate, Rates, Snapshot, Tier, Variant, is_known,
};
use super::taker::{Scale, Taker, Trouble, strict};
use super::{Origin, refused};

/// Fields of a provider that are known and have no part in a price here.
const PROVIDER_METADATA: &[&str] = &["pricing_urls", "price_comments", "description", "extractors"];

/// Fields of a model that are known and have no part in a price.
const MODEL_METADATA: &[&str] = &["price_comments", "description", "prices_checked"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEra<'a> {
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: Object<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceVariant<'a> {
    when: BTreeMap<String, String>,
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: Object<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTiers<'a> {
    #[serde(borrow)]
    base: &'a RawValue,
    tiers: Vec<SourceTier<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTier<'a> {
    start: u64,
    #[serde(borrow)]
    price: &'a RawValue,
}

/// Converts the whole source.
pub(super) fn convert(text: &str, origin: &Origin, findings: &mut Findings) -> Result<Snapshot> {
    let source: Vec<Object<'_>> = json::read(text, "the list of providers")?;
    let (mut providers, mut lists) = (Vec::new(), Vec::new());
    for (at, source) in source.into_iter().enumerate() {
        let (provider, list) = provider(at, &source, findings)?;
        providers.push(provider);
        lists.push(list);
    }
    let header = Header {
        schema: 1,
        source: "genai-prices".to_owned(),
        version: origin.version.clone(),
        licence: "MIT".to_owned(),
        made: origin.made.to_string(),
        normalised: findings.normalised.len(),
        providers,
    };
    Ok(Snapshot { header, lists })
}

fn provider(at: usize, source: &Object<'_>, findings: &mut Findings) -> Result<(Provider, List)> {
    let id: String = required(source, "id", format_args!("provider {}", at + 1))?;
    let mut provider = Provider {
        name: required(source, "name", &id)?,
        api_pattern: required(source, "api_pattern", &id)?,
        provider_match: None,
        model_match: None,
        fallback_model_providers: Vec::new(),
        id: id.clone(),
    };
    for (name, value) in &source.0 {
        let place = || format!("{id}: {name}");
        match &**name {
            "id" | "name" | "api_pattern" | "models" => {}
            "provider_match" => provider.provider_match = rule(value.get(), place())?,
            "model_match" => provider.model_match = rule(value.get(), place())?,
            "fallback_model_providers" => {
                provider.fallback_model_providers =
                    json::read::<Option<_>>(value.get(), place())?.unwrap_or_default();
            }
            known if PROVIDER_METADATA.contains(&known) => findings.note_ignored(known),
            _ => findings.note_unknown(format!("provider: {name}"), &id, value.get()),
        }
    }
    let sources: Vec<Object<'_>> = required(source, "models", &id)?;
    let models = sources.iter().enumerate();
    let models = models.map(|(at, source)| model(&id, at, source, findings));
    let models = models.collect::<Result<_>>()?;
    Ok((provider, List { id, models }))
}

fn model(provider: &str, at: usize, source: &Object<'_>, findings: &mut Findings) -> Result<Model> {
    let id: String = required(source, "id", format_args!("{provider}: model {}", at + 1))?;
    let full = format!("{provider}/{id}");
    let name: Option<String> = optional(source, "name", &full)?;
    let rule = rule(source.get("match").unwrap_or("null"), format_args!("{full}: match"))?;
    let rule = rule.ok_or_else(|| refused(&full, "a model without a rule: `match`"))?;
    for (name, value) in &source.0 {
        match &**name {
            "id" | "name" | "match" | "context_window" | "deprecated" | "prices"
            | "price_variants" => {}
            known if MODEL_METADATA.contains(&known) => findings.note_ignored(known),
            _ => findings.note_unknown(name, &full, value.get()),
        }
    }
    let deprecated: Option<bool> = optional(source, "deprecated", &full)?;
    let mut taker = Taker { provider, model: &id, findings };
    let (prices, variants) = taker.or_unpriced(|taker| prices(taker, source));
    Ok(Model {
        name: name.filter(|name| *name != id),
        rule,
        context_window: optional(source, "context_window", &full)?,
        max_input: None,
        max_output: None,
        deprecated: deprecated.unwrap_or_default(),
        prices,
        minimums: super::snapshot::Minimums::new(),
        variants,
        id,
    })
}

fn rule(text: &str, place: impl fmt::Display) -> Result<Option<Rule>> {
    let rule: Option<Rule> = json::read(text, &place)?;
    rule.map(Rule::translate).transpose().map_err(|error: Error| error.with("place", place))
}

fn required<'a, T: Deserialize<'a>>(
    source: &Object<'a>,
    name: &str,
    place: impl fmt::Display,
) -> Result<T> {
    match source.get(name) {
        Some(text) => json::read(text, format_args!("{place}: {name}")),
        None => Err(refused(place, format_args!("no `{name}`"))),
    }
}

fn optional<'a, T: Deserialize<'a>>(
    source: &Object<'a>,
    name: &str,
    place: impl fmt::Display,
) -> Result<Option<T>> {
    json::read(source.get(name).unwrap_or("null"), format_args!("{place}: {name}"))
}

fn prices(taker: &mut Taker<'_>, source: &Object<'_>) -> Result<(Vec<Era>, Vec<Variant>), Trouble> {
    let text = source.get("prices").unwrap_or("{}");
    let eras: Vec<SourceEra<'_>> = if text.starts_with('[') {
        strict(text, "prices")?
    } else {
        vec![SourceEra { constraint: None, prices: strict(text, "prices")? }]
    };
    let free = taker.model.ends_with(":free");
    let mut prices = Vec::new();
    for era in eras {
        let mut rates = rates(taker, &era.prices, "prices")?;
        if free && era.prices.0.is_empty() {
            // The name is the provider's word; any other model without rates has no price.
            let zero = |key: &str| (key.to_owned(), Rate::Flat("0".to_owned()));
            rates.extend([zero("input_mtok"), zero("output_mtok")]);
        }
        prices.push(Era { constraint: era.constraint, rates });
    }
    let text = source.get("price_variants").unwrap_or("[]");
    let mut variants = Vec::new();
    for variant in strict::<Vec<SourceVariant<'_>>>(text, "price_variants")? {
        let given = !variant.prices.0.is_empty();
        if variant.when.values().any(|value| value == "default") {
            // The standard price by another name; a context never holds it.
            if given {
                let why = "a default variant with rates of its own";
                return Err(Trouble::new("price_variants", why));
            }
            continue;
        }
        let rates = rates(taker, &variant.prices, "price_variants: prices")?;
        if given && rates.is_empty() {
            continue; // Without rates it would say that the standard ones are in force.
        }
        let SourceVariant { when, constraint, .. } = variant;
        variants.push(Variant { when, constraint, rates: Some(rates), multiply: None });
    }
    Ok((prices, variants))
}

/// The rates of units that are known, by price key; those of others are noted.
fn rates(taker: &mut Taker<'_>, source: &Object<'_>, path: &str) -> Result<Rates, Trouble> {
    let mut rates = Rates::new();
    for (key, value) in &source.0 {
        let place = format!("{path}: {key}");
        if is_known(key) {
            rates.insert(key.clone(), rate(taker, key, value.get(), &place)?);
        } else {
            taker.unknown(place, value);
        }
    }
    Ok(rates)
}

fn rate(taker: &mut Taker<'_>, key: &str, text: &str, place: &str) -> Result<Rate, Trouble> {
    if !text.starts_with('{') {
        return taker.rate(key, text, Scale::Ten(0), place).map(Rate::Flat);
    }
    let mut source: SourceTiers<'_> = strict(text, place)?;
    source.tiers.sort_by_key(|tier| tier.start);
    let base = taker.rate(key, source.base.get(), Scale::Ten(0), place)?;
    let mut tiers: Vec<Tier> = Vec::new();
    for tier in source.tiers {
        if tiers.last().is_some_and(|last| last.above == tier.start) {
            return Err(Trouble::new(place, format!("two tiers above {}", tier.start)));
        }
        let key = format!("{key} above {}", tier.start);
        let rate = taker.rate(&key, tier.price.get(), Scale::Ten(0), place)?;
        tiers.push(Tier { above: tier.start, rate });
    }
    Ok(Rate::Tiered { base, tiers })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"[{"id":"p","name":"P","api_pattern":"p","description":"dropped",
        "pricing_urls":["u"],"models":[
        {"id":"m","name":"m","match":{"equals":"M"},"prices":[
            {"prices":{"input_mtok":0.18000000000000002,"output_mtok":5}},
            {"constraint":{"start_date":"2026-01-01"},
             "prices":{"input_mtok":{"base":1.0,"tiers":[{"start":9,"price":2e-1}]}}}],
         "price_variants":[{"when":{"service_tier":"default"},"prices":{}},
            {"when":{"processing":"batch"},"prices":{"input_mtok":0.5}}]},
        {"id":"n:free","match":{"equals":"n:free"},"prices":{}},
        {"id":"n","match":{"equals":"n"},"prices":{}}]}]"#;

    fn converted(text: &str) -> Result<(Snapshot, Findings)> {
        let origin = Origin { version: "1".into(), made: jiff::civil::date(2026, 1, 2) };
        let mut findings = Findings::default();
        convert(text, &origin, &mut findings).map(|snapshot| (snapshot, findings))
    }

    #[test]
    fn prices_are_taken_over_as_text() {
        let (snapshot, findings) = converted(SOURCE).unwrap();
        let text = snapshot.to_text().unwrap();
        let line = text.lines().nth(1).unwrap();
        assert_eq!(
            line,
            concat!(
                r#"{"id":"p","models":[{"id":"m","match":{"equals":"m"},"prices":["#,
                r#"{"rates":{"input_mtok":"0.18","output_mtok":"5"}},"#,
                r#"{"constraint":{"start_date":"2026-01-01"},"rates":{"input_mtok":"#,
                r#"{"base":"1","tiers":[{"above":9,"rate":"0.2"}]}}}],"#,
                r#""variants":[{"when":{"processing":"batch"},"rates":{"input_mtok":"0.5"}}]},"#,
                r#"{"id":"n:free","match":{"equals":"n:free"},"#,
                r#""prices":[{"rates":{"input_mtok":"0","output_mtok":"0"}}]},"#,
                r#"{"id":"n","match":{"equals":"n"},"prices":[{"rates":{}}]}]}"#,
            )
        );
        let change = findings.normalised.first().unwrap();
        assert_eq!((&*change.written, &*change.taken), ("0.18000000000000002", "0.18"));
        assert_eq!((findings.normalised.len(), snapshot.header.normalised), (1, 1));
    }

    #[test]
    fn a_field_that_is_not_known_is_reported() {
        let source = SOURCE.replace("description", "surcharge").replace("output_mtok", "smell");
        let (snapshot, mut findings) = converted(&source).unwrap();
        let unknown = findings.unknown();
        let unknown: Vec<_> =
            unknown.iter().map(|u| (&*u.path, u.count, &*u.example, &*u.value)).collect();
        assert_eq!(
            unknown,
            [("prices: smell", 1, "p/m", "5"), ("provider: surcharge", 1, "p", "\"dropped\"")]
        );
        assert!(!snapshot.to_text().unwrap().contains("smell"));
    }

    #[test]
    fn a_variant_of_unknown_units_only_is_not_the_standard_price() {
        let source = SOURCE.replace(r#""prices":{"input_mtok":0.5}"#, r#""prices":{"smell":0.5}"#);
        let (snapshot, mut findings) = converted(&source).unwrap();
        assert!(!snapshot.to_text().unwrap().contains("batch"));
        assert_eq!(findings.unknown()[0].path, "price_variants: prices: smell");
    }

    #[test]
    fn a_model_with_a_bad_rate_stays_by_name_and_without_a_rate() {
        for (bad, place) in [
            ("-5", "prices: output_mtok"),
            ("\"5\"", "prices: output_mtok"),
            ("null", "prices: output_mtok"),
            ("1e29", "prices: output_mtok"),
            (
                r#"{"base":1,"tiers":[{"start":1,"price":1},{"start":1,"price":2}]}"#,
                "prices: output_mtok",
            ),
            (r#"{"base":1,"tiers":[],"ceiling":1}"#, "prices: output_mtok"),
            (r#"5,"output_mtok":5"#, "prices"),
        ] {
            let source = SOURCE.replace(r#""output_mtok":5"#, &format!(r#""output_mtok":{bad}"#));
            let (snapshot, findings) = converted(&source).unwrap();
            let found: Vec<_> =
                findings.skipped.iter().map(|s| (&*s.provider, &*s.model, &*s.place)).collect();
            assert_eq!(found, [("p", "m", place)], "{bad}");
            let text = snapshot.to_text().unwrap();
            assert!(text.contains(r#"{"id":"m","match":{"equals":"m"},"prices":[{"rates":{}}]}"#));
            assert!(findings.normalised.is_empty());
        }
    }

    #[test]
    fn what_decides_which_model_is_meant_must_be_understood() {
        for (known, other) in [
            (r#""match":{"equals":"M"}"#, r#""match":{"sounds_like":"M"}"#),
            (r#""match":{"equals":"M"}"#, r#""rule":{"equals":"M"}"#),
            (r#""id":"p""#, r#""key":"p""#),
            (r#""models":["#, r#""models":[7,"#),
        ] {
            assert!(converted(&SOURCE.replace(known, other)).is_err(), "{other}");
        }
        let text = SOURCE.replace(r#"{"equals":"M"}"#, r#"{"regex":"a(?=b)"}"#);
        let error = converted(&text).unwrap_err().to_string();
        assert!(error.contains("place: `p/m: match`"), "{error}");
    }
}

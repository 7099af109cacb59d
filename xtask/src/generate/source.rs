//! From the JSON of genai-prices to a snapshot.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::decimal::normalise;
use super::rule::Rule;
use super::snapshot::{
    Constraint, Era, Header, List, Model, Provider, Rate, Rates, Snapshot, Tier, Variant,
};

/// A rate that is not as the source writes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) key: String,
    pub(super) written: String,
    pub(super) taken: String,
}

/// A provider of the source. Unknown fields are refused: a new one may change prices.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "fields that are known and not taken over")]
struct SourceProvider<'a> {
    id: String,
    name: String,
    api_pattern: String,
    provider_match: Option<Rule>,
    model_match: Option<Rule>,
    #[serde(default)]
    fallback_model_providers: Vec<String>,
    #[serde(borrow)]
    models: Vec<SourceModel<'a>>,
    pricing_urls: Option<IgnoredAny>,
    price_comments: Option<IgnoredAny>,
    description: Option<IgnoredAny>,
    extractors: Option<IgnoredAny>,
}

/// A model of the source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "fields that are known and not taken over")]
struct SourceModel<'a> {
    id: String,
    name: Option<String>,
    #[serde(rename = "match")]
    rule: Rule,
    context_window: Option<u64>,
    #[serde(default)]
    deprecated: bool,
    /// A map of rates, or a list of [`SourceEra`].
    #[serde(borrow)]
    prices: &'a RawValue,
    #[serde(default, borrow)]
    price_variants: Vec<SourceVariant<'a>>,
    price_comments: Option<IgnoredAny>,
    description: Option<IgnoredAny>,
}

type SourceRates<'a> = BTreeMap<String, &'a RawValue>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEra<'a> {
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: SourceRates<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceVariant<'a> {
    when: BTreeMap<String, String>,
    constraint: Option<Constraint>,
    #[serde(borrow)]
    prices: SourceRates<'a>,
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

/// Converts the whole source; also says which rates were changed.
pub(super) fn convert(text: &str, version: &str, date: &str) -> Result<(Snapshot, Vec<Change>)> {
    let source: Vec<SourceProvider<'_>> = serde_json::from_str(text)?;
    let mut changes = Vec::new();
    let (mut providers, mut lists) = (Vec::new(), Vec::new());
    for provider in source {
        let id = provider.id;
        let models = provider
            .models
            .into_iter()
            .map(|model| {
                let name = model.id.clone();
                let mut place = Place { provider: &id, model: &name, changes: &mut changes };
                place.model(model).with_context(|| format!("{id}/{name}"))
            })
            .collect::<Result<_>>()?;
        providers.push(Provider {
            id: id.clone(),
            name: provider.name,
            api_pattern: provider.api_pattern,
            provider_match: provider.provider_match.map(Rule::translate).transpose()?,
            model_match: provider.model_match.map(Rule::translate).transpose()?,
            fallback_model_providers: provider.fallback_model_providers,
        });
        lists.push(List { id, models });
    }
    let header = Header {
        schema: 1,
        source: "genai-prices".to_owned(),
        version: version.to_owned(),
        licence: "MIT".to_owned(),
        made: date.to_owned(),
        normalised: changes.len(),
        providers,
    };
    Ok((Snapshot { header, lists }, changes))
}

/// Where a rate stands, and where its change is noted.
struct Place<'a> {
    provider: &'a str,
    model: &'a str,
    changes: &'a mut Vec<Change>,
}

impl Place<'_> {
    fn model(&mut self, model: SourceModel<'_>) -> Result<Model> {
        let eras: Vec<SourceEra<'_>> = if model.prices.get().starts_with('[') {
            serde_json::from_str(model.prices.get())?
        } else {
            vec![SourceEra { constraint: None, prices: serde_json::from_str(model.prices.get())? }]
        };
        let free = model.id.ends_with(":free");
        let prices = eras
            .into_iter()
            .map(|era| {
                let mut rates = self.rates(era.prices)?;
                if free && rates.is_empty() {
                    // The name is the provider's word; any other model without rates has no price.
                    let zero = |key: &str| (key.to_owned(), Rate::Flat("0".to_owned()));
                    rates.extend([zero("input_mtok"), zero("output_mtok")]);
                }
                Ok(Era { constraint: era.constraint, rates })
            })
            .collect::<Result<_>>()?;
        let mut variants = Vec::new();
        for variant in model.price_variants {
            if variant.when.values().any(|value| value == "default") {
                // The standard price by another name; a context never holds it.
                ensure!(variant.prices.is_empty(), "a default variant with rates of its own");
                continue;
            }
            variants.push(Variant {
                when: variant.when,
                constraint: variant.constraint,
                rates: Some(self.rates(variant.prices)?),
                multiply: None,
            });
        }
        Ok(Model {
            name: model.name.filter(|name| *name != model.id),
            id: model.id,
            rule: model.rule.translate()?,
            context_window: model.context_window,
            max_input: None,
            max_output: None,
            deprecated: model.deprecated,
            prices,
            variants,
        })
    }

    fn rates(&mut self, rates: SourceRates<'_>) -> Result<Rates> {
        rates
            .into_iter()
            .map(|(key, rate)| {
                let rate = self.rate(&key, rate.get()).with_context(|| key.clone())?;
                Ok((key, rate))
            })
            .collect()
    }

    fn rate(&mut self, key: &str, text: &str) -> Result<Rate> {
        if !text.starts_with('{') {
            return Ok(Rate::Flat(self.number(key, text)?));
        }
        let mut source: SourceTiers<'_> = serde_json::from_str(text)?;
        source.tiers.sort_by_key(|tier| tier.start);
        let base = self.number(key, source.base.get())?;
        let tiers = source
            .tiers
            .into_iter()
            .map(|tier| {
                let key = format!("{key} above {}", tier.start);
                Ok(Tier { above: tier.start, rate: self.number(&key, tier.price.get())? })
            })
            .collect::<Result<_>>()?;
        Ok(Rate::Tiered { base, tiers })
    }

    fn number(&mut self, key: &str, written: &str) -> Result<String> {
        let (taken, changed) = normalise(written)?;
        if changed {
            self.changes.push(Change {
                provider: self.provider.to_owned(),
                model: self.model.to_owned(),
                key: key.to_owned(),
                written: written.to_owned(),
                taken: taken.clone(),
            });
        }
        Ok(taken)
    }
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

    #[test]
    fn prices_are_taken_over_as_text() {
        let (snapshot, changes) = convert(SOURCE, "1", "2026-01-02").unwrap();
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
        let change = changes.first().unwrap();
        assert_eq!((&*change.written, &*change.taken), ("0.18000000000000002", "0.18"));
        assert_eq!((changes.len(), snapshot.header.normalised), (1, 1));
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let source = SOURCE.replace("description", "surcharge");
        assert!(convert(&source, "1", "2026-01-02").is_err());
    }
}

//! The form of the committed snapshot: a header, then the models of one provider per line.

use std::collections::BTreeMap;

use octorato_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::super::key::PriceKey;
use super::super::table;
use super::rule::Rule;
use super::{json, refused};

/// The whole file.
#[derive(Debug)]
pub(in crate::price) struct Snapshot {
    pub(in crate::price) header: Header,
    pub(in crate::price) lists: Vec<List>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct Header {
    pub(in crate::price) schema: u32,
    pub(in crate::price) source: String,
    pub(in crate::price) version: String,
    pub(in crate::price) licence: String,
    pub(in crate::price) made: String,
    /// How many rates are not as the source writes them.
    pub(in crate::price) normalised: usize,
    pub(in crate::price) providers: Vec<Provider>,
}

/// What is known of a provider without its models.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "named as in the source")]
pub(in crate::price) struct Provider {
    pub(in crate::price) id: String,
    pub(in crate::price) name: String,
    pub(in crate::price) api_pattern: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) provider_match: Option<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) model_match: Option<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::price) fallback_model_providers: Vec<String>,
}

/// A provider's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct List {
    pub(in crate::price) id: String,
    pub(in crate::price) models: Vec<Model>,
}

/// A model.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct Model {
    pub(in crate::price) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) name: Option<String>,
    #[serde(rename = "match")]
    pub(in crate::price) rule: Rule,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) context_window: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::price) max_input: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::price) max_output: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::price) deprecated: bool,
    pub(in crate::price) prices: Vec<Era>,
    /// The least that is charged, by unit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::price) minimums: Minimums,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::price) variants: Vec<Variant>,
}

/// The least that is charged, by unit.
pub(in crate::price) type Minimums = BTreeMap<String, u64>;

/// Rates by price key.
pub(in crate::price) type Rates = BTreeMap<String, Rate>;

/// Rates and when they are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct Era {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) constraint: Option<Constraint>,
    pub(in crate::price) rates: Rates,
}

/// From a date, or between two times of each day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct Constraint {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) end_time: Option<String>,
}

/// One rate, or rates by the size of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(in crate::price) enum Rate {
    Flat(String),
    Tiered { base: String, tiers: Vec<Tier> },
}

/// The rate above a number of input tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct Tier {
    pub(in crate::price) above: u64,
    pub(in crate::price) rate: String,
}

/// Other rates, or all token rates multiplied, under a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::price) struct Variant {
    pub(in crate::price) when: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) constraint: Option<Constraint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) rates: Option<Rates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::price) multiply: Option<String>,
}

impl Snapshot {
    /// Reads the file.
    pub(in crate::price) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let header = json::read(lines.next().unwrap_or_default(), "line 1")?;
        let lists = lines
            .enumerate()
            .map(|(at, line)| json::read(line, format_args!("line {}", at + 2)))
            .collect::<Result<_>>()?;
        Ok(Self { header, lists })
    }

    /// All comparisons of names.
    pub(in crate::price) fn rules(&self) -> impl Iterator<Item = &Rule> {
        let providers = self.header.providers.iter();
        let models = self.lists.iter().flat_map(|list| &list.models);
        providers
            .flat_map(|provider| [&provider.provider_match, &provider.model_match])
            .flatten()
            .chain(models.map(|model| &model.rule))
    }

    /// Writes the file: the same snapshot is always the same bytes.
    pub(in crate::price) fn to_text(&self) -> Result<String> {
        if !self.header.providers.iter().map(|p| &p.id).eq(self.lists.iter().map(|l| &l.id)) {
            return Err(refused("line 1", "header and lines name different providers"));
        }
        let mut text = line(&self.header)?;
        for list in &self.lists {
            text.push_str(&line(list)?);
        }
        Ok(text)
    }
}

impl Constraint {
    /// The same as a catalog reads it, where it can.
    pub(in crate::price) fn read(&self) -> Option<table::Constraint> {
        serde_json::from_str(&serde_json::to_string(self).ok()?).ok()
    }
}

impl Era {
    /// No rate.
    pub(in crate::price) fn unpriced() -> Self {
        Self { constraint: None, rates: Rates::new() }
    }
}

impl Model {
    /// Whether there is any standard rate.
    pub(in crate::price) fn has_rates(&self) -> bool {
        self.prices.iter().any(|era| !era.rates.is_empty())
    }
}

/// Whether a price key names a unit.
pub(in crate::price) fn is_known(key: &str) -> bool {
    PriceKey::from_name(key).is_some()
}

fn line(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map(|line| line + "\n")
        .map_err(|error| Error::new(ErrorKind::Data, "cannot write the snapshot").caused_by(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"schema":1,"source":"s","version":"1","licence":"MIT","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"a","name":"A","api_pattern":"a"}]}"#,
        "\n",
        r#"{"id":"a","models":[{"id":"m","match":{"equals":"m"},"prices":[{"rates":"#,
        r#"{"input_mtok":{"base":"1","tiers":[{"above":9,"rate":"2"}]},"output_mtok":"3"}}]}]}"#,
        "\n",
    );

    #[test]
    fn reading_and_writing_changes_nothing() {
        assert_eq!(Snapshot::parse(TEXT).unwrap().to_text().unwrap(), TEXT);
    }

    #[test]
    fn a_missing_line_is_found() {
        let header = TEXT.lines().next().unwrap();
        assert!(Snapshot::parse(header).unwrap().to_text().is_err());
        assert!(Snapshot::parse("").is_err());
    }
}

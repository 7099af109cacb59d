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
pub(super) struct Snapshot {
    pub(super) header: Header,
    pub(super) lists: Vec<List>,
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) schema: u32,
    pub(super) source: String,
    pub(super) version: String,
    pub(super) licence: String,
    pub(super) made: String,
    /// How many rates are not as the source writes them.
    pub(super) normalised: usize,
    pub(super) providers: Vec<Provider>,
}

/// What is known of a provider without its models.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "named as in the source")]
pub(super) struct Provider {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) api_pattern: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider_match: Option<Rule>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model_match: Option<Rule>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) fallback_model_providers: Vec<String>,
}

/// A provider's line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) models: Vec<Model>,
}

/// A model.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(rename = "match")]
    pub(super) rule: Rule,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) context_window: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_input: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_output: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) deprecated: bool,
    pub(super) prices: Vec<Era>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) variants: Vec<Variant>,
}

/// Rates by price key.
pub(super) type Rates = BTreeMap<String, Rate>;

/// Rates and when they are in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Era {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) constraint: Option<Constraint>,
    pub(super) rates: Rates,
}

/// From a date, or between two times of each day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Constraint {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) end_time: Option<String>,
}

/// One rate, or rates by the size of the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Rate {
    Flat(String),
    Tiered { base: String, tiers: Vec<Tier> },
}

/// The rate above a number of input tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tier {
    pub(super) above: u64,
    pub(super) rate: String,
}

/// Other rates, or all token rates multiplied, under a condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variant {
    pub(super) when: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) constraint: Option<Constraint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rates: Option<Rates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) multiply: Option<String>,
}

impl Snapshot {
    /// Reads the file.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines();
        let header = json::read(lines.next().unwrap_or_default(), "line 1")?;
        let lists = lines
            .enumerate()
            .map(|(at, line)| json::read(line, format_args!("line {}", at + 2)))
            .collect::<Result<_>>()?;
        Ok(Self { header, lists })
    }

    /// All comparisons of names.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        let providers = self.header.providers.iter();
        let models = self.lists.iter().flat_map(|list| &list.models);
        providers
            .flat_map(|provider| [&provider.provider_match, &provider.model_match])
            .flatten()
            .chain(models.map(|model| &model.rule))
    }

    /// Writes the file: the same snapshot is always the same bytes.
    pub(super) fn to_text(&self) -> Result<String> {
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
    /// Whether a catalog can read it.
    pub(super) fn is_readable(&self) -> bool {
        serde_json::to_string(self)
            .is_ok_and(|text| serde_json::from_str::<table::Constraint>(&text).is_ok())
    }
}

impl Era {
    /// No rate.
    pub(super) fn unpriced() -> Self {
        Self { constraint: None, rates: Rates::new() }
    }
}

impl Model {
    /// Whether there is any standard rate.
    pub(super) fn has_rates(&self) -> bool {
        self.prices.iter().any(|era| !era.rates.is_empty())
    }
}

/// Whether a price key names a unit.
pub(super) fn is_known(key: &str) -> bool {
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

//! The JSON of a report: stable names, money as decimal strings, every column a key.

use octorato_core::{Money, Unit, Usage};
use serde::ser::{SerializeMap, Serializer};
use serde::{Serialize, ser::SerializeStruct};

use crate::price::MatchRule;

use super::{Corrected, PlanMonth, PriceMatch, Report, Sums, Uncharged, Unpriced};

/// The version of the document; a new one means that a name or a meaning changed.
const SCHEMA: u32 = 1;

/// The token classes that every `usage` shows, zero or not.
const ALWAYS: [Unit; 7] = [
    Unit::Input,
    Unit::Output,
    Unit::Reasoning,
    Unit::CacheRead,
    Unit::CacheWrite5m,
    Unit::CacheWrite1h,
    Unit::WebSearches,
];

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<RowJson<'_>> = self
            .rows
            .iter()
            .map(|row| {
                let labels = self.by.iter().zip(&row.key);
                let labels = labels.map(|(column, label)| (column.name(), label.as_deref()));
                RowJson { labels: labels.collect(), sums: &row.sums }
            })
            .collect();
        let mut document = serializer.serialize_struct("Report", 15)?;
        document.serialize_field("schema", &SCHEMA)?;
        document.serialize_field("period", &PeriodJson(self))?;
        document.serialize_field("by", &self.by.iter().map(|by| by.name()).collect::<Vec<_>>())?;
        document.serialize_field("currency", "USD")?;
        document.serialize_field("rows", &rows)?;
        document.serialize_field("total", &self.total)?;
        document.serialize_field("unattributed", &Share(&self.unattributed, &self.total))?;
        document.serialize_field("attribution", &Reasons(self))?;
        document.serialize_field("unpriced", &self.unpriced)?;
        document.serialize_field("prices", &Prices(self))?;
        document.serialize_field("plans", &self.plans)?;
        document.serialize_field("uncharged", &self.uncharged)?;
        document.serialize_field("skipped", &self.skipped)?;
        document.serialize_field("repaired", &self.repaired)?;
        document.serialize_field("reading", &self.reading)?;
        document.end()
    }
}

struct PeriodJson<'r>(&'r Report);

impl Serialize for PeriodJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let period = &self.0.period;
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("label", period.label())?;
        map.serialize_entry("start", &period.start().map(|at| at.to_string()))?;
        map.serialize_entry("end", &period.end().map(|at| at.to_string()))?;
        map.serialize_entry("timezone", period.zone().iana_name().unwrap_or("UTC"))?;
        map.end()
    }
}

struct RowJson<'r> {
    labels: Vec<(&'static str, Option<&'r str>)>,
    sums: &'r Sums,
}

impl Serialize for RowJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, label) in &self.labels {
            map.serialize_entry(name, label)?;
        }
        sums_entries(self.sums, &mut map)?;
        map.end()
    }
}

impl Serialize for Sums {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        sums_entries(self, &mut map)?;
        map.end()
    }
}

/// Sums with the share that they have in a whole.
struct Share<'r>(&'r Sums, &'r Sums);

impl Serialize for Share<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(part, whole) = self;
        let mut map = serializer.serialize_map(None)?;
        sums_entries(part, &mut map)?;
        let share = |ratio: Option<super::Ratio>| ratio.map(|ratio| ratio.to_string());
        map.serialize_entry("share_of_cost", &share(part.share_of_cost(whole)))?;
        map.serialize_entry("share_of_tokens", &share(part.share_of_tokens(whole)))?;
        map.end()
    }
}

fn sums_entries<M: SerializeMap>(sums: &Sums, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("events", &sums.events)?;
    map.serialize_entry("usage", &UsageJson(&sums.usage))?;
    map.serialize_entry("tokens", &sums.usage.tokens())?;
    map.serialize_entry("list_cost", &sums.list_cost())?;
    map.serialize_entry("costs", &sums.list_cost().map(|_| CostsJson(sums)))?;
    map.serialize_entry("contracted_cost", &sums.contracted_cost())?;
    map.serialize_entry("allocated_cost", &sums.allocated_cost())?;
    map.serialize_entry("client_charge", &ClientCharges(sums))?;
    map.serialize_entry("corrections", &sums.corrections)?;
    let hit_rate = sums.cache_hit_rate().map(|ratio| ratio.to_string());
    map.serialize_entry("cache_hit_rate", &hit_rate)?;
    map.serialize_entry("cache_saved", &sums.cache_saved())?;
    map.serialize_entry("unpriced_events", &sums.unpriced_events)?;
    map.serialize_entry("unpriced_tokens", &sums.unpriced_usage.tokens())?;
    map.serialize_entry("uncharged_events", &sums.uncharged_events)?;
    map.serialize_entry("inexact_events", &sums.inexact_events)?;
    map.serialize_entry("estimated_events", &sums.estimated_events)
}

impl Serialize for Corrected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("events", &self.events)?;
        map.serialize_entry("stale", &self.stale)?;
        map.serialize_entry("list_cost", &self.list_cost)?;
        map.serialize_entry("contracted_cost", &self.contracted_cost)?;
        map.end()
    }
}

struct UsageJson<'r>(&'r Usage);

impl Serialize for UsageJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = Unit::ALL.iter().filter(|unit| ALWAYS.contains(unit) || self.0[**unit] > 0);
        serializer.collect_map(shown.map(|&unit| (unit.name(), self.0[unit])))
    }
}

struct CostsJson<'r>(&'r Sums);

impl Serialize for CostsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unsplit = self.0.unsplit_cost();
        let rest = (!unsplit.is_zero()).then_some(("unsplit", unsplit));
        let units = self.0.costs().map(|(unit, cost): (Unit, Money)| (unit.name(), cost));
        serializer.collect_map(units.chain(rest))
    }
}

/// From currency to amount.
struct ClientCharges<'r>(&'r Sums);

impl Serialize for ClientCharges<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let charges = self.0.client_charges();
        serializer.collect_map(charges.map(|charge| (charge.currency().to_string(), charge)))
    }
}

struct Reasons<'r>(&'r Report);

impl Serialize for Reasons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.reasons.iter().map(|(reason, sums)| (reason.name(), sums)))
    }
}

impl Serialize for Unpriced {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("provider", &self.provider)?;
        map.serialize_entry("model", &self.model)?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("events", &self.sums.events)?;
        map.serialize_entry("usage", &UsageJson(&self.sums.usage))?;
        map.serialize_entry("tokens", &self.sums.usage.tokens())?;
        map.serialize_entry("list_cost", &None::<Money>)?;
        map.end()
    }
}

struct Prices<'r>(&'r Report);

impl Serialize for Prices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("snapshot", &self.0.snapshot)?;
        map.serialize_entry("price_book", &self.0.price_book)?;
        map.serialize_entry("models", &self.0.prices)?;
        map.end()
    }
}

impl Serialize for PriceMatch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(8))?;
        map.serialize_entry("model", &self.model)?;
        map.serialize_entry("provider", &self.provider)?;
        map.serialize_entry("provider_inferred", &self.provider_inferred)?;
        map.serialize_entry("priced_as", &self.priced_as)?;
        let rule = self.rule.map_or("own_model", MatchRule::name);
        map.serialize_entry("matched_by", rule)?;
        map.serialize_entry("exact", &self.exact)?;
        map.serialize_entry("agreements", &self.agreements)?;
        map.serialize_entry("plans", &self.plans)?;
        map.end()
    }
}

impl Serialize for PlanMonth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("plan", &self.plan)?;
        map.serialize_entry("month", &self.month)?;
        map.serialize_entry("events", &self.events)?;
        map.serialize_entry("list_cost", &self.list_cost)?;
        map.serialize_entry("fee", &self.fee)?;
        map.serialize_entry("allocated", &self.allocated)?;
        map.serialize_entry("residual", &self.residual)?;
        map.end()
    }
}

impl Serialize for Uncharged {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("currency", self.currency.code())?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("events", &self.events)?;
        map.end()
    }
}

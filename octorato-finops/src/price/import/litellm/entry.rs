//! The rates of one entry of `LiteLLM`'s table.
//!
//! Where fields meet, the entry means what `LiteLLM` itself charges by it: the highest crossed
//! threshold of the input rate decides for all tokens; a service tier without a rate above a
//! threshold has the standard one there; reasoning in a service tier that prices output costs as
//! much as that output. Batches are read as service tiers are, so that one above a threshold may
//! be charged too much and never too little (`LiteLLM` charges it the rate below).

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::super::json::Object;
use super::super::snapshot::{Constraint, Era, Rate, Variant};
use super::super::steps::{Steps, Table, rates};
use super::super::taker::{Scale, Taker, Trouble, strict};
use super::field::{Field, Service};
use super::is_metadata;

/// What the rest of an entry says about its rates.
pub(super) struct Terms<'a> {
    pub(super) provider: &'a str,
    pub(super) mode: &'a str,
}

impl Terms<'_> {
    /// Whether the provider has reached a threshold when it is met, not when it is exceeded.
    fn inclusive(&self) -> bool {
        self.provider == "xai"
    }

    /// Whether web searches are paid per prompt however many there are, for which there is no unit.
    fn searches_by_prompt(&self, source: &Object<'_>) -> bool {
        let google = self.provider == "gemini"
            || self.provider.starts_with("vertex_ai") && !self.provider.contains("anthropic");
        match source.get("web_search_billing_unit") {
            Some(unit) => unit != "\"per_query\"",
            None => google,
        }
    }
}

/// The table of each service, the standard one under none.
type Tables = BTreeMap<Option<Service>, Table>;

/// Reads all rates.
pub(super) fn read(
    taker: &mut Taker<'_>,
    source: &Object<'_>,
    terms: &Terms<'_>,
) -> Result<(Vec<Era>, Vec<Variant>), Trouble> {
    let mut tables = Tables::new();
    let mut multipliers = Vec::new();
    let mut searches = BTreeMap::new();
    let mut off_peak = None;
    let tiered = tiered_pricing(taker, source)?;
    for (name, value) in &source.0 {
        let text = value.get();
        if text == "null" || super::STRUCTURE.contains(&&**name) {
            continue;
        }
        match &**name {
            "tiered_pricing" => {}
            "search_context_cost_per_query" if terms.searches_by_prompt(source) => {
                taker.unknown("search_context_cost_per_query, paid per prompt", value);
            }
            "search_context_cost_per_query" => searches = search_costs(taker, text)?,
            "web_search_billing_unit" => taker.findings.note_ignored(name),
            "off_peak_pricing" => off_peak = Some(text),
            "provider_specific_entry" => {
                multipliers.extend(specific_multipliers(taker, value)?);
            }
            "regional_processing_uplift_multiplier_eu" => {
                multipliers.push(multiplier(taker, name, text, ("data_residency", "eu"))?);
            }
            "regional_processing_uplift_multiplier_us" => {
                multipliers.push(multiplier(taker, name, text, ("data_residency", "us"))?);
            }
            "regional_endpoint_uplift_multiplier" => {
                multipliers.push(multiplier(taker, name, text, ("endpoint", "regional"))?);
            }
            _ => match Field::parse(name, terms.mode) {
                Some(field) if tiered.is_some() && (field.service, field.above) != (None, None) => {
                    taker.unknown(format!("{name}, beside tiered_pricing"), value);
                }
                Some(field) => cell(taker, &mut tables, name, text, field, terms)?,
                None if is_metadata(name) => taker.findings.note_ignored(name),
                None => taker.unknown(name, value),
            },
        }
    }
    let mut standard = tables.remove(&None).unwrap_or_default();
    standard.extend(tiered.unwrap_or_default());
    let base = searches.remove(BASE_SEARCH);
    if let Some(rate) = base {
        standard.entry("web_searches_kcount").or_default().set(None, &rate);
    }
    let mut variants = Vec::new();
    for (service, table) in tables {
        let Some(service) = service else { continue };
        let table = over_standard(table, &standard);
        let place = format!("{}={}", service.0, service.1);
        variants.push(variant(service.0, service.1, rates(&table, &place)?));
    }
    for (size, rate) in searches {
        let rates = [("web_searches_kcount".to_owned(), Rate::Flat(rate))];
        variants.push(variant("search_context_size", &size, rates.into()));
    }
    let priced = !variants.is_empty();
    variants.extend(multipliers);
    let mut eras = vec![Era { constraint: None, rates: rates(&standard, "prices")? }];
    if let Some(text) = off_peak {
        eras.extend(off_peak_eras(taker, text, &standard, priced)?);
    }
    Ok((eras, variants))
}

fn variant(name: &str, value: &str, rates: super::super::snapshot::Rates) -> Variant {
    let when = [(name.to_owned(), value.to_owned())].into();
    Variant { when, constraint: None, rates: Some(rates), multiply: None }
}

/// Keeps the rate of one field.
fn cell(
    taker: &mut Taker<'_>,
    tables: &mut Tables,
    name: &str,
    text: &str,
    field: Field,
    terms: &Terms<'_>,
) -> Result<(), Trouble> {
    let rate = taker.rate(name, text, field.scale, name)?;
    let above = match field.above {
        Some(above) if terms.inclusive() => Some(above.saturating_sub(1)),
        above => above,
    };
    let steps = tables.entry(field.service).or_default().entry(field.key).or_default();
    if field.key == "input_audio_hours" && (steps.base.as_deref() == Some("0") || rate == "0") {
        // A transcription may list a free direction beside the paid one.
        let paid = steps.base.take().filter(|known| known != "0").unwrap_or(rate);
        steps.base = Some(paid);
    } else if !steps.set(above, &rate) {
        return Err(Trouble::new(name, "another field has another rate of the same unit"));
    }
    Ok(())
}

/// The table of a service, with the standard rates where the source falls back to them.
fn over_standard(mut table: Table, standard: &Table) -> Table {
    if let Some(output) = table.get("output_mtok").cloned()
        && standard.contains_key("output_reasoning_mtok")
    {
        table.entry("output_reasoning_mtok").or_insert(output);
    }
    for (key, steps) in &mut table {
        let own = standard.get(key);
        if steps.base.is_none() {
            steps.base = own.and_then(|own| own.base.clone());
        }
        for (above, rate) in own.iter().flat_map(|own| &own.tiers) {
            steps.tiers.entry(*above).or_insert_with(|| rate.clone());
        }
    }
    table
}

/// Reads `tiered_pricing`, a list of ranges of input tokens: the lower end is excluded, the upper
/// included, and what is beyond the last costs as much as there. It replaces the entry's own rates.
fn tiered_pricing(taker: &mut Taker<'_>, source: &Object<'_>) -> Result<Option<Table>, Trouble> {
    const PLACE: &str = "tiered_pricing";
    let Some((_, value)) =
        source.0.iter().find(|(name, value)| name == PLACE && value.get() != "null")
    else {
        return Ok(None);
    };
    let list: Vec<Object<'_>> = strict(value.get(), PLACE)?;
    if !list.iter().any(|tier| tier.get("range").is_some()) {
        taker.unknown(PLACE, value);
        return Ok(None);
    }
    let mut tiers = Vec::new();
    for tier in &list {
        let [from, to]: [&RawValue; 2] = strict(tier.get("range").unwrap_or("null"), PLACE)?;
        let whole = |end: &RawValue| {
            super::whole(end.get())
                .ok_or_else(|| Trouble::new(PLACE, format!("not a number of tokens: `{end}`")))
        };
        let mut rates = BTreeMap::new();
        for (name, value) in &tier.0 {
            match Field::parse(name, "chat") {
                Some(field) if (field.service, field.above) == (None, None) => {
                    let place = format!("{PLACE}: {name}");
                    let rate = taker.rate(&place, value.get(), field.scale, &place)?;
                    rates.insert(field.key, rate);
                }
                _ if name == "range" => {}
                _ => taker.unknown(format!("{PLACE}: {name}"), value),
            }
        }
        tiers.push((whole(from)?, whole(to)?, rates));
    }
    tiers.sort_by_key(|tier| tier.0);
    let joined = tiers.windows(2).all(|pair| pair[0].1 == pair[1].0);
    if tiers.first().is_none_or(|tier| tier.0 != 0) || !joined {
        return Err(Trouble::new(PLACE, "ranges that do not follow each other from 0 on"));
    }
    let keys: std::collections::BTreeSet<_> =
        tiers.iter().flat_map(|tier| tier.2.keys().copied()).collect();
    let mut table = Table::new();
    for key in keys {
        let steps = table.entry(key).or_default();
        for (from, _, rates) in &tiers {
            let other = if key == "output_reasoning_mtok" { "output_mtok" } else { "input_mtok" };
            let rate = rates.get(key).or_else(|| rates.get(other).filter(|_| key != "output_mtok"));
            let rate = rate
                .ok_or_else(|| Trouble::new(PLACE, format!("a range without a rate of {key}")))?;
            steps.set((*from > 0).then_some(*from), rate);
        }
    }
    Ok(Some(table))
}

/// The name under which a search costs the same whatever its size.
const BASE_SEARCH: &str = "";

/// The cost of a web search by the size of what it brings into the context.
fn search_costs(taker: &mut Taker<'_>, text: &str) -> Result<BTreeMap<String, String>, Trouble> {
    const PLACE: &str = "search_context_cost_per_query";
    let source: Object<'_> = strict(text, PLACE)?;
    let mut costs = BTreeMap::new();
    for (name, value) in &source.0 {
        let place = format!("{PLACE}: {name}");
        match name.strip_prefix("search_context_size_") {
            Some(size @ ("low" | "medium" | "high")) => {
                let rate = taker.rate(&place, value.get(), Scale::Ten(3), &place)?;
                costs.insert(size.to_owned(), rate);
            }
            _ => taker.unknown(place, value),
        }
    }
    // The medium size is what a search has that does not say.
    let same = costs.get("medium").filter(|medium| costs.values().all(|cost| cost == *medium));
    if let Some(cost) = same.cloned() {
        costs = BTreeMap::from([(BASE_SEARCH.to_owned(), cost)]);
    }
    Ok(costs)
}

/// Multipliers by name: a region in which the request is served, or `fast`.
fn specific_multipliers(taker: &mut Taker<'_>, value: &RawValue) -> Result<Vec<Variant>, Trouble> {
    const PLACE: &str = "provider_specific_entry";
    let source: Object<'_> = strict(value.get(), PLACE)?;
    let mut variants = Vec::new();
    for (name, value) in &source.0 {
        let place = format!("{PLACE}: {name}");
        let is_region =
            (2..=6).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_number = value.get().starts_with(|first: char| first.is_ascii_digit());
        let pair = match &**name {
            "fast" => ("speed", "fast"),
            region if is_region => ("inference_geo", region),
            _ => ("", ""),
        };
        if is_number && !pair.0.is_empty() {
            variants.push(multiplier(taker, &place, value.get(), pair)?);
        } else {
            taker.unknown(place, value);
        }
    }
    Ok(variants)
}

fn multiplier(
    taker: &mut Taker<'_>,
    name: &str,
    text: &str,
    (key, value): (&str, &str),
) -> Result<Variant, Trouble> {
    let factor = taker.rate(name, text, Scale::Ten(0), name)?;
    let when = [(key.to_owned(), value.to_owned())].into();
    Ok(Variant { when, constraint: None, rates: None, multiply: Some(factor) })
}

/// Rates that are in force at some hours of every day.
fn off_peak_eras(
    taker: &mut Taker<'_>,
    text: &str,
    standard: &Table,
    has_services: bool,
) -> Result<Vec<Era>, Trouble> {
    const PLACE: &str = "off_peak_pricing";
    let source: Object<'_> = strict(text, PLACE)?;
    let refuse = |why: &str| Trouble::new(PLACE, why);
    if has_services {
        return Err(refuse("hours with rates of their own beside services with such"));
    }
    let mut windows = Vec::new();
    let mut table = standard.clone();
    for (name, value) in &source.0 {
        let place = format!("{PLACE}: {name}");
        if name == "hours_utc" {
            windows = if value.get().starts_with('[') {
                strict::<Vec<String>>(value.get(), &place)?
            } else {
                vec![strict(value.get(), &place)?]
            };
            continue;
        }
        match Field::parse(name, "chat") {
            Some(field) if (field.service, field.above) == (None, None) => {
                let rate = taker.rate(&place, value.get(), field.scale, &place)?;
                table.insert(field.key, Steps { base: Some(rate), tiers: BTreeMap::new() });
            }
            _ => return Err(refuse(&format!("hours that cannot be told: `{name}`"))),
        }
    }
    if windows.is_empty() {
        return Err(refuse("no hours"));
    }
    let rates = rates(&table, PLACE)?;
    let era = |window: &String| {
        let time = |text: &str| format!("{}:00Z", text.trim());
        let (start, end) = window.split_once('-').ok_or_else(|| refuse("hours without an end"))?;
        let (start, end) = (time(start), time(end));
        if start == end {
            return Err(refuse("hours that end where they begin"));
        }
        let constraint =
            Constraint { start_date: None, start_time: Some(start), end_time: Some(end) };
        if constraint.read().is_none() {
            return Err(refuse("hours that are none"));
        }
        Ok(Era { constraint: Some(constraint), rates: rates.clone() })
    };
    windows.iter().map(era).collect()
}

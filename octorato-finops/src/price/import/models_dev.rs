//! The JSON of models.dev (`api.json`): providers, and the models of each with rates per million
//! tokens.

use std::collections::BTreeMap;

use octorato_core::Result;
use serde_json::value::RawValue;

use super::Origin;
use super::findings::Findings;
use super::json::{self, Object};
use super::listing::{Listing, Listings, snapshot};
use super::rule::Rule;
use super::snapshot::{Era, Model, Snapshot, Variant};
use super::steps::{Table, rates};
use super::taker::{Scale, Taker, Trouble, strict};

/// The price keys of the fields of a cost.
const FIELDS: &[(&str, &str)] = &[
    ("input", "input_mtok"),
    ("output", "output_mtok"),
    ("cache_read", "cache_read_mtok"),
    ("cache_write", "cache_write_mtok"),
    ("reasoning", "output_reasoning_mtok"),
    ("input_audio", "input_audio_mtok"),
    ("output_audio", "output_audio_mtok"),
];

/// Fields of a provider that are known and have no part in a price here.
const PROVIDER_METADATA: &[&str] = &["env", "npm", "api", "doc"];

/// Fields of a model that are known and have no part in a price.
const MODEL_METADATA: &[&str] = &[
    "attachment",
    "canonical_id",
    "description",
    "family",
    "interleaved",
    "knowledge",
    "last_updated",
    "modalities",
    "open_weights",
    "provider",
    "reasoning",
    "reasoning_options",
    "release_date",
    "structured_output",
    "temperature",
    "tool_call",
];

/// Our ids of providers that models.dev calls otherwise.
const PROVIDERS: &[(&str, &str)] = &[
    ("amazon-bedrock", "aws"),
    ("cloudflare-workers-ai", "cloudflare"),
    ("fireworks-ai", "fireworks"),
    ("novita-ai", "novita"),
    ("togetherai", "together"),
    ("xai", "x-ai"),
];

/// Converts the whole document.
pub(super) fn convert(text: &str, origin: &Origin, findings: &mut Findings) -> Result<Snapshot> {
    let document: Object<'_> = json::read(text, "the map of providers")?;
    let mut listings = Listings::new();
    for (name, value) in &document.0 {
        let name = name.to_lowercase();
        let id = PROVIDERS.iter().find(|(known, _)| *known == name).map_or(&*name, |(_, id)| id);
        let source: Object<'_> = json::read(value.get(), id)?;
        let listing = listings.entry(id.to_owned()).or_default();
        listing.names.insert(name.clone());
        provider(id, &source, listing, findings)?;
    }
    snapshot("models.dev", listings, origin, findings)
}

fn provider(
    id: &str,
    source: &Object<'_>,
    listing: &mut Listing,
    findings: &mut Findings,
) -> Result<()> {
    for (name, value) in &source.0 {
        match &**name {
            "id" | "models" => {}
            "name" => {
                listing.title = Some(json::read(value.get(), format_args!("{id}: name"))?);
            }
            known if PROVIDER_METADATA.contains(&known) => findings.note_ignored(known),
            _ => findings.note_unknown(format!("provider: {name}"), id, value.get()),
        }
    }
    let models = source.get("models").unwrap_or("{}");
    let models: Object<'_> = json::read(models, format_args!("{id}: models"))?;
    for (name, value) in &models.0 {
        let source: Object<'_> = json::read(value.get(), format_args!("{id}/{name}"))?;
        listing.models.push((model(id, name, &source, findings), None));
    }
    Ok(())
}

fn model(provider: &str, id: &str, source: &Object<'_>, findings: &mut Findings) -> Model {
    let full = format!("{provider}/{id}");
    let mut limits = BTreeMap::new();
    for (name, value) in &source.0 {
        match &**name {
            "id" | "name" | "cost" | "status" | "experimental" => {}
            "limit" => limits = read_limits(&full, value, findings),
            known if MODEL_METADATA.contains(&known) => findings.note_ignored(known),
            _ => findings.note_unknown(name, &full, value.get()),
        }
    }
    let word = |field: &str| -> Option<String> { serde_json::from_str(source.get(field)?).ok() };
    let mut taker = Taker { provider, model: id, findings };
    let (prices, variants) = taker.or_unpriced(|taker| read_costs(taker, source));
    Model {
        id: id.to_owned(),
        name: word("name").filter(|name| name != id),
        rule: Rule::Or(Vec::new()),
        context_window: limits.get("context").copied(),
        max_input: limits.get("input").copied(),
        max_output: limits.get("output").copied(),
        deprecated: word("status").is_some_and(|status| status == "deprecated"),
        prices,
        minimums: super::snapshot::Minimums::new(),
        variants,
    }
}

/// Numbers of tokens by name; a limit of 0 is none that is known.
fn read_limits(
    full: &str,
    value: &RawValue,
    findings: &mut Findings,
) -> BTreeMap<&'static str, u64> {
    let mut limits = BTreeMap::new();
    let Ok(source) = Object::parse(value.get()) else {
        findings.note_unknown("limit", full, value.get());
        return limits;
    };
    for (name, value) in &source.0 {
        let known = ["context", "input", "output"].into_iter().find(|known| known == name);
        match (known, value.get().parse::<u64>()) {
            (Some(known), Ok(number)) => {
                limits.extend((number > 0).then_some((known, number)));
            }
            _ => findings.note_unknown(format!("limit: {name}"), full, value.get()),
        }
    }
    limits
}

fn read_costs(
    taker: &mut Taker<'_>,
    source: &Object<'_>,
) -> Result<(Vec<Era>, Vec<Variant>), Trouble> {
    let table = match source.get("cost").filter(|text| *text != "null") {
        Some(text) => cost(taker, text, "cost")?,
        None => Table::new(),
    };
    let mut variants = Vec::new();
    let experimental = source.get("experimental").filter(|text| *text != "null");
    if let Some(text) = experimental {
        for (name, value) in &strict::<Object<'_>>(text, "experimental")?.0 {
            if name == "modes" {
                for (mode, value) in &strict::<Object<'_>>(value.get(), "experimental: modes")?.0 {
                    variants.extend(read_mode(taker, mode, value)?);
                }
            } else {
                taker.unknown(format!("experimental: {name}"), value);
            }
        }
    }
    Ok((vec![Era { constraint: None, rates: rates(&table, "cost")? }], variants))
}

/// A way to ask for the model that has rates of its own, as the request says it: `speed=fast`.
fn read_mode(
    taker: &mut Taker<'_>,
    mode: &str,
    value: &RawValue,
) -> Result<Option<Variant>, Trouble> {
    let place = format!("experimental: modes: {mode}");
    let source: Object<'_> = strict(value.get(), &place)?;
    let Some(text) = source.get("cost").filter(|text| *text != "null") else { return Ok(None) };
    let request = source.get("provider").map(Object::parse).and_then(Result::ok);
    let body = request.as_ref().and_then(|request| request.get("body"));
    let when: BTreeMap<String, String> =
        body.and_then(|body| serde_json::from_str(body).ok()).unwrap_or_default();
    let said = |name: &String| matches!(&**name, "speed" | "service_tier" | "inference_geo");
    if when.is_empty() || !when.keys().all(said) {
        taker.unknown(place, value);
        return Ok(None);
    }
    let rates = rates(&cost(taker, text, &place)?, &place)?;
    Ok(Some(Variant { when, constraint: None, rates: Some(rates), multiply: None }))
}

/// Reads a cost and its tiers. `context_over_200k` is an older form of them, and counts only where
/// there are none.
fn cost(taker: &mut Taker<'_>, text: &str, place: &str) -> Result<Table, Trouble> {
    let source: Object<'_> = strict(text, place)?;
    let mut table = Table::new();
    read_step(taker, &mut table, &source, None, place)?;
    let place = format!("{place}: tiers");
    if let Some(text) = source.get("tiers") {
        for tier in strict::<Vec<Object<'_>>>(text, &place)? {
            let size = tier.get("tier").map(Object::parse).and_then(Result::ok).and_then(|tier| {
                let context = tier.get("type").is_none_or(|kind| kind == "\"context\"");
                tier.get("size").filter(|_| context)?.parse::<u64>().ok()
            });
            let size = size.ok_or_else(|| Trouble::new(&place, "a tier of no known size"))?;
            read_step(taker, &mut table, &tier, Some(size), &place)?;
        }
    } else if let Some(text) = source.get("context_over_200k").filter(|text| *text != "null") {
        let tier: Object<'_> = strict(text, &place)?;
        read_step(taker, &mut table, &tier, Some(200_000), &place)?;
    }
    Ok(table)
}

/// Reads the rates below any threshold, or above one.
fn read_step(
    taker: &mut Taker<'_>,
    table: &mut Table,
    source: &Object<'_>,
    above: Option<u64>,
    place: &str,
) -> Result<(), Trouble> {
    for (name, value) in &source.0 {
        let place = format!("{place}: {name}");
        let known = FIELDS.iter().find(|(field, _)| field == name);
        match (known, value.get()) {
            (_, "null") => {}
            (Some((_, key)), text) => {
                let rate = taker.rate(name, text, Scale::Ten(0), &place)?;
                if !table.entry(key).or_default().set(above, &rate) {
                    return Err(Trouble::new(place, "two tiers of one size"));
                }
            }
            (None, _) if matches!(&**name, "tiers" | "context_over_200k" | "tier") => {}
            (None, _) => taker.unknown(place, value),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;

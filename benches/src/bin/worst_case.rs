//! How far above the bill the worst case is: bound / actual over provider responses whose usage is
//! known.
//!
//! `worst_case [CASES]` reads `extract_cases.json` (beside the repository, unless named). The
//! requests are not in it, so each is taken to have four UTF-8 bytes per input token, media of known
//! size, and the searches that it made; once with `max_tokens` at the next power of two above the
//! output, once without. Ratios are in hundredths, of integers throughout.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use octorato::core::{PriceContext, Unit, UnitKind, Usage};
use octorato::finops::price::{
    CacheWrites, Catalog, Media, Modality, ModelPrice, Request, UsageTotals, WorstCase,
};
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Cases {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    provider: String,
    resolved_model: Option<String>,
    body: Value,
    expected_usage: Map<String, Value>,
    expected_usd: Option<String>,
    timestamp: Timestamp,
}

/// Ratios of one provider, in hundredths.
#[derive(Default)]
struct Ratios {
    limited: Vec<i128>,
    open: Vec<i128>,
    unbounded: usize,
}

fn main() -> Result<()> {
    let named = std::env::args_os().nth(1).map(PathBuf::from);
    let path = named.unwrap_or_else(|| {
        [env!("CARGO_MANIFEST_DIR"), "../../shared/data/extract_cases.json"].iter().collect()
    });
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("no cases at `{}`: nothing is measured", path.display());
        return Ok(());
    };
    let cases: Cases = serde_json::from_str(&text).context("not a file of cases")?;
    let mut by_provider: BTreeMap<String, Ratios> = BTreeMap::new();
    let (mut skipped, mut took, mut bounds) = (0, Duration::ZERO, 0_u32);
    for case in &cases.cases {
        let Some((price, actual, requests)) = prepare(case)? else {
            skipped += 1;
            continue;
        };
        let ratios = by_provider.entry(case.provider.clone()).or_default();
        for (at, request) in requests.iter().enumerate() {
            let start = Instant::now();
            let worst = price.worst_case(case.timestamp, request)?;
            took += start.elapsed();
            bounds += 1;
            let WorstCase::Bounded(bound) = worst else {
                ratios.unbounded += 1;
                continue;
            };
            let bound = bound.amount().pico();
            ensure!(bound >= actual, "{}: the bound {bound} is below {actual}", case.provider);
            let ratio = bound * 100 / actual;
            if at == 0 { ratios.limited.push(ratio) } else { ratios.open.push(ratio) }
        }
    }
    print(by_provider);
    println!("\n{skipped} cases without a price or a cost; {:?} per bound", took / bounds.max(1));
    Ok(())
}

/// The price, what the response cost, and the request with and without a limit; nothing for a case
/// that has no cost to compare with.
fn prepare(case: &Case) -> Result<Option<(ModelPrice<'static>, i128, [Request; 2])>> {
    let written = ["model", "modelVersion"].iter().find_map(|field| case.body[field].as_str());
    let price = [written, case.resolved_model.as_deref()]
        .into_iter()
        .flatten()
        .find_map(|model| Catalog::builtin().find(Some(&case.provider), model).ok());
    let (Some(price), Some(_)) = (price, &case.expected_usd) else {
        return Ok(None);
    };
    let Ok(totals) = serde_json::from_value::<UsageTotals>(case.expected_usage.clone().into())
    else {
        return Ok(None);
    };
    let usage = totals.to_usage()?;
    let Ok(charge) = price.charge(&usage, case.timestamp, &PriceContext::standard()) else {
        return Ok(None);
    };
    let actual = charge.booked().pico();
    let mut limited = request_of(&usage, &case.provider)?;
    let mut open = limited.clone();
    let output = u64::try_from(usage.output_tokens())?;
    limited.max_output = Some(output.next_power_of_two());
    open.max_output = None;
    Ok((actual > 0).then_some((price, actual, [limited, open])))
}

fn request_of(usage: &Usage, provider: &str) -> Result<Request> {
    let tokens = |word: &str| {
        let units = Unit::ALL.iter().filter(|unit| unit.name().contains(word));
        let input = units.filter(|unit| unit.kind() == UnitKind::InputTokens);
        input.map(|unit| usage[*unit]).sum::<u64>()
    };
    let media: Vec<_> = [
        (Modality::Image, tokens("image")),
        (Modality::Audio, tokens("audio")),
        (Modality::Video, tokens("video")),
    ]
    .into_iter()
    .filter(|(_, tokens)| *tokens > 0)
    .map(|(modality, tokens)| Media { modality, tokens: Some(tokens) })
    .collect();
    let of_media: u64 = media.iter().filter_map(|media| media.tokens).sum();
    let text = u64::try_from(usage.input_tokens())?.saturating_sub(of_media);
    let mut request = Request::text(text * 4);
    request.media = media;
    request.counts = vec![(Unit::WebSearches, Some(usage[Unit::WebSearches]))];
    if provider == "anthropic" {
        request.cache_writes = match () {
            () if usage[Unit::CacheWrite1h] > 0 => CacheWrites::Any,
            () if usage[Unit::CacheWrite5m] > 0 => CacheWrites::FiveMinutes,
            () => CacheWrites::None,
        };
    }
    Ok(request)
}

fn print(by_provider: BTreeMap<String, Ratios>) {
    println!("bound / actual");
    println!("                 ---- with max_tokens ----   --- without max_tokens ---");
    println!("provider      n  median     p90      max    median     p90      max  no bound");
    let mut all = Ratios::default();
    for (provider, mut ratios) in by_provider {
        all.limited.extend(&ratios.limited);
        all.open.extend(&ratios.open);
        all.unbounded += ratios.unbounded;
        line(&provider, &mut ratios);
    }
    line("all", &mut all);
}

fn line(provider: &str, ratios: &mut Ratios) {
    let n = ratios.limited.len();
    let (limited, open) = (spread(&mut ratios.limited), spread(&mut ratios.open));
    println!("{provider:<11}{n:>4}{limited}  {open}{:>10}", ratios.unbounded);
}

/// Median, 90th percentile and maximum.
fn spread(ratios: &mut [i128]) -> String {
    ratios.sort_unstable();
    let at = |percent: usize| {
        let ratio = ratios.get((ratios.len() * percent / 100).min(ratios.len().saturating_sub(1)));
        ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{}.{:02}", ratio / 100, ratio % 100))
    };
    format!("{:>8}{:>8}{:>9}", at(50), at(90), at(100))
}

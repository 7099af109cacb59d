//! Foreign price lists become snapshots, and what is not understood of them is told.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "a test may say that its data is not there")]

use std::path::Path;

use proptest::prelude::*;

use octorato_core::{PriceContext, Unit, Usage};
use octorato_finops::price::import::{Format, Origin, import, with_limits, with_supplement};
use octorato_finops::price::{Catalog, diff};

const BUILTIN: &str = include_str!("../data/prices.jsonl");

fn origin() -> Origin {
    Origin { version: "0.2.1".into(), made: jiff::civil::date(2026, 11, 23) }
}

#[test]
fn the_shared_source_becomes_the_built_in_snapshot() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/prices-genai.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: there is no shared data");
        return;
    };
    let imported = import(&text, None, &origin()).unwrap();
    assert_eq!(imported.format, Format::GenaiPrices);
    assert_eq!((&imported.unknown[..], &imported.skipped[..]), (&[][..], &[][..]));
    assert_eq!(imported.normalised.len(), 5);
    let text = with_supplement(&imported.text, include_str!("../data/supplement.json")).unwrap();
    let text = with_limits(&text, include_str!("../data/limits.json")).unwrap();
    assert!(text == BUILTIN, "the source does not become the committed snapshot");
}

#[test]
fn a_snapshot_of_our_own_is_taken_as_it_is() {
    let imported = import(BUILTIN, None, &origin()).unwrap();
    assert_eq!(imported.format, Format::Octorato);
    assert!(imported.text == BUILTIN);
    assert_eq!(imported.catalog.snapshot(), Catalog::builtin().snapshot());
    assert!(imported.models >= imported.priced && imported.priced > 1000);
    let again = import(&format!("\u{feff}{BUILTIN}"), None, &origin()).unwrap();
    assert!(again.text == BUILTIN, "a byte order mark is no part of it");
}

#[test]
fn what_is_no_price_list_is_refused_and_told() {
    let deep = "[".repeat(100 << 20);
    for (text, why) in [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("<!doctype html><html>", "it is a web page"),
        ("price: 1", "it is not JSON"),
        ("{}", "its format is not known"),
        (r#"{"a":1}"#, "its format is not known"),
        (r#"{"a":{"#, "EOF while parsing"),
        (&deep, "cannot use the price list"),
        ("[1]", "place: `the list of providers`"),
        (r#"{"schema":2,"providers":[]}"#, "cannot use the price list"),
    ] {
        let error = import(text, None, &origin()).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert!(error.len() < 300, "{}", error.len());
    }
    for format in Format::ALL {
        assert_eq!(format.name().parse::<Format>().unwrap(), *format);
        assert!(import("7", Some(*format), &origin()).is_err());
        assert!(import(&deep, Some(*format), &origin()).is_err());
    }
    assert!("csv".parse::<Format>().is_err());
}

#[test]
fn deep_nesting_costs_no_stack() {
    let deep = format!("{}{}", "[".repeat(1 << 20), "]".repeat(1 << 20));
    let table = format!(r#"{{"m":{{"litellm_provider":"p","metadata":{deep},"odd":{deep}}}}}"#);
    let imported = import(&table, None, &origin()).unwrap();
    assert_eq!(imported.format, Format::Litellm);
    assert!(imported.unknown[0].value.len() < 200);
    let rule = format!(r#"{}{{"equals":"m"}}{}"#, r#"{"not":"#.repeat(1000), "}".repeat(1000));
    let list = format!(
        r#"[{{"id":"p","name":"P","api_pattern":"p","models":[{{"id":"m","match":{rule}}}]}}]"#
    );
    assert!(import(&list, None, &origin()).unwrap_err().to_string().contains("p/m: match"));
}

#[test]
fn a_list_that_would_cost_too_much_is_refused() {
    let many: Vec<_> =
        (0..6_000).map(|at| format!(r#""m{at}":{{"litellm_provider":"p{at}"}}"#)).collect();
    let error = import(&format!("{{{}}}", many.join(",")), None, &origin()).unwrap_err();
    assert!(error.to_string().contains("6000"), "{error}");
    let long = "a".repeat(1 << 20);
    let table = format!(r#"{{"m":{{"litellm_provider":"p","{long}":"{long}"}},"{long}":7}}"#);
    assert!(import(&table, None, &origin()).unwrap_err().to_string().len() < 400);
    let own = BUILTIN.replacen(r#"{"contains":"claude"}"#, r#"{"regex":"(a{1000}){1000}"}"#, 1);
    assert!(own != BUILTIN);
    assert!(import(&own, None, &origin()).is_err());
}

#[test]
fn a_large_table_is_read_in_one_go() {
    let entry = |at: usize| {
        format!(
            r#""azure/m{at}":{{"litellm_provider":"azure","mode":"chat","max_input_tokens":128000,
            "input_cost_per_token":{at}e-09,"output_cost_per_token":2e-06,"supports_vision":true}}"#
        )
    };
    let table: Vec<_> = (0..5_000).map(entry).collect();
    let imported = import(&format!("{{{}}}", table.join(",")), None, &origin()).unwrap();
    assert_eq!((imported.models, imported.priced), (5_000, 5_000));
    let price = imported.catalog.find(Some("azure"), "M4999").unwrap();
    assert_eq!(price.model().id(), "azure/m4999");
}

const UNITS: [(&str, &str, Unit); 4] = [
    ("input_cost_per_token", "input_mtok", Unit::Input),
    ("output_cost_per_token", "output_mtok", Unit::Output),
    ("cache_read_input_token_cost", "cache_read_mtok", Unit::CacheRead),
    ("input_cost_per_audio_token", "input_audio_mtok", Unit::InputAudio),
];

fn table(rates: [u32; 4]) -> Catalog {
    let fields: Vec<_> = UNITS
        .iter()
        .zip(rates)
        .map(|((name, ..), rate)| format!(r#""{name}":{rate}e-8"#))
        .collect();
    let text = format!(r#"{{"m":{{"litellm_provider":"p",{}}}}}"#, fields.join(","));
    import(&text, None, &origin()).unwrap().catalog
}

proptest! {
    #[test]
    fn rates_that_do_not_change_charge_the_same_and_those_that_do_are_told(
        before in proptest::array::uniform4(0_u32..4),
        after in proptest::array::uniform4(0_u32..4),
    ) {
        let at = "2026-11-20T12:00:00Z".parse().unwrap();
        let (old, new) = (table(before), table(after));
        let there = diff(&old, &new, at).unwrap();
        let back = diff(&new, &old, at).unwrap();
        prop_assert!(diff(&old, &old, at).unwrap().is_empty());
        prop_assert_eq!(there.changed.len(), back.changed.len());
        for (_, key, unit) in UNITS {
            let usd = |catalog: &Catalog| {
                let usage = Usage::new().with(unit, 1_000_000);
                let price = catalog.find(Some("p"), "m").unwrap();
                price.charge(&usage, at, &PriceContext::standard()).unwrap().usd()
            };
            let told = there.changed.iter().find(|change| change.rate == key);
            prop_assert_eq!(told.is_some(), usd(&old) != usd(&new));
            if let Some(change) = told {
                prop_assert_eq!((change.before, change.after), (Some(usd(&old)), Some(usd(&new))));
                let other = back.changed.iter().find(|change| change.rate == key).unwrap();
                prop_assert_eq!((change.before, change.after), (other.after, other.before));
            }
        }
    }
}

/// What `LiteLLM` says of models that the built-in snapshot has too.
const LITELLM: &str = r#"{
    "claude-opus-4-8": {"litellm_provider": "anthropic", "mode": "chat",
        "input_cost_per_token": 5e-06, "output_cost_per_token": 2.5e-05,
        "cache_read_input_token_cost": 5e-07, "cache_creation_input_token_cost": 6.25e-06,
        "cache_creation_input_token_cost_above_1hr": 1e-05,
        "search_context_cost_per_query": {"search_context_size_low": 0.01,
            "search_context_size_medium": 0.01, "search_context_size_high": 0.01},
        "provider_specific_entry": {"us": 1.1, "fast": 2.0}},
    "gemini/gemini-2.5-pro": {"litellm_provider": "gemini", "mode": "chat",
        "input_cost_per_token": 1.25e-06, "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token": 1e-05, "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "cache_read_input_token_cost_above_200k_tokens": 2.5e-07},
    "xai/grok-4.5": {"litellm_provider": "xai", "mode": "chat",
        "input_cost_per_token": 2e-06, "input_cost_per_token_above_200k_tokens": 4e-06,
        "output_cost_per_token": 6e-06, "output_cost_per_token_above_200k_tokens": 1.2e-05,
        "cache_read_input_token_cost": 3e-07,
        "cache_read_input_token_cost_above_200k_tokens": 6e-07}
    }"#;

#[test]
fn two_sources_of_one_price_charge_the_same() {
    let imported = import(LITELLM, None, &origin()).unwrap();
    assert_eq!((&imported.unknown[..], &imported.skipped[..]), (&[][..], &[][..]));
    let at = "2026-11-20T12:00:00Z".parse().unwrap();
    let usd = |catalog: &Catalog, provider, model, usage: &Usage, context: &PriceContext| {
        let price = catalog.find(Some(provider), model).unwrap();
        price.charge(usage, at, context).unwrap().usd()
    };
    let mut fast = PriceContext::standard();
    fast.set("speed", "fast");
    fast.set("inference_geo", "us");
    for (provider, model) in
        [("anthropic", "claude-opus-4-8"), ("google", "gemini-2.5-pro"), ("x-ai", "grok-4.5")]
    {
        for input in [0, 1, 199_998, 199_999, 200_000, 200_001, 1_000_000] {
            let mut usage = Usage::new()
                .with(Unit::Input, input)
                .with(Unit::CacheRead, 1)
                .with(Unit::Output, 7);
            let mut contexts = vec![PriceContext::standard()];
            if provider == "anthropic" {
                usage = usage.with(Unit::CacheWrite5m, 3).with(Unit::CacheWrite1h, 5);
                usage = usage.with(Unit::WebSearches, 2);
                contexts.push(fast.clone());
            }
            for context in &contexts {
                assert_eq!(
                    usd(&imported.catalog, provider, model, &usage, context),
                    usd(Catalog::builtin(), provider, model, &usage, context),
                    "{provider}/{model} {usage:?}"
                );
            }
        }
    }
}

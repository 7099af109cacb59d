use jiff::Timestamp;
use octorato_core::{ErrorKind, PriceContext, Unit, Usage};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::{Format, Imported, Origin, import};

fn imported(table: &str) -> Imported {
    let origin = Origin { version: "1.0".into(), made: jiff::civil::date(2026, 11, 23) };
    import(table, Some(Format::Litellm), &origin).unwrap()
}

/// The line of the only provider of a table with one model of these fields.
fn line(name: &str, fields: &str) -> String {
    let imported = imported(&format!(r#"{{"{name}":{{{fields}}}}}"#));
    assert_eq!(imported.skipped, []);
    imported.text.lines().nth(1).unwrap().to_owned()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn usd(imported: &Imported, model: &str, usage: Usage, pairs: &[(&str, &str)]) -> String {
    let mut context = PriceContext::standard();
    for (name, value) in pairs {
        context.set(name, value);
    }
    let provider = imported.catalog.providers()[0].id();
    let price = imported.catalog.find(Some(provider), model).unwrap();
    let charge = price.charge(&usage, at("2026-11-20T12:00:00Z"), &context);
    charge.map_or_else(|error| error.kind().name().to_owned(), |charge| charge.usd().to_string())
}

#[test]
fn an_entry_is_found_by_its_name_and_without_its_provider() {
    let fields = r#""litellm_provider":"gemini","mode":"chat","max_input_tokens":1048576,
        "max_output_tokens":65535.0,"deprecation_date":"2026-01-01","supports_vision":true,
        "input_cost_per_token":1.5e-06,"output_cost_per_token":1e-05"#;
    assert_eq!(
        line("gemini/Gem-1", fields),
        concat!(
            r#"{"id":"google","models":[{"id":"gemini/Gem-1","match":{"or":[{"equals":"#,
            r#""gemini/gem-1"},{"equals":"gem-1"}]},"max_input":1048576,"max_output":65535,"#,
            r#""deprecated":true,"prices":[{"rates":{"input_mtok":"1.5","output_mtok":"10"}}]}]}"#
        )
    );
    let imported = imported(&format!(r#"{{"gemini/Gem-1":{{{fields}}}}}"#));
    let catalog = &imported.catalog;
    for (provider, model) in [
        (Some("google"), "gem-1"),
        (Some("gemini"), "Gem-1"),
        (Some("vertex_ai"), "gemini/gem-1"),
        (None, "gemini/gem-1"),
    ] {
        let price = catalog.find(provider, model).unwrap();
        assert!(price.matched().exact, "{model}");
        assert_eq!(price.model().max_output(), Some(65535));
    }
    assert!(catalog.find(Some("google"), "gem").is_err());
    assert_eq!(imported.ignored[0].name, "supports_vision");
    assert_eq!((imported.models, imported.priced), (1, 1));
    assert_eq!(catalog.source(), "litellm 1.0");
}

#[test]
fn a_name_that_would_be_that_of_two_prices_is_nobodys() {
    let entry = |name: &str, rate: &str| {
        format!(r#""{name}":{{"litellm_provider":"azure","input_cost_per_token":{rate}}}"#)
    };
    let table = |entries: &[String]| format!("{{{}}}", entries.join(","));
    let found = |imported: &Imported, name: &str| {
        imported.catalog.find(Some("azure"), name).ok().map(|price| price.model().id().to_owned())
    };
    let ai = |name: &str, rate: &str| entry(name, rate).replace(r#""azure","#, r#""azure_ai","#);

    let same = imported(&table(&[entry("azure/m", "1e-6"), ai("azure_ai/m", "1e-6")]));
    assert_eq!(found(&same, "m").as_deref(), Some("azure/m"));

    let two = imported(&table(&[entry("azure/m", "1e-6"), ai("azure_ai/m", "2e-6")]));
    assert_eq!(found(&two, "m"), None);
    assert_eq!(found(&two, "azure_ai/m").as_deref(), Some("azure_ai/m"));
    assert_eq!((two.unknown.len(), &*two.unknown[0].example), (1, "azure/m"));

    let own = imported(&table(&[entry("azure/m", "1e-6"), entry("m", "2e-6")]));
    assert_eq!(found(&own, "m").as_deref(), Some("m"));

    let cases = imported(&table(&[entry("M", "1e-6"), entry("m", "2e-6")]));
    assert_eq!(cases.skipped.len(), 2);
    assert_eq!(usd(&cases, "m", Usage::new().with(Unit::Input, 1), &[]), "unpriced");
}

#[test]
fn noise_is_removed_before_the_point_is_moved() {
    let table = r#"{"m":{"litellm_provider":"x","input_cost_per_token":1.4999999999999998e-06,
        "output_cost_per_token":0.0000002}}"#;
    let imported = imported(table);
    assert!(imported.text.contains(r#""input_mtok":"1.5","output_mtok":"0.2""#));
    let [noise] = &imported.normalised[..] else { panic!("{:?}", imported.normalised) };
    assert_eq!(
        (&*noise.key, &*noise.written, &*noise.taken),
        ("input_cost_per_token", "1.4999999999999998e-06", "0.0000015")
    );
    assert_eq!(imported.catalog.normalised(), 1);
}

#[test]
fn service_tiers_and_batches_are_variants() {
    let imported = imported(
        r#"{"m":{"litellm_provider":"openai","input_cost_per_token":2e-6,
        "output_cost_per_token":8e-6,"output_cost_per_reasoning_token":9e-6,
        "cache_read_input_token_cost":5e-7,"cache_creation_input_token_cost_above_1hr":4e-6,
        "input_cost_per_token_batches":1e-6,"output_cost_per_token_flex":4e-6,
        "input_cost_per_token_priority":4e-6,"cache_read_input_token_cost_ultrafast":6e-7,
        "regional_processing_uplift_multiplier_eu":1.1,"regional_endpoint_uplift_multiplier":1.2,
        "provider_specific_entry":{"us":1.5,"fast":2.0}}}"#,
    );
    assert_eq!((&imported.unknown[..], &imported.skipped[..]), (&[][..], &[][..]));
    let million = |unit| Usage::new().with(unit, 1_000_000);
    let reasoning = million(Unit::Output).with(Unit::Reasoning, 1_000_000);
    for (usage, pairs, amount) in [
        (million(Unit::Input), &[][..], "2"),
        (million(Unit::Input), &[("processing", "batch")], "1"),
        (million(Unit::Output), &[("processing", "batch")], "8"),
        (million(Unit::Input), &[("service_tier", "priority")], "4"),
        (million(Unit::Output), &[("service_tier", "flex")], "4"),
        (reasoning, &[], "9"),
        (reasoning, &[("service_tier", "flex")], "4"),
        (million(Unit::CacheRead), &[("service_tier", "ultrafast")], "0.6"),
        (million(Unit::CacheWrite1h), &[], "4"),
        (million(Unit::Input), &[("data_residency", "eu")], "2.2"),
        (million(Unit::Input), &[("endpoint", "regional")], "2.4"),
        (million(Unit::Input), &[("inference_geo", "us"), ("speed", "fast")], "6"),
        (million(Unit::Input), &[("data_residency", "us")], "unpriced"),
        (million(Unit::Input), &[("service_tier", "fast")], "unpriced"),
    ] {
        assert_eq!(usd(&imported, "m", usage, pairs), amount, "{usage:?} {pairs:?}");
    }
}

#[test]
fn thresholds_are_exceeded_and_those_of_xai_are_met() {
    let fields = |provider: &str| {
        format!(
            r#"{{"m":{{"litellm_provider":"{provider}","input_cost_per_token":1e-6,
            "input_cost_per_token_above_200k_tokens":2e-6,"output_cost_per_token":5e-6,
            "output_cost_per_token_above_200k_tokens":7e-6,"input_cost_per_token_priority":3e-6,
            "output_cost_per_token_priority":9e-6,"input_cost_per_token_batches":5e-7,
            "output_cost_per_token_batches":2e-6,
            "output_cost_per_token_above_200k_tokens_priority":11e-6}}}}"#
        )
    };
    let (gemini, xai) = (imported(&fields("gemini")), imported(&fields("xai")));
    let usage = |tokens| Usage::new().with(Unit::Input, tokens).with(Unit::Output, 100_000);
    let priority = &[("service_tier", "priority")][..];
    for (imported, tokens, pairs, amount) in [
        (&gemini, 200_000, &[][..], "0.7"),
        (&gemini, 200_001, &[], "1.100002"),
        (&xai, 199_999, &[], "0.699999"),
        (&xai, 200_000, &[], "1.1"),
        (&gemini, 200_000, priority, "1.5"),
        // As LiteLLM does, a tier without a rate above the threshold has the standard one there.
        (&gemini, 200_001, priority, "1.500002"),
        (&gemini, 200_000, &[("processing", "batch")], "0.3"),
        (&gemini, 200_001, &[("processing", "batch")], "1.100002"),
    ] {
        assert_eq!(usd(imported, "m", usage(tokens), pairs), amount, "{tokens} {pairs:?}");
    }
}

#[test]
fn tiered_pricing_replaces_the_rates_of_the_entry() {
    let table = |second: &str| {
        format!(
            r#"{{"m":{{"litellm_provider":"dashscope","output_cost_per_token":1,
            "input_cost_per_token_batches":3e-7,"tiered_pricing":[
            {{"range":[32000.0,128000.0],"input_cost_per_token":2e-6,"output_cost_per_token":6e-6}},
            {{"range":[0,{second}],"input_cost_per_token":1e-6,"output_cost_per_token":4e-6,
              "cache_read_input_token_cost":2e-7,"smell":1}}]}}}}"#
        )
    };
    let good = imported(&table("32000.0"));
    let usage = |read| Usage::new().with(Unit::CacheRead, read).with(Unit::Output, 1_000_000);
    assert_eq!(usd(&good, "m", usage(32_000), &[]), "4.0064");
    assert_eq!(usd(&good, "m", usage(32_001), &[]), "6.064002");
    assert_eq!(usd(&good, "m", usage(999_999), &[]), "7.999998");
    let unknown: Vec<_> = good.unknown.iter().map(|unknown| &*unknown.path).collect();
    assert_eq!(
        unknown,
        ["input_cost_per_token_batches, beside tiered_pricing", "tiered_pricing: smell"]
    );
    let gap = imported(&table("31000"));
    assert_eq!(gap.skipped[0].place, "tiered_pricing");
    assert_eq!(usd(&gap, "m", usage(1), &[]), "unpriced");
}

#[test]
fn tools_and_media_are_charged_by_what_is_counted() {
    let imported = imported(
        r#"{
        "chat":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":1e-6,
            "input_cost_per_request":0.005,"file_search_cost_per_1k_calls":2.5,
            "search_context_cost_per_query":{"search_context_size_low":0.01,
            "search_context_size_medium":0.01,"search_context_size_high":0.01}},
        "search":{"litellm_provider":"openai","mode":"chat","input_cost_per_token":0,
            "search_context_cost_per_query":{"search_context_size_low":0.03,
            "search_context_size_medium":0.035,"search_context_size_high":0.05}},
        "hear":{"litellm_provider":"openai","mode":"audio_transcription",
            "input_cost_per_second":0.0001,"output_cost_per_second":0.0},
        "hear-2":{"litellm_provider":"openai","mode":"audio_transcription",
            "input_cost_per_second":0.0001,"output_cost_per_second":0.0002},
        "read":{"litellm_provider":"openai","mode":"ocr","ocr_cost_per_page":0.001,
            "annotation_cost_per_page":0.003},
        "say":{"litellm_provider":"openai","mode":"audio_speech","input_cost_per_character":1.5e-5}
        }"#,
    );
    let count = |unit, count| Usage::new().with(unit, count);
    for (model, usage, pairs, amount) in [
        ("chat", count(Unit::Input, 1_000_000), &[][..], "1.005"),
        ("chat", count(Unit::WebSearches, 3), &[], "0.035"),
        ("chat", count(Unit::StorageSearches, 2), &[], "0.01"),
        ("search", count(Unit::WebSearches, 1), &[], "unpriced"),
        ("search", count(Unit::WebSearches, 1), &[("search_context_size", "high")], "0.05"),
        ("hear", count(Unit::InputAudioSeconds, 60), &[], "0.006"),
        ("hear-2", count(Unit::InputAudioSeconds, 60), &[], "unpriced"),
        ("read", count(Unit::DocumentPages, 2), &[], "0.002"),
        ("read", count(Unit::AnnotatedDocumentPages, 2), &[], "0.006"),
        ("say", count(Unit::InputCharacters, 1000), &[], "0.015"),
    ] {
        assert_eq!(usd(&imported, model, usage, pairs), amount, "{model} {usage:?}");
    }
}

#[test]
fn a_search_that_is_paid_per_prompt_has_no_unit() {
    let google = |unit: &str| {
        imported(&format!(
            r#"{{"m":{{"litellm_provider":"gemini","input_cost_per_token":1e-6,{unit}
            "search_context_cost_per_query":{{"search_context_size_medium":0.014}}}}}}"#
        ))
    };
    let searches = Usage::new().with(Unit::WebSearches, 2);
    let by_query = google(r#""web_search_billing_unit":"per_query","#);
    assert_eq!(usd(&by_query, "m", searches, &[]), "0.028");
    let by_prompt = google("");
    assert_eq!(usd(&by_prompt, "m", searches, &[]), "unpriced");
    assert_eq!(by_prompt.unknown[0].path, "search_context_cost_per_query, paid per prompt");
}

#[test]
fn hours_with_rates_of_their_own_are_eras_or_have_no_price() {
    let entry = |block: &str| {
        format!(
            r#"{{"m":{{"litellm_provider":"deepseek","input_cost_per_token":2e-6,
            "input_cost_per_token_above_10_tokens":3e-6,"off_peak_pricing":{{{block}}}}}}}"#
        )
    };
    let night = imported(&entry(
        r#""hours_utc":["16:30-00:30","04:00-05:00"],"input_cost_per_token":1e-6"#,
    ));
    let price = night.catalog.find(Some("deepseek"), "m").unwrap();
    let million = Usage::new().with(Unit::Input, 1_000_000);
    for (time, amount) in [("12:00", "3"), ("16:30", "1"), ("00:29", "1"), ("04:59", "1")] {
        let at = at(&format!("2026-11-20T{time}:00Z"));
        let charge = price.charge(&million, at, &PriceContext::standard()).unwrap();
        assert_eq!(charge.usd().to_string(), amount, "{time}");
    }
    for block in [
        r#""windows":[{"hours_utc":"1-2","weekdays":[6]}],"input_cost_per_token":1e-6"#,
        r#""hours_utc":"25:00-26:00","input_cost_per_token":1e-6"#,
        r#""hours_utc":"all day","input_cost_per_token":1e-6"#,
        r#""input_cost_per_token":1e-6"#,
    ] {
        let bad = imported(&entry(block));
        assert_eq!(bad.skipped[0].place, "off_peak_pricing", "{block}");
        assert_eq!(usd(&bad, "m", million, &[]), "unpriced");
    }
}

#[test]
fn what_is_not_understood_is_told_with_a_count_and_an_example() {
    let imported = imported(
        r#"{"sample_spec":{"anything":"goes"},
        "a":{"litellm_provider":"p","input_cost_per_image":0.01,"input_cost_per_token":1e-6,
             "smells":true,"cache_creation_input_token_cost_above_12hr":1e-6,"rpm":7},
        "b":{"litellm_provider":"p","input_cost_per_image":0.02,"max_input_tokens":"many",
             "input_cost_per_token":null}}"#,
    );
    let unknown: Vec<_> = imported
        .unknown
        .iter()
        .map(|unknown| (&*unknown.path, unknown.count, &*unknown.example, &*unknown.value))
        .collect();
    assert_eq!(
        unknown,
        [
            ("cache_creation_input_token_cost_above_12hr", 1, "p/a", "1e-6"),
            ("input_cost_per_image", 2, "p/a", "0.01"),
            ("max_input_tokens", 1, "p/b", "\"many\""),
            ("smells", 1, "p/a", "true"),
        ]
    );
    assert_eq!((imported.models, imported.priced), (2, 1));
}

#[test]
fn a_model_with_a_cost_that_is_none_has_no_price() {
    for (cost, place) in [
        (r#""input_cost_per_token":-1e-6"#, "input_cost_per_token"),
        (r#""input_cost_per_token":"1e-6""#, "input_cost_per_token"),
        (r#""input_cost_per_token":true"#, "input_cost_per_token"),
        (r#""input_cost_per_token":1e29"#, "input_cost_per_token"),
        (r#""input_cost_per_token":1e22"#, "input_cost_per_token"),
        (r#""input_cost_per_token_above_200k_tokens":1e-6"#, "prices: input_mtok"),
        (
            r#""cache_read_input_token_cost":1e-6,"input_cost_per_token_cache_hit":2e-6"#,
            "input_cost_per_token_cache_hit",
        ),
    ] {
        let imported = imported(&format!(
            r#"{{"m":{{"litellm_provider":"p","output_cost_per_token":1e-6,{cost}}}}}"#
        ));
        assert_eq!(imported.skipped[0].place, place, "{cost}");
        assert_eq!(usd(&imported, "m", Usage::new().with(Unit::Output, 1), &[]), "unpriced");
    }
}

#[test]
fn a_damaged_table_is_refused_with_the_place() {
    let origin = Origin { version: "1".into(), made: jiff::civil::date(2026, 1, 1) };
    for (table, place) in [
        (r#"{"m":7}"#, "m"),
        (r#"{"m":{"litellm_provider":"p","rpm":1,"rpm":2}}"#, "m"),
        (r#"{"m":{},"m":{}}"#, "the table of models"),
        (r#"{"m":{"rpm":NaN}}"#, "the table of models"),
        (r#"[{"m":{}}]"#, "the table of models"),
        (r#"{"":{"litellm_provider":"p"}}"#, ""),
    ] {
        let error = import(table, Some(Format::Litellm), &origin).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data);
        assert!(error.to_string().contains(&format!("place: `{place}`")), "{error}");
    }
    let homeless = imported(r#"{"m":{"input_cost_per_token":1e-6}}"#);
    assert_eq!((homeless.models, &*homeless.skipped[0].place), (0, "litellm_provider"));
}

/// A rate per token as the source writes it: `mantissa` times ten to the `-exponent`.
fn written(mantissa: u32, exponent: u32) -> String {
    format!("{mantissa}e-{exponent:02}")
}

proptest! {
    #[test]
    fn an_entry_charges_the_sum_by_hand(
        rates in proptest::array::uniform5((0_u32..100_000, 5_u32..12)),
        tokens in proptest::array::uniform5(0_u64..10_000_000),
    ) {
        let [input, output, read, write, write_1h] = rates.map(|(m, e)| written(m, e));
        let imported = imported(&format!(
            r#"{{"m":{{"litellm_provider":"p","input_cost_per_token":{input},
            "output_cost_per_token":{output},"cache_read_input_token_cost":{read},
            "cache_creation_input_token_cost":{write},
            "cache_creation_input_token_cost_above_1hr":{write_1h}}}}}"#
        ));
        let units =
            [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite5m, Unit::CacheWrite1h];
        let mut usage = Usage::new();
        let mut sum = Decimal::ZERO;
        for ((unit, count), (mantissa, exponent)) in units.into_iter().zip(tokens).zip(rates) {
            usage.set(unit, count);
            sum += Decimal::from(count) * Decimal::new(i64::from(mantissa), exponent);
        }
        prop_assert_eq!(usd(&imported, "m", usage, &[]), sum.normalize().to_string());
    }
}

//! The rules of charging, on price lists small enough to check by hand.

use jiff::Timestamp;
use octorato_core::{ErrorKind, Money, PriceContext, Result, Unit, Usage};
use proptest::prelude::*;

use super::*;

/// A catalog of one provider, `p`, that claims `m-…`, and of `reseller`, which sells its models.
fn catalog(models: &str) -> Catalog {
    let header = concat!(
        r#"{"schema":1,"source":"test","version":"1","licence":"MIT","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"p","name":"P","api_pattern":"p","#,
        r#""provider_match":{"contains":"pee"},"model_match":{"starts_with":"m-"}},"#,
        r#"{"id":"reseller","name":"R","api_pattern":"r","fallback_model_providers":["p"]}]}"#,
    );
    let models = models.replace('\n', " ");
    let text = format!(
        "{header}\n{{\"id\":\"p\",\"models\":[{models}]}}\n{{\"id\":\"reseller\",\"models\":[]}}\n"
    );
    Catalog::parse(text).unwrap()
}

/// A catalog with the model `m-1` of these rates and variants.
fn priced(rates: &str, variants: &str) -> Catalog {
    catalog(&format!(
        r#"{{"id":"m-1","match":{{"equals":"m-1"}},"prices":[{{"rates":{{{rates}}}}}],
            "variants":[{variants}]}}"#
    ))
}

fn context(pairs: &[(&str, &str)]) -> PriceContext {
    let mut context = PriceContext::standard();
    for (name, value) in pairs {
        context.set(name, value);
    }
    context
}

fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn charge(catalog: &Catalog, usage: Usage, pairs: &[(&str, &str)]) -> Result<Charge> {
    catalog.find(Some("p"), "m-1")?.charge(&usage, noon(), &context(pairs))
}

fn usd(catalog: &Catalog, usage: Usage) -> String {
    charge(catalog, usage, &[]).unwrap().usd().to_string()
}

fn mega(unit: Unit) -> Usage {
    Usage::new().with(unit, 1_000_000)
}

#[test]
fn every_line_of_the_builtin_catalog_can_be_read() {
    let catalog = Catalog::builtin();
    let models: usize =
        catalog.providers().iter().map(|p| catalog.models(p.id()).unwrap().len()).sum();
    assert_eq!((catalog.providers().len(), models), (47, 2267));
    assert_eq!(catalog.source(), "genai-prices 0.2.1");
    assert_eq!(catalog.snapshot().to_string().len(), 16);
    assert!(catalog.snapshot().full().starts_with(&catalog.snapshot().to_string()));
}

#[test]
fn a_damaged_catalog_is_an_error_not_a_panic() {
    let good = concat!(
        r#"{"schema":1,"source":"s","version":"1","licence":"l","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"p","name":"P","api_pattern":"p"}]}"#,
        "\n{\"id\":\"p\",\"models\":[]}\n"
    );
    assert!(Catalog::parse(good).is_ok());
    for bad in [
        String::new(),
        good.replace(r#""schema":1"#, r#""schema":2"#),
        good.replace("{\"id\":\"p\",\"models\":[]}\n", ""),
        good.replace("\"models\":[]}\n", "\"models\":[]}"),
        good.replace("{\"id\":\"p\",\"models\"", "{\"id\":\"q\",\"models\""),
        good.replace("\"models\":[]", "\"models\":[{}]"),
    ] {
        assert_eq!(Catalog::parse(bad.clone()).unwrap_err().kind(), ErrorKind::Data, "{bad}");
    }
}

#[test]
fn a_model_is_found_by_its_rule_or_not_at_all() {
    use MatchRule::{Equals, StartsWith};
    use ProviderMatch::{Alias, Fallback, Given, InferredFromModel};
    let catalog = catalog(
        r#"{"id":"m-1","match":{"or":[{"equals":"m-1"},{"equals":"m-1-2026-01-31"}]},
            "prices":[{"rates":{"input_mtok":"1"}}]},
           {"id":"m-big","match":{"starts_with":"m-big"},"prices":[{"rates":{"input_mtok":"2"}}]}"#,
    );
    let found = |provider, model| {
        let price = catalog.find(provider, model).unwrap();
        let matched = price.matched();
        (matched.provider, matched.rule, matched.exact, matched.date_rewritten)
    };
    assert_eq!(found(Some("p"), "m-1"), (Given, Equals, true, false));
    assert_eq!(found(Some("P"), " M-1 "), (Given, Equals, true, false));
    assert_eq!(found(Some("my-pee"), "m-1"), (Alias, Equals, true, false));
    assert_eq!(found(None, "m-1"), (InferredFromModel, Equals, true, false));
    // Nobody has said that the reseller charges the maker's price.
    assert_eq!(found(Some("reseller"), "m-1"), (Fallback, Equals, false, false));
    assert_eq!(found(Some("p"), "m-1-20260131"), (Given, Equals, true, true));
    assert_eq!(found(Some("p"), "m-big-20251231"), (Given, StartsWith, true, false));
    // The list was made before.
    assert_eq!(found(Some("p"), "m-big-20260131"), (Given, StartsWith, false, false));
    assert_eq!(found(Some("p"), "m-big-latest"), (Given, StartsWith, false, false));
    assert_eq!(found(Some("p"), "m-big-cyber"), (Given, StartsWith, false, false));
}

#[test]
fn an_id_of_the_catalog_is_a_prefix_too() {
    let catalog = catalog(r#"{"id":"nova-1","match":{"equals":"nova-1"},"prices":[{"rates":{}}]}"#);
    for name in ["p/nova-1", "p:nova-1", "P/nova-1"] {
        for provider in [None, Some("p"), Some("reseller")] {
            let price = catalog.find(provider, name).unwrap();
            assert_eq!((price.list().id(), price.model().id()), ("p", "nova-1"), "{name}");
            assert_eq!(price.matched().exact, provider != Some("reseller"));
        }
    }
    assert_eq!(catalog.find(None, "reseller/nova-1").unwrap().provider().id(), "reseller");
    for name in ["p/", "p/nova-2", "other/nova-1"] {
        assert_eq!(catalog.find(None, name).unwrap_err().kind(), ErrorKind::Unpriced, "{name}");
    }
}

#[test]
fn a_sibling_that_only_a_pattern_matched_is_not_exact() {
    for (name, model, exact) in [
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5", true),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku-latest", true),
        ("gpt-6-astra-2026-09-03", "gpt-6-astra", true),
        ("gemini-2.5-pro", "gemini-2.5-pro", true),
        ("gemini-2.5-pro-tts", "gemini-2.5-pro-tts", true),
        ("gemini-3.8-flash-cyber", "gemini-3.8-flash", false),
        ("claude-opus-4-8[1m]", "claude-opus-4-8", true),
        ("claude-sonnet-4-55", "claude-sonnet-4-5", false),
    ] {
        let price = Catalog::builtin().find(None, name).unwrap();
        assert_eq!((price.model().id(), price.matched().exact), (model, exact), "{name}");
    }
    for (name, exact) in [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", true),
        ("global.anthropic.claude-opus-4-8-v1:0", true),
        // Without a region the price list only has the regions' price.
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", false),
    ] {
        let price = Catalog::builtin().find(Some("aws"), name).unwrap();
        assert_eq!(price.matched().exact, exact, "{name}");
    }
    let vertex = Catalog::builtin().find(Some("google"), "claude-opus-4-8@default").unwrap();
    assert!(vertex.matched().exact);
}

#[test]
fn what_is_unknown_is_an_error_that_says_what_was_tried() {
    let catalog = priced(r#""input_mtok":"1""#, "");
    let shown = |provider, model| {
        let error = catalog.find(provider, model).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        (error.to_string(), error.hint().unwrap_or_default().to_owned())
    };
    let (message, hint) = shown(Some("reseller"), "m-2-20260131");
    assert!(message.starts_with("no price for model: `m-2-20260131`"), "{message}");
    for part in ["the models of reseller", "those of p", "the name `m-2-2026-01-31`"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(hint.contains("octorato prices update"), "{hint}");
    assert!(shown(Some("q"), "m-1").0.starts_with("no price list of provider: `q`"));
    assert!(shown(Some("q"), "m-1").1.contains("use one of p, reseller"));
    assert!(shown(None, "x").0.contains("named like `x`"));
    assert!(shown(Some("p"), " ").0.contains("no model is named"));
    let builtin = Catalog::builtin().find(Some("anthropic"), "claude-opus-9").unwrap_err();
    assert!(builtin.hint().unwrap().contains("claude-opus-"), "{builtin:?}");
}

#[test]
fn the_whole_request_is_charged_at_the_tier_of_its_size() {
    let tier = |base, above| {
        format!(r#"{{"base":"{base}","tiers":[{{"above":200000,"rate":"{above}"}}]}}"#)
    };
    let catalog = priced(
        &format!(
            r#""input_mtok":{},"cache_read_mtok":{},"output_mtok":{}"#,
            tier("3", "6"),
            tier("0.3", "0.6"),
            tier("15", "22.5")
        ),
        "",
    );
    let usage = |input| {
        Usage::new()
            .with(Unit::Input, input)
            .with(Unit::CacheRead, 150_000)
            .with(Unit::Output, 1000)
    };
    assert_eq!(usd(&catalog, usage(50_000)), "0.21"); // 0.15 + 0.045 + 0.015
    assert_eq!(usd(&catalog, usage(50_001)), "0.412506"); // 0.300006 + 0.09 + 0.0225
}

#[test]
fn the_last_price_in_force_counts_else_the_first() {
    let catalog = catalog(
        r#"{"id":"m-1","match":{"equals":"m-1"},"prices":[
            {"constraint":{"start_date":"2026-02-01"},"rates":{"input_mtok":"1"}},
            {"constraint":{"start_date":"2026-06-01"},"rates":{"input_mtok":"2"}},
            {"constraint":{"start_time":"22:00:00Z","end_time":"02:00:00Z"},
             "rates":{"input_mtok":"4"}}]}"#,
    );
    let price = catalog.find(Some("p"), "m-1").unwrap();
    for (at, expected) in [
        ("2025-01-01T12:00:00Z", "1"),
        ("2026-05-31T21:59:59Z", "1"),
        ("2026-05-31T22:00:00Z", "4"),
        ("2026-06-01T01:59:59Z", "4"),
        ("2026-06-01T02:00:00Z", "2"),
    ] {
        let charge =
            price.charge(&mega(Unit::Input), at.parse().unwrap(), &PriceContext::standard());
        assert_eq!(charge.unwrap().usd().to_string(), expected, "{at}");
    }
}

#[test]
fn a_unit_without_a_rate_is_charged_as_the_nearest_that_has_one() {
    const BOTH: &str = r#""input_mtok":"3","cache_read_mtok":"0.3","input_audio_mtok":"7""#;
    let all = [
        (Unit::CacheWrite1h, r#""input_mtok":"3""#, "3"),
        (Unit::CacheWrite1h, r#""input_mtok":"3","cache_write_mtok":"3.75""#, "3.75"),
        (Unit::CacheWrite1h, r#""input_mtok":"3","cache_write_1h_mtok":"6""#, "6"),
        (Unit::CacheWrite5m, r#""input_mtok":"3","cache_write_1h_mtok":"6""#, "3"),
        (Unit::CacheRead, r#""input_mtok":"3""#, "3"),
        (Unit::InputAudio, r#""input_mtok":"3""#, "3"),
        (Unit::CacheReadAudio, r#""input_mtok":"3","input_audio_mtok":"7""#, "7"),
        // Neither of the two includes the other: the dearer counts.
        (Unit::CacheReadAudio, BOTH, "7"),
        (Unit::CacheRead, BOTH, "0.3"),
        (Unit::CacheWrite5mAudio, BOTH, "7"),
        (Unit::CacheReadVideo, BOTH, "0.3"),
        (Unit::InputTool, BOTH, "3"),
        (Unit::InputToolAudio, BOTH, "7"),
        // A rate of text beside that of any input.
        (Unit::Input, r#""input_mtok":"3","input_text_mtok":"2""#, "2"),
        (Unit::InputImage, r#""input_mtok":"3","input_text_mtok":"2""#, "3"),
        // A rate of five minutes beside that of any time.
        (Unit::CacheWrite5m, r#""cache_write_mtok":"4","cache_write_5m_mtok":"5""#, "5"),
        (Unit::CacheWrite1h, r#""cache_write_mtok":"4","cache_write_5m_mtok":"5""#, "4"),
        (Unit::ReasoningAudio, r#""output_mtok":"3","output_audio_mtok":"7""#, "0"),
        (Unit::CacheReadAudio, r#""input_mtok":"3","cache_read_mtok":"0.3""#, "0.3"),
        (Unit::OutputVideo, r#""input_mtok":"3","output_mtok":"15""#, "15"),
        (Unit::OutputCitation, r#""output_mtok":"15""#, "15"),
    ];
    for (unit, rates, expected) in all {
        assert_eq!(usd(&priced(rates, ""), mega(unit)), expected, "{unit} {rates}");
    }
}

#[test]
fn reasoning_is_inside_output_or_apart() {
    let usage = mega(Unit::Output).with(Unit::Reasoning, 400_000);
    assert_eq!(usd(&priced(r#""output_mtok":"10""#, ""), usage), "10");
    let apart = priced(r#""output_mtok":"10","output_reasoning_mtok":"5""#, "");
    assert_eq!(usd(&apart, usage), "8"); // 0.6 x 10 + 0.4 x 5
    let all = Usage::new().with(Unit::Output, 9).with(Unit::Reasoning, 9);
    assert_eq!(usd(&apart, all), "0.000045");
    let spoken = mega(Unit::OutputAudio).with(Unit::ReasoningAudio, 400_000);
    let audio_apart =
        r#""output_mtok":"10","output_audio_mtok":"30","output_audio_reasoning_mtok":"20""#;
    assert_eq!(usd(&priced(audio_apart, ""), spoken), "26"); // 0.6 x 30 + 0.4 x 20
    assert_eq!(usd(&priced(audio_apart, ""), usage), "10");
    let more = Usage::new().with(Unit::Output, 8).with(Unit::Reasoning, 9);
    for usage in [more, Usage::new().with(Unit::Reasoning, 1)] {
        let error = charge(&apart, usage, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidUsage);
    }
}

#[test]
fn a_unit_without_any_rate_is_refused_by_name() {
    let catalog = priced(r#""input_mtok":"1""#, "");
    for unit in [Unit::Output, Unit::WebSearches, Unit::DocumentPages, Unit::AudioSeconds] {
        let usage = Usage::new().with(Unit::Input, 1).with(unit, 1);
        let error = charge(&catalog, usage, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        assert!(error.to_string().starts_with(&format!("no price for `{unit}`")), "{error}");
        let price = catalog.find(Some("p"), "m-1").unwrap();
        let known = price.charge_known(&usage, noon(), &PriceContext::standard()).unwrap();
        assert_eq!(known.ignored().units, [(unit, 1)]);
        assert_eq!(known.usd().to_string(), "0.000001");
    }
    let free = Usage::new().with(Unit::WebFetches, 3).with(Unit::Requests, 1);
    assert_eq!(usd(&catalog, free), "0");
    let error = charge(&priced("", ""), mega(Unit::Input), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
}

#[test]
fn a_request_fee_is_charged_once_or_as_often_as_said() {
    let catalog = priced(r#""input_mtok":"1","requests_kcount":"12""#, "");
    assert_eq!(usd(&catalog, mega(Unit::Input)), "1.012");
    assert_eq!(usd(&catalog, mega(Unit::Input).with(Unit::Requests, 2)), "1.024");
}

#[test]
fn a_minimum_is_charged_where_any_of_it_was_used() {
    let catalog = |minimums: &str| {
        catalog(&format!(
            r#"{{"id":"m-1","match":{{"equals":"m-1"}},"minimums":{minimums},
                "prices":[{{"rates":{{"audio_hours":"36","input_audio_hours":"36"}}}}]}}"#
        ))
    };
    let hears = catalog(r#"{"audio_seconds":10}"#);
    let lines = |usage: Usage| -> Vec<(Unit, u64)> {
        let charge = charge(&hears, usage, &[]).unwrap();
        assert!(charge.is_exact());
        charge.lines().iter().map(|line| (line.unit(), line.count())).collect()
    };
    let seconds = |total: u64, read: u64| {
        Usage::new().with(Unit::AudioSeconds, total).with(Unit::InputAudioSeconds, read)
    };
    assert_eq!(lines(seconds(0, 0)), []);
    assert_eq!(lines(seconds(1, 0)), [(Unit::AudioSeconds, 10)]);
    assert_eq!(lines(seconds(11, 0)), [(Unit::AudioSeconds, 11)]);
    assert_eq!(lines(seconds(0, 9)), [(Unit::InputAudioSeconds, 10)]);
    // What is one kind of another adds up with it: ten seconds in all.
    let sum: u64 = lines(seconds(3, 4)).iter().map(|(_, count)| count).sum();
    assert_eq!(sum, 10);
    assert_eq!(lines(seconds(6, 4)).len(), 2);
    let price = hears.find(Some("p"), "m-1").unwrap();
    assert_eq!(price.model().minimums(), [(Unit::AudioSeconds, 10)]);
    let known = price.charge_known(&seconds(1, 0).with(Unit::Input, 3), noon(), &context(&[]));
    assert_eq!(known.unwrap().ignored().units, [(Unit::Input, 3)]);
    let text = hears.text().replace("audio_seconds", "sound");
    assert_eq!(Catalog::parse(text).unwrap_err().kind(), ErrorKind::Data);
}

#[test]
fn variants_replace_rates_by_unit_and_the_first_wins() {
    let catalog = priced(
        r#""input_mtok":"4","output_mtok":"8","web_searches_kcount":"10""#,
        r#"{"when":{"processing":"batch"},"rates":{"input_mtok":"2"}},
           {"when":{"processing":"batch"},"rates":{"input_mtok":"1","output_mtok":"3"}},
           {"when":{"service_tier":"flex"},"constraint":{"start_date":"2027-01-01"},"rates":{}},
           {"when":{"search_type":"web"},"rates":{}}"#,
    );
    let usage = mega(Unit::Input).with(Unit::Output, 1_000_000).with(Unit::WebSearches, 1000);
    let usd = |pairs: &[_]| charge(&catalog, usage, pairs).map(|c| c.usd().to_string());
    assert_eq!(usd(&[]).unwrap(), "22");
    assert_eq!(usd(&[("processing", "batch")]).unwrap(), "15");
    assert_eq!(usd(&[("search_type", "web")]).unwrap(), "22");
    for pair in [("service_tier", "priority"), ("service_tier", "flex"), ("speed", "fast")] {
        let error = usd(&[("processing", "batch"), pair]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        let said = format!("no price for `{}={}`", pair.0, pair.1);
        assert!(error.to_string().starts_with(&said), "{error}");
        let price = catalog.find(Some("p"), "m-1").unwrap();
        let asked = context(&[("processing", "batch"), pair]);
        let known = price.charge_known(&usage, noon(), &asked).unwrap();
        assert_eq!(known.ignored().context, context(&[pair]));
        assert_eq!(known.usd().to_string(), "15");
    }
}

#[test]
fn a_reseller_has_not_promised_the_variants() {
    let catalog = priced(
        r#""input_mtok":"4""#,
        r#"{"when":{"processing":"batch"},"rates":{"input_mtok":"2"}}"#,
    );
    let price = catalog.find(Some("reseller"), "m-1").unwrap();
    assert_eq!((price.provider().id(), price.list().id()), ("reseller", "p"));
    let batch = context(&[("processing", "batch")]);
    assert!(price.charge(&mega(Unit::Input), noon(), &batch).is_err());
}

#[test]
fn fast_and_us_multiply() {
    let usage = Usage::new()
        .with(Unit::Input, 1_000_000)
        .with(Unit::CacheRead, 1_000_000)
        .with(Unit::CacheWrite1h, 1_000_000)
        .with(Unit::Output, 1_000_000)
        .with(Unit::WebSearches, 100);
    let usd = |model, pairs: &[_]| {
        let price = Catalog::builtin().find(Some("anthropic"), model)?;
        price.charge(&usage, noon(), &context(pairs)).map(|c| c.usd().to_string())
    };
    let (fast, us) = (("speed", "fast"), ("inference_geo", "us"));
    // Opus 4.8: 5 + 0.5 + 10 + 25 and a dollar for searches, which no condition changes.
    assert_eq!(usd("claude-opus-4-8", &[]).unwrap(), "41.5");
    assert_eq!(usd("claude-opus-4-8", &[fast]).unwrap(), "82");
    assert_eq!(usd("claude-opus-4-8", &[us]).unwrap(), "45.55");
    assert_eq!(usd("claude-opus-4-8", &[fast, us]).unwrap(), "90.1");
    assert_eq!(usd("claude-opus-4-6", &[fast]).unwrap(), "244");
    assert_eq!(usd("claude-sonnet-4-5", &[us]).unwrap_err().kind(), ErrorKind::Unpriced);
    assert_eq!(usd("claude-sonnet-5", &[fast]).unwrap_err().kind(), ErrorKind::Unpriced);
}

#[test]
fn the_rates_in_force_are_those_of_the_tier_and_the_variant() {
    let catalog = priced(
        r#""output_mtok":"8","input_mtok":{"base":"4","tiers":[{"above":9,"rate":"5"}]},
           "audio_hours":"0.36""#,
        r#"{"when":{"speed":"fast"},"multiply":"1.5"}"#,
    );
    let price = catalog.find(Some("p"), "m-1").unwrap();
    let rates: Vec<_> = price
        .rates_at(noon(), &context(&[("speed", "fast")]), 10)
        .unwrap()
        .iter()
        .map(|rate| (rate.unit, rate.rate.to_string(), rate.per))
        .collect();
    assert_eq!(
        rates,
        [
            (Unit::Input, "7.5".into(), 1_000_000),
            (Unit::Output, "12".into(), 1_000_000),
            (Unit::AudioSeconds, "0.36".into(), 3600)
        ]
    );
}

#[test]
fn caching_saves_or_costs() {
    let catalog = priced(
        r#""input_mtok":"3","cache_read_mtok":"0.3","cache_write_mtok":"3.75","output_mtok":"15""#,
        "",
    );
    let saved = |usage| charge(&catalog, usage, &[]).unwrap().caching_saved().unwrap().to_string();
    assert_eq!(saved(mega(Unit::CacheRead)), "2.7");
    assert_eq!(saved(mega(Unit::CacheWrite5m)), "-0.75");
    assert_eq!(saved(mega(Unit::CacheWrite5m).with(Unit::CacheRead, 1_000_000)), "1.95");
    assert_eq!(saved(mega(Unit::Input).with(Unit::Output, 5)), "0");
}

#[test]
fn seconds_of_audio_are_inexact_only_where_no_decimal_is_exact() {
    let catalog = priced(r#""audio_hours":"0.36","input_audio_hours":"0.27""#, "");
    let audio = charge(&catalog, Usage::new().with(Unit::AudioSeconds, 7), &[]).unwrap();
    assert_eq!((audio.usd().to_string(), audio.is_exact()), ("0.0007".into(), true));
    let one =
        charge(&priced(r#""audio_hours":"1""#, ""), Usage::new().with(Unit::AudioSeconds, 1), &[]);
    let one = one.unwrap();
    assert!(!one.is_exact());
    assert_eq!(one.usd().to_string(), "0.0002777777777777777777777778");
    assert_eq!(one.booked().to_string(), "0.000277777778");
}

#[test]
fn an_amount_out_of_range_is_an_error() {
    let catalog = priced(r#""input_mtok":"9223372036854775807""#, "");
    let error = charge(&catalog, Usage::new().with(Unit::Input, u64::MAX), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overflow);
}

proptest! {
    #[test]
    fn the_parts_add_up_to_what_is_booked(
        counts in proptest::collection::vec(0_u64..2_000_000, 5),
        rates in proptest::collection::vec("[0-9]\\.[0-9]{1,14}", 5),
        audio in 0_u64..100_000,
    ) {
        let catalog = priced(
            &format!(
                r#""input_mtok":"{}","cache_read_mtok":"{}","cache_write_mtok":"{}",
                   "cache_write_1h_mtok":"{}","output_mtok":"{}","audio_hours":"0.37""#,
                rates[0], rates[1], rates[2], rates[3], rates[4]
            ),
            "",
        );
        let usage = Usage::new()
            .with(Unit::Input, counts[0])
            .with(Unit::CacheRead, counts[1])
            .with(Unit::CacheWrite5m, counts[2])
            .with(Unit::CacheWrite1h, counts[3])
            .with(Unit::Output, counts[4])
            .with(Unit::AudioSeconds, audio);
        let charge = charge(&catalog, usage, &[]).unwrap();
        let parts = charge.lines().iter().map(ChargeLine::booked);
        prop_assert_eq!(Money::sum(octorato_core::Currency::USD, parts).unwrap(), charge.booked());
        if charge.is_exact() {
            let sum: rust_decimal::Decimal = charge.lines().iter().map(ChargeLine::amount).sum();
            if audio % 9 == 0 {
                prop_assert_eq!(sum, charge.usd());
            }
        }
        for line in charge.lines() {
            prop_assert!(line.booked().pico() >= 0);
            prop_assert_eq!(usage[line.unit()], line.count());
        }
    }
}

#[test]
fn entries_know_their_limits() {
    let price = Catalog::builtin().find(Some("anthropic"), "claude-opus-4-8").unwrap();
    assert_eq!(price.model().max_input(), Some(1_000_000));
    assert_eq!(price.model().max_output(), Some(128_000));
    let price = Catalog::builtin().find(Some("azure"), "gpt-4o").unwrap();
    assert_eq!(price.model().max_output(), Some(16_384));
}

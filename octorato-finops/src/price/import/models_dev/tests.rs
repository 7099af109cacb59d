use octorato_core::{PriceContext, Unit, Usage};

use super::super::{Format, Imported, Origin, import};

fn imported(models: &str) -> Imported {
    let document = format!(
        r#"{{"xai":{{"id":"xai","name":"xAI","env":["KEY"],"npm":"x","doc":"d","models":{{
        {models}}}}}}}"#
    );
    let origin = Origin { version: "2026-11-23".into(), made: jiff::civil::date(2026, 11, 23) };
    let imported = import(&document, None, &origin).unwrap();
    assert_eq!(imported.format, Format::ModelsDev);
    imported
}

fn usd(imported: &Imported, model: &str, usage: Usage, pairs: &[(&str, &str)]) -> String {
    let mut context = PriceContext::standard();
    for (name, value) in pairs {
        context.set(name, value);
    }
    let price = imported.catalog.find(Some("xai"), model).unwrap();
    let charge = price.charge(&usage, "2026-11-20T12:00:00Z".parse().unwrap(), &context);
    charge.map_or_else(|error| error.kind().name().to_owned(), |charge| charge.usd().to_string())
}

#[test]
fn costs_are_per_million_and_tiers_begin_above_their_size() {
    let imported = imported(
        r#""m":{"id":"m","name":"M","cost":{"input":1.25,"output":10,"cache_read":0.125,
            "cache_write":0,"reasoning":12,"tiers":[{"tier":{"type":"context","size":272000},
            "input":2.5,"output":15}],"context_over_200k":{"input":9,"output":9}},
            "limit":{"context":400000,"output":128000,"input":0},"status":"deprecated",
            "experimental":{"modes":{"fast":{"cost":{"input":2},"provider":{"body":
            {"service_tier":"priority"}}}}}},
        "old":{"id":"old","name":"old","cost":{"input":1,"output":2,"context_over_200k":
            {"input":3,"output":4}},"limit":{"context":1,"output":1}}"#,
    );
    assert_eq!((&imported.unknown[..], &imported.skipped[..]), (&[][..], &[][..]));
    assert_eq!(imported.catalog.providers()[0].id(), "x-ai");
    let usage = |input| Usage::new().with(Unit::Input, input).with(Unit::Output, 100_000);
    for (model, input, pairs, amount) in [
        ("m", 272_000, &[][..], "1.34"),
        ("m", 272_001, &[], "2.1800025"),
        ("m", 200_000, &[("service_tier", "priority")], "1.4"),
        ("old", 200_000, &[], "0.4"),
        ("old", 200_001, &[], "1.000003"),
    ] {
        assert_eq!(usd(&imported, model, usage(input), pairs), amount, "{model} {input}");
    }
    let price = imported.catalog.find(Some("xai"), "m").unwrap();
    assert_eq!(price.model().name(), "M");
    assert_eq!(price.model().context_window(), Some(400_000));
    assert_eq!(price.model().max_input(), None);
    assert!(price.model().is_deprecated());
}

#[test]
fn what_is_not_understood_is_told() {
    let imported = imported(
        r#""m":{"id":"m","name":"M","cost":{"input":1,"per_minute":2},"colour":"red",
            "limit":{"context":1.5,"seats":2},"experimental":{"modes":{"odd":{"cost":{"input":1},
            "provider":{"headers":{"x":"y"}}}},"new":1}},
        "free":{"id":"free","name":"Free"}"#,
    );
    let unknown: Vec<_> = imported.unknown.iter().map(|unknown| &*unknown.path).collect();
    assert_eq!(
        unknown,
        [
            "colour",
            "cost: per_minute",
            "experimental: modes: odd",
            "experimental: new",
            "limit: context",
            "limit: seats"
        ]
    );
    assert_eq!((imported.models, imported.priced), (2, 1));
    assert_eq!(usd(&imported, "free", Usage::new().with(Unit::Input, 1), &[]), "unpriced");
}

#[test]
fn a_model_with_a_cost_that_is_none_has_no_price() {
    for (cost, place) in [
        (r#"{"input":-1}"#, "cost: input"),
        (r#"{"input":"1"}"#, "cost: input"),
        (r#"{"input":1,"input":1}"#, "cost"),
        (r#"{"tiers":[{"tier":{"size":9},"input":1}]}"#, "cost: input_mtok"),
        (r#"{"input":1,"tiers":[{"tier":{"type":"moon","size":9},"input":1}]}"#, "cost: tiers"),
        (r#"{"input":1,"tiers":[{"input":1}]}"#, "cost: tiers"),
        ("7", "cost"),
    ] {
        let imported = imported(&format!(r#""m":{{"id":"m","name":"M","cost":{cost}}}"#));
        assert_eq!(imported.skipped[0].place, place, "{cost}");
        assert_eq!(usd(&imported, "m", Usage::new().with(Unit::Input, 1), &[]), "unpriced");
    }
}

//! The operator's own prices on top of a list small enough to check by hand.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed set-up is a failed test")]

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{Currency, ErrorKind, Money, PriceContext, Result, Unit, Usage};
use octorato_finops::price::{
    Agreement, Catalog, ChargeLine, Contract, Days, Discount, Fx, Like, ModelPattern, Overlays,
    OwnModel, OwnPrice, Plan, PriceBook, Priced, RateCard, SimilarModels,
};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Provider `p` with `m-1` (a batch variant, a long-context tier, an uplift) and `m-2`, which has
/// no rate for caches.
fn catalog() -> Arc<Catalog> {
    let header = concat!(
        r#"{"schema":1,"source":"test","version":"1","licence":"MIT","made":"2026-01-01","#,
        r#""normalised":0,"providers":[{"id":"p","name":"P","api_pattern":"p","#,
        r#""model_match":{"starts_with":"m-"}}]}"#,
    );
    let models = concat!(
        r#"{"id":"p","models":[{"id":"m-1","match":{"starts_with":"m-1"},"prices":[{"rates":{"#,
        r#""input_mtok":{"base":"4","tiers":[{"above":200000,"rate":"8"}]},"#,
        r#""cache_read_mtok":"0.4","output_mtok":"20","web_searches_kcount":"10"}}],"variants":["#,
        r#"{"when":{"processing":"batch"},"rates":{"input_mtok":"2","output_mtok":"10"}},"#,
        r#"{"when":{"inference_geo":"us"},"multiply":"1.1"}]},"#,
        r#"{"id":"m-2","match":{"equals":"m-2"},"prices":[{"rates":{"#,
        r#""input_mtok":"1","output_mtok":"2"}}]}]}"#,
    );
    Arc::new(Catalog::parse(format!("{header}\n{models}\n")).unwrap())
}

fn book(overlays: Overlays) -> PriceBook {
    PriceBook::new(catalog(), overlays).unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn card(rates: &[(Unit, &str)]) -> RateCard {
    let mut card = RateCard::new();
    for (unit, rate) in rates {
        card.set(*unit, decimal(rate)).unwrap();
    }
    card
}

fn days(from: Option<&str>, until: Option<&str>) -> Days {
    let date = |text: &str| text.parse().unwrap();
    Days::new(from.map(date), until.map(date)).unwrap()
}

fn contract(model: &str, rates: &[(Unit, &str)]) -> Contract {
    Contract {
        provider: "p".into(),
        model: ModelPattern::new(model).unwrap(),
        rates: card(rates),
        currency: Currency::USD,
        when: PriceContext::standard(),
        days: Days::ALWAYS,
        note: None,
    }
}

fn discount(pct: &str) -> Discount {
    Discount::new("p".into(), decimal(pct)).unwrap()
}

fn names(models: &[&str]) -> Vec<ModelPattern> {
    models.iter().map(|name| ModelPattern::new(name).unwrap()).collect()
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

fn mega(unit: Unit) -> Usage {
    Usage::new().with(unit, 1_000_000)
}

fn eur() -> Currency {
    Currency::new("EUR").unwrap()
}

fn euros() -> Fx {
    let mut fx = Fx::default();
    fx.set(eur(), "2026-01-01".parse().unwrap(), decimal("1.25")).unwrap();
    fx.set(eur(), "2026-11-20".parse().unwrap(), decimal("1.5")).unwrap();
    fx
}

fn priced(book: &PriceBook, model: &str, usage: Usage, pairs: &[(&str, &str)]) -> Result<Priced> {
    book.find(Some("p"), model)?.charge(&usage, noon(), &context(pairs))
}

/// List and contracted cost.
fn costs(book: &PriceBook, model: &str, usage: Usage, pairs: &[(&str, &str)]) -> (String, String) {
    let priced = priced(book, model, usage, pairs).unwrap();
    (priced.list().usd().to_string(), priced.contracted().usd().to_string())
}

fn is(list: &str, contracted: &str) -> (String, String) {
    (list.to_owned(), contracted.to_owned())
}

#[test]
fn without_agreements_both_costs_are_those_of_the_list() {
    let book = book(Overlays::default());
    let priced = priced(&book, "m-1", mega(Unit::Output), &[]).unwrap();
    assert_eq!(priced.list(), priced.contracted());
    assert_eq!(priced.list().usd().to_string(), "20");
    assert!(priced.applied().is_empty());
    assert!(PriceBook::builtin().find(Some("anthropic"), "claude-opus-4-8").unwrap().is_exact());
}

#[test]
fn a_contract_changes_its_units_and_no_others() {
    let contracts = vec![contract("m-1", &[(Unit::Output, "15"), (Unit::CacheWrite5m, "3")])];
    let book = book(Overlays { contracts, ..Overlays::default() });
    let usage = Usage::new()
        .with(Unit::Input, 100_000)
        .with(Unit::CacheWrite5m, 10_000)
        .with(Unit::Output, 10_000);
    let priced = priced(&book, "m-1", usage, &[]).unwrap();
    assert_eq!(priced.list().usd().to_string(), "0.64"); // 0.4 + 0.04, as input, + 0.2
    assert_eq!(priced.contracted().usd().to_string(), "0.58"); // 0.4 + 0.03 + 0.15
    let [applied] = priced.applied() else { panic!("{:?}", priced.applied()) };
    assert_eq!((applied.kind, applied.index), (Agreement::Contract, 0));
    assert_eq!(applied.units, [Unit::CacheWrite5m, Unit::Output]);
    assert_eq!(applied.to_string(), "contract with p for m-1");
    // What has no list price has no agreed one either.
    assert_eq!(costs(&book, "m-2", mega(Unit::Output), &[]), is("2", "2"));
}

#[test]
fn a_contract_has_tiers_of_its_own_or_none() {
    let mut tiered = contract("m-1", &[]);
    tiered.rates.set_tiered(Unit::Input, decimal("3"), &[(200_000, decimal("5"))]).unwrap();
    let flat = contract("m-1", &[(Unit::Input, "3")]);
    for (contract, large) in [(tiered, "5"), (flat, "3")] {
        let book = book(Overlays { contracts: vec![contract], ..Overlays::default() });
        assert_eq!(costs(&book, "m-1", mega(Unit::Input), &[]), is("8", large));
        let small = Usage::new().with(Unit::Input, 200_000);
        assert_eq!(costs(&book, "m-1", small, &[]), is("0.8", "0.6"));
    }
}

#[test]
fn a_contract_is_about_one_way_of_processing() {
    let batch = Contract {
        when: context(&[("processing", "batch")]),
        ..contract("m-1", &[(Unit::Output, "7")])
    };
    let contracts = vec![contract("m-1", &[(Unit::Output, "15")]), batch];
    let book = book(Overlays { contracts, ..Overlays::default() });
    let output = mega(Unit::Output);
    assert_eq!(costs(&book, "m-1", output, &[]), is("20", "15"));
    assert_eq!(costs(&book, "m-1", output, &[("processing", "batch")]), is("10", "7"));
    assert_eq!(costs(&book, "m-1", output, &[("inference_geo", "us")]), is("22", "22"));
    // What the list does not price stays unpriced, whatever was agreed.
    let fast = priced(&book, "m-1", output, &[("speed", "fast")]);
    assert_eq!(fast.unwrap_err().kind(), ErrorKind::Unpriced);
}

#[test]
fn agreements_hold_from_the_first_to_the_last_day_in_utc() {
    let dated = Contract {
        days: days(Some("2026-11-01"), Some("2026-11-20")),
        ..contract("m-1", &[(Unit::Output, "15")])
    };
    let discounts = vec![discount("10").on_days(days(None, Some("2026-11-20")))];
    let book = book(Overlays { contracts: vec![dated], discounts, ..Overlays::default() });
    let price = book.find(Some("p"), "m-1").unwrap();
    let at = |at: &str| {
        let priced = price.charge(&mega(Unit::Output), at.parse().unwrap(), &context(&[])).unwrap();
        priced.contracted().usd().to_string()
    };
    assert_eq!(at("2026-10-31T23:59:59Z"), "18");
    assert_eq!(at("2026-11-01T00:00:00Z"), "15");
    assert_eq!(at("2026-11-20T23:59:59.9Z"), "15");
    assert_eq!(at("2026-11-20T23:00:00-05:00"), "20");
}

#[test]
fn the_most_specific_agreement_has_the_unit() {
    let contracts = vec![
        contract("m-*", &[(Unit::Output, "19"), (Unit::Input, "3.9")]),
        contract("m-1-2026*", &[(Unit::Output, "17")]),
        contract("m-1", &[(Unit::Output, "16")]),
    ];
    let book = book(Overlays { contracts, ..Overlays::default() });
    let usage = Usage::new().with(Unit::Input, 100_000).with(Unit::Output, 100_000);
    // A whole id is more than the beginning of a name; the shorter beginning has what is left.
    assert_eq!(costs(&book, "m-1-20260101", usage, &[]), is("2.4", "1.99"));
    assert_eq!(costs(&book, "m-1-turbo", usage, &[]), is("2.4", "1.99"));
    assert_eq!(costs(&book, "m-2", usage, &[]), is("0.3", "2.29"));
}

#[test]
fn one_discount_applies_and_never_on_a_contract_rate() {
    let discounts = vec![
        discount("5"),
        discount("10").on_models(names(&["m-1"])),
        discount("20").on_models(names(&["m-1"])).on_units(vec![Unit::CacheRead]).noted("4711"),
    ];
    let contracts = vec![contract("m-1", &[(Unit::Input, "3")])];
    let book = book(Overlays { discounts, contracts, ..Overlays::default() });
    let usage = Usage::new()
        .with(Unit::Input, 100_000)
        .with(Unit::CacheRead, 100_000)
        .with(Unit::Output, 10_000)
        .with(Unit::WebSearches, 10);
    let priced = priced(&book, "m-1", usage, &[]).unwrap();
    let lines = priced.contracted().lines().iter().map(|line| line.amount().to_string());
    assert_eq!(lines.collect::<Vec<_>>(), ["0.3", "0.032", "0.18", "0.09"]);
    let applied = priced.applied().iter().map(|a| format!("{a}: {:?}", a.units));
    assert_eq!(
        applied.collect::<Vec<_>>(),
        [
            "contract with p for m-1: [Input]",
            "10 % off p m-1: [Output, WebSearches]",
            "4711: [CacheRead]",
        ]
    );
    assert_eq!(costs(&book, "m-2", mega(Unit::Output), &[]), is("2", "1.9"));
    // A discount is about the list, so it is about each of its variants.
    let batch = costs(&book, "m-1", mega(Unit::Output), &[("processing", "batch")]);
    assert_eq!(batch, is("10", "9"));
}

#[test]
fn a_unit_that_is_charged_as_another_has_its_own_discount_or_that_one_s() {
    let of = |units: &[Unit]| {
        let discounts = vec![discount("50").on_units(units.to_vec())];
        let book = book(Overlays { discounts, ..Overlays::default() });
        let usage = mega(Unit::CacheRead).with(Unit::Input, 1_000_000);
        costs(&book, "m-2", usage, &[]).1
    };
    assert_eq!(of(&[Unit::Input]), "1");
    assert_eq!(of(&[Unit::CacheRead]), "1.5");
    assert_eq!(of(&[Unit::Input, Unit::CacheRead]), "1");
    assert_eq!(of(&[Unit::Output]), "2");
}

#[test]
fn rates_in_another_currency_are_converted_on_the_day_of_the_request() {
    let agreed = Contract { currency: eur(), ..contract("m-1", &[(Unit::Output, "8.01")]) };
    let overlays = Overlays { contracts: vec![agreed], fx: euros(), ..Overlays::default() };
    let book = book(overlays);
    let price = book.find(Some("p"), "m-1").unwrap();
    let at = |at: &str| price.charge(&mega(Unit::Output), at.parse().unwrap(), &context(&[]));
    assert_eq!(at("2026-11-19T12:00:00Z").unwrap().contracted().usd().to_string(), "10.0125");
    assert_eq!(at("2026-11-20T12:00:00Z").unwrap().contracted().usd().to_string(), "12.015");
    let error = at("2025-12-31T12:00:00Z").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
    assert_eq!(error.to_string(), "no exchange rate of `EUR` on 2025-12-31");
}

fn own(provider: &str, model: &str, price: OwnPrice) -> OwnModel {
    let model = ModelPattern::new(model).unwrap();
    OwnModel { provider: provider.into(), model, price, days: Days::ALWAYS }
}

fn rates(rates: &[(Unit, &str)]) -> OwnPrice {
    OwnPrice::Rates { rates: card(rates), currency: Currency::USD }
}

#[test]
fn own_models_come_before_the_list_and_the_longest_name_wins() {
    let like = Like::new("p".into(), "m-1");
    let models = vec![
        own("p", "ft:m-1:*", OwnPrice::Like(like.clone().times(decimal("1.5")).unwrap())),
        own("p", "ft:m-1:acme:best", OwnPrice::Like(like)),
        own("acme-gpu", "qwen3-32b", rates(&[(Unit::Input, "0.2"), (Unit::Output, "0.4")])),
        own("p", "m-2", rates(&[(Unit::Output, "3")])),
    ];
    let book = book(Overlays { models, ..Overlays::default() });
    let list = |provider: Option<&str>, model: &str, pairs: &[(&str, &str)]| {
        let price = book.find(provider, model)?;
        let priced = price.charge(&mega(Unit::Output), noon(), &context(pairs))?;
        Ok::<_, octorato_core::Error>(priced.list().usd().to_string())
    };
    assert_eq!(list(Some("P"), "FT:m-1:acme:x", &[]).unwrap(), "30");
    assert_eq!(list(Some("p"), "ft:m-1:acme:best", &[]).unwrap(), "20");
    assert_eq!(list(None, "qwen3-32b", &[]).unwrap(), "0.4");
    assert_eq!(list(Some("p"), "m-2", &[]).unwrap(), "3");
    // Like an entry with all of its variants; with rates of its own, without any.
    let batch = [("processing", "batch")];
    assert_eq!(list(Some("p"), "ft:m-1:acme:x", &batch).unwrap(), "15");
    let error = list(None, "qwen3-32b", &batch).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
    let error = priced(&book, "m-2", mega(Unit::Input), &[]).unwrap_err();
    assert_eq!(error.to_string(), "no price for `input`, provider: `p`, own model: `m-2`");
    let price = book.find(None, "qwen3-32b").unwrap();
    assert_eq!((price.provider(), price.entry()), ("acme-gpu", "qwen3-32b"));
    assert!(price.is_exact() && price.listed().is_none());
}

#[test]
fn a_model_that_the_operator_runs_costs_by_the_hour() {
    let models = vec![own("acme-gpu", "q", rates(&[(Unit::ComputeSeconds, "2.40")]))];
    let book = book(Overlays { models, ..Overlays::default() });
    let price = book.find(Some("acme-gpu"), "q").unwrap();
    let seconds = Usage::new().with(Unit::ComputeSeconds, 5400);
    let priced = price.charge(&seconds, noon(), &context(&[])).unwrap();
    assert_eq!(priced.list().usd().to_string(), "3.6");
    // Tokens have no price where only hours do: nothing is guessed.
    let tokens = price.charge(&mega(Unit::Input), noon(), &context(&[]));
    assert_eq!(tokens.unwrap_err().kind(), ErrorKind::Unpriced);
}

#[test]
fn reasoning_has_a_contract_rate_of_its_own_or_that_of_output() {
    let usage = Usage::new().with(Unit::Output, 100_000).with(Unit::Reasoning, 40_000);
    let of = |rates: &[(Unit, &str)]| {
        let contracts = vec![contract("m-1", rates)];
        costs(&book(Overlays { contracts, ..Overlays::default() }), "m-1", usage, &[]).1
    };
    assert_eq!(of(&[(Unit::Output, "10")]), "1");
    assert_eq!(of(&[(Unit::Reasoning, "10")]), "1.6"); // 60,000 at 20, 40,000 at 10
}

#[test]
fn agreements_with_a_provider_are_about_fine_tunes_too() {
    let like = Like::new("p".into(), "m-1").times(decimal("1.5")).unwrap();
    let overlays = Overlays {
        models: vec![own("p", "ft:m-1:*", OwnPrice::Like(like))],
        discounts: vec![discount("10")],
        contracts: vec![contract("ft:m-1:acme:*", &[(Unit::Input, "5")])],
        ..Overlays::default()
    };
    let book = book(overlays);
    assert_eq!(costs(&book, "ft:m-1:acme:x", mega(Unit::Output), &[]), is("30", "27"));
    assert_eq!(costs(&book, "ft:m-1:acme:x", mega(Unit::Input), &[]), is("12", "5"));
}

#[test]
fn an_own_model_may_cost_more_on_other_days_and_in_another_currency() {
    let price =
        |rate: &str| OwnPrice::Rates { rates: card(&[(Unit::Output, rate)]), currency: eur() };
    let models = vec![
        OwnModel { days: days(None, Some("2026-10-31")), ..own("acme", "q", price("4")) },
        OwnModel { days: days(Some("2026-11-10"), None), ..own("acme", "q", price("6")) },
    ];
    let book = book(Overlays { models, fx: euros(), ..Overlays::default() });
    let found = book.find(Some("acme"), "q").unwrap();
    let at = |day: &str| {
        let at = format!("{day}T12:00:00Z").parse().unwrap();
        let priced = found.charge(&mega(Unit::Output), at, &context(&[]));
        priced.map(|priced| priced.list().usd().to_string()).map_err(|error| error.to_string())
    };
    assert_eq!(at("2026-10-31").unwrap(), "5");
    assert_eq!(at("2026-11-20").unwrap(), "9");
    let gap = at("2026-11-05").unwrap_err();
    assert_eq!(gap, "no price on 2026-11-05, provider: `acme`, own model: `q`");
}

#[test]
fn a_name_of_two_providers_needs_the_provider() {
    let price = || rates(&[(Unit::Output, "1")]);
    let models = vec![own("a", "x", price()), own("b", "x", price())];
    let book = book(Overlays { models, ..Overlays::default() });
    assert_eq!(book.find(None, "x").unwrap_err().kind(), ErrorKind::Unpriced);
    assert_eq!(book.find(Some("b"), "x").unwrap().provider(), "b");
}

#[test]
fn names_that_the_list_only_resembles_can_be_refused() {
    let overlays = |similar_models| Overlays { similar_models, ..Overlays::default() };
    let marked = book(overlays(SimilarModels::Price));
    assert!(!marked.find(Some("p"), "m-1-turbo").unwrap().is_exact());
    let strict = book(overlays(SimilarModels::Refuse));
    assert!(strict.find(Some("p"), "m-1-20260101").unwrap().is_exact());
    let error = strict.find(Some("p"), "m-1-turbo").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
}

fn plan(id: &str, home: &str) -> Plan {
    Plan {
        id: id.to_owned(),
        provider: "p".into(),
        monthly: Money::parse("200", Currency::USD).unwrap(),
        seats: 1,
        days: Days::ALWAYS,
        homes: vec![home.to_owned()],
    }
}

#[test]
fn overlays_that_contradict_themselves_are_refused() {
    let empty = Overlays::default;
    let q = || own("a", "q", rates(&[]));
    let refused = [
        Overlays {
            contracts: vec![
                contract("m-1", &[(Unit::Output, "1")]),
                contract("M-1", &[(Unit::Input, "1"), (Unit::Output, "2")]),
            ],
            ..empty()
        },
        Overlays { discounts: vec![discount("1"), discount("2")], ..empty() },
        Overlays { models: vec![q(), q()], ..empty() },
        Overlays { plans: vec![plan("a", "/h"), plan("b", "/h")], ..empty() },
        Overlays { plans: vec![plan("a", "/h"), plan("a", "/i")], ..empty() },
        Overlays {
            contracts: vec![Contract { currency: eur(), ..contract("m-1", &[(Unit::Input, "1")]) }],
            ..empty()
        },
        Overlays { contracts: vec![contract("m-1", &[])], ..empty() },
        Overlays {
            discounts: vec![discount("10"), Discount::new(" P ".into(), decimal("50")).unwrap()],
            ..empty()
        },
        Overlays { plans: vec![plan("a", "/h"), plan("b", "/h/")], ..empty() },
        Overlays { plans: vec![plan("a", "h")], ..empty() },
        Overlays { plans: vec![plan(" ", "/h")], ..empty() },
        Overlays { plans: vec![Plan { seats: 0, ..plan("a", "/h") }], ..empty() },
        Overlays { plans: vec![Plan { homes: Vec::new(), ..plan("a", "/h") }], ..empty() },
        Overlays {
            plans: vec![Plan {
                monthly: Money::parse("-1", Currency::USD).unwrap(),
                ..plan("a", "/h")
            }],
            ..empty()
        },
        Overlays {
            models: vec![own("a", "q", OwnPrice::Like(Like::new("p".into(), "m-9")))],
            ..empty()
        },
        Overlays {
            models: vec![own("a", "q", OwnPrice::Like(Like::new("p".into(), "m-1-turbo")))],
            ..empty()
        },
    ];
    for overlays in refused {
        let error = PriceBook::new(catalog(), overlays.clone()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{overlays:?}");
    }
    let fine = Overlays {
        contracts: vec![
            contract("m-1", &[(Unit::Output, "1")]),
            contract("m-1", &[(Unit::Input, "1")]),
            contract("m-*", &[(Unit::Output, "1")]),
        ],
        discounts: vec![discount("1"), discount("2").on_units(vec![Unit::Input])],
        plans: vec![plan("a", "/h"), plan("b", "/h/i")],
        ..empty()
    };
    assert!(PriceBook::new(catalog(), fine).is_ok());
}

#[test]
fn the_id_is_that_of_the_prices_and_not_of_their_order_or_notes() {
    let discounts = |a: &str, note: &str| {
        vec![discount(a).noted(note), discount("2").on_units(vec![Unit::Input])]
    };
    let id = |discounts: Vec<Discount>| book(Overlays { discounts, ..Overlays::default() }).id();
    let first = id(discounts("12.5", "a"));
    assert_eq!(first, id(discounts("12.50", "b").into_iter().rev().collect()));
    assert_ne!(first, id(discounts("12.4", "a")));
    assert_ne!(first, id(vec![]));
    assert_ne!(id(vec![]), PriceBook::builtin().id());
    assert_eq!(first.to_string().len(), 16);
    assert!(first.full().starts_with(&first.to_string()));
}

#[test]
fn a_provider_may_be_written_in_any_spelling_of_the_list() {
    let overlays = |provider: &str| Overlays {
        discounts: vec![Discount::new(provider.into(), decimal("10")).unwrap()],
        contracts: vec![Contract {
            provider: provider.into(),
            ..contract("amazon.nova-pro-v1:0", &[(Unit::Output, "1")])
        }],
        plans: vec![Plan { provider: provider.into(), ..plan("a", "/h") }],
        ..Overlays::default()
    };
    let plain = PriceBook::on_builtin(overlays("aws")).unwrap();
    for spelling in ["bedrock", " AWS ", "amazon-bedrock"] {
        let book = PriceBook::on_builtin(overlays(spelling)).unwrap();
        assert_eq!(book.id(), plain.id(), "{spelling}");
        assert_eq!(book.overlays().plans[0].provider.as_str(), "aws");
        let price = book.find(Some("aws"), "amazon.nova-pro-v1:0").unwrap();
        let usage = mega(Unit::Input).with(Unit::Output, 1_000_000);
        let priced = price.charge(&usage, noon(), &PriceContext::standard()).unwrap();
        assert_eq!(priced.applied().len(), 2, "{spelling}");
    }
}

#[test]
fn the_name_as_written_comes_before_the_entry_s_id() {
    let contracts = vec![
        Contract { provider: "x-ai".into(), ..contract("grok-4-0709", &[(Unit::Input, "7")]) },
        Contract { provider: "x-ai".into(), ..contract("grok-4", &[(Unit::Input, "5")]) },
        Contract { provider: "x-ai".into(), ..contract("grok-4-07*", &[(Unit::Output, "7")]) },
        Contract { provider: "x-ai".into(), ..contract("gro*", &[(Unit::Output, "5")]) },
    ];
    let book = PriceBook::on_builtin(Overlays { contracts, ..Overlays::default() }).unwrap();
    let usage = mega(Unit::Input).with(Unit::Output, 1_000_000);
    for (name, cost) in [("grok-4", "10"), ("grok-4-0709", "14"), ("grok-4-latest", "12")] {
        let price = book.find(Some("x-ai"), name).unwrap();
        let priced = price.charge(&usage, noon(), &PriceContext::standard()).unwrap();
        assert_eq!(priced.contracted().usd().to_string(), cost, "{name}");
    }
}

#[test]
fn small_amounts_are_in_range_whatever_digits_are_agreed() {
    let mut fx = Fx::default();
    fx.set(eur(), "2026-01-01".parse().unwrap(), decimal("1.083123456")).unwrap();
    let price = |input: &str, cached: &str| OwnPrice::Rates {
        rates: card(&[(Unit::Input, input), (Unit::CacheRead, cached)]),
        currency: eur(),
    };
    let models = vec![
        own("p", "few", price("1.2345678", "1.2345678")),
        own("p", "many", price("999999.999999999999", "0.00000000000000000001")),
        own("p", "dust", price("100", "0.00000000000000001")),
    ];
    let discounts = vec![discount("12.3456")];
    let book = book(Overlays { fx, models, discounts, ..Overlays::default() });
    let usage = mega(Unit::Input).with(Unit::CacheRead, 1_000_000);
    let few = priced(&book, "few", mega(Unit::Input), &[]).unwrap();
    assert_eq!(few.list().usd(), decimal("1.3371893422023168"));
    // 1.2345678 x 1.083123456 x 0.876544, to the last digit
    assert_eq!(few.contracted().usd(), decimal("1.1721052947713875771392"));
    for name in ["many", "dust"] {
        let priced = priced(&book, name, usage, &[]).unwrap();
        assert!(priced.contracted().usd() < priced.list().usd(), "{name}");
        assert!(priced.list().caching_saved().is_some(), "{name}");
    }
}

#[test]
fn a_bill_stands_where_a_statistic_about_it_has_no_room() {
    let price =
        rates(&[(Unit::Input, "999999999999999999"), (Unit::CacheRead, "0.00000000000000000001")]);
    let book = book(Overlays { models: vec![own("p", "q", price)], ..Overlays::default() });
    let usage = Usage::new().with(Unit::CacheRead, u64::MAX);
    let priced = priced(&book, "q", usage, &[]).unwrap();
    assert_eq!(priced.list().booked().to_string(), "0.000000184467");
    assert_eq!(priced.list().caching_saved(), None);
}

#[test]
fn a_line_says_where_its_decimal_is_not_exact() {
    let price = rates(&[
        (Unit::ComputeSeconds, "1"),
        (Unit::AudioSeconds, "1"),
        (Unit::OutputAudioSeconds, "1"),
    ]);
    let book = book(Overlays { models: vec![own("p", "q", price)], ..Overlays::default() });
    let usage = Usage::new()
        .with(Unit::ComputeSeconds, 1200)
        .with(Unit::AudioSeconds, 1200)
        .with(Unit::OutputAudioSeconds, 1200);
    let charge = priced(&book, "q", usage, &[]).unwrap();
    let charge = charge.list();
    assert!(charge.is_exact() && charge.usd() == decimal("1"));
    assert_eq!(charge.lines().len(), 3);
    assert!(charge.lines().iter().all(|line| !line.is_exact()));
    let parts: Vec<Money> = charge.lines().iter().map(ChargeLine::booked).collect();
    assert_eq!(Money::sum(Currency::USD, parts).unwrap(), charge.booked());
    let whole = priced(&book, "q", Usage::new().with(Unit::ComputeSeconds, 3600), &[]).unwrap();
    assert!(whole.list().lines()[0].is_exact());
}

proptest! {
    /// Whatever was agreed, the lines of both charges add up to their totals, exactly and as
    /// booked; a discount never makes anything dearer, and at 0 and 100 per cent it does what it
    /// says.
    #[test]
    fn both_charges_add_up(
        pct in 0..=10_000_u32,
        rate in 0..1_000_000_u32,
        input in 0..10_000_000_u64,
        cached in 0..10_000_000_u64,
        output in 0..1_000_000_u64,
        searches in 0..50_u64,
    ) {
        let pct = Decimal::new(pct.into(), 2);
        let rate = Decimal::new(rate.into(), 4).to_string();
        let usage = Usage::new()
            .with(Unit::Input, input)
            .with(Unit::CacheRead, cached)
            .with(Unit::Output, output)
            .with(Unit::WebSearches, searches);
        let off = Discount::new("p".into(), pct).unwrap();
        let only = book(Overlays { discounts: vec![off.clone()], ..Overlays::default() });
        let contracts = vec![contract("m-1", &[(Unit::Output, &rate)])];
        let both = book(Overlays { discounts: vec![off], contracts, ..Overlays::default() });
        for (book, discounted) in [(&only, true), (&both, false)] {
            let priced = priced(book, "m-1", usage, &[]).unwrap();
            for charge in [priced.list(), priced.contracted()] {
                let sum: Decimal = charge.lines().iter().map(ChargeLine::amount).sum();
                prop_assert_eq!(sum.normalize(), charge.usd());
                let booked = charge.lines().iter().map(ChargeLine::booked);
                prop_assert_eq!(Money::sum(Currency::USD, booked).unwrap(), charge.booked());
            }
            let list = priced.list().usd();
            if discounted {
                let expected = list * (Decimal::ONE_HUNDRED - pct) / Decimal::ONE_HUNDRED;
                prop_assert_eq!(priced.contracted().usd(), expected.normalize());
            }
        }
    }
}

//! Sums that add up, and costs that are right.
#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

mod booked;

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::{
    Arm, ArmId, Arms, Billing, Civil, Client, ClientId, Currency, Evidence, Money, Period,
    Precision, PriceContext, Root, Unit, Usage, UsageEvent,
};
use octorato_finops::attribute::{NoDisk, Pins, Resolver};
use octorato_finops::logs::Reading;
use octorato_finops::price::{
    Contract, Days, Discount, Fx, ModelPattern, Overlays, Plan, PriceBook, RateCard,
};
use octorato_finops::recost::Corrections;
use octorato_finops::report::{Dimension, Query, Report, Sums, report};
use proptest::prelude::*;

fn arms() -> Arms {
    let mut arms = Arms::none();
    for (arm, client) in [("acme-web", "acme"), ("acme-app", "acme"), ("globex", "globex")] {
        let client = ClientId::new(client).unwrap();
        if arms.client(&client).is_none() {
            arms.clients.push(Client {
                id: client.clone(),
                name: client.to_string(),
                currency: Currency::USD,
                billing: None,
                zone: None,
                tax: None,
                address: None,
            });
        }
        arms.arms.push(Arm {
            id: ArmId::new(arm).unwrap(),
            client,
            roots: vec![Root { path: format!("/w/{arm}"), from: None }],
            remotes: vec![],
            aliases: vec![],
            zone: None,
        });
    }
    arms
}

fn event(at: &str, model: &str, cwd: &str, usage: Usage) -> UsageEvent {
    UsageEvent {
        at: at.parse().unwrap(),
        provider: model.starts_with("claude").then(|| "anthropic".into()),
        model: model.into(),
        usage,
        context: PriceContext::standard(),
        session: None,
        agent: None,
        agent_name: None,
        parent_agent: None,
        skill: None,
        cwd: Some(cwd.into()),
        evidence: Evidence {
            reader: "test",
            file: Path::new("t.jsonl").into(),
            offset: 0,
            records: 1,
            line: 1,
            message: None,
            request: None,
            reported_cost: None,
        },
        precision: Precision::Exact,
    }
}

fn report_of(mut events: Vec<UsageEvent>, by: &[Dimension], period: Period) -> Report {
    events.sort_by_key(|event| event.at);
    let reading = Reading { events, ..Reading::default() };
    let arms = arms();
    let query = Query { by: by.to_vec(), period, arm: None, client: None };
    report_with(PriceBook::builtin(), &arms, &reading, &query)
}

fn report_with(book: &PriceBook, arms: &Arms, reading: &Reading, query: &Query) -> Report {
    let mut resolver = Resolver::new(arms, Pins::default(), &NoDisk).unwrap();
    report(reading, arms, &mut resolver, book, &Corrections::default(), query).unwrap()
}

/// A contract, a discount, exchange rates and a plan that begins within a month.
fn own_prices(from: &str) -> PriceBook {
    let mut rates = RateCard::new();
    rates.set(Unit::Output, "21.5".parse().unwrap()).unwrap();
    let contract = Contract {
        provider: "anthropic".into(),
        model: ModelPattern::new("claude-opus-*").unwrap(),
        rates,
        currency: Currency::USD,
        when: PriceContext::standard(),
        days: Days::ALWAYS,
        note: None,
    };
    let discount = Discount::new("anthropic".into(), "12.5".parse().unwrap()).unwrap();
    let mxn = Currency::new("MXN").unwrap();
    let mut fx = Fx::default();
    fx.set(mxn, "2026-10-03".parse().unwrap(), "0.0543".parse().unwrap()).unwrap();
    let plan = Plan {
        id: "max".into(),
        provider: "anthropic".into(),
        monthly: Money::parse("200", Currency::USD).unwrap(),
        seats: 1,
        days: Days::new(Some(from.parse().unwrap()), None).unwrap(),
        homes: vec!["/home/a/.claude".into()],
    };
    let overlays = Overlays {
        fx,
        contracts: vec![contract],
        discounts: vec![discount],
        plans: vec![plan],
        ..Overlays::default()
    };
    PriceBook::on_builtin(overlays).unwrap()
}

/// The arms, with clients that are billed at cost plus.
fn billed_arms() -> Arms {
    let mut arms = arms();
    for (client, currency) in arms.clients.iter_mut().zip(["USD", "MXN"]) {
        client.currency = Currency::new(currency).unwrap();
        client.billing = Some(Billing::CostPlus { markup_pct: "30".parse().unwrap() });
    }
    arms
}

fn all_time() -> Period {
    Period::all(&TimeZone::UTC)
}

fn cost(events: Vec<UsageEvent>) -> String {
    report_of(events, &[], all_time()).total.list_cost().unwrap().to_string()
}

#[test]
fn a_cache_heavy_turn_costs_the_sum_of_its_classes_once() {
    let usage = Usage::new()
        .with(Unit::Input, 1_000)
        .with(Unit::CacheRead, 100_000)
        .with(Unit::CacheWrite5m, 2_000)
        .with(Unit::CacheWrite1h, 4_000)
        .with(Unit::Output, 500);
    let turn = event("2026-10-01T00:00:00Z", "claude-opus-4-8", "/w/globex", usage);
    let report = report_of(vec![turn], &[], all_time());
    let costs: Vec<_> = report.total.costs().map(|(u, cost)| (u, cost.to_string())).collect();
    let expected = [
        (Unit::Input, "0.005"),
        (Unit::CacheRead, "0.05"),
        (Unit::CacheWrite5m, "0.0125"),
        (Unit::CacheWrite1h, "0.04"), // twice the input rate
        (Unit::Output, "0.0125"),
    ];
    assert_eq!(costs, expected.map(|(unit, cost)| (unit, cost.to_owned())));
    assert_eq!(report.total.list_cost().unwrap().to_string(), "0.12");
    // At the input rate the 106,000 cached tokens would have cost 0.53 instead of 0.1025.
    assert_eq!(report.total.cache_saved().unwrap().to_string(), "0.4275");
    assert_eq!(report.total.cache_hit_rate().unwrap().to_string(), "0.9346");
}

#[test]
fn two_price_eras_in_one_month_are_priced_each_by_its_own() {
    // Until 2026-03-12 more than 200,000 tokens of input cost twice as much on this model.
    let usage = Usage::new().with(Unit::Input, 300_000);
    let on = |at| event(at, "claude-opus-4-6", "/w/globex", usage);
    assert_eq!(cost(vec![on("2026-03-12T23:59:59Z")]), "3");
    assert_eq!(cost(vec![on("2026-03-13T00:00:00Z")]), "1.5");
    assert_eq!(cost(vec![on("2026-03-12T23:59:59Z"), on("2026-03-13T00:00:00Z")]), "4.5");
}

#[test]
fn web_searches_are_charged_beside_the_tokens() {
    let usage = Usage::new().with(Unit::Output, 100).with(Unit::WebSearches, 3);
    let turn = event("2026-10-01T00:00:00Z", "claude-opus-4-8", "/w/globex", usage);
    let report = report_of(vec![turn], &[], all_time());
    assert_eq!(report.total.tool_cost().unwrap().to_string(), "0.03");
    assert_eq!(report.total.list_cost().unwrap().to_string(), "0.0325");
}

#[test]
fn a_model_without_a_price_is_shown_with_its_tokens_and_no_amount() {
    let usage = Usage::new().with(Unit::Output, 100);
    let turn = event("2026-10-01T00:00:00Z", "acme-tuned-7b", "/w/globex", usage);
    let report = report_of(vec![turn], &[Dimension::Arm], all_time());
    assert_eq!(report.total.list_cost(), None);
    assert_eq!(report.rows[0].sums.list_cost(), None);
    assert_eq!(report.unpriced.len(), 1);
    assert_eq!(report.unpriced[0].model.as_str(), "acme-tuned-7b");
    assert_eq!(report.unpriced[0].sums.usage[Unit::Output], 100);
}

#[test]
fn a_variant_without_a_price_is_not_priced_as_standard() {
    let mut turn = event(
        "2026-10-01T00:00:00Z",
        "claude-haiku-4-5",
        "/w/globex",
        Usage::new().with(Unit::Output, 100),
    );
    turn.context.set("speed", "fast");
    let report = report_of(vec![turn], &[], all_time());
    assert_eq!(report.total.list_cost(), None);
    assert!(report.unpriced[0].reason.contains("speed=fast"), "{}", report.unpriced[0].reason);
}

#[test]
fn rows_run_from_dear_to_cheap_and_days_forward() {
    let on = |at, cwd, output| {
        event(at, "claude-opus-4-8", cwd, Usage::new().with(Unit::Output, output))
    };
    let report = report_of(
        vec![
            on("2026-10-02T00:00:00Z", "/w/globex", 9_000),
            on("2026-10-01T00:00:00Z", "/w/globex", 10),
            on("2026-10-01T00:00:00Z", "/w/acme-web", 100),
            on("2026-10-01T00:00:00Z", "/nowhere", 90_000),
        ],
        &[Dimension::Client, Dimension::Day],
        all_time(),
    );
    let keys: Vec<_> = report.rows.iter().map(|row| row.key.clone()).collect();
    let label = |text: &str| (text != "-").then(|| text.into());
    let expected = [
        ("globex", "2026-10-01"),
        ("globex", "2026-10-02"),
        ("acme", "2026-10-01"),
        ("-", "2026-10-01"), // spend of nobody comes last
    ];
    assert_eq!(keys, expected.map(|(client, day)| vec![label(client), label(day)]));
}

fn any_event() -> impl Strategy<Value = UsageEvent> {
    let models = [
        "claude-opus-4-8",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        "gpt-5.6",
        "acme-tuned-7b",
        "",
    ];
    let folders = ["/w/acme-web/x", "/w/acme-app", "/w/globex", "/tmp"];
    let counts = prop::collection::vec(0_u64..400_000, 6);
    (
        1_788_000_000_i64..1_796_000_000,
        prop::sample::select(models.to_vec()),
        prop::sample::select(folders.to_vec()),
        counts,
        prop::sample::select(&["", "fast"][..]),
        0_u8..3,
    )
        .prop_map(|(second, model, cwd, counts, speed, session)| {
            let units = [
                Unit::Input,
                Unit::CacheRead,
                Unit::CacheWrite5m,
                Unit::CacheWrite1h,
                Unit::Output,
            ];
            let mut usage = Usage::new().with(Unit::WebSearches, counts[5] % 3);
            for (unit, count) in units.into_iter().zip(&counts) {
                usage.set(unit, *count);
            }
            let at = Timestamp::from_second(second).unwrap().to_string();
            let mut event = event(&at, model, cwd, usage);
            event.context.set("speed", speed);
            event.session = Some(format!("s{session}").into());
            event
        })
}

fn added_up<'s>(sums: impl IntoIterator<Item = &'s Sums>) -> Sums {
    let mut all = Sums::default();
    for part in sums {
        all.add(part).unwrap();
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_add_up_to_the_total_and_classes_to_the_cost(
        events in prop::collection::vec(any_event(), 0..40),
        by in prop::sample::subsequence(Dimension::ALL, 0..4),
    ) {
        let count = events.len() as u64;
        let report = report_of(events, &by, all_time());
        prop_assert_eq!(report.total.events, count);
        prop_assert_eq!(&added_up(report.rows.iter().map(|row| &row.sums)), &report.total);
        for sums in report.rows.iter().map(|row| &row.sums).chain([&report.total]) {
            let classes = Money::sum(Currency::USD, sums.costs().map(|(_, cost)| cost)).unwrap();
            let listed = sums.list_cost().unwrap_or(Money::zero(Currency::USD));
            prop_assert_eq!(classes, listed);
        }
        let unpriced: u64 = report.unpriced.iter().map(|row| row.sums.events).sum();
        prop_assert_eq!(unpriced, report.total.unpriced_events);
        prop_assert_eq!(&added_up(report.reasons.values()), &report.total);
    }

    #[test]
    fn months_of_any_zone_add_up_to_all_time(
        events in prop::collection::vec(any_event(), 1..40),
        zone in prop::sample::select(&["UTC", "America/Mexico_City", "Europe/Rome"][..]),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let whole = report_of(events.clone(), &[Dimension::Month], Period::all(&zone));
        let mut months = HashMap::new();
        for event in &events {
            let month = Civil::Month.containing(event.at, &zone).unwrap();
            months.insert(month.label().to_owned(), month);
        }
        let parts: Vec<Sums> = months
            .into_values()
            .map(|month| report_of(events.clone(), &[], month).total)
            .collect();
        prop_assert_eq!(&added_up(&parts), &whole.total);
        prop_assert_eq!(whole.rows.len(), parts.len());
    }

    #[test]
    fn each_arms_own_report_is_its_row(events in prop::collection::vec(any_event(), 1..40)) {
        let whole = report_of(events.clone(), &[Dimension::Client], all_time());
        let arms = arms();
        let mut events = events;
        events.sort_by_key(|event| event.at);
        let reading = Reading { events, ..Reading::default() };
        for row in whole.rows.iter().filter(|row| row.key[0].is_some()) {
            let client = ClientId::new(row.key[0].as_deref().unwrap()).unwrap();
            let query = Query { client: Some(client), ..Query::all(&TimeZone::UTC) };
            let own = report_with(PriceBook::builtin(), &arms, &reading, &query);
            prop_assert_eq!(&own.total, &row.sums);
            prop_assert_eq!(own.unattributed.events, 0);
        }
    }

    /// With prices of the operator's own: whatever a report is told apart by or cut into, its
    /// parts add up, and each month's fee is shared or left, to the last digit.
    #[test]
    fn shares_and_charges_add_up_however_a_report_is_cut(
        events in prop::collection::vec((any_event(), any::<bool>()), 1..40),
        from in prop::sample::select(&["2026-01-01", "2026-10-02", "2026-10-20"][..]),
        zone in prop::sample::select(&["UTC", "America/Mexico_City"][..]),
    ) {
        let (zone, book, arms) = (TimeZone::get(zone).unwrap(), own_prices(from), billed_arms());
        let mut events: Vec<UsageEvent> = events
            .into_iter()
            .map(|(mut event, is_covered)| {
                let home = if is_covered { "/home/a/.claude" } else { "/home/b/.claude" };
                event.evidence.file = Path::new(home).join("projects/x.jsonl").into();
                event
            })
            .collect();
        events.sort_by_key(|event| event.at);
        let reading = Reading { events, ..Reading::default() };
        let by = vec![Dimension::Client, Dimension::Month];
        let whole = report_with(&book, &arms, &reading, &Query { by, ..Query::all(&zone) });
        prop_assert_eq!(&added_up(whole.rows.iter().map(|row| &row.sums)), &whole.total);

        let zero = Money::zero(Currency::USD);
        for month in &whole.plans {
            prop_assert_eq!(month.allocated.checked_add(month.residual).unwrap(), month.fee);
            prop_assert!(month.residual.is_zero() || month.list_cost.is_zero());
        }
        // What is under the plan has shares, and all else its contracted cost.
        let covered = |event: &&UsageEvent| event.evidence.file.starts_with("/home/a");
        let apart: Vec<UsageEvent> =
            reading.events.iter().filter(|event| !covered(event)).cloned().collect();
        let apart = Reading { events: apart, ..Reading::default() };
        let others = report_with(&book, &arms, &apart, &Query::all(&zone)).total;
        prop_assert_eq!(others.allocated_cost(), others.contracted_cost());

        let parts: Vec<Sums> = whole
            .rows
            .iter()
            .filter_map(|row| row.key[1].as_deref())
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .flat_map(|month| {
                let first = format!("{month}-01").parse().unwrap();
                let middle = format!("{month}-15").parse().unwrap();
                let after = format!("{month}-16").parse().unwrap();
                let last = Civil::Month.of_date(first, &zone).unwrap().end().unwrap();
                let last = zone.to_datetime(last).date().yesterday().unwrap();
                [(first, middle), (after, last)]
            })
            .map(|(from, until)| {
                let period = Period::days(Some(from), Some(until), &zone).unwrap();
                report_with(&book, &arms, &reading, &Query { period, ..Query::all(&zone) }).total
            })
            .collect();
        prop_assert_eq!(&added_up(&parts), &whole.total);

        let listed = whole.total.list_cost().unwrap_or(zero);
        prop_assert!(whole.total.contracted_cost().unwrap_or(zero) <= listed);
        for client in ["acme", "globex"] {
            let query =
                Query { client: Some(ClientId::new(client).unwrap()), ..Query::all(&zone) };
            let own = report_with(&book, &arms, &reading, &query);
            let rows = whole.rows.iter().filter(|row| row.key[0].as_deref() == Some(client));
            prop_assert_eq!(&added_up(rows.map(|row| &row.sums)), &own.total);
            prop_assert!(own.plans.is_empty());
        }
    }
}

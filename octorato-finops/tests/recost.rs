//! Restating old requests: corrections beside the old amounts, which add up to the new ones.
#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{
    Arm, ArmId, Arms, Client, ClientId, Currency, Evidence, Precision, PriceContext, Root, Unit,
    Usage, UsageEvent,
};
use octorato_finops::attribute::{NoDisk, Pins, Resolver};
use octorato_finops::logs::Reading;
use octorato_finops::price::{Catalog, Overlays, PriceBook};
use octorato_finops::recost::{Correction, Corrections, Recost, recost};
use octorato_finops::report::{Corrected, Query, report};

/// A book in which a million input tokens of `m` cost `input`, and `new` is known or not.
fn book(input: &str, new: bool) -> PriceBook {
    let model = |id: &str| {
        format!(
            r#"{{"id":"{id}","match":{{"equals":"{id}"}},"prices":[{{"rates":{{"input_mtok":"{input}","output_mtok":"10"}}}}]}}"#
        )
    };
    let models = if new { [model("m"), model("new")].join(",") } else { model("m") };
    let text = format!(
        "{}\n{{\"id\":\"p\",\"models\":[{models}]}}\n",
        concat!(
            r#"{"schema":1,"source":"test","version":"1","licence":"MIT","made":"2026-01-01","#,
            r#""normalised":0,"providers":[{"id":"p","name":"P","api_pattern":"p"}]}"#
        )
    );
    PriceBook::new(Arc::new(Catalog::parse(text).unwrap()), Overlays::default()).unwrap()
}

fn event(message: &str, model: &str, input: u64) -> UsageEvent {
    UsageEvent {
        at: "2026-03-15T12:00:00Z".parse().unwrap(),
        provider: Some("p".into()),
        model: model.into(),
        usage: Usage::new().with(Unit::Input, input).with(Unit::Output, 7),
        context: PriceContext::standard(),
        session: None,
        agent: None,
        agent_name: None,
        parent_agent: None,
        skill: None,
        cwd: Some("/w".into()),
        evidence: Evidence {
            reader: "test",
            file: Path::new("t.jsonl").into(),
            offset: 0,
            records: 1,
            line: 1,
            message: (!message.is_empty()).then(|| message.into()),
            request: None,
            reported_cost: None,
        },
        precision: Precision::Exact,
    }
}

fn restate(
    events: &[UsageEvent],
    from: &PriceBook,
    to: &PriceBook,
    earlier: &[Correction],
) -> Recost {
    let reading = Reading { events: events.to_vec(), ..Reading::default() };
    let arms = Arms::none();
    let mut resolver = Resolver::new(&arms, Pins::default(), &NoDisk).unwrap();
    let earlier = Corrections::new(earlier.iter().cloned());
    recost(&reading, &arms, &mut resolver, (from, to), &earlier, &Query::all(&TimeZone::UTC))
        .unwrap()
}

fn listed(corrections: &[Correction]) -> Vec<String> {
    corrections.iter().map(|one| one.list_cost().unwrap().to_string()).collect()
}

#[test]
fn a_correction_is_the_difference_and_names_both_books() {
    let (from, to) = (book("3", false), book("2", false));
    let recost = restate(&[event("a", "m", 1_000_000), event("b", "m", 0)], &from, &to, &[]);
    let [one] = &recost.corrections[..] else { panic!("{recost:?}") };
    assert_eq!(one.classes.iter().map(|(unit, _)| *unit).collect::<Vec<_>>(), [Unit::Input]);
    assert_eq!((listed(&recost.corrections), recost.unchanged), (vec!["-1".to_owned()], 1));
    assert_eq!(one.contracted_cost.to_string(), "-1");
    assert_eq!((&one.from, &one.to), (&from.id().full(), &to.id().full()));
}

#[test]
fn restating_twice_changes_nothing_and_a_third_book_continues_from_the_second() {
    let (a, b, c) = (book("3", false), book("2", false), book("5", false));
    let events = [event("a", "m", 1_000_000)];
    let first = restate(&events, &a, &b, &[]).corrections;
    let again = restate(&events, &a, &b, &first);
    assert!(again.corrections.is_empty() && again.unchanged == 1);
    let second = restate(&events, &a, &c, &first).corrections;
    assert_eq!(listed(&second), ["3"]); // 3 - 1 + 3 = 5
    let back = restate(&events, &a, &a, &[first, second].concat()).corrections;
    assert_eq!(listed(&back), ["-2"]);
}

#[test]
fn what_had_no_price_gets_one_and_what_would_lose_its_price_keeps_it() {
    let (without, with) = (book("3", false), book("3", true));
    let events = [event("a", "new", 1_000_000), event("b", "unheard-of", 5)];
    let recost = restate(&events, &without, &with, &[]);
    assert_eq!(listed(&recost.corrections), ["3.00007"]);
    assert_eq!((recost.corrections[0].priced, recost.unpriced), (1, 1));
    assert_eq!(restate(&events, &without, &with, &recost.corrections).unchanged, 1);
    let lost = restate(&events, &with, &without, &[]);
    assert!(lost.corrections.is_empty() && lost.lost == 1);
}

#[test]
fn requests_that_look_the_same_are_restated_together_once() {
    let (from, to) = (book("3", false), book("2", false));
    let twins = [event("a", "m", 1_000_000), event("a", "m", 1_000_000)];
    let recost = restate(&twins, &from, &to, &[]);
    assert_eq!(listed(&recost.corrections), ["-2"]);
    assert!(restate(&twins, &from, &to, &recost.corrections).corrections.is_empty());
}

#[test]
fn a_correction_is_about_what_was_counted_then() {
    let (from, to) = (book("3", false), book("2", false));
    let first = restate(&[event("a", "m", 1_000_000)], &from, &to, &[]).corrections;
    let grown = restate(&[event("a", "m", 2_000_000)], &from, &to, &first).corrections;
    assert_eq!(listed(&grown), ["-2"]);
}

#[test]
fn a_line_reads_back_and_a_false_one_is_refused() {
    let (from, to) = (book("3", false), book("2", false));
    let made = restate(&[event("", "m", 1_000_000)], &from, &to, &[]).corrections;
    let line = serde_json::to_string(&made[0]).unwrap();
    assert_eq!(serde_json::from_str::<Correction>(&line).unwrap(), made[0]);
    for (old, new) in [
        (r#""list_cost":"-1""#, r#""list_cost":"-2""#),
        (r#""schema":1"#, r#""schema":2"#),
        (r#"{"input":"-1"}"#, r#"{"inputs":"-1"}"#),
        (r#""list_before":{"input":"3","output":"0.00007"}"#, r#""list_before":{"in":"3"}"#),
        (r#""usage":{"input":1000000,"output":7}"#, r#""usage":{"inputs":1}"#),
        (r#""reason":null"#, r#""raison":null"#),
    ] {
        assert!(line.contains(old), "{line}");
        assert!(serde_json::from_str::<Correction>(&line.replace(old, new)).is_err(), "{new}");
    }
}

fn reported(events: &[UsageEvent], book: &PriceBook, made: &[Correction]) -> Corrected {
    let reading = Reading { events: events.to_vec(), ..Reading::default() };
    let arms = Arms::none();
    let mut resolver = Resolver::new(&arms, Pins::default(), &NoDisk).unwrap();
    let made = Corrections::new(made.iter().cloned());
    let query = Query::all(&TimeZone::UTC);
    report(&reading, &arms, &mut resolver, book, &made, &query).unwrap().total.corrections
}

/// `events, stale, list, contracted`.
fn facts(corrected: Corrected) -> (u64, u64, String, String) {
    let Corrected { events, stale, list_cost, contracted_cost } = corrected;
    (events, stale, list_cost.to_string(), contracted_cost.to_string())
}

#[test]
fn a_correction_holds_wherever_the_same_amount_is_said() {
    let events = [event("a", "m", 1_000_000)];
    let made = restate(&events, &book("3", false), &book("2", false), &[]).corrections;
    let held = (1, 0, "-1".to_owned(), "-1".to_owned());
    assert_eq!(facts(reported(&events, &book("3", false), &made)), held);
    // Another model is no part of the amount.
    let other = book("3", true);
    assert_ne!(other.id(), book("3", false).id());
    assert_eq!(facts(reported(&events, &other, &made)), held);
    // A book that says what the correction led to needs it no more; any other amount is told.
    let nothing = || "0".to_owned();
    assert_eq!(facts(reported(&events, &book("2", false), &made)), (0, 0, nothing(), nothing()));
    assert_eq!(facts(reported(&events, &book("4", false), &made)), (0, 1, nothing(), nothing()));
}

#[test]
fn the_contracted_part_holds_for_itself() {
    let events = [event("a", "m", 1_000_000)];
    let made = restate(&events, &book("3", false), &book("2", false), &[]).corrections;
    let mut agreed = made.clone();
    // The same request under an agreement, as it was when another amount was contracted.
    agreed[0].before.contracted = octorato_core::Money::parse("1", Currency::USD).unwrap();
    let found = reported(&events, &book("3", false), &agreed);
    assert_eq!(facts(found), (1, 1, "-1".to_owned(), "0".to_owned()));
    let again = restate(&events, &book("3", false), &book("2", false), &agreed).corrections;
    assert_eq!(
        (listed(&again), again[0].contracted_cost.to_string()),
        (vec!["0".to_owned()], "-1".to_owned())
    );
    let all = [agreed, again].concat();
    let found = reported(&events, &book("3", false), &all);
    assert_eq!(facts(found), (1, 0, "-1".to_owned(), "-1".to_owned()));
}

#[test]
fn other_units_or_another_session_are_another_request() {
    let (from, to) = (book("3", false), book("2", false));
    let made = restate(&[event("a", "m", 1_000_000)], &from, &to, &[]).corrections;
    let mut cached = event("a", "m", 0);
    cached.usage = cached.usage.with(Unit::CacheRead, 1_000_000);
    let mut elsewhere = event("a", "m", 1_000_000);
    elsewhere.session = Some("s".into());
    let mut delegated = event("a", "m", 1_000_000);
    delegated.agent = Some("g".into());
    for other in [cached, elsewhere, delegated] {
        assert_eq!(reported(&[other], &from, &made).events, 0);
    }
}

#[test]
fn every_one_of_those_that_look_the_same_gets_its_price_once() {
    let (without, with) = (book("3", false), book("3", true));
    let twins = [event("a", "new", 1_000_000), event("a", "new", 1_000_000)];
    let made = restate(&twins, &without, &with, &[]).corrections;
    assert_eq!((made.len(), made[0].priced), (1, 2));
    let again = restate(&twins, &without, &with, &made);
    assert_eq!((again.corrections.len(), again.unchanged), (0, 1));
    // One of them alone is not what was corrected.
    let alone = reported(&twins[..1], &without, &made);
    assert_eq!(facts(alone), (0, 1, "0".to_owned(), "0".to_owned()));
}

#[test]
fn a_price_that_only_a_correction_gave_is_taken_back() {
    let (without, with) = (book("3", false), book("3", true));
    let events = [event("a", "new", 1_000_000)];
    let first = restate(&events, &without, &with, &[]).corrections;
    let back = restate(&events, &without, &without, &first);
    assert_eq!((listed(&back.corrections), back.lost), (vec!["-3.00007".to_owned()], 0));
    assert_eq!(back.corrections[0].priced, -1);
    let both = [first, back.corrections].concat();
    assert_eq!(restate(&events, &without, &without, &both).unpriced, 1);
    let found = reported(&events, &without, &both);
    assert_eq!((found.list_cost.to_string(), found.stale), ("0".to_owned(), 0));
}

#[test]
fn arms_add_up_to_the_whole_though_what_looks_the_same_is_in_two() {
    let mut arms = Arms::none();
    let client = ClientId::new("acme").unwrap();
    arms.clients.push(Client {
        id: client.clone(),
        name: "Acme".into(),
        currency: Currency::USD,
        billing: None,
        zone: None,
        tax: None,
        address: None,
    });
    for arm in ["web", "app"] {
        arms.arms.push(Arm {
            id: ArmId::new(arm).unwrap(),
            client: client.clone(),
            roots: vec![Root { path: format!("/w/{arm}"), from: None }],
            remotes: vec![],
            aliases: vec![],
            zone: None,
        });
    }
    let events = ["/w/web", "/w/app"].map(|cwd| {
        let mut event = event("a", "m", 1_000_000);
        event.cwd = Some(cwd.into());
        event
    });
    let (from, to) = (book("3", false), book("2", false));
    let reading = Reading { events: events.to_vec(), ..Reading::default() };
    let query = |arm: &str| Query { arm: ArmId::new(arm).ok(), ..Query::all(&TimeZone::UTC) };
    let resolver = || Resolver::new(&arms, Pins::default(), &NoDisk).unwrap();
    let none = Corrections::default();
    let made = ["web", "app"].map(|arm| {
        let books = (&from, &to);
        recost(&reading, &arms, &mut resolver(), books, &none, &query(arm)).unwrap().corrections
    });
    let made = made.concat();
    assert_eq!(listed(&made), ["-2"]);
    let made = Corrections::new(made);
    let of = |query: &Query| {
        report(&reading, &arms, &mut resolver(), &from, &made, query).unwrap().total.corrections
    };
    let parts = [of(&query("web")), of(&query("app"))];
    let whole = of(&Query::all(&TimeZone::UTC));
    assert_eq!(whole.list_cost.to_string(), "-2");
    let sum = parts[0].list_cost.checked_add(parts[1].list_cost).unwrap();
    assert_eq!((sum, parts[0].events + parts[1].events), (whole.list_cost, whole.events));
}

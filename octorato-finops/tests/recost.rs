//! Restating old requests: corrections beside the old amounts, which add up to the new ones.
#![allow(clippy::unwrap_used, reason = "a failed set-up is a failed test")]

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{Arms, Evidence, Precision, PriceContext, Unit, Usage, UsageEvent};
use octorato_finops::attribute::{NoDisk, Pins, Resolver};
use octorato_finops::logs::Reading;
use octorato_finops::price::{Catalog, Overlays, PriceBook};
use octorato_finops::recost::{Correction, Corrections, Recost, recost};
use octorato_finops::report::Query;

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
    assert!(recost.corrections[0].was_unpriced && recost.unpriced == 1);
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
        (r#""reason":null"#, r#""raison":null"#),
    ] {
        assert!(line.contains(old), "{line}");
        assert!(serde_json::from_str::<Correction>(&line.replace(old, new)).is_err(), "{new}");
    }
}

//! Bounds, their lowering, and what has no price.

use octorato_core::{ErrorKind, ModelId, Unit, Usage};
use serde_json::json;

use super::world::{SONNET, World, arm, at_most, budget, denied, granted, sonnet, usd};
use crate::budget::{Scope, Unpriced};
use crate::guard::{Asked, CallSpec, Counted, Doubt, Reserved};
use crate::ledger::{Fact, Ledger, State};

fn cap(amount: &str) -> World {
    World::new(vec![budget(arm("acme-web"), amount)])
}

fn body(extra: &serde_json::Value) -> CallSpec {
    let mut body = json!({"model": SONNET, "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hello"}]});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    CallSpec::of(Asked::body("anthropic", body.to_string()))
}

#[test]
fn a_denial_says_with_how_much_output_the_call_would_fit() {
    let world = cap("0.10");
    let denial = denied(world.acme().reserve(&sonnet(100_000)));
    let tokens = denial.would_fit_with.unwrap();
    let held = granted(world.acme().reserve(&sonnet(tokens)));
    assert!(held.amount().pico() <= usd("0.10").pico());
    held.release(crate::guard::NotCharged::NotSent).unwrap();
    assert_eq!(denied(world.acme().reserve(&sonnet(tokens + 1))).would_fit_with, Some(tokens));
    // Where even no output fits, nothing is said.
    assert_eq!(denied(cap("0.01").acme().reserve(&sonnet(1_000))).would_fit_with, None);
    assert_eq!(denied(cap("0.01").acme().reserve(&at_most(usd("1")))).would_fit_with, None);
}

#[test]
fn less_output_is_granted_only_where_the_caller_allows_it() {
    let world = cap("0.10");
    let allowed = |at_least| CallSpec { at_least: Some(at_least), ..sonnet(100_000) };
    let held = granted(world.acme().reserve(&allowed(500)));
    assert!(held.is_lowered());
    let tokens = held.max_output_tokens().unwrap();
    assert!((500..100_000).contains(&tokens), "{tokens}");
    let entries = world.store.entries(0, usize::MAX).unwrap();
    let Fact::Reserved { max_output_tokens, .. } = entries.last().unwrap().fact.clone() else {
        panic!()
    };
    assert_eq!(max_output_tokens, tokens);
    held.release(crate::guard::NotCharged::NotSent).unwrap();
    let denial = denied(world.acme().reserve(&allowed(tokens + 1)));
    assert_eq!(denial.would_fit_with, Some(tokens));
    assert_eq!(world.sums(), ["0", "0", "0"]);
    // What fits as it is is not lowered.
    let whole = granted(world.acme().reserve(&CallSpec { at_least: Some(1), ..sonnet(100) }));
    assert!(!whole.is_lowered());
}

#[test]
fn the_bound_of_a_body_is_that_of_the_price_engine() {
    let world = cap("1");
    let held = granted(world.acme().reserve(&body(&json!({}))));
    assert_eq!(held.max_output_tokens(), Some(100));
    assert_eq!(held.path().model.as_ref().map(ModelId::as_str), Some(SONNET));
    let error = world.acme().reserve(&CallSpec::of(Asked::body("anthropic", "{"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let nobody = CallSpec::of(Asked::body("anthropic", r#"{"messages": []}"#));
    assert_eq!(world.acme().reserve(&nobody).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_model_without_a_price_is_refused_under_a_hard_cap() {
    let world = cap("1");
    let call = CallSpec::of(Asked::tokens("acme-tuned-7b", 10, 10));
    let error = world.acme().reserve(&call).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
    assert!(error.to_string().contains("acme-tuned-7b"), "{error}");
    assert!(error.hint().unwrap().contains("unpriced: flag"));
    assert!(world.store.outstanding().unwrap().is_empty());
}

#[test]
fn a_model_without_a_price_is_flagged_where_the_policy_says_so() {
    let world = World::unpriced(vec![budget(arm("acme-web"), "1")], Unpriced::Flag);
    let call = CallSpec::of(Asked::tokens("acme-tuned-7b", 10, 10));
    let held = granted(world.acme().reserve(&call));
    assert_eq!((held.doubt(), held.amount()), (Some(Doubt::NoPrice), usd("0")));
    let settled = held.settle(&Counted::usage(Usage::new().with(Unit::Input, 7))).unwrap();
    assert_eq!(settled.state(), Some(State::Settled));
    assert!(settled.doubt.unwrap().to_string().contains("acme-tuned-7b"));
    let entries = world.store.entries(0, usize::MAX).unwrap();
    // Counted, so that it can be priced later, and marked as not final.
    let Fact::Settled { is_estimate: true, metered: Some(metered), .. } =
        &entries.last().unwrap().fact
    else {
        panic!()
    };
    assert_eq!(metered.usage[Unit::Input], 7);
}

#[test]
fn without_a_hard_cap_everything_is_sent_and_booked() {
    let world = World::new(Vec::new());
    let unpriced = granted(world.acme().reserve(&CallSpec::of(Asked::tokens("acme-7b", 1, 1))));
    assert_eq!(unpriced.doubt(), Some(Doubt::NoPrice));
    let unbounded = granted(world.acme().reserve(&body(&json!({"tools": [
        {"type": "web_search_20250305", "name": "web_search"}]}))));
    assert_eq!(unbounded.doubt(), Some(Doubt::NoBound));
    let usage = Usage::new().with(Unit::Input, 1_000);
    assert_eq!(unbounded.settle(&Counted::usage(usage)).unwrap().amount, usd("0.003"));
    granted(world.acme().reserve(&sonnet(10))).settle(&Counted::usage(usage)).unwrap();
    let entries = world.store.entries(0, usize::MAX).unwrap();
    let count = |wanted: fn(&Fact) -> bool| entries.iter().filter(|e| wanted(&e.fact)).count();
    assert_eq!(count(|fact| matches!(fact, Fact::Reserved { .. })), 3);
    assert_eq!(count(|fact| matches!(fact, Fact::Settled { .. })), 2);
}

#[test]
fn a_call_without_a_bound_is_refused_under_a_hard_cap_and_the_term_named() {
    for unpriced in [Unpriced::Refuse, Unpriced::Flag] {
        let world = World::unpriced(vec![budget(arm("acme-web"), "1000")], unpriced);
        let call = body(&json!({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}));
        let error = world.acme().reserve(&call).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        assert!(error.to_string().contains("web_search"), "{error}");
    }
}

#[test]
fn usage_that_cannot_be_priced_keeps_the_worst_case_held() {
    let world = cap("1");
    let other = Counted::usage(Usage::new().with(Unit::Input, 9)).answered_by("acme-tuned-7b");
    let scale = Counted::usage(Usage::new().with(Unit::Input, 1_000))
        .with_context("service_tier", "nobody-knows");
    let nothing = Counted::usage(Usage::new());
    for (counted, booked) in [(other, "0"), (scale, "0.003"), (nothing, "0")] {
        let held = granted(world.acme().reserve(&sonnet(100)));
        let settled = held.settle(&counted).unwrap();
        assert_eq!(settled.state(), Some(State::Orphaned));
        assert!(settled.doubt.is_some());
        assert_eq!(settled.amount, usd(booked));
        assert_eq!(world.state(held.id()), "orphaned");
    }
    assert_eq!(world.standing().open, usd("0"));
}

#[test]
fn what_a_provider_asks_inside_of_a_call_is_charged_with_it() {
    let world = cap("1");
    let held = granted(world.acme().reserve(&sonnet(1_000)));
    let response = json!({"model": SONNET, "usage": {"input_tokens": 1000, "output_tokens": 100,
    "iterations": [
        {"type": "message", "input_tokens": 1000, "output_tokens": 100},
        {"type": "advisor_message", "model": SONNET, "input_tokens": 2000, "output_tokens": 0}
    ]}});
    let counted = Counted::response("anthropic", None, &response).unwrap();
    let settled = held.settle(&counted).unwrap();
    assert_eq!(settled.amount, usd("0.0105"), "{:?}", settled.doubt);
}

#[test]
fn a_call_of_nobody_is_held_against_the_operator() {
    let world = World::new(vec![budget(Scope::Operator, "1")]);
    let held = granted(world.guard.reserve(&at_most(usd("0.30"))));
    assert_eq!(world.sums(), ["0", "0.3", "0"]);
    held.settle(&Counted::amount(usd("0.10"))).unwrap();
    let reserved = world.guard.reserve(&at_most(usd("0.91"))).unwrap();
    assert!(matches!(reserved, Reserved::Exhausted(_)));
}

//! The ends of calls: settled, released, cut, dropped, panicked.

use octorato_core::{ErrorKind, ModelId, Unit, Usage};
use serde_json::{Value, json};

use super::world::{SONNET, World, at_most, granted, sonnet, usd};
use crate::guard::{Attempt, Counted, Extended, Fate, NotCharged, Reserved, outcome_of};
use crate::ledger::{Fact, Ledger, State};

fn of_sonnet(input: u64, output: u64) -> Counted {
    Counted::usage(Usage::new().with(Unit::Input, input).with(Unit::Output, output))
}

fn last_reason(world: &World) -> String {
    let entries = world.store.entries(0, usize::MAX).unwrap();
    match &entries.last().unwrap().fact {
        Fact::Orphaned { reason, .. } | Fact::Released { reason, .. } => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_costs_what_it_used_by_the_prices_of_its_bound() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&sonnet(1_000)));
    assert_eq!(held.max_output_tokens(), Some(1_000));
    assert_eq!(world.sums(), ["0".to_owned(), held.amount().to_string(), "0".to_owned()]);
    let settled = held.settle(&of_sonnet(10_000, 500)).unwrap();
    assert_eq!((settled.state(), settled.is_booked), (Some(State::Settled), true));
    assert_eq!(world.sums(), ["0.0375", "0", "0"]); // 10,000 x 3 and 500 x 15 per million
    let entries = world.store.entries(0, usize::MAX).unwrap();
    let Fact::Settled { metered: Some(metered), .. } = &entries.last().unwrap().fact else {
        panic!()
    };
    assert_eq!(metered.model.as_str(), SONNET);
    assert_eq!(held.path().priced_as.as_ref().map(ModelId::as_str), Some(SONNET));
}

#[test]
fn a_cost_above_what_was_held_is_booked_in_full() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&at_most(usd("0.50"))));
    let settled = held.settle(&Counted::amount(usd("1.20"))).unwrap();
    assert_eq!(settled.outcome.unwrap().overrun, usd("0.70"));
    assert_eq!(world.sums(), ["1.2", "0", "0"]);
    let reserved = world.acme().reserve(&at_most(usd("0"))).unwrap();
    assert!(matches!(reserved, Reserved::Exhausted(_)));
}

#[test]
fn a_dropped_call_keeps_its_worst_case_held_and_books_what_was_seen() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&sonnet(1_000)));
    let worst = held.amount();
    held.saw(&of_sonnet(10_000, 10));
    held.saw(&of_sonnet(10_000, 5)); // less than before: nothing
    drop(held);
    let rest = worst.checked_sub(usd("0.03015")).unwrap().to_string();
    assert_eq!(world.sums(), ["0.03015".to_owned(), "0".to_owned(), rest]);
    assert_eq!(last_reason(&world), "it was dropped without an answer");
}

#[test]
fn a_panic_leaves_an_orphan_and_not_a_hold() {
    let world = World::dollar();
    let acme = world.acme();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _held = granted(acme.reserve(&at_most(usd("0.40"))));
        std::panic::resume_unwind(Box::new("a panic of the caller"));
    }));
    assert!(result.is_err());
    assert_eq!(world.sums(), ["0", "0", "0.4"]);
    assert_eq!(last_reason(&world), "its caller panicked");
}

#[test]
fn a_cut_stream_is_charged_for_what_was_seen_and_holds_the_rest() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&sonnet(1_000)));
    let cut = held.cut(Some(&of_sonnet(10_000, 100)), "the client went away").unwrap();
    assert_eq!((cut.state(), cut.amount), (Some(State::Orphaned), usd("0.0315")));
    let standing = world.standing();
    assert_eq!(standing.spent.checked_add(standing.orphaned).unwrap(), held.amount());
    // Its cost comes late: a settle of an orphan.
    let settled = held.settle(&of_sonnet(10_000, 200)).unwrap();
    assert_eq!(settled.state(), Some(State::Settled));
    assert_eq!(world.sums(), ["0.033", "0", "0"]);
}

#[test]
fn a_release_frees_everything_and_only_of_what_is_open() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&sonnet(1_000)));
    held.release(NotCharged::NotSent).unwrap();
    assert_eq!(world.sums(), ["0", "0", "0"]);
    assert_eq!(held.release(NotCharged::NotSent).unwrap().state(), Some(State::Released));
    assert_eq!(held.settle(&of_sonnet(1, 1)).unwrap_err().kind(), ErrorKind::Conflict);
    let cut = granted(world.acme().reserve(&sonnet(10)));
    cut.cut(None, "no answer").unwrap();
    assert_eq!(cut.release(NotCharged::NotSent).unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn the_worst_case_can_be_booked_as_an_estimate() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&at_most(usd("0.25"))));
    let settled = held.settle_worst().unwrap();
    assert_eq!(settled.amount, usd("0.25"));
    let entries = world.store.entries(0, usize::MAX).unwrap();
    let fact = &entries.last().unwrap().fact;
    assert!(matches!(fact, Fact::Settled { is_estimate: true, .. }), "{fact:?}");
}

#[test]
fn a_stream_that_goes_on_holds_more_and_for_longer() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&sonnet(1_000)));
    let before = held.amount();
    let hour = jiff::SignedDuration::from_hours(1);
    assert!(matches!(held.extend_output(2_000, hour).unwrap(), Extended::Granted));
    let more = held.amount().checked_sub(before).unwrap();
    assert_eq!((more, held.max_output_tokens()), (usd("0.015"), Some(2_000)));
    assert!(matches!(held.keep(hour).unwrap(), Extended::Granted));
    world.clock.wait(30 * 60);
    assert!(world.guard.sweep().unwrap().overdue.is_empty());
    let Extended::Exhausted(denial) = held.extend(usd("5"), 2_000, hour).unwrap() else { panic!() };
    assert!(!denial.is_busy);
    assert_eq!(held.amount(), before.checked_add(more).unwrap());
    world.clock.wait(31 * 60);
    assert_eq!(world.guard.sweep().unwrap().overdue, [held.id()]);
    assert_eq!(world.state(held.id()), "orphaned");
}

#[test]
fn the_end_of_an_attempt_ends_its_reservation() {
    let world = World::dollar();
    let error = json!({"type": "error", "error": {"type": "overloaded_error"}});
    let whole = json!({"model": SONNET, "usage": {"input_tokens": 1000, "output_tokens": 10}});
    let started = json!([{"type": "message_start", "message": {"model": SONNET,
        "usage": {"input_tokens": 1000, "output_tokens": 1}}}]);
    let mut states = Vec::new();
    for (status, body, is_whole) in
        [(529, &error, true), (200, &whole, true), (200, &started, false), (502, &error, true)]
    {
        let held = granted(world.acme().reserve(&sonnet(10)));
        let attempt = Attempt::Answered { status, body, is_whole };
        let ended = held.answered("anthropic", None, attempt).unwrap();
        states.push((ended.state().unwrap().name(), ended.amount.to_string()));
    }
    let states: Vec<_> = states.iter().map(|(state, amount)| (*state, &**amount)).collect();
    assert_eq!(
        states,
        [("released", "0"), ("settled", "0.00315"), ("orphaned", "0.003015"), ("orphaned", "0")]
    );
}

/// Design section 8a, line by line.
#[test]
fn what_the_end_of_an_attempt_means() {
    let anthropic = json!({"type": "error", "error": {"type": "invalid_request_error"}});
    let openai = json!({"error": {"message": "no", "type": "invalid_request_error"}});
    let gemini = json!([{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}]);
    let bedrock = json!({"message": "no access", "__type": "AccessDeniedException"});
    let usage = json!({"model": SONNET, "usage": {"input_tokens": 9, "output_tokens": 5}});
    let no_usage = json!({"model": SONNET, "content": []});
    let zero = json!({"model": SONNET, "usage": {"input_tokens": 0, "output_tokens": 0}});
    let billed = json!({"error": {"type": "api_error"}, "model": SONNET,
        "usage": {"input_tokens": 9, "output_tokens": 5}});
    let broken = json!([{"type": "message_start", "message": {"model": SONNET,
        "usage": {"input_tokens": 9, "output_tokens": 1}}}, {"type": "error",
        "error": {"type": "overloaded_error"}}]);
    let gateway = json!({"error": "upstream went away"});
    let html = Value::Null;
    for (status, body, is_whole, expected) in [
        (503, &gateway, true, "orphan"),
        (500, &bedrock, true, "orphan"), // the form of another provider
        (400, &anthropic, true, "release"),
        (401, &openai, true, "release"),
        (400, &gemini, true, "release"),
        (403, &bedrock, true, "release"),
        (413, &anthropic, true, "release"),
        (429, &openai, true, "release"),
        (500, &anthropic, true, "release"),
        (503, &gemini, true, "release"),
        (529, &anthropic, true, "release"),
        (408, &openai, true, "orphan"),
        (499, &openai, true, "orphan"),
        (502, &openai, true, "orphan"),
        (504, &openai, true, "orphan"),
        (520, &openai, true, "orphan"),
        (524, &html, true, "orphan"),
        (500, &html, true, "orphan"),
        (500, &anthropic, false, "orphan"),
        (500, &billed, true, "settle"),
        (504, &billed, true, "orphan, seen"),
        (200, &usage, true, "settle"),
        (200, &usage, false, "orphan, seen"),
        (200, &no_usage, true, "orphan"),
        (200, &zero, true, "orphan"),
        (200, &html, true, "orphan"),
        (200, &html, false, "orphan"),
        (200, &broken, true, "orphan, seen"),
        (200, &anthropic, true, "orphan"),
        (302, &html, true, "orphan"),
    ] {
        let attempt = Attempt::Answered { status, body, is_whole };
        let fate = match outcome_of("anthropic", None, attempt) {
            Fate::Settle(_) => "settle",
            Fate::Release(_) => "release",
            Fate::Orphan { seen: Some(_), .. } => "orphan, seen",
            Fate::Orphan { seen: None, .. } => "orphan",
        };
        assert_eq!(fate, expected, "{status} {body} {is_whole}");
    }
    let attempt = Attempt::Answered { status: 500, body: &bedrock, is_whole: true };
    assert_eq!(outcome_of("aws", None, attempt), Fate::Release(NotCharged::Refused(500)));
    let fate = outcome_of("anthropic", None, Attempt::NotSent);
    assert_eq!(fate, Fate::Release(NotCharged::NotSent));
    let fate = outcome_of("anthropic", None, Attempt::NoAnswer);
    assert!(matches!(fate, Fate::Orphan { seen: None, .. }));
}

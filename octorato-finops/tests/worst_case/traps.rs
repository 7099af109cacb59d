//! What in a request could make the bill larger than it seems, one test each.

use octorato_core::{ErrorKind, Money, PriceContext, Unit, Usage};
use octorato_finops::price::{
    Bound, CacheWrites, Catalog, ChargeLine, ModelPrice, Request, WorstCase,
};
use serde_json::{Value, json};

pub(super) const AT: &str = "2026-11-20T12:00:00Z";

pub(super) fn find(provider: &str, model: &str) -> ModelPrice<'static> {
    Catalog::builtin().find(Some(provider), model).unwrap()
}

pub(super) fn read(provider: &str, flavor: Option<&str>, body: &Value) -> Request {
    Request::from_body(provider, flavor, body).unwrap()
}

/// The worst case of a body at its provider.
pub(super) fn worst(provider: &str, model: &str, flavor: Option<&str>, body: &Value) -> WorstCase {
    find(provider, model).worst_case(AT.parse().unwrap(), &read(provider, flavor, body)).unwrap()
}

pub(super) fn bound(provider: &str, model: &str, flavor: Option<&str>, body: &Value) -> Bound {
    match worst(provider, model, flavor, body) {
        WorstCase::Bounded(bound) => bound,
        WorstCase::Unbounded(reasons) => panic!("{body}: {reasons:?}"),
    }
}

pub(super) fn claude(body: &Value) -> WorstCase {
    worst("anthropic", "claude-opus-4-8", None, body)
}

pub(super) fn gpt(flavor: &str, body: &Value) -> WorstCase {
    worst("openai", "gpt-5.4", Some(flavor), body)
}

pub(super) fn amount(worst: &WorstCase) -> Money {
    worst.bound().unwrap_or_else(|| panic!("{worst:?}")).amount()
}

/// `body` with one more field.
pub(super) fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

pub(super) fn message() -> Value {
    json!({"max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]})
}

pub(super) fn chat() -> Value {
    json!({"max_completion_tokens": 1000, "service_tier": "default",
        "messages": [{"role": "user", "content": "Hello"}]})
}

pub(super) fn responses() -> Value {
    json!({"max_output_tokens": 1000, "service_tier": "default", "input": "Hello"})
}

pub(super) fn gemini() -> Value {
    json!({"generationConfig": {"maxOutputTokens": 1000},
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]})
}

#[test]
fn cache_writes_make_all_input_dearer_by_how_long_they_live() {
    let cached = |ttl: Value| {
        json!({"max_tokens": 1, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "x".repeat(50_000), "cache_control": ttl}]}]})
    };
    let plain = json!({"max_tokens": 1, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "x".repeat(50_000)}]}]});
    let units = |body: &Value| {
        let request = read("anthropic", None, body);
        let bound = bound("anthropic", "claude-opus-4-8", None, body);
        (request.cache_writes, bound.terms()[0].unit)
    };
    assert_eq!(units(&plain), (CacheWrites::None, Unit::Input));
    let five = json!({"type": "ephemeral"});
    assert_eq!(units(&cached(five)), (CacheWrites::FiveMinutes, Unit::CacheWrite5m));
    let hour = json!({"type": "ephemeral", "ttl": "1h"});
    assert_eq!(units(&cached(hour)), (CacheWrites::Any, Unit::CacheWrite1h));
    // At the top of the body too, and unknown at providers that write on their own.
    let top = with(&plain, "cache_control", json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(units(&top).0, CacheWrites::Any);
    assert_eq!(read("openai", Some("chat"), &chat()).cache_writes, CacheWrites::Any);
}

#[test]
fn a_region_that_the_workspace_may_choose_is_paid_for() {
    let open = bound("anthropic", "claude-opus-4-8", None, &message());
    assert_eq!(open.context().get("inference_geo"), Some("us"));
    let global = with(&message(), "inference_geo", json!("global"));
    let global = bound("anthropic", "claude-opus-4-8", None, &global);
    assert!(global.context().is_standard());
    assert!(global.amount().pico() < open.amount().pico());
}

#[test]
fn fast_mode_is_paid_for_and_refused_where_it_has_no_price() {
    let fast = with(&message(), "speed", json!("fast"));
    let bound = bound("anthropic", "claude-opus-4-8", None, &fast);
    assert_eq!(bound.context().get("speed"), Some("fast"));
    let price = find("anthropic", "claude-haiku-4-5");
    let error = price.worst_case(AT.parse().unwrap(), &read("anthropic", None, &fast)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
}

#[test]
fn a_tier_that_the_project_may_set_is_paid_for() {
    let mut body = chat();
    let fixed = bound("openai", "gpt-5.4", Some("chat"), &body);
    body["service_tier"] = json!("auto");
    let auto = bound("openai", "gpt-5.4", Some("chat"), &body);
    body.as_object_mut().unwrap().remove("service_tier");
    let unsaid = bound("openai", "gpt-5.4", Some("chat"), &body);
    let rate = |bound: &Bound| bound.terms()[1].rate;
    assert!(rate(&auto) > rate(&fixed));
    assert_eq!(rate(&auto), rate(&unsaid));
    assert_eq!(auto.context().get("service_tier"), unsaid.context().get("service_tier"));
    body["service_tier"] = json!("platinum");
    let request = read("openai", Some("chat"), &body);
    let error = find("openai", "gpt-5.4").worst_case(AT.parse().unwrap(), &request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
}

#[test]
fn each_answer_is_paid_for() {
    let one = amount(&gpt("chat", &chat())).pico();
    let output = |body: &Value| bound("openai", "gpt-5.4", Some("chat"), body).terms()[1].count;
    assert_eq!(output(&chat()), 1_000);
    assert_eq!(output(&with(&chat(), "n", json!(5))), 5_000);
    assert_eq!(output(&with(&with(&chat(), "n", json!(2)), "best_of", json!(7))), 7_000);
    assert!(amount(&gpt("chat", &with(&chat(), "n", json!(5)))).pico() > one);
    assert!(gpt("chat", &with(&chat(), "n", json!("many"))).bound().is_none());
    let mut body = gemini();
    body["generationConfig"]["candidateCount"] = json!(4);
    assert_eq!(bound("google", "gemini-2.5-pro", None, &body).terms()[1].count, 4_000);
}

#[test]
fn without_a_limit_the_output_is_what_the_model_can_write() {
    let mut body = message();
    body.as_object_mut().unwrap().remove("max_tokens");
    let bound = bound("anthropic", "claude-opus-4-8", None, &body);
    assert_eq!(bound.max_output_tokens(), 128_000);
    // The larger of two limits, and none where a limit is no count or means none.
    let both = with(&chat(), "max_tokens", json!(9_000));
    assert_eq!(read("openai", Some("chat"), &both).max_output, Some(9_000));
    for odd in [json!(-1), json!("1000"), json!(0)] {
        let body = with(&chat(), "max_completion_tokens", odd);
        assert_eq!(read("openai", Some("chat"), &body).max_output, None);
    }
    // The window, where no maximum is known; no bound without either.
    let at = AT.parse().unwrap();
    let catalog = Catalog::builtin();
    let mut all = catalog
        .providers()
        .iter()
        .flat_map(|p| catalog.models(p.id()).unwrap().iter().map(move |model| (p.id(), model)));
    let unlimited = all
        .by_ref()
        .filter(|(_, model)| model.max_output().is_none() && model.context_window().is_none())
        .find_map(|(provider, model)| {
            let price = catalog.find(Some(provider), model.id()).ok()?;
            let known = price.model();
            let rates = price.rates_at(at, &PriceContext::standard(), 0).unwrap_or_default();
            let is_sold =
                rates.iter().any(|rate| rate.unit == Unit::Output && !rate.rate.is_zero());
            let is_open = known.max_output().is_none() && known.context_window().is_none();
            (is_sold && is_open).then_some(price)
        })
        .unwrap();
    let worst = unlimited.worst_case(at, &Request::text(10)).unwrap();
    assert!(worst.reasons()[0].contains("max_tokens"), "{worst:?}");
    // What is free needs no limit.
    let free = all
        .filter_map(|(provider, model)| catalog.find(Some(provider), model.id()).ok())
        .find(|price| {
            let rates = price.rates_at(at, &PriceContext::standard(), 0).unwrap_or_default();
            let known = price.model();
            known.max_output().is_none()
                && known.context_window().is_none()
                && rates.len() == 2
                && rates.iter().all(|rate| rate.rate.is_zero())
        });
    if let Some(free) = free {
        let worst = free.worst_case(at, &Request::text(10)).unwrap();
        assert_eq!(worst.bound().unwrap().amount().pico(), 0);
    }
}

#[test]
fn a_model_that_is_matched_by_likeness_is_not_held_to_the_limit_of_its_like() {
    let request = Request::text(10);
    let catalog = Catalog::builtin();
    let limit = |price: &ModelPrice<'_>| {
        let worst = price.worst_case(AT.parse().unwrap(), &request).ok()?;
        worst.bound().map(Bound::max_output_tokens)
    };
    let mut alike = 0;
    for model in ["openai", "google", "aws"].map(|id| catalog.models(id).unwrap()).concat() {
        let Some(most) = model.max_output() else { continue };
        for provider in ["openai", "google", "aws"] {
            let Ok(price) = catalog.find(Some(provider), &format!("{}-unheard-of", model.id()))
            else {
                continue;
            };
            let window = price.model().context_window().max(price.model().max_input());
            if price.model().id() == model.id() && !price.matched().exact && window > Some(most) {
                let Some(limit) = limit(&price) else { continue };
                alike += 1;
                assert_eq!(Some(limit), window, "{}", model.id());
            }
        }
    }
    assert!(alike > 0);
    assert_eq!(limit(&find("openai", "gpt-4o")), Some(16_384));
}

#[test]
fn a_rejected_prediction_is_output_beyond_the_limit() {
    let predicted = json!({"type": "content", "content": "x".repeat(4_000)});
    let bound = bound("openai", "gpt-4o", Some("chat"), &with(&chat(), "prediction", predicted));
    assert!(bound.terms()[1].count >= 5_000);
    assert_eq!(bound.max_output_tokens(), 1_000);
}

#[test]
fn reasoning_that_a_limit_does_not_name_comes_on_top() {
    let body = json!({"max_tokens": 1000, "messages": []});
    assert!(read("x-ai", Some("chat"), &body).reasoning_apart);
    let body = json!({"max_completion_tokens": 1000, "messages": []});
    assert!(!read("x-ai", Some("chat"), &body).reasoning_apart);
}

#[test]
fn sound_is_charged_at_the_rate_of_sound() {
    let body = json!({"generationConfig": {"maxOutputTokens": 1}, "contents": [{"parts": [
        {"inlineData": {"mimeType": "audio/wav", "data": "aaaa"}}]}]});
    let spoken = bound("google", "gemini-2.5-flash", None, &body);
    assert_eq!(spoken.terms()[0].unit, Unit::InputAudio);
    let written = bound("google", "gemini-2.5-flash", None, &gemini());
    assert_eq!(written.terms()[0].unit, Unit::Input);
    let mut body = chat();
    let any = bound("openai", "gpt-audio", Some("chat"), &body);
    assert_eq!(any.terms()[1].unit, Unit::OutputAudio);
    body["modalities"] = json!(["text"]);
    let text = bound("openai", "gpt-audio", Some("chat"), &body);
    assert_eq!(text.terms()[1].unit, Unit::Output);
}

#[test]
fn a_threshold_below_the_bound_is_taken_as_crossed() {
    let at = AT.parse().unwrap();
    let price = find("google", "gemini-2.5-pro");
    let rate = |bytes| {
        let mut request = Request::text(bytes);
        (request.overhead_tokens, request.max_output) = (0, Some(1));
        request.cache_writes = CacheWrites::None;
        price.worst_case(at, &request).unwrap().bound().unwrap().terms()[0].rate.to_string()
    };
    assert_eq!((rate(200_000), rate(200_001)), ("1.25".into(), "2.5".into()));
}

#[test]
fn rates_that_come_into_force_within_the_hour_count() {
    // From 2025-02-08T16:00Z on the standard price counts, half of it in the night from 16:30Z.
    let price = find("deepseek", "deepseek-chat");
    let mut request = Request::text(0);
    (request.max_output, request.cache_writes) = (Some(1_000), CacheWrites::None);
    let at = |time: &str| {
        let at = format!("2025-08-01T{time}Z").parse().unwrap();
        price.worst_case(at, &request).unwrap().bound().unwrap().amount().pico()
    };
    // The night ends at 00:30.
    assert!(at("22:00:00") < at("23:45:00"));
    assert!(at("23:29:59") < at("23:30:00"));
    assert_eq!(at("23:45:00"), at("12:00:00"));
    assert_eq!(at("16:29:00"), at("12:00:00"));
}

#[test]
fn a_bound_is_rounded_up_and_its_terms_add_up() {
    let at = AT.parse().unwrap();
    let whisper = find("openai", "whisper-1");
    let mut request = Request::text(0);
    request.counts = vec![(Unit::InputAudioSeconds, Some(1)), (Unit::AudioSeconds, Some(0))];
    let worst = whisper.worst_case(at, &request).unwrap();
    let charge = whisper
        .charge(&Usage::new().with(Unit::InputAudioSeconds, 1), at, &request.context)
        .unwrap();
    assert!(worst.bound().unwrap().amount().pico() >= charge.booked().pico());
    // Seconds that nothing limits have no bound.
    assert!(whisper.worst_case(at, &Request::text(0)).unwrap().bound().is_none());
    let bound = bound("anthropic", "claude-opus-4-8", None, &message());
    let sum: rust_decimal::Decimal = bound.terms().iter().map(|term| term.amount).sum();
    assert_eq!(sum.normalize().to_string(), bound.amount().to_string());
}

#[test]
fn counts_out_of_range_are_an_error() {
    let at = AT.parse().unwrap();
    let mut request = Request::text(u64::MAX);
    request.max_output = Some(u64::MAX);
    let price = find("openai", "gpt-4o");
    assert_eq!(price.worst_case(at, &request).unwrap_err().kind(), ErrorKind::Overflow);
}

#[test]
fn embeddings_have_no_output() {
    let body = json!({"model": "text-embedding-3-large", "input": ["a", "b"]});
    let bound = bound("openai", "text-embedding-3-large", Some("embeddings"), &body);
    assert_eq!(bound.max_output_tokens(), 0);
    assert_eq!(bound.terms().len(), 1);
}

/// Groq bills ten seconds for a shorter sound.
#[test]
fn a_bound_holds_where_less_than_the_minimum_is_used() {
    let at = AT.parse().unwrap();
    for name in ["whisper-large-v3", "whisper-large-v3-turbo"] {
        let price = find("groq", name);
        for (read, any) in (0..12).flat_map(|read| (0..12).map(move |any| (read, any))) {
            let mut request = Request::text(0);
            request.counts =
                vec![(Unit::InputAudioSeconds, Some(read)), (Unit::AudioSeconds, Some(any))];
            let worst = price.worst_case(at, &request).unwrap();
            let worst = worst.bound().unwrap().amount();
            for (used, some) in (0..=read).flat_map(|used| (0..=any).map(move |some| (used, some)))
            {
                let usage =
                    Usage::new().with(Unit::InputAudioSeconds, used).with(Unit::AudioSeconds, some);
                let charge = price.charge(&usage, at, &request.context).unwrap();
                assert!(worst.pico() >= charge.booked().pico(), "{name} {request:?} {usage:?}");
                let charged: u64 = charge.lines().iter().map(ChargeLine::count).sum();
                let expected = if used + some == 0 { 0 } else { (used + some).max(10) };
                assert_eq!(charged, expected);
            }
        }
    }
}

//! What in a request could make the bill larger than it seems, one test each.

use octorato_core::{ErrorKind, Money, PriceContext, Unit, Usage};
use octorato_finops::price::{
    Bound, CacheWrites, Catalog, Media, Modality, ModelPrice, Request, WorstCase,
};
use serde_json::{Value, json};

const AT: &str = "2026-11-20T12:00:00Z";

fn find(provider: &str, model: &str) -> ModelPrice<'static> {
    Catalog::builtin().find(Some(provider), model).unwrap()
}

fn read(provider: &str, flavor: Option<&str>, body: &Value) -> Request {
    Request::from_body(provider, flavor, body).unwrap()
}

/// The worst case of a body at its provider.
fn worst(provider: &str, model: &str, flavor: Option<&str>, body: &Value) -> WorstCase {
    find(provider, model).worst_case(AT.parse().unwrap(), &read(provider, flavor, body)).unwrap()
}

fn bound(provider: &str, model: &str, flavor: Option<&str>, body: &Value) -> Bound {
    match worst(provider, model, flavor, body) {
        WorstCase::Bounded(bound) => bound,
        WorstCase::Unbounded(reasons) => panic!("{body}: {reasons:?}"),
    }
}

fn claude(body: &Value) -> WorstCase {
    worst("anthropic", "claude-opus-4-8", None, body)
}

fn gpt(flavor: &str, body: &Value) -> WorstCase {
    worst("openai", "gpt-5.4", Some(flavor), body)
}

fn amount(worst: &WorstCase) -> Money {
    worst.bound().unwrap_or_else(|| panic!("{worst:?}")).amount()
}

/// `body` with one more field.
fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

fn message() -> Value {
    json!({"max_tokens": 1000, "messages": [{"role": "user", "content": "Hello"}]})
}

fn chat() -> Value {
    json!({"max_completion_tokens": 1000, "service_tier": "default",
        "messages": [{"role": "user", "content": "Hello"}]})
}

fn responses() -> Value {
    json!({"max_output_tokens": 1000, "service_tier": "default", "input": "Hello"})
}

fn gemini() -> Value {
    json!({"generationConfig": {"maxOutputTokens": 1000},
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}]})
}

#[test]
fn text_is_bounded_by_its_bytes_in_whatever_form_it_is_cut() {
    for text in ["plain words", "日本語の文章", "a\n\t\"b\"\\", "\u{fdfa}\u{fdfa}", "\u{0}\u{1}"]
    {
        let body = with(&message(), "system", json!(text));
        let request = read("anthropic", None, &body);
        assert!(request.text_bytes >= serde_json::to_string(&body).unwrap().len() as u64, "{text}");
    }
    let grown = read("anthropic", None, &with(&message(), "system", json!("\u{fdfa}")));
    let plain = read("anthropic", None, &with(&message(), "system", json!("")));
    assert_eq!(grown.text_bytes - plain.text_bytes, 33);
}

#[test]
fn an_unknown_field_is_kept_and_its_bytes_are_counted() {
    let body = with(&message(), "brand_new", json!("x".repeat(5_000)));
    let request = read("anthropic", None, &body);
    assert_eq!(request.unknown_fields, ["brand_new".into()]);
    assert!(request.text_bytes > 5_000);
    assert!(amount(&claude(&body)).pico() > amount(&claude(&message())).pico());
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
fn state_that_is_elsewhere_is_the_context_window() {
    let input = |worst: &WorstCase| worst.bound().unwrap().terms()[0].count;
    let window = find("openai", "gpt-5.4").model().context_window().unwrap();
    for (name, value) in [
        ("previous_response_id", json!("resp_1")),
        ("conversation", json!({"id": "conv_1"})),
        ("input", json!([{"type": "item_reference", "id": "msg_1"}])),
        ("input", json!([{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}])),
        ("input", json!([{"role": "user", "content": [{"type": "hologram", "data": "aaaa"}]}])),
    ] {
        let worst = gpt("responses", &with(&responses(), name, value.clone()));
        assert!(input(&worst) > window, "{value}");
    }
    let window = find("anthropic", "claude-opus-4-8").model().max_input().unwrap();
    for source in [
        json!({"type": "file", "file_id": "file_1"}),
        json!({"type": "url", "url": "https://example.com/a.pdf"}),
        json!({"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}),
    ] {
        let body = json!({"max_tokens": 1, "messages": [{"role": "user", "content": [
            {"type": "document", "source": source}]}]});
        assert!(input(&claude(&body)) > window, "{source}");
    }
    let container = with(&message(), "container", json!("container_1"));
    assert!(input(&claude(&container)) > window);
    // A cache of Gemini may hold a search besides, whose uses have no limit.
    let cached = with(&gemini(), "cachedContent", json!("cachedContents/1"));
    assert!(worst("google", "gemini-2.5-pro", None, &cached).bound().is_none());
    let file = json!([{"parts": [{"fileData": {"mimeType": "video/mp4", "fileUri": "gs://a"}}]}]);
    let bound = bound("google", "gemini-2.5-pro", None, &with(&gemini(), "contents", file));
    assert!(bound.terms()[0].count > 1_000_000);
}

#[test]
fn an_image_costs_what_is_documented_at_most_and_its_payload_is_no_text() {
    let image = |data: &str| {
        json!({"max_tokens": 1, "messages": [{"role": "user", "content": [{"type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": data}}]}]})
    };
    let input = |body: &Value| bound("anthropic", "claude-opus-4-8", None, body).terms()[0].count;
    let (small, large) = (image("aaaa"), image(&"a".repeat(1_000_000)));
    assert_eq!(input(&small), input(&large));
    assert!(input(&small) > 4_784);
    // A payload that is none is text after all.
    assert!(input(&image(&"not base64! ".repeat(1_000))) > 12_000);
    // Where nothing is documented, the window; unless the caller knows.
    let at = AT.parse().unwrap();
    let price = find("google", "gemini-2.5-pro");
    let mut request = Request::text(10);
    request.max_output = Some(1);
    request.media = vec![Media { modality: Modality::Image, tokens: None }];
    let tokens = |request: &Request| {
        price.worst_case(at, request).unwrap().bound().unwrap().terms()[0].count
    };
    assert!(tokens(&request) > 1_000_000);
    request.media[0].tokens = Some(1_120);
    assert_eq!(tokens(&request), 10 + Request::OVERHEAD_TOKENS + 1_120);
}

#[test]
fn text_cannot_hide_where_a_payload_would_be() {
    let hidden = json!({"type": "image", "source": {"type": "base64", "media_type": "image/png",
        "data": "a".repeat(100_000)}});
    let call = json!([{"role": "assistant", "content": [
        {"type": "tool_use", "id": "1", "name": "f", "input": hidden}]}]);
    let tools = json!([{"name": "f", "input_schema": {"type": "object", "default": hidden}}]);
    for (name, value) in [("messages", call), ("tools", tools), ("metadata", hidden)] {
        let request = read("anthropic", None, &with(&message(), name, value));
        assert!(request.text_bytes > 100_000, "{name}");
        assert!(request.media.is_empty(), "{name}");
    }
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
fn a_limited_search_has_a_fee_and_feeds_back() {
    let tool = |limit: Value| json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": limit}]);
    let body = with(&message(), "tools", tool(json!(5)));
    let bound = bound("anthropic", "claude-opus-4-8", None, &body);
    let search = bound.terms().iter().find(|term| term.unit == Unit::WebSearches).unwrap();
    assert_eq!((search.count, search.per), (5, 1_000));
    // A window in each of eleven rounds, and output in each.
    assert!(bound.terms()[0].count > 11_000_000);
    assert_eq!(bound.terms()[1].count, 11_000);
    let endless = claude(&with(&message(), "tools", tool(Value::Null)));
    assert!(endless.reasons().iter().any(|why| why.contains("max_uses")), "{endless:?}");
    let tools = json!([{"type": "web_search"}, {"type": "file_search", "vector_store_ids": ["v"]}]);
    let body = with(&responses(), "tools", tools);
    assert!(gpt("responses", &body).bound().is_none());
    let limited = gpt("responses", &with(&body, "max_tool_calls", json!(3)));
    let fees = limited.bound().unwrap().terms().iter().filter(|term| term.per == 1_000);
    assert_eq!(fees.map(|term| term.count).collect::<Vec<_>>(), [3, 3]);
}

#[test]
fn what_has_no_limit_has_no_bound() {
    for tool in ["code_execution_20250825", "mcp_toolset", "advisor_20260301", "web_searching"] {
        let body = with(&message(), "tools", json!([{"type": tool, "name": "x", "max_uses": 1}]));
        assert!(claude(&body).bound().is_none(), "{tool}");
    }
    for (name, value) in [
        ("mcp_servers", json!([{"type": "url", "url": "https://example.com"}])),
        ("fallbacks", json!([{"model": "claude-opus-5"}])),
        ("context_management", json!({"edits": [{"type": "compact_20260112"}]})),
    ] {
        assert!(claude(&with(&message(), name, value)).bound().is_none(), "{name}");
    }
    for tool in ["code_interpreter", "image_generation", "mcp", "shell", "never_heard_of"] {
        let body = with(&responses(), "tools", json!([{"type": tool}]));
        let body = with(&body, "max_tool_calls", json!(1));
        assert!(gpt("responses", &body).bound().is_none(), "{tool}");
    }
    assert!(gpt("responses", &with(&responses(), "prompt", json!({"id": "p"}))).bound().is_none());
    for (name, value) in [
        ("web_search_options", json!({})),
        ("plugins", json!([{"id": "web"}])),
        ("models", json!(["a/b"])),
        ("search_parameters", json!({"mode": "on"})),
        ("data_sources", json!([{}])),
        ("tools", json!([{"type": "browser_search"}])),
        ("model", json!("gpt-4o-search-preview")),
        ("model", json!("openai/gpt-4o:online")),
        ("model", json!("groq/compound")),
    ] {
        assert!(
            gpt("chat", &with(&chat(), name, value.clone())).bound().is_none(),
            "{name} {value}"
        );
    }
    for tool in ["googleSearch", "codeExecution", "urlContext", "fileSearch", "newTool"] {
        let body = with(&gemini(), "tools", json!([{tool: {}}]));
        assert!(worst("google", "gemini-2.5-pro", None, &body).bound().is_none(), "{tool}");
    }
    let converse = json!({"inferenceConfig": {"maxTokens": 10}, "messages": [
        {"role": "user", "content": [{"text": "Hello"}]}]});
    let nova = |body: &Value| worst("aws", "amazon.nova-pro-v1:0", None, body);
    assert_eq!(nova(&converse).bound().unwrap().max_output_tokens(), 10);
    for (name, value) in [
        ("guardrailConfig", json!({"guardrailIdentifier": "g"})),
        ("promptVariables", json!({})),
        ("performanceConfig", json!({"latency": "optimized"})),
        ("additionalModelRequestFields", json!({"max_tokens": 9_999_999})),
        ("toolConfig", json!({"tools": [{"systemTool": {"name": "nova_grounding"}}]})),
    ] {
        assert!(nova(&with(&converse, name, value)).bound().is_none(), "{name}");
    }
}

#[test]
fn a_model_that_searches_by_itself_has_no_bound() {
    let at = AT.parse().unwrap();
    let mut request = Request::text(10);
    request.max_output = Some(10);
    let deep = find("perplexity", "sonar-deep-research");
    assert!(deep.worst_case(at, &request).unwrap().bound().is_none());
    // A fee per request is in the bound.
    let sonar = find("perplexity", "sonar").worst_case(at, &request).unwrap();
    let fee = sonar.bound().unwrap().terms().iter().find(|term| term.unit == Unit::Requests);
    assert_eq!(fee.unwrap().count, 1);
}

#[test]
fn tools_of_the_caller_cost_their_schemas_and_a_hidden_prompt() {
    let schema = json!({"type": "object", "properties": {"q": {"type": "string"}}});
    let tools = json!([{"name": "search", "description": "日本", "input_schema": schema}]);
    let (plain, offered) = (message(), with(&message(), "tools", tools.clone()));
    let (plain, offered) = (read("anthropic", None, &plain), read("anthropic", None, &offered));
    let bytes = serde_json::to_string(&tools).unwrap().len() as u64;
    assert!(offered.text_bytes - plain.text_bytes > 2 * bytes);
    assert_eq!(offered.overhead_tokens - plain.overhead_tokens, Request::TOOLS_OVERHEAD_TOKENS);
    let own = json!([{"type": "computer_20251124", "name": "computer"}]);
    let own = read("anthropic", None, &with(&message(), "tools", own));
    assert!(own.unbounded.is_empty());
    assert!(own.overhead_tokens > offered.overhead_tokens);
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
fn a_body_that_is_none_is_refused() {
    for body in [json!([]), json!("x"), Value::Null] {
        let error = Request::from_body("openai", None, &body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    for (flavor, body) in [(None, &b"{"[..]), (Some("soap"), b"{}")] {
        let error = Request::from_bytes("openai", flavor, body).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(Request::from_bytes("openai", None, deep.as_bytes()).is_err());
}

#[test]
fn embeddings_have_no_output() {
    let body = json!({"model": "text-embedding-3-large", "input": ["a", "b"]});
    let bound = bound("openai", "text-embedding-3-large", Some("embeddings"), &body);
    assert_eq!(bound.max_output_tokens(), 0);
    assert_eq!(bound.terms().len(), 1);
}

#[test]
fn the_form_of_a_body_is_told_by_its_fields() {
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 7, "messages": []});
    assert_eq!(read("aws", None, &body).max_output, Some(7));
    let body = json!({"inferenceConfig": {"maxTokens": 8}, "messages": []});
    assert_eq!(read("aws", None, &body).max_output, Some(8));
    assert_eq!(read("google", None, &gemini()).max_output, Some(1_000));
    assert_eq!(read("groq", None, &chat()).max_output, Some(1_000));
    assert_eq!(read("openai", None, &responses()).max_output, Some(1_000));
}

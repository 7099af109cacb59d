//! What may be written in more than one way or is told by a name only, one test each.

use octorato_finops::price::{CacheWrites, Modality, Request};
use serde_json::{Value, json};

use super::traps::{bound, chat, claude, find, gemini, gpt, message, read, responses, with, worst};

#[test]
fn digits_that_a_float_has_lost_are_counted() {
    let digits = "7".repeat(300);
    let values = vec![digits.as_str(); 300].join(",");
    let call = format!(r#"{{"type":"tool_use","id":"1","name":"f","input":{{"v":[{values}]}}}}"#);
    let text =
        format!(r#"{{"max_tokens":1,"messages":[{{"role":"assistant","content":[{call}]}}]}}"#);
    let request = Request::from_bytes("anthropic", None, text.as_bytes()).unwrap();
    assert!(request.text_bytes >= text.len() as u64, "{} of {}", request.text_bytes, text.len());
    // A value has the digits no more, yet none of its numbers is longer than is counted.
    let request = read("anthropic", None, &serde_json::from_str(&text).unwrap());
    assert!(request.text_bytes >= text.len() as u64, "{} of {}", request.text_bytes, text.len());
    // Decimal places that no float has.
    let zeros = "0".repeat(50_000);
    let text = format!(r#"{{"max_tokens":1,"messages":[],"metadata":{{"a":1.5{zeros},"b":2}}}}"#);
    let request = Request::from_bytes("anthropic", None, text.as_bytes()).unwrap();
    assert!(request.text_bytes >= text.len() as u64);
}

#[test]
fn a_provider_is_the_same_in_any_spelling_and_a_strange_one_is_the_dearest() {
    let grok = json!({"max_tokens": 1000, "messages": []});
    for provider in ["x-ai", "xai", " X-AI ", "never-heard-of"] {
        assert!(read(provider, Some("chat"), &grok).reasoning_apart, "{provider}");
    }
    let named = with(&grok, "model", json!("x-ai/grok-4"));
    assert!(read("openrouter", Some("chat"), &named).reasoning_apart);
    assert!(!read("openai", Some("chat"), &grok).reasoning_apart);
    let mut body = chat();
    body.as_object_mut().unwrap().remove("service_tier");
    for provider in ["openai", "openai-chat", "azure", "azure-openai", "never-heard-of"] {
        let chosen = read(provider, Some("chat"), &body).provider_chooses;
        assert!(chosen.contains(&"service_tier".into()), "{provider}");
    }
    for provider in ["anthropic", "anthropic-api", "never-heard-of"] {
        let chosen = read(provider, Some("anthropic"), &message()).provider_chooses;
        assert_eq!(chosen, ["inference_geo".into()], "{provider}");
    }
    let body = json!({"inferenceConfig": {"maxTokens": 8}, "messages": []});
    assert_eq!(read("amazon-bedrock", None, &body).max_output, Some(8));
}

#[test]
fn a_list_in_another_form_is_no_empty_list() {
    for tools in
        [json!({"googleSearch": {}}), json!([[{"googleSearch": {}}]]), json!("googleSearch")]
    {
        let body = with(&gemini(), "tools", tools);
        assert!(worst("google", "gemini-2.5-pro", None, &body).bound().is_none(), "{body}");
    }
    let own = json!({"functionDeclarations": []});
    assert!(
        worst("google", "gemini-2.5-pro", None, &with(&gemini(), "tools", own)).bound().is_some()
    );
    for tools in [json!({"type": "web_search_20250305"}), json!("web_search"), json!([["a"]])] {
        assert!(claude(&with(&message(), "tools", tools.clone())).bound().is_none(), "{tools}");
    }
    for tools in [json!({"type": "web_search"}), json!("web_search"), json!([1])] {
        assert!(gpt("responses", &with(&responses(), "tools", tools.clone())).bound().is_none());
        assert!(gpt("chat", &with(&chat(), "tools", tools)).bound().is_none());
    }
    let converse = json!({"inferenceConfig": {"maxTokens": 10}, "messages": []});
    for config in [
        json!({"tools": {"systemTool": {"name": "nova_grounding"}}}),
        json!({"tools": "nova_grounding"}),
        json!([{"tools": [{"systemTool": {}}]}]),
    ] {
        let body = with(&converse, "toolConfig", config);
        assert!(worst("aws", "amazon.nova-pro-v1:0", None, &body).bound().is_none(), "{body}");
    }
    // Content too.
    let body = json!({"max_tokens": 1, "messages": [
        {"role": "user", "content": {"type": "hologram", "data": "a"}}]});
    assert_eq!(read("anthropic", None, &body).hidden.len(), 1);
}

#[test]
fn of_two_spellings_the_dearer_one_counts() {
    let read_config =
        |config: Value| read("google", None, &with(&gemini(), "generationConfig", config));
    for (config, most) in [
        (json!({"maxOutputTokens": 10, "max_output_tokens": 9_000}), Some(9_000)),
        (json!({"maxOutputTokens": 9_000, "max_output_tokens": 10}), Some(9_000)),
        (json!({"maxOutputTokens": 10, "max_output_tokens": 0}), None),
        (json!({"maxOutputTokens": 0}), None),
        (json!({"max_output_tokens": 0}), None),
    ] {
        assert_eq!(read_config(config.clone()).max_output, most, "{config}");
    }
    let snake = json!({"max_output_tokens": 9_000, "candidate_count": 3});
    let request = read("google", None, &with(&gemini(), "generation_config", snake));
    assert_eq!((request.max_output, request.answers), (Some(9_000), 3));
    let counts = json!({"candidateCount": 2, "candidate_count": 5});
    assert_eq!(read_config(counts).answers, 5);
    let kinds = json!({"responseModalities": ["TEXT"], "response_modalities": ["IMAGE"]});
    assert_eq!(read_config(kinds).output, Some(vec![Modality::Image]));
    for kinds in [json!([]), json!("TEXT"), json!(["TEXT", 1])] {
        assert_eq!(read_config(json!({"responseModalities": kinds})).output, None);
    }
    assert_eq!(read("openai", Some("chat"), &with(&chat(), "modalities", json!([]))).output, None);
    let tiers =
        with(&with(&gemini(), "serviceTier", json!("flex")), "service_tier", json!("priority"));
    assert_eq!(read("google", None, &tiers).unbounded.len(), 1);
    let list = with(&gemini(), "generationConfig", json!([{"candidateCount": 8}]));
    assert_eq!(read("google", None, &list).unbounded.len(), 1);
    let zero = with(&responses(), "max_output_tokens", json!(0));
    assert_eq!(read("openai", Some("responses"), &zero).max_output, None);
    let converse = json!({"inferenceConfig": {"maxTokens": 0}, "messages": []});
    assert_eq!(read("aws", None, &converse).max_output, None);
}

#[test]
fn a_host_that_searches_or_routes_has_no_bound() {
    let router = |body: &Value| worst("openrouter", "openai/gpt-4o", Some("chat"), body);
    assert!(router(&chat()).bound().is_some());
    assert!(
        router(&with(&chat(), "provider", json!({"max_price": {"prompt": 1}}))).bound().is_some()
    );
    for (name, value) in [
        ("provider", json!({"sort": "throughput"})),
        ("provider", json!({"order": ["azure"]})),
        ("provider", json!("azure")),
        ("preset", json!("mine")),
        ("model", json!("@preset/mine")),
        ("model", json!("openai/gpt-4o:nitro")),
        ("model", json!("openai/gpt-4o:floor")),
        ("model", json!("perplexity/sonar")),
        ("model", json!("perplexity/sonar-pro-search")),
        ("agent_id", json!("ag:1")),
    ] {
        assert!(router(&with(&chat(), name, value.clone())).bound().is_none(), "{name} {value}");
    }
    let agent = with(&chat(), "agent_id", json!("ag:1"));
    assert!(worst("mistral", "mistral-large-latest", Some("chat"), &agent).bound().is_none());
    for preset in
        [with(&responses(), "preset", json!("a")), with(&responses(), "models", json!(["a"]))]
    {
        assert!(worst("openrouter", "openai/gpt-4o", Some("responses"), &preset).bound().is_none());
    }
}

#[test]
fn a_model_that_searches_is_told_by_its_price_where_the_body_does_not_name_it() {
    for (provider, name) in [
        ("openrouter", "perplexity/sonar"),
        ("openrouter", "perplexity/sonar-pro-search"),
        ("openrouter", "openai/gpt-4o:nitro"),
        ("openai", "gpt-4o-search-preview"),
        ("openai", "gpt-4o-mini-search-preview"),
        ("openai", "gpt-5-search-api"),
        ("openai", "o4-mini-deep-research"),
        ("azure", "o3-deep-research"),
    ] {
        let worst = worst(provider, name, Some("chat"), &chat());
        assert!(worst.bound().is_none(), "{provider} {name}");
    }
}

#[test]
fn a_body_that_names_another_model_is_not_bounded_by_this_one() {
    let body = |model: &str| with(&chat(), "model", json!(model));
    for same in ["gpt-5.4", "GPT-5.4", "gpt-5.4-2026-03-05", "openai/gpt-5.4", "my-deployment"] {
        assert!(gpt("chat", &body(same)).bound().is_some(), "{same}");
    }
    for other in ["gpt-5.4-pro", "gpt-4o"] {
        let worst = gpt("chat", &body(other));
        assert!(worst.reasons()[0].contains(other), "{worst:?}");
    }
    // Nor is one that only resembles it.
    let nano = worst("openai", "gpt-5-nano", Some("chat"), &body("gpt-5-nano-unheard-of"));
    assert!(nano.bound().is_none());
    let message = with(&message(), "model", json!("claude-opus-4-1"));
    assert!(claude(&message).bound().is_none());
}

#[test]
fn rates_that_ended_some_minutes_ago_count() {
    let price = find("deepseek", "deepseek-chat");
    let mut request = Request::text(0);
    (request.max_output, request.cache_writes) = (Some(1_000), CacheWrites::None);
    let at = |time: &str| {
        let at = format!("2025-08-01T{time}Z").parse().unwrap();
        price.worst_case(at, &request).unwrap().bound().unwrap().amount().pico()
    };
    // The night begins at 16:30, by a clock that may be five minutes late.
    assert_eq!(at("16:34:59"), at("12:00:00"));
    assert!(at("16:35:01") < at("12:00:00"));
}

#[test]
fn thinking_may_exceed_the_limit_where_it_is_interleaved() {
    let output = |body: &Value| bound("anthropic", "claude-opus-4-8", None, body).terms()[1].count;
    let thinking = |budget: Value| json!({"type": "enabled", "budget_tokens": budget});
    assert_eq!(output(&with(&message(), "thinking", thinking(json!(999)))), 1_000);
    assert_eq!(output(&with(&message(), "thinking", thinking(json!(60_000)))), 61_000);
    assert!(claude(&with(&message(), "thinking", thinking(json!("much")))).bound().is_none());
    let adaptive = json!({"type": "adaptive"});
    assert_eq!(output(&with(&message(), "thinking", adaptive)), 1_000);
    let converse = json!({"inferenceConfig": {"maxTokens": 1000}, "messages": [],
        "additionalModelRequestFields": {"thinking": thinking(json!(60_000))}});
    assert_eq!(read("aws", None, &converse).extra_output, 60_000);
    let chat = with(&chat(), "reasoning", json!({"max_tokens": 5_000}));
    assert_eq!(read("openrouter", Some("chat"), &chat).extra_output, 5_000);
}

#[test]
fn an_image_has_a_documented_size_at_the_earlier_models_and_none_at_later_ones() {
    let body = with(
        &chat(),
        "messages",
        json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "https://example.com/a", "detail": "low"}}]}]),
    );
    let input = |model| bound("openai", model, Some("chat"), &body).terms()[0].count;
    for model in ["gpt-4.1", "gpt-4.1-mini", "o3", "gpt-4o"] {
        assert!(input(model) < 6_000, "{model}");
    }
    for model in ["gpt-5", "gpt-5-mini"] {
        assert!(input(model) > 200_000, "{model}");
    }
    assert!(input("gpt-5.4") > 1_000_000);
}

#[test]
fn reasoning_apart_from_the_limit_is_paid_for_in_any_spelling_of_the_provider() {
    let apart = json!({"max_tokens": 1000, "messages": []});
    let counted = json!({"max_completion_tokens": 1000, "messages": []});
    let cost = |body: &Value| bound("xai", "grok-4", Some("chat"), body).amount().pico();
    assert!(cost(&apart) > cost(&counted));
}

//! What a body does not carry, what runs at the provider, and what only looks harmless.

use octorato_core::{ErrorKind, Unit};
use octorato_finops::price::{Media, Modality, Request, WorstCase};
use serde_json::{Value, json};

use super::traps::{
    AT, amount, bound, chat, claude, find, gemini, gpt, message, read, responses, with, worst,
};

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
        assert!(request.media.is_empty() && request.hidden.is_empty(), "{name}");
    }
}

#[test]
fn a_limited_search_has_a_fee_and_feeds_back() {
    let tool = |limit: Value| json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": limit}]);
    let body = with(&message(), "tools", tool(json!(5)));
    let bound = bound("anthropic", "claude-opus-4-8", None, &body);
    let search = bound.terms().iter().find(|term| term.unit == Unit::WebSearches).unwrap();
    assert_eq!((search.count, search.per), (5, 1_000));
    // A window in each of six rounds, and output in each.
    assert!((6_000_000..7_000_000).contains(&bound.terms()[0].count));
    assert_eq!(bound.terms()[1].count, 6_000);
    // With another tool of the provider's, or one that runs code, as often as the loop may run.
    let mut two = tool(json!(5));
    two.as_array_mut().unwrap().push(json!({"type": "web_fetch_20250910", "max_uses": 1}));
    let coded = json!([{"type": "web_search_20260209", "name": "web_search", "max_uses": 5}]);
    for tools in [two, coded] {
        let request = read("anthropic", None, &with(&message(), "tools", tools));
        assert_eq!(request.rounds, Some(11));
    }
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
fn a_medium_in_an_unknown_field_is_none_the_less_one() {
    let image = json!([{"content": [{"type": "image_url", "image_url": "https://example.com/a"}]}]);
    let body = json!({"model": "voyage-multimodal-3", "inputs": image});
    let request = read("voyageai", Some("embeddings"), &body);
    assert_eq!(request.media.len(), 1);
    let odd = json!([{"content": [{"type": "hologram", "url": "https://example.com/a"}]}]);
    let body = json!({"model": "voyage-multimodal-3", "inputs": odd});
    assert_eq!(read("voyageai", Some("embeddings"), &body).hidden.len(), 1);
}

#[test]
fn a_field_that_is_given_twice_has_no_bound() {
    let body = br#"{"max_tokens":1,"messages":[],"max_tokens":100000}"#;
    let request = Request::from_bytes("anthropic", None, body).unwrap();
    assert_eq!(request.unbounded, ["`max_tokens` is given twice".into()]);
    let body = br#"{"max_tokens":1,"messages":[]}"#;
    assert!(Request::from_bytes("anthropic", None, body).unwrap().unbounded.is_empty());
}

#[test]
fn a_schema_of_the_answer_counts_like_a_tool() {
    let mut body = gemini();
    let plain = read("google", None, &body);
    body["generationConfig"]["responseSchema"] = json!({"type": "OBJECT"});
    let asked = read("google", None, &body);
    assert_eq!(asked.overhead_tokens - plain.overhead_tokens, Request::TOOLS_OVERHEAD_TOKENS);
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": {}}});
    let asked = read("openai", Some("chat"), &with(&chat(), "response_format", format));
    assert!(asked.overhead_tokens > Request::OVERHEAD_TOKENS);
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
fn the_form_of_a_body_is_told_by_its_fields() {
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 7, "messages": []});
    assert_eq!(read("aws", None, &body).max_output, Some(7));
    let body = json!({"inferenceConfig": {"maxTokens": 8}, "messages": []});
    assert_eq!(read("aws", None, &body).max_output, Some(8));
    assert_eq!(read("google", None, &gemini()).max_output, Some(1_000));
    assert_eq!(read("groq", None, &chat()).max_output, Some(1_000));
    assert_eq!(read("openai", None, &responses()).max_output, Some(1_000));
}

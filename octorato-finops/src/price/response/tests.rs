//! Responses as providers send them: whole, nested, streamed, marked, broken.

use serde_json::json;

use super::*;

fn read(provider: &str, body: &Value) -> ResponseUsage {
    UsageTotals::from_response(provider, None, body).unwrap()
}

fn refused(provider: &str, flavor: Option<&str>, body: &Value) -> Error {
    UsageTotals::from_response(provider, flavor, body).unwrap_err()
}

fn totals(usage: &ResponseUsage) -> String {
    serde_json::to_string(&usage.totals).unwrap()
}

fn anthropic() -> Value {
    json!({"model": "claude-opus-4-8", "usage": {
        "input_tokens": 3, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 2},
        "output_tokens": 11}})
}

const ANTHROPIC: &str = r#"{"input_tokens":100,"cache_read_tokens":90,"cache_write_tokens":7,"cache_write_5m_tokens":5,"cache_write_1h_tokens":2,"output_tokens":11}"#;

#[test]
fn a_flavor_is_told_from_the_shape_of_the_body() {
    let chat = json!({"model": "m", "usage": {"prompt_tokens": 5, "completion_tokens": 2}});
    let embeddings = json!({"model": "m", "usage": {"prompt_tokens": 5, "total_tokens": 5}});
    let responses = json!({"model": "m", "usage": {"input_tokens": 5, "output_tokens": 2,
        "input_tokens_details": {"cached_tokens": 4}}});
    let bare = json!({"model": "m", "usage": {"input_tokens": 5, "output_tokens": 2}});
    let images = json!({"usage": {"input_tokens": 5, "output_tokens": 2,
        "input_tokens_details": {"text_tokens": 4, "image_tokens": 1}}});
    let realtime = json!({"response": {"usage": {"input_tokens": 5, "output_tokens": 2,
        "input_token_details": {"audio_tokens": 4}}}});
    let gemini = json!({"modelVersion": "m", "usageMetadata": {"promptTokenCount": 5}});
    let seconds = json!({"model": "m", "usage": {"seconds": 7.2}});
    let billed = json!({"usage": {"billed_units": {"input_tokens": 5, "output_tokens": 2},
        "tokens": {"input_tokens": 70, "output_tokens": 2}, "cached_tokens": 9}});
    for (provider, body, flavor) in [
        ("openai", &chat, "chat"),
        ("openai", &embeddings, "embeddings"),
        ("openai", &responses, "responses"),
        ("openai", &bare, "responses"),
        ("openai", &images, "images"),
        ("openai", &realtime, "realtime"),
        ("openai", &seconds, "live"),
        ("azure", &chat, "chat"),
        ("azure", &responses, "responses"),
        ("azure", &anthropic(), "anthropic"),
        ("google", &gemini, "default"),
        ("google", &anthropic(), "anthropic"),
        ("google", &chat, "chat"),
        ("aws", &anthropic(), "anthropic"),
        ("anthropic", &chat, "chat"),
        ("cohere", &billed, "default"),
        ("mistral", &json!({"usage_info": {"pages_processed": 3}}), "ocr"),
        (
            "mistral",
            &json!({"usage_info": {"pages_processed": 3}, "document_annotation": "{}"}),
            "ocr_annotated",
        ),
        (
            "mistral",
            &json!({"usage_info": {"pages_processed": 3},
                "pages": [{"images": [{"image_annotation": null}, {"image_annotation": "x"}]}]}),
            "ocr_annotated",
        ),
    ] {
        assert_eq!(&*read(provider, body).flavor, flavor, "{provider} {body}");
    }
    assert_eq!(totals(&read("openai", &seconds)), r#"{"audio_seconds":8}"#);
}

#[test]
fn x_ai_counts_reasoning_beside_what_it_completed() {
    let body = json!({"model": "grok-4", "usage": {"prompt_tokens": 9, "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 30}}});
    let usage = read("x-ai", &body);
    assert_eq!(&*usage.flavor, "chat");
    assert_eq!((usage.totals.output_tokens, usage.totals.cache_read_tokens), (32, 4));
}

#[test]
fn providers_have_other_spellings() {
    assert_eq!(&*read("bedrock", &anthropic()).provider, "aws");
    let error = refused("nobody", None, &anthropic());
    assert_eq!(error.kind(), ErrorKind::Unpriced);
}

#[test]
fn events_and_lines_of_results_are_read_as_the_responses_inside() {
    let response = json!({"model": "gpt-5", "service_tier": "flex", "usage": {"input_tokens": 8,
        "input_tokens_details": {"cached_tokens": 6}, "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1}}});
    let expected =
        r#"{"input_tokens":8,"cache_read_tokens":6,"output_tokens":2,"output_reasoning_tokens":1}"#;
    for kind in ["response.completed", "response.incomplete"] {
        let usage = read("openai", &json!({"type": kind, "response": response}));
        assert_eq!((&*usage.flavor, &*totals(&usage)), ("responses", expected));
        assert_eq!(usage.model.as_deref(), Some("gpt-5"));
        assert_eq!(usage.context.to_string(), "service_tier=flex");
    }
    let start = json!({"type": "message_start", "message": anthropic()});
    assert_eq!(totals(&read("anthropic", &start)), ANTHROPIC);
    assert_eq!(read("anthropic", &start).model.as_deref(), Some("claude-opus-4-8"));

    let bedrock = json!({"metadata": {"usage": {"inputTokens": 4, "outputTokens": 2,
        "cacheReadInputTokens": 5}, "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "priority"}}});
    let usage = read("aws", &bedrock);
    assert_eq!(totals(&usage), r#"{"input_tokens":9,"cache_read_tokens":5,"output_tokens":2}"#);
    assert_eq!(usage.context.to_string(), "service_tier=priority,speed=optimized");

    let groq = json!({"model": "m", "x_groq": {"usage": {"prompt_tokens": 4,
        "completion_tokens": 2}}});
    let usage = read("groq", &groq);
    assert_eq!((usage.totals.input_tokens, usage.model.as_deref()), (4, Some("m")));

    let openai = json!({"custom_id": "1", "response": {"status_code": 200, "body": response}});
    let batch = json!({"custom_id": "1", "result": {"type": "succeeded", "message": anthropic()}});
    let usage = read("openai", &openai);
    assert_eq!(usage.context.to_string(), "processing=batch,service_tier=flex");
    assert_eq!(read("anthropic", &batch).context.to_string(), "processing=batch");
}

#[test]
fn what_a_user_wrote_into_a_response_is_not_its_usage() {
    let mut body = json!({"model": "m", "usage": {"input_tokens": 500, "output_tokens": 20}});
    body["metadata"] = json!({"usage": {"input_tokens": 1, "output_tokens": 1,
        "input_tokens_details": {"cached_tokens": 1}}});
    assert_eq!(read("openai", &body).totals.input_tokens, 500);
}

#[test]
fn the_chunks_of_a_stream_are_one_response() {
    let gemini = json!([
        {"modelVersion": "gemini-3.8-flash", "candidates": [{"content": "a"}],
         "usageMetadata": {"promptTokenCount": 9, "trafficType": "ON_DEMAND"}},
        {"usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": 4}},
    ]);
    let usage = read("google", &gemini);
    assert_eq!(totals(&usage), r#"{"input_tokens":9,"output_tokens":4}"#);
    assert_eq!(usage.model.as_deref(), Some("gemini-3.8-flash"));

    let mut start = anthropic();
    start["usage"]["output_tokens"] = 1.into();
    let events = json!([
        {"type": "message_start", "message": start},
        {"type": "content_block_delta", "delta": {"text": "a"}},
        {"type": "message_delta", "usage": {"output_tokens": 11}},
        {"type": "message_stop"},
    ]);
    assert_eq!(totals(&read("anthropic", &events)), ANTHROPIC);

    let chunks = json!([
        {"model": "m", "choices": [], "usage": null},
        {"model": "m", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}},
    ]);
    assert_eq!(totals(&read("openai", &chunks)), r#"{"input_tokens":5,"output_tokens":2}"#);
    assert_eq!(refused("openai", None, &json!([])).kind(), ErrorKind::InvalidArgument);
}

#[test]
fn every_marker_is_kept_and_a_standard_one_left_out() {
    let marked = |provider, markers: Value, usage: Value| {
        let mut body = markers;
        body["usage"] = json!({"input_tokens": 1, "output_tokens": 1, "prompt_tokens": 1,
            "completion_tokens": 1, "inputTokens": 1, "outputTokens": 1});
        if let Some(usage) = usage.as_object() {
            for (name, value) in usage {
                body["usage"][name] = value.clone();
            }
        }
        read(provider, &body).context.to_string()
    };
    for (provider, body, usage, context) in [
        ("openai", json!({"service_tier": "default"}), json!({}), ""),
        ("openai", json!({"service_tier": "priority"}), json!({}), "service_tier=priority"),
        ("openai", json!({"service_tier": "scale"}), json!({}), "service_tier=scale"),
        ("openai", json!({"service_tier": null}), json!({}), ""),
        ("openai", json!({"service_tier": 7}), json!({}), "service_tier=7"),
        ("groq", json!({"service_tier": "on_demand"}), json!({}), ""),
        ("groq", json!({"service_tier": "flex"}), json!({}), "service_tier=flex"),
        ("anthropic", json!({}), json!({"service_tier": "standard"}), ""),
        ("anthropic", json!({}), json!({"service_tier": "batch"}), "processing=batch"),
        (
            "anthropic",
            json!({}),
            json!({"speed": "fast", "inference_geo": "us"}),
            "inference_geo=us,speed=fast",
        ),
        ("anthropic", json!({}), json!({"inference_geo": "not_available"}), ""),
        (
            "anthropic",
            json!({"service_tier": "flex"}),
            json!({"service_tier": "priority"}),
            "service_tier=flex+priority",
        ),
        ("aws", json!({"serviceTier": {"type": "flex"}}), json!({}), "service_tier=flex"),
        ("aws", json!({"performanceConfig": {"latency": "standard"}}), json!({}), ""),
    ] {
        assert_eq!(marked(provider, body.clone(), usage), context, "{provider} {body}");
    }
    for (name, value, context) in [
        ("trafficType", "ON_DEMAND", ""),
        ("trafficType", "ON_DEMAND_FLEX", "service_tier=flex"),
        ("trafficType", "ON_DEMAND_PRIORITY", "service_tier=priority"),
        ("trafficType", "PROVISIONED_THROUGHPUT", "service_tier=provisioned_throughput"),
        ("serviceTier", "standard", ""),
        ("serviceTier", "flex", "service_tier=flex"),
    ] {
        let body = json!({"usageMetadata": {"promptTokenCount": 1, name: value}});
        assert_eq!(read("google", &body).context.to_string(), context, "{value}");
    }
}

#[test]
fn requests_inside_of_a_request_are_not_lost() {
    let mut body = anthropic();
    body["usage"]["iterations"] = json!([
        {"type": "message", "input_tokens": 3, "output_tokens": 11},
        {"type": "advisor_message", "model": "claude-opus-5", "input_tokens": 40,
         "cache_read_input_tokens": 2, "output_tokens": 9},
        {"type": "compaction", "input_tokens": 70, "output_tokens": 8},
        {"type": "seance", "input_tokens": 1, "output_tokens": 1},
    ]);
    let usage = read("anthropic", &body);
    assert_eq!(totals(&usage), ANTHROPIC);
    let [advisor, compaction] = &usage.inside[..] else { panic!("{usage:?}") };
    assert_eq!(
        (&*advisor.kind, advisor.model.as_deref()),
        ("advisor_message", Some("claude-opus-5"))
    );
    assert_eq!(advisor.totals.input_tokens, 42);
    assert_eq!(compaction.model.as_deref(), Some("claude-opus-4-8"));
    assert_eq!(usage.unread, ["usage.iterations[3] (seance)".into()]);
}

#[test]
fn what_is_no_usage_is_refused_with_what_is_missing() {
    let body = json!({"model": "m", "usage": {"prompt_tokens": 5}});
    let error = refused("groq", None, &body);
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("default: `usage.completion_tokens` is missing"), "{error}");
    let error = refused("openai", None, &json!({"model": "m"}));
    for part in ["chat: `usage` is missing", "realtime: `response.usage` is missing"] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = refused("openai", Some("telepathy"), &body);
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.hint().unwrap().contains("chat, responses, realtime"), "{error:?}");
    assert_eq!(refused("elevenlabs", None, &body).kind(), ErrorKind::NotFound);
    for body in [json!(null), json!(5), json!("usage"), json!([1])] {
        assert_eq!(refused("openai", None, &body).kind(), ErrorKind::InvalidArgument);
    }
    let error = UsageTotals::from_response_json("openai", None, b"{").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn a_count_that_is_none_is_refused() {
    for count in [json!(-1), json!(1.5), json!("5"), json!({}), json!(true), json!(1e30)] {
        let body = json!({"usage": {"prompt_tokens": count, "completion_tokens": 2}});
        let error = refused("groq", None, &body);
        assert_eq!(error.kind(), ErrorKind::InvalidUsage, "{body}");
        assert!(error.to_string().starts_with("not a count: `usage.prompt_tokens`"), "{error}");
    }
    // OpenAI's form would fit, and pass the cached tokens over.
    let mut body = anthropic();
    body["usage"]["cache_read_input_tokens"] = "90".into();
    assert_eq!(refused("azure", None, &body).kind(), ErrorKind::InvalidUsage);
    let whole = json!({"usage": {"prompt_tokens": 5.0, "completion_tokens": 2}});
    assert_eq!(read("groq", &whole).totals.input_tokens, 5);
    let body = json!({"usage": {"input_tokens": u64::MAX, "cache_read_input_tokens": 1,
        "output_tokens": 2}});
    assert_eq!(refused("anthropic", None, &body).kind(), ErrorKind::InvalidUsage);
}

#[test]
fn as_json_it_says_what_was_found_and_how() {
    let json = serde_json::to_value(read("anthropic", &anthropic())).unwrap();
    assert_eq!(json["flavor"], "default");
    assert_eq!(json["totals"]["input_tokens"], 100);
    assert_eq!(json.get("context"), None);
}

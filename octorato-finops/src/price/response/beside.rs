//! What a response tells of outside of its counts: tools that ran and are billed, and counters that
//! no rule reads.

use serde_json::Value;

use super::super::UsageTotals;

/// Tools that ran, as far as a response lists them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) web_searches: u64,
    pub(super) storage_searches: u64,
    /// Places that tell of something billed that cannot be counted.
    pub(super) unread: Vec<Box<str>>,
}

/// Reads the items of a response, or of the chunks or events of one.
///
/// OpenAI's Responses API lists its own tools as items of `output`: each search of the web is a
/// `web_search_call` (opening a page of its results is another action of the same kind, which is
/// not billed), each search of files a `file_search_call`. Containers and pictures are billed
/// otherwise than by a count. Gemini tells of grounding, of which some models bill each prompt and
/// some each query.
///
/// Sources: `OpenAI` API reference, Responses, output items; Gemini API, grounding with Google Search.
pub(super) fn beside(body: &Value) -> Beside {
    let Value::Array(events) = body else { return of_one(body) };
    // The last event of a stream has all items again.
    events.iter().map(of_one).fold(Beside::default(), |all, one| Beside {
        web_searches: all.web_searches.max(one.web_searches),
        storage_searches: all.storage_searches.max(one.storage_searches),
        unread: if one.unread.is_empty() { all.unread } else { one.unread },
    })
}

fn of_one(body: &Value) -> Beside {
    let mut found = Beside::default();
    let response = body.get("response").filter(|value| value.is_object()).unwrap_or(body);
    let items = response.get("output").and_then(Value::as_array);
    for (at, item) in items.into_iter().flatten().enumerate() {
        match item.get("type").and_then(Value::as_str).unwrap_or_default() {
            "web_search_call" => {
                let action = item.pointer("/action/type").and_then(Value::as_str);
                found.web_searches += u64::from(action.is_none_or(|action| action == "search"));
            }
            "file_search_call" => found.storage_searches += 1,
            kind @ ("code_interpreter_call" | "image_generation_call" | "computer_call") => {
                found.unread.push(format!("output[{at}] ({kind})").into());
            }
            _ => {}
        }
    }
    let candidates = response.get("candidates").and_then(Value::as_array);
    for (at, candidate) in candidates.into_iter().flatten().enumerate() {
        for what in ["webSearchQueries", "imageSearchQueries"] {
            let queries = candidate.get("groundingMetadata").and_then(|data| data.get(what));
            if queries.and_then(Value::as_array).is_some_and(|queries| !queries.is_empty()) {
                let place = format!("candidates[{at}].groundingMetadata.{what}");
                found.unread.push(place.into());
            }
        }
    }
    found
}

/// Counters below `root` that are not among those `read`, and that say something of their own.
pub(super) fn uncounted(
    root: &Value,
    place: &str,
    read: &[&Value],
    totals: &UsageTotals,
) -> Vec<Box<str>> {
    let mut found = Vec::new();
    walk(root, place, &mut |value, place, name| {
        let is_read = read.iter().any(|known| std::ptr::eq(*known, value));
        let count = value.as_u64().unwrap_or(u64::MAX);
        if !is_read && count > 0 && !is_harmless(name, count, totals) {
            found.push(place.into());
        }
    });
    found
}

/// Calls `each` for every number, with its place and the name of its field.
fn walk<'v>(value: &'v Value, place: &str, each: &mut impl FnMut(&'v Value, &str, &str)) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "iterations") {
                let place = format!("{place}.{name}");
                match value {
                    Value::Number(_) => each(value, &place, name),
                    value => walk(value, &place, each),
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{place}[{at}]"), each);
            }
        }
        _ => {}
    }
}

/// Whether a counter says nothing that the totals do not.
fn is_harmless(name: &str, count: u64, totals: &UsageTotals) -> bool {
    let name = name.to_lowercase().replace('_', "");
    let is_any = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
    // Sums, times, the provider's own price; predictions are inside of the output; text is what
    // everything is that is nothing else; a fetch is free.
    if is_any(&["total", "time", "cost", "duration", "prediction", "text", "fetch", "bytes"]) {
        return true;
    }
    // The same cached tokens by another name.
    let uncached = totals.input_tokens.saturating_sub(totals.cache_read_tokens);
    match () {
        () if is_any(&["cachemiss"]) => count == uncached,
        () if is_any(&["cachewrite", "cachecreation"]) => count == totals.cache_write_tokens,
        () if is_any(&["cache"]) => count == totals.cache_read_tokens,
        () if is_any(&["thought", "thinking", "reasoning"]) => {
            count == totals.output_reasoning_tokens
        }
        () => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octorato_core::PriceContext;
    use serde_json::json;

    fn read(provider: &str, body: &Value) -> super::super::ResponseUsage {
        let usage = UsageTotals::from_response(provider, None, body).unwrap();
        assert_eq!(usage.context, PriceContext::standard());
        usage
    }

    #[test]
    fn searches_that_a_response_lists_are_counted_once() {
        let search = |action| json!({"type": "web_search_call", "action": {"type": action}});
        let response = json!({
            "model": "gpt-5-mini",
            "output": [search("search"), search("open_page"), search("search"),
                {"type": "file_search_call"}, {"type": "message"}],
            "usage": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110},
        });
        let usage = read("openai", &response);
        assert_eq!((usage.totals.web_searches, usage.totals.storage_searches), (2, 1));
        assert!(usage.unread.is_empty(), "{:?}", usage.unread);
        let stream = json!([
            {"type": "response.created", "response": {"model": "gpt-5-mini", "output": []}},
            {"type": "response.completed", "response": response},
        ]);
        assert_eq!(read("openai", &stream).totals, usage.totals);
        let event = json!({"type": "response.completed", "response": response});
        assert_eq!(read("openai", &event).totals, usage.totals);
    }

    #[test]
    fn what_is_billed_and_cannot_be_counted_is_told() {
        let usage = read(
            "openai",
            &json!({"model": "gpt-5", "output": [{"type": "code_interpreter_call"}],
                "usage": {"input_tokens": 1, "output_tokens": 1}}),
        );
        assert_eq!(*usage.unread, ["output[0] (code_interpreter_call)".into()]);
        let usage = read(
            "google",
            &json!({"modelVersion": "gemini-2.5-pro",
                "candidates": [{"groundingMetadata": {"webSearchQueries": ["a"]}}],
                "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1}}),
        );
        assert_eq!(*usage.unread, ["candidates[0].groundingMetadata.webSearchQueries".into()]);
    }

    #[test]
    fn a_counter_that_no_rule_reads_is_told_unless_it_says_nothing_new() {
        let usage = |more: Value| {
            let mut body = json!({"model": "deepseek-chat", "usage": {"prompt_tokens": 100,
                "completion_tokens": 10, "total_tokens": 110, "total_time": 1.5,
                "prompt_tokens_details": {"cached_tokens": 80},
                "completion_tokens_details": {"accepted_prediction_tokens": 3}}});
            for (key, value) in more.as_object().unwrap() {
                body["usage"][key] = value.clone();
            }
            read("deepseek", &body).unread
        };
        assert!(usage(json!({})).is_empty());
        let same = json!({"prompt_cache_hit_tokens": 80, "prompt_cache_miss_tokens": 20});
        assert!(usage(same).is_empty());
        assert!(usage(json!({"brand_new_tokens": 0})).is_empty());
        for (more, place) in [
            (json!({"prompt_cache_hit_tokens": 81}), "usage.prompt_cache_hit_tokens"),
            (json!({"brand_new_tokens": 5}), "usage.brand_new_tokens"),
            (json!({"tools": {"runs": 2}}), "usage.tools.runs"),
            (json!({"list": [{"n": -1}]}), "usage.list[0].n"),
        ] {
            assert_eq!(*usage(more), [place.into()]);
        }
    }
}

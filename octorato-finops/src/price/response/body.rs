//! What of a body may be a response: the body itself, the response inside of an event or of a line
//! of a batch's results, or the chunks of a stream put together.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Something that may be a response.
#[derive(Debug)]
pub(super) struct Part<'b> {
    pub(super) value: Cow<'b, Value>,
    /// The model that what is around it names.
    pub(super) model: Option<String>,
    /// Whether it is of a batch's results.
    pub(super) batch: bool,
    /// Whether it may be the response even where the body itself has the shape of one.
    pub(super) rivals: bool,
}

/// Everything of `body` that may be a response, the body itself first.
pub(super) fn parts(body: &Value) -> Vec<Part<'_>> {
    let whole = match body {
        Value::Array(chunks) => Cow::Owned(joined(chunks)),
        body => Cow::Borrowed(body),
    };
    let mut parts = vec![Part { value: whole, model: None, batch: false, rivals: false }];
    if !body.is_object() {
        return parts;
    }
    let model = ["model", "modelVersion"].iter().find_map(|key| body.get(*key)?.as_str());
    for (place, batch) in INSIDE {
        let value = place.iter().try_fold(body, |value, key| value.get(key));
        if let Some(value) = value.filter(|value| value.is_object()) {
            let model = model.map(str::to_owned);
            // An event that ends a response looks like one of the realtime API.
            let rivals = place == ["response"];
            parts.push(Part { value: Cow::Borrowed(value), model, batch, rivals });
        }
    }
    parts
}

/// Where responses stand in events and in lines of results, and whether these are of a batch.
const INSIDE: [(&[&str], bool); 6] = [
    // Anthropic's `message_start`.
    (&["message"], false),
    // OpenAI's `response.completed`, `response.incomplete` and `response.done`.
    (&["response"], false),
    // Bedrock's `ConverseStream`.
    (&["metadata"], false),
    // Groq's last chunk.
    (&["x_groq"], false),
    // OpenAI's batch results.
    (&["response", "body"], true),
    // Anthropic's batch results.
    (&["result", "message"], true),
];

/// Keys that hold what a model wrote, which tells nothing of usage.
const WRITTEN: [&str; 6] = ["candidates", "choices", "content", "delta", "output", "content_block"];

/// One response of the chunks or events of a stream: later values replace earlier ones.
///
/// Providers count up: Gemini in every chunk, Anthropic from `message_start` to the last
/// `message_delta`, OpenAI in the last chunk only.
fn joined(chunks: &[Value]) -> Value {
    let mut whole = Map::new();
    for chunk in chunks {
        let inside = ["message", "response", "metadata"].iter().find_map(|key| chunk.get(*key));
        let event = inside.filter(|value| value.is_object()).unwrap_or(chunk);
        if let Value::Object(event) = event {
            lay_over(&mut whole, event);
        }
    }
    Value::Object(whole)
}

fn lay_over(whole: &mut Map<String, Value>, event: &Map<String, Value>) {
    for (key, value) in event {
        if value.is_null() || WRITTEN.contains(&key.as_str()) {
            continue;
        }
        match (whole.get_mut(key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => lay_over(old, new),
            (Some(old), new) => old.clone_from(new),
            (None, new) => {
                whole.insert(key.clone(), new.clone());
            }
        }
    }
}

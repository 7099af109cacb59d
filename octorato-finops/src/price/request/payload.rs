//! The bytes of a JSON body, and what in its messages is not text.

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::{CacheWrites, Media, Modality, Request, number};

/// How deep a body may be nested, as in the parser of JSON.
const MAX_DEPTH: usize = 128;

/// Names below which a provider hands values to the model as text, whatever they look like: only
/// their bytes count.
const PLAIN: &[&str] = &["arguments", "args", "json", "response", "toolUse", "functionCall"];

/// Types of content that hold text only, or other content.
const TEXT_TYPES: &[&str] = &[
    "text",
    "input_text",
    "output_text",
    "summary_text",
    "reasoning_text",
    "refusal",
    "message",
    "thinking",
    "redacted_thinking",
    "reasoning",
    "tool_use",
    "tool_result",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "local_shell_call_output",
    "computer_call",
    "computer_call_output",
    "apply_patch_call",
    "apply_patch_call_output",
    "search_result",
    "server_tool_use",
    "web_search_tool_result",
    "web_search_result",
    "web_search_tool_result_error",
    "tool_reference",
];

/// Walks a body once.
pub(super) struct Scan<'r> {
    pub(super) request: &'r mut Request,
    /// Cache writes that the body asks for.
    pub(super) writes: CacheWrites,
    pub(super) bytes: u64,
}

/// What a value is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum As {
    /// Text in JSON.
    Plain,
    /// A schema, which a provider may write anew for the model, with escapes and indentation.
    Schema,
    /// Messages, which may hold media.
    Content,
}

impl Scan<'_> {
    /// Counts the bytes of `value` and finds its media.
    pub(super) fn value(&mut self, value: &Value, how: As, depth: usize) {
        if depth > MAX_DEPTH {
            self.request.unbind("the body is nested too deeply");
            return;
        }
        match value {
            Value::Null => self.add(4),
            Value::Bool(_) => self.add(5),
            Value::Number(number) => self.add(number::length(number)),
            Value::String(text) => self.add(text_length(text, how)),
            Value::Array(items) => {
                self.add(2 + items.len() as u64);
                if how == As::Schema {
                    self.add(items.len() as u64 * indentation(depth));
                }
                for item in items {
                    self.value(item, how, depth + 1);
                }
            }
            Value::Object(fields) => self.object(fields, how, depth),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>, how: As, depth: usize) {
        self.add(2);
        self.note_cache(fields);
        let payload = if how == As::Content { self.media(fields) } else { None };
        let is_call = matches!(kind(fields), "tool_use" | "server_tool_use" | "custom_tool_call");
        for (name, value) in fields {
            self.add(text_length(name, how) + 2);
            if how == As::Schema {
                self.add(indentation(depth));
            }
            let plain = PLAIN.contains(&name.as_str()) || (is_call && name == "input");
            match (how, plain) {
                // A text is handed on as it is; a value is written anew.
                (As::Content, true) if value.is_string() => {
                    self.value(value, As::Plain, depth + 1);
                }
                (As::Content, true) => self.value(value, As::Schema, depth + 1),
                (As::Content, false) if payload == Some(name.as_str()) => {
                    self.without_payload(value, depth + 1);
                }
                (As::Content, false) if name == "content" || name == "output" => {
                    self.blocks(value);
                    self.value(value, how, depth + 1);
                }
                _ => self.value(value, how, depth + 1),
            }
        }
    }

    /// What kinds of content there are: of an unknown one nothing is known.
    pub(super) fn blocks(&mut self, value: &Value) {
        let blocks = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for block in blocks {
            let Some(fields) = block.as_object() else { continue };
            let kind = kind(fields);
            let is_known = kind.is_empty()
                || TEXT_TYPES.contains(&kind)
                || media_of(fields).is_some()
                || matches!(kind, "image" | "document");
            if !is_known {
                self.request.hide(format!("content of type `{kind}`"));
            }
        }
    }

    /// Notes a medium, and says below which name its payload is that no model reads as text.
    fn media<'f>(&mut self, fields: &'f Map<String, Value>) -> Option<&'f str> {
        if fields.get("audio").is_some_and(|audio| !audio["id"].is_null()) {
            self.request.hide("a sound by `audio.id`");
        }
        let (modality, place) = media_of(fields)?;
        self.request.media.push(Media { modality, tokens: None });
        let value = fields.get_key_value(place);
        let holds = |name: &str| {
            fields.contains_key(name)
                || value.is_some_and(|(_, v)| !v[name].is_null() || !v["source"][name].is_null())
        };
        for name in ["file_id", "fileUri", "file_uri", "file_url", "s3Location"] {
            if holds(name) {
                self.request.hide(format!("a file by `{name}`"));
            }
        }
        value.map(|(name, _)| name.as_str())
    }

    /// The bytes around a payload in base64.
    fn without_payload(&mut self, value: &Value, depth: usize) {
        match value {
            Value::String(text) if is_data(text) => self.add(64),
            Value::Object(fields) => {
                self.add(2);
                for (name, value) in fields {
                    self.add(text_length(name, As::Plain) + 2);
                    match value {
                        Value::String(text)
                            if matches!(name.as_str(), "data" | "bytes" | "file_data")
                                && is_base64(text) =>
                        {
                            self.add(2);
                        }
                        Value::String(text) if is_data(text) => self.add(64),
                        Value::Object(_) if name == "source" => {
                            self.without_payload(value, depth + 1);
                        }
                        _ => self.value(value, As::Content, depth + 1),
                    }
                }
            }
            _ => self.value(value, As::Content, depth),
        }
    }

    /// Anthropic's `cache_control` and Bedrock's `cachePoint`, with a `ttl` of `5m` or `1h`.
    pub(super) fn note_cache(&mut self, fields: &Map<String, Value>) {
        for name in ["cache_control", "cachePoint"] {
            let Some(control) = fields.get(name).filter(|control| !control.is_null()) else {
                continue;
            };
            let writes = match control.get("ttl") {
                None | Some(Value::Null) => CacheWrites::FiveMinutes,
                Some(ttl) if ttl == "5m" => CacheWrites::FiveMinutes,
                Some(_) => CacheWrites::Any,
            };
            self.writes = self.writes.max(writes);
        }
    }

    fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The `type` of a block of content.
fn kind(fields: &Map<String, Value>) -> &str {
    fields.get("type").and_then(Value::as_str).unwrap_or_default()
}

/// What medium a block of content is, and the name of the field that holds it.
///
/// The forms are those of Anthropic's Messages, `OpenAI`'s chat completions and responses (which
/// other hosts take over, with `video_url`, `audio_url` and `document_url`), Gemini's parts and
/// Bedrock's Converse.
fn media_of(fields: &Map<String, Value>) -> Option<(Modality, &'static str)> {
    let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
    let by_type = match kind(fields) {
        "image" if has("source") => Some((Modality::Image, "source")),
        "document" if has("source") => match fields["source"]["type"].as_str() {
            Some("text" | "content") => None,
            _ => Some((Modality::Document, "source")),
        },
        "image_url" | "input_image" | "computer_screenshot" => Some((Modality::Image, "image_url")),
        "image_generation_call" => Some((Modality::Image, "result")),
        "input_audio" => Some((Modality::Audio, "input_audio")),
        "audio_url" => Some((Modality::Audio, "audio_url")),
        "video_url" => Some((Modality::Video, "video_url")),
        "document_url" => Some((Modality::Document, "document_url")),
        "file" => Some((Modality::Document, "file")),
        "input_file" => Some((Modality::Document, "file_data")),
        _ => None,
    };
    by_type.or_else(|| {
        let gemini = ["inlineData", "inline_data", "fileData", "file_data"];
        if let Some(name) =
            gemini.into_iter().find(|name| fields.get(*name).is_some_and(Value::is_object))
        {
            let mime =
                ["mimeType", "mime_type"].into_iter().find_map(|key| fields[name][key].as_str());
            return Some((modality_of(mime.unwrap_or_default()), name));
        }
        let bedrock = [
            ("image", Modality::Image),
            ("document", Modality::Document),
            ("video", Modality::Video),
            ("audio", Modality::Audio),
        ];
        bedrock.into_iter().find_map(|(name, modality)| {
            let is_media = fields.get(name).is_some_and(|medium| medium["source"].is_object());
            is_media.then_some((modality, name))
        })
    })
}

fn modality_of(mime: &str) -> Modality {
    match mime.split('/').next().unwrap_or_default() {
        "image" => Modality::Image,
        "audio" => Modality::Audio,
        "text" | "application" => Modality::Document,
        _ => Modality::Video,
    }
}

/// Whether a text is a `data:` address with a payload in base64.
fn is_data(text: &str) -> bool {
    let Some((head, payload)) = text.strip_prefix("data:").and_then(|rest| rest.split_once(','))
    else {
        return false;
    };
    head.len() < 64 && head.ends_with(";base64") && is_base64(payload)
}

fn is_base64(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_' | b'\n' | b'\r')
    })
}

/// A line feed and two columns per level.
fn indentation(depth: usize) -> u64 {
    1 + 2 * (depth as u64 + 1)
}

/// The most bytes that a text can come to before it is cut into tokens, quotes included: as JSON,
/// or in normal form (NFKC), which some tokenisers apply and which can be longer; for a schema as
/// JSON of ASCII only.
fn text_length(text: &str, how: As) -> u64 {
    let escaped: u64 = text.chars().map(|char| escaped_length(char, how)).sum();
    let normal =
        if text.is_ascii() { 0 } else { text.nfkc().map(|char| char.len_utf8() as u64).sum() };
    2 + escaped.max(normal)
}

fn escaped_length(char: char, how: As) -> u64 {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ if how == As::Schema && !char.is_ascii() => 6 * char.len_utf16() as u64,
        _ => char.len_utf8() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_counted_in_its_longest_form() {
        assert_eq!(text_length("abc", As::Plain), 5);
        assert_eq!(text_length("a\nb", As::Plain), 6);
        assert_eq!(text_length("é", As::Plain), 4);
        assert_eq!(text_length("é", As::Schema), 8);
        assert_eq!(text_length("\u{1f600}", As::Schema), 14);
        // One letter of three bytes whose normal form has 33.
        assert_eq!(text_length("\u{fdfa}", As::Plain), 35);
    }

    #[test]
    fn only_a_payload_is_left_out() {
        assert!(is_data("data:image/png;base64,iVBORw0KGgo="));
        for text in ["data:text/plain,hello there", "data:image/png;base64,not a payload", "abc"] {
            assert!(!is_data(text), "{text}");
        }
    }
}

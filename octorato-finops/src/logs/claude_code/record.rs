//! The few fields of a transcript's line that are counted, read without copying.
//!
//! A line is read twice only where it has an unexpected shape: first into types, then, where they
//! do not fit, as a tree from which whatever fits is taken. So one odd attribute never costs the
//! token counts beside it.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use memchr::memmem;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A text that may be missing, null or empty, which all mean the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn map<T>(&self, make: impl FnOnce(&str) -> T) -> Option<T> {
        (!self.is_none()).then(|| make(&self.0))
    }

    /// This text, else the other one; nothing where both are missing.
    pub(super) fn or<'t>(&'t self, other: &'t str) -> Option<&'t str> {
        [self.as_str(), other].into_iter().find(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or null")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

/// A count that may be missing or null.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    struct CountVisitor;
    impl Visitor<'_> for CountVisitor {
        type Value = u64;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number or null")
        }
        fn visit_u64<E>(self, count: u64) -> Result<u64, E> {
            Ok(count)
        }
        fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<u64, E> {
            u64::try_from(count).map_err(|_| E::custom("negative count"))
        }
        fn visit_unit<E>(self) -> Result<u64, E> {
            Ok(0)
        }
    }
    deserializer.deserialize_any(CountVisitor)
}

/// A value that may be missing or null.
fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The counts of one request, as `message.usage` or an iteration writes them.
#[derive(Clone, Debug, Default)]
pub(super) struct Counts<'a> {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    /// The flat total of cache writes.
    pub(super) cache_write: u64,
    pub(super) cache_write_5m: u64,
    pub(super) cache_write_1h: u64,
    pub(super) thinking: u64,
    pub(super) web_searches: u64,
    pub(super) web_fetches: u64,
    pub(super) service_tier: Text<'a>,
    pub(super) speed: Text<'a>,
    pub(super) inference_geo: Text<'a>,
    /// The JSON of `iterations`, where there is any.
    iterations: Cow<'a, str>,
}

/// `usage` as it is written.
#[derive(Deserialize)]
struct UsageJson<'a> {
    #[serde(default, deserialize_with = "count")]
    input_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    output_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    cache_creation_input_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    cache_read_input_tokens: u64,
    #[serde(default, deserialize_with = "or_default")]
    cache_creation: CacheCreation,
    #[serde(default, deserialize_with = "or_default")]
    server_tool_use: ServerToolUse,
    #[serde(default, deserialize_with = "or_default")]
    output_tokens_details: OutputDetails,
    #[serde(borrow, default)]
    service_tier: Text<'a>,
    #[serde(borrow, default)]
    speed: Text<'a>,
    #[serde(borrow, default)]
    inference_geo: Text<'a>,
    #[serde(borrow, default)]
    iterations: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct CacheCreation {
    #[serde(default, deserialize_with = "count")]
    ephemeral_5m_input_tokens: u64,
    #[serde(default, deserialize_with = "count")]
    ephemeral_1h_input_tokens: u64,
}

#[derive(Default, Deserialize)]
struct ServerToolUse {
    #[serde(default, deserialize_with = "count")]
    web_search_requests: u64,
    #[serde(default, deserialize_with = "count")]
    web_fetch_requests: u64,
}

#[derive(Default, Deserialize)]
struct OutputDetails {
    #[serde(default, deserialize_with = "count")]
    thinking_tokens: u64,
}

impl<'a> From<UsageJson<'a>> for Counts<'a> {
    fn from(usage: UsageJson<'a>) -> Self {
        Self {
            input: usage.input_tokens,
            output: usage.output_tokens,
            cache_read: usage.cache_read_input_tokens,
            cache_write: usage.cache_creation_input_tokens,
            cache_write_5m: usage.cache_creation.ephemeral_5m_input_tokens,
            cache_write_1h: usage.cache_creation.ephemeral_1h_input_tokens,
            thinking: usage.output_tokens_details.thinking_tokens,
            web_searches: usage.server_tool_use.web_search_requests,
            web_fetches: usage.server_tool_use.web_fetch_requests,
            service_tier: usage.service_tier,
            speed: usage.speed,
            inference_geo: usage.inference_geo,
            iterations: usage.iterations.map_or(Cow::Borrowed(""), |raw| raw.get().into()),
        }
    }
}

/// A request inside of a request: an advisor, a compaction, a fallback.
#[derive(Debug)]
pub(super) struct Iteration<'a> {
    pub(super) kind: Text<'a>,
    pub(super) model: Text<'a>,
    pub(super) counts: Counts<'a>,
}

/// The iterations that the top-level counts leave out: those with a type other than `message`.
pub(super) fn iterations<'c>(counts: &'c Counts<'_>) -> Result<Vec<Iteration<'c>>, Unreadable> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow, default)]
        model: Text<'a>,
    }

    let json = counts.iterations.as_ref();
    let times = |needle: &str| memmem::find_iter(json.as_bytes(), needle).count();
    // Mostly each of them is a `message`, which two searches tell sooner than a parse.
    if times("\"type\"") <= times("\"message\"") {
        return Ok(Vec::new());
    }
    let unreadable = |_| Unreadable::Count;
    let mut own = Vec::new();
    for raw in serde_json::from_str::<Vec<&RawValue>>(json).map_err(unreadable)? {
        let head = serde_json::from_str::<Head<'_>>(raw.get()).map_err(unreadable)?;
        if matches!(head.kind.as_str(), "" | "message") {
            continue;
        }
        let counts = serde_json::from_str::<UsageJson<'_>>(raw.get()).map_err(unreadable)?.into();
        own.push(Iteration { kind: head.kind, model: head.model, counts });
    }
    Ok(own)
}

/// Why a line gives no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not a JSON object.
    Json(String),
    /// A token count is not a whole number.
    Count,
}

/// What is counted of a line.
#[derive(Debug, Default)]
pub(super) struct Record<'a> {
    pub(super) timestamp: Text<'a>,
    pub(super) session_id: Text<'a>,
    pub(super) cwd: Text<'a>,
    pub(super) request_id: Text<'a>,
    pub(super) message_id: Text<'a>,
    pub(super) model: Text<'a>,
    /// The sub-agent's id in its session.
    pub(super) agent_id: Text<'a>,
    /// The sub-agent's type, where the record names it.
    pub(super) agent: Text<'a>,
    pub(super) skill: Text<'a>,
    /// Whether a parent shows its sub-agent's progress.
    pub(super) is_progress: bool,
    /// The counts; nothing for lines that are no model's answer.
    pub(super) counts: Option<Counts<'a>>,
    /// A finished sub-agent's id and type, as its parent's tool result names them.
    launched: Option<(Text<'a>, Text<'a>)>,
}

#[derive(Deserialize)]
struct RecordJson<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default, rename = "sessionId")]
    session_id: Text<'a>,
    #[serde(borrow, default)]
    cwd: Text<'a>,
    #[serde(borrow, default, rename = "requestId")]
    request_id: Text<'a>,
    #[serde(borrow, default, rename = "agentId")]
    agent_id: Text<'a>,
    #[serde(borrow, default, rename = "attributionAgent")]
    agent: Text<'a>,
    #[serde(borrow, default, rename = "attributionSkill")]
    skill: Text<'a>,
    #[serde(borrow, default)]
    message: Option<MessageJson<'a>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "toolUseResult")]
    tool_use_result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct MessageJson<'a> {
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    model: Text<'a>,
    #[serde(borrow, default)]
    usage: Option<UsageJson<'a>>,
}

#[derive(Deserialize)]
struct ProgressJson<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default, rename = "agentId")]
    agent_id: Text<'a>,
    #[serde(borrow, default)]
    message: Option<ProgressMessageJson<'a>>,
}

#[derive(Deserialize)]
struct ProgressMessageJson<'a> {
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default, rename = "requestId")]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    message: Option<MessageJson<'a>>,
}

#[derive(Deserialize)]
struct LaunchedJson<'a> {
    #[serde(borrow, default, rename = "agentId")]
    agent_id: Text<'a>,
    #[serde(borrow, default, rename = "agentType")]
    agent_type: Text<'a>,
}

impl Record<'_> {
    /// Reads a line and hands its record to `take`.
    pub(super) fn parse<T>(
        line: &str,
        take: impl FnOnce(&Record<'_>) -> Result<T, Unreadable>,
    ) -> Result<T, Unreadable> {
        if let Some(record) = parse_typed(line) {
            return take(&record);
        }
        match serde_json::from_str::<Value>(line) {
            Ok(tree) => take(&from_tree(&tree)?),
            Err(error) => Err(Unreadable::Json(error.to_string())),
        }
    }

    /// A finished sub-agent's id and type.
    pub(super) fn launched(&self) -> Option<(&str, &str)> {
        let (id, kind) = self.launched.as_ref()?;
        (!id.is_none() && !kind.is_none()).then_some((id.as_str(), kind.as_str()))
    }
}

/// The record of a line of the expected shape.
fn parse_typed(line: &str) -> Option<Record<'_>> {
    let json = serde_json::from_str::<RecordJson<'_>>(line).ok()?;
    let mut record = Record {
        timestamp: json.timestamp,
        session_id: json.session_id,
        cwd: json.cwd,
        request_id: json.request_id,
        agent_id: json.agent_id,
        agent: json.agent,
        skill: json.skill,
        ..Record::default()
    };
    let message = match json.kind.as_str() {
        "assistant" => json.message,
        "progress" => {
            let progress = serde_json::from_str::<ProgressJson<'_>>(json.data?.get()).ok()?;
            if progress.kind.as_str() != "agent_progress" {
                return Some(record);
            }
            record.is_progress = true;
            record.agent_id = progress.agent_id;
            let inner = progress.message?;
            record.request_id = inner.request_id;
            if !inner.timestamp.is_none() {
                record.timestamp = inner.timestamp;
            }
            inner.message
        }
        "user" => {
            if let Some(result) = json.tool_use_result
                && let Ok(launched) = serde_json::from_str::<LaunchedJson<'_>>(result.get())
            {
                record.launched = Some((launched.agent_id, launched.agent_type));
            }
            None
        }
        _ => None,
    };
    if let Some(message) = message {
        record.message_id = message.id;
        record.model = message.model;
        record.counts = message.usage.map(Counts::from);
    }
    Some(record)
}

/// The record of any JSON object: whatever fits is taken, the rest is as if it were missing. Only
/// a count that is no whole number is refused, since a wrong total is worse than a reported skip.
fn from_tree(tree: &Value) -> Result<Record<'_>, Unreadable> {
    let mut record = Record {
        timestamp: text(&tree["timestamp"]),
        session_id: text(&tree["sessionId"]),
        cwd: text(&tree["cwd"]),
        request_id: text(&tree["requestId"]),
        agent_id: text(&tree["agentId"]),
        agent: text(&tree["attributionAgent"]),
        skill: text(&tree["attributionSkill"]),
        ..Record::default()
    };
    let message = match tree["type"].as_str() {
        Some("assistant") => &tree["message"],
        Some("progress") if tree["data"]["type"] == "agent_progress" => {
            let data = &tree["data"];
            record.is_progress = true;
            record.agent_id = text(&data["agentId"]);
            record.request_id = text(&data["message"]["requestId"]);
            if data["message"]["timestamp"].is_string() {
                record.timestamp = text(&data["message"]["timestamp"]);
            }
            &data["message"]["message"]
        }
        Some("user") => {
            let result = &tree["toolUseResult"];
            record.launched = Some((text(&result["agentId"]), text(&result["agentType"])));
            return Ok(record);
        }
        _ => return Ok(record),
    };
    record.message_id = text(&message["id"]);
    record.model = text(&message["model"]);
    let usage = &message["usage"];
    if usage.is_object() {
        record.counts = Some(Counts {
            input: whole(&usage["input_tokens"])?,
            output: whole(&usage["output_tokens"])?,
            cache_read: whole(&usage["cache_read_input_tokens"])?,
            cache_write: whole(&usage["cache_creation_input_tokens"])?,
            cache_write_5m: whole(&usage["cache_creation"]["ephemeral_5m_input_tokens"])?,
            cache_write_1h: whole(&usage["cache_creation"]["ephemeral_1h_input_tokens"])?,
            thinking: whole(&usage["output_tokens_details"]["thinking_tokens"])?,
            web_searches: whole(&usage["server_tool_use"]["web_search_requests"])?,
            web_fetches: whole(&usage["server_tool_use"]["web_fetch_requests"])?,
            service_tier: text(&usage["service_tier"]),
            speed: text(&usage["speed"]),
            inference_geo: text(&usage["inference_geo"]),
            iterations: match &usage["iterations"] {
                Value::Array(list) => Cow::Owned(Value::from(list.clone()).to_string()),
                _ => Cow::Borrowed(""),
            },
        });
    }
    Ok(record)
}

fn text(value: &Value) -> Text<'_> {
    Text(Cow::Borrowed(value.as_str().unwrap_or_default()))
}

fn whole(value: &Value) -> Result<u64, Unreadable> {
    match value {
        Value::Null => Ok(0),
        value => value.as_u64().ok_or(Unreadable::Count),
    }
}

/// The time of any line that has one.
pub(super) fn timestamp(line: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Timed<'a> {
        #[serde(borrow)]
        timestamp: Text<'a>,
    }
    serde_json::from_slice::<Timed<'_>>(line).ok()?.timestamp.as_str().parse().ok()
}

/// The sub-agent's type in the small file beside its transcript.
pub(super) fn agent_type(json: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Meta<'a> {
        #[serde(borrow, default, rename = "agentType")]
        agent_type: Text<'a>,
    }
    serde_json::from_str::<Meta<'_>>(json).ok()?.agent_type.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(line: &str) -> Result<Option<u64>, Unreadable> {
        Record::parse(line, |record| Ok(record.counts.as_ref().map(|c| c.input + c.output)))
    }

    fn assistant(usage: &str) -> String {
        format!(r#"{{"type":"assistant","message":{{"id":"msg_1","usage":{usage}}}}}"#)
    }

    #[test]
    fn null_and_missing_counts_are_nothing() {
        assert_eq!(counts(&assistant(r#"{"input_tokens":null,"output_tokens":7}"#)), Ok(Some(7)));
        assert_eq!(counts(&assistant("null")), Ok(None));
        assert_eq!(counts(r#"{"type":"assistant","message":null}"#), Ok(None));
    }

    #[test]
    fn a_count_that_is_no_whole_number_is_refused() {
        for bad in ["-1", "1.5", "\"3\"", "1e3", "[]", "99999999999999999999"] {
            let line = assistant(&format!(r#"{{"input_tokens":{bad},"output_tokens":7}}"#));
            assert_eq!(counts(&line), Err(Unreadable::Count), "{bad}");
        }
    }

    #[test]
    fn odd_attributes_never_cost_the_counts() {
        for odd in [
            r#""sessionId":5"#,
            r#""cwd":{"a":1}"#,
            r#""timestamp":12,"data":"x","toolUseResult":[1]"#,
            r#""cwd":"/a","cwd":"/b""#,
        ] {
            let line = format!(
                r#"{{"type":"assistant",{odd},"message":{{"usage":{{"input_tokens":3}}}}}}"#
            );
            assert_eq!(counts(&line), Ok(Some(3)), "{odd}");
        }
    }

    #[test]
    fn spaces_and_escapes_are_json_like_any_other() {
        let line = r#"{ "type" : "assistant", "cwd" : "/caf\u00e9", "message" : { "usage" : { "input_tokens" : 3 } } }"#;
        let cwd = Record::parse(line, |record| Ok(record.cwd.as_str().to_owned()));
        assert_eq!(cwd.as_deref(), Ok("/café"));
        assert_eq!(counts(line), Ok(Some(3)));
    }

    #[test]
    fn both_ways_of_reading_see_the_same() {
        let line = r#"{"type":"progress","timestamp":"2026-02-06T07:13:10Z","cwd":"/w","sessionId":"s","data":{"type":"agent_progress","agentId":"a7","message":{"timestamp":"2026-02-06T07:13:09Z","requestId":"req_1","message":{"id":"msg_1","model":"m","usage":{"input_tokens":3,"output_tokens":2,"cache_creation_input_tokens":9,"cache_creation":{"ephemeral_1h_input_tokens":9},"service_tier":"standard","iterations":[{"type":"message"}]}}}}}"#;
        let typed = parse_typed(line).unwrap();
        let tree = serde_json::from_str(line).unwrap();
        assert_eq!(format!("{typed:?}"), format!("{:?}", from_tree(&tree).unwrap()));
        assert!(typed.is_progress);
        assert_eq!(typed.timestamp.as_str(), "2026-02-06T07:13:09Z");
    }

    #[test]
    fn only_iterations_of_their_own_are_found() {
        let line = assistant(
            r#"{"output_tokens":5,"iterations":[{"type":"message","output_tokens":5},{"type":"advisor_message","model":"claude-opus-4-8","input_tokens":40,"output_tokens":9}]}"#,
        );
        Record::parse(&line, |record| {
            let found = iterations(record.counts.as_ref().unwrap())?;
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].model.as_str(), "claude-opus-4-8");
            assert_eq!((found[0].counts.input, found[0].counts.output), (40, 9));
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_parent_names_its_finished_sub_agent() {
        let line = r#"{"type":"user","toolUseResult":{"agentId":"a2f","agentType":"reviewer","usage":{"input_tokens":2}}}"#;
        Record::parse(line, |record| {
            assert_eq!(record.launched(), Some(("a2f", "reviewer")));
            assert!(record.counts.is_none());
            Ok(())
        })
        .unwrap();
    }
}

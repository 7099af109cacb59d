//! The few fields of a transcript's line that are counted, read without copying.
//!
//! A line is read twice only where it has an unexpected shape: first into types, then, where they
//! do not fit, as a tree from which whatever fits is taken. So one odd attribute never costs the
//! token counts beside it.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::{MOST, Object, Text, count};

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
    #[serde(default)]
    cache_creation: Object<CacheCreation>,
    #[serde(default)]
    server_tool_use: Object<ServerToolUse>,
    #[serde(default)]
    output_tokens_details: Object<OutputDetails>,
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
        let writes = usage.cache_creation.0.unwrap_or_default();
        let tools = usage.server_tool_use.0.unwrap_or_default();
        let output = usage.output_tokens_details.0.unwrap_or_default();
        Self {
            input: usage.input_tokens,
            output: usage.output_tokens,
            cache_read: usage.cache_read_input_tokens,
            cache_write: usage.cache_creation_input_tokens,
            cache_write_5m: writes.ephemeral_5m_input_tokens,
            cache_write_1h: writes.ephemeral_1h_input_tokens,
            thinking: output.thinking_tokens,
            web_searches: tools.web_search_requests,
            web_fetches: tools.web_fetch_requests,
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

static TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"type\""));
static TYPE_MESSAGE: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new("\"type\":\"message\""));

/// The iterations that the top-level counts leave out: an advisor's, a compaction's, and of a
/// fallback those by another model than the message's. Nothing where they cannot be read, or have
/// a type that may be counted already.
pub(super) fn iterations<'c>(counts: &'c Counts<'_>, model: &str) -> Option<Vec<Iteration<'c>>> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default, rename = "type")]
        kind: Text<'a>,
        #[serde(borrow, default)]
        model: Text<'a>,
    }

    let json = counts.iterations.as_ref();
    let times = |finder: &Finder<'_>| finder.find_iter(json.as_bytes()).count();
    // Mostly each of them is a `message`, which two searches tell sooner than a parse.
    if json.is_empty() || times(&TYPE) == times(&TYPE_MESSAGE) {
        return Some(Vec::new());
    }
    let mut own = Vec::new();
    for raw in serde_json::from_str::<Vec<&RawValue>>(json).ok()? {
        let head = serde_json::from_str::<Object<Head<'_>>>(raw.get()).ok()?.0?;
        match head.kind.as_str() {
            "advisor_message" | "compaction" => {}
            // The message's model is that of the attempt which the top-level counts are about.
            "" | "message" | "fallback_message" => {
                if matches!(head.model.as_str(), "" | "<synthetic>") || head.model.as_str() == model
                {
                    continue;
                }
            }
            _ => return None,
        }
        let counts = serde_json::from_str::<UsageJson<'_>>(raw.get()).ok()?.into();
        own.push(Iteration { kind: head.kind, model: head.model, counts });
    }
    Some(own)
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
    /// The sub-agent whose transcript shows another one's progress.
    pub(super) parent_agent_id: Text<'a>,
    /// The sub-agent's type, where the record names it.
    pub(super) agent: Text<'a>,
    pub(super) skill: Text<'a>,
    /// What the agent itself says that the request cost, as JSON.
    pub(super) reported_cost: Cow<'a, str>,
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
    message: Object<MessageJson<'a>>,
    #[serde(borrow, default, rename = "costUSD")]
    reported_cost: Option<&'a RawValue>,
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
    usage: Object<UsageJson<'a>>,
}

#[derive(Deserialize)]
struct ProgressJson<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow, default, rename = "agentId")]
    agent_id: Text<'a>,
    #[serde(borrow, default)]
    message: Object<ProgressMessageJson<'a>>,
}

#[derive(Deserialize)]
struct ProgressMessageJson<'a> {
    #[serde(borrow, default)]
    timestamp: Text<'a>,
    #[serde(borrow, default, rename = "requestId")]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    message: Object<MessageJson<'a>>,
}

#[derive(Deserialize)]
struct LaunchedJson<'a> {
    #[serde(borrow, default, rename = "agentId")]
    agent_id: Text<'a>,
    #[serde(borrow, default, rename = "agentType")]
    agent_type: Text<'a>,
}

/// The longest line that is read as a tree, which takes ten times its length in memory.
const LARGEST_TREE: usize = 4 << 20;

impl Record<'_> {
    /// Reads a line and hands its record to `take`; several, where two writers shared the line.
    pub(super) fn parse(line: &str, mut take: impl FnMut(&Record<'_>)) -> Result<(), Unreadable> {
        if let Some(record) = parse_typed(line) {
            take(&record);
            return Ok(());
        }
        if line.len() > LARGEST_TREE {
            return Err(Unreadable::Json("a long line of an unexpected shape".to_owned()));
        }
        for tree in serde_json::Deserializer::from_str(line).into_iter::<Value>() {
            match tree {
                Ok(tree) => take(&from_tree(&tree)?),
                Err(error) => return Err(Unreadable::Json(error.to_string())),
            }
        }
        Ok(())
    }

    /// A finished sub-agent's id and type, which may be empty.
    pub(super) fn launched(&self) -> Option<(&str, &str)> {
        let (id, kind) = self.launched.as_ref()?;
        (!id.is_none()).then_some((id.as_str(), kind.as_str()))
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
        reported_cost: json.reported_cost.map_or(Cow::Borrowed(""), |raw| raw.get().into()),
        ..Record::default()
    };
    let message = match json.kind.as_str() {
        "assistant" => json.message.0,
        "progress" => {
            let progress = serde_json::from_str::<ProgressJson<'_>>(json.data?.get()).ok()?;
            if progress.kind.as_str() != "agent_progress" {
                return Some(record);
            }
            record.is_progress = true;
            record.parent_agent_id = std::mem::replace(&mut record.agent_id, progress.agent_id);
            let inner = progress.message.0?;
            record.request_id = inner.request_id;
            if !inner.timestamp.is_none() {
                record.timestamp = inner.timestamp;
            }
            inner.message.0
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
        record.counts = message.usage.0.map(Counts::from);
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
        reported_cost: match &tree["costUSD"] {
            Value::Null => Cow::Borrowed(""),
            cost => Cow::Owned(cost.to_string()),
        },
        ..Record::default()
    };
    let message = match tree["type"].as_str() {
        Some("assistant") => &tree["message"],
        Some("progress") if tree["data"]["type"] == "agent_progress" => {
            let data = &tree["data"];
            record.is_progress = true;
            record.parent_agent_id =
                std::mem::replace(&mut record.agent_id, text(&data["agentId"]));
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
                Value::Null => Cow::Borrowed(""),
                list => Cow::Owned(list.to_string()),
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
        value => value.as_u64().filter(|&count| count <= MOST).ok_or(Unreadable::Count),
    }
}

/// The time of any line that has one.
pub(super) fn timestamp(line: &[u8]) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Timed<'a> {
        #[serde(borrow)]
        timestamp: Text<'a>,
    }
    time(serde_json::from_slice::<Timed<'_>>(line).ok()?.timestamp.as_str())
}

/// A time between the years 2000 and 2200; what lies outside was not read off a clock.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    let sane = 946_684_800..7_258_118_400;
    text.parse::<Timestamp>().ok().filter(|time| sane.contains(&time.as_second()))
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
        let mut found = None;
        Record::parse(line, |record| {
            found = record.counts.as_ref().map(|counts| counts.input + counts.output);
        })?;
        Ok(found)
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
        for bad in ["-1", "1.5", "\"3\"", "1e3", "[]", "1000000000001", "99999999999999999999"] {
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
        Record::parse(line, |record| assert_eq!(record.cwd.as_str(), "/café")).unwrap();
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
            let found = iterations(record.counts.as_ref().unwrap(), "claude-sonnet-5").unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].model.as_str(), "claude-opus-4-8");
            assert_eq!((found[0].counts.input, found[0].counts.output), (40, 9));
        })
        .unwrap();
    }

    #[test]
    fn an_odd_iteration_is_told_from_none() {
        let found = |iterations_json: &str| {
            let line =
                assistant(&format!(r#"{{"output_tokens":5,"iterations":{iterations_json}}}"#));
            let mut found = None;
            Record::parse(&line, |record| {
                let list = iterations(record.counts.as_ref().unwrap(), "m");
                found = Some(list.map(|list| list.len()));
            })
            .unwrap();
            found.unwrap()
        };
        assert_eq!(found("null"), Some(0));
        assert_eq!(found("[]"), Some(0));
        assert_eq!(found(r#"[{"type":"compaction","message":"x","input_tokens":1}]"#), Some(1));
        // An attempt by another model, then the one that answered.
        let fallback =
            r#"[{"type":"message","model":"n"},{"type":"fallback_message","model":"m"}]"#;
        assert_eq!(found(fallback), Some(1));
        for odd in
            [r#"[{"type":"new"}]"#, r#"{"type":"x"}"#, r#"["x",{"type":"y"}]"#, r#"[{"type":7}]"#]
        {
            assert_eq!(found(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_list_is_not_taken_for_an_object() {
        assert_eq!(counts(&assistant("[100,50,7]")), Ok(None));
        let line = assistant(r#"{"input_tokens":3,"cache_creation":[5,6]}"#);
        assert_eq!(counts(&line), Ok(Some(3)));
    }

    #[test]
    fn two_records_on_one_line_are_both_read() {
        let one = assistant(r#"{"input_tokens":3}"#);
        let mut read = 0;
        Record::parse(&format!("{one}{one}"), |_| read += 1).unwrap();
        assert_eq!(read, 2);
    }

    #[test]
    fn times_that_no_clock_showed_are_none() {
        for bad in ["9999-12-30T22:00:00Z", "1970-01-01T00:00:00Z", "2026-10-01", "", "now"] {
            assert_eq!(time(bad), None, "{bad}");
        }
        assert!(time("2026-10-01T12:00:00.5+02:00").is_some());
    }

    #[test]
    fn a_parent_names_its_finished_sub_agent() {
        let line = r#"{"type":"user","toolUseResult":{"agentId":"a2f","agentType":"reviewer","usage":{"input_tokens":2}}}"#;
        Record::parse(line, |record| {
            assert_eq!(record.launched(), Some(("a2f", "reviewer")));
            assert!(record.counts.is_none());
        })
        .unwrap();
    }
}

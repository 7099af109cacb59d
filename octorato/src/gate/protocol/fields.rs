//! The fields that are read of a hook's input; all others are skipped without being kept.

use std::path::PathBuf;

use octorato_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Event, ToolCall};

/// The longest input of a hook, in bytes. Results of tools, which may hold images, are a part of
/// it.
pub const MAX_INPUT: usize = 64 << 20;

/// The longest arguments of a tool, in bytes of JSON: they are kept in memory as a tree, which
/// takes up to sixteen times as much.
pub const MAX_TOOL_INPUT: usize = 8 << 20;

/// An error about the input of a hook. It never quotes more of it than names.
pub(super) fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields<'a> {
    pub(super) hook_event_name: Option<String>,
    session_id: Option<String>,
    #[serde(rename = "sessionId")]
    camel_session_id: Option<String>,
    conversation_id: Option<String>,
    pub(super) transcript_path: Option<String>,
    #[serde(rename = "transcriptPath")]
    pub(super) camel_transcript_path: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) workspace_roots: Option<Vec<String>>,
    #[serde(borrow)]
    tool_input: Option<&'a RawValue>,
    #[serde(borrow, rename = "toolArgs")]
    camel_tool_args: Option<&'a RawValue>,
    // What follows may be of another type than a text: then it is as if it was not there, which
    // is an error only where it is needed.
    #[serde(deserialize_with = "text")]
    pub(super) agent_transcript_path: Option<String>,
    #[serde(deserialize_with = "text")]
    tool_name: Option<String>,
    #[serde(rename = "toolName", deserialize_with = "text")]
    camel_tool_name: Option<String>,
    #[serde(deserialize_with = "text")]
    tool_use_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) prompt: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) model: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) agent_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) subagent_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) agent_type: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) subagent_type: Option<String>,
    #[serde(borrow)]
    llm_request: Option<&'a RawValue>,
    #[serde(deserialize_with = "text")]
    pub(super) command: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) file_path: Option<String>,
}

/// A text, or nothing where there is something else.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

impl<'a> Fields<'a> {
    pub(super) fn read(input: &'a [u8]) -> Result<Self> {
        let text = std::str::from_utf8(input).map_err(|error| {
            refused("the hook's input is not UTF-8").with("byte", error.valid_up_to())
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Err(refused("the hook's input is empty"));
        }
        if !text.trim_start().starts_with('{') {
            return Err(refused("the hook's input is not a JSON object"));
        }
        serde_json::from_str(text).map_err(|error| {
            // What serde says of a value of the wrong type quotes it, which may be a prompt.
            let what = match error.classify() {
                serde_json::error::Category::Data => {
                    "a field of the hook's input is of the wrong type or there twice"
                }
                _ => "the hook's input is not JSON",
            };
            refused(what).with("line", error.line()).with("column", error.column())
        })
    }

    pub(super) fn session(&mut self) -> Result<String> {
        let camel = self.camel_session_id.take();
        let id = self.session_id.take().or(camel).or_else(|| self.conversation_id.take());
        id.filter(|id| !id.is_empty())
            .ok_or_else(|| refused("the hook's input has no `session_id`"))
    }

    /// A path; an empty one counts as none.
    pub(super) fn path(text: Option<String>) -> Option<PathBuf> {
        text.filter(|text| !text.is_empty()).map(PathBuf::from)
    }

    /// The model of a request, as Gemini CLI shows it.
    pub(super) fn requested_model(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Request {
            model: String,
        }
        let request: Request = serde_json::from_str(self.llm_request?.get()).ok()?;
        Some(request.model)
    }

    /// The tool with its arguments, which are needed where it is about to run. Arguments in a
    /// text (Copilot CLI, Cursor's MCP tools) are read as JSON where they are.
    pub(super) fn tool(&mut self, event: Event) -> Result<Option<ToolCall>> {
        let camel = self.camel_tool_name.take();
        let name = self.tool_name.take().or(camel).filter(|name| !name.is_empty());
        let Some(name) = name else { return Ok(None) };
        let id = self.tool_use_id.take();
        let Some(raw) = self.tool_input.take().or(self.camel_tool_args) else {
            if event == Event::BeforeTool {
                return Err(refused("the hook's input has no `tool_input`").with("tool", name));
            }
            return Ok(Some(ToolCall { name, input: Value::Null, id }));
        };
        if raw.get().len() > MAX_TOOL_INPUT {
            return Err(refused("the tool's arguments are too long")
                .with("tool", name)
                .with("most_bytes", MAX_TOOL_INPUT));
        }
        let unread = |_| refused("the tool's arguments are not JSON");
        let mut input: Value = serde_json::from_str(raw.get()).map_err(unread)?;
        if let Value::String(text) = &input
            && let Ok(inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
        {
            input = inner;
        }
        Ok(Some(ToolCall { name, input, id }))
    }
}

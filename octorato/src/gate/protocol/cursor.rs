//! Cursor, after its documentation: it was not run.

use octorato_core::Result;
use serde_json::json;

use super::emission::Refusal;
use super::event::{common, complete};
use super::fields::Fields;
use super::{Agent, Event, HookEvent, ToolCall};

pub(super) fn event(name: &str) -> Event {
    match name {
        "beforeSubmitPrompt" => Event::Prompt,
        "preToolUse" | "beforeShellExecution" | "beforeMCPExecution" | "beforeReadFile" => {
            Event::BeforeTool
        }
        "postToolUse"
        | "postToolUseFailure"
        | "afterShellExecution"
        | "afterMCPExecution"
        | "afterFileEdit" => Event::AfterTools,
        "sessionStart" => Event::SessionStart,
        "sessionEnd" => Event::SessionEnd,
        "subagentStart" => Event::SubagentStart,
        "subagentStop" => Event::SubagentStop,
        "stop" => Event::Stop,
        _ => Event::Other,
    }
}

pub(super) fn parse(event: Event, name: String, mut fields: Fields) -> Result<HookEvent> {
    let mut parsed = common(Agent::Cursor, event, name, &mut fields)?;
    let roots = fields.workspace_roots.take().unwrap_or_default();
    parsed.roots = roots.into_iter().filter_map(|root| Fields::path(Some(root))).collect();
    parsed.cwd = parsed.cwd.or_else(|| parsed.roots.first().cloned());
    // Some events are about one kind of tool and do not name it.
    let untold = match parsed.name.as_str() {
        "beforeShellExecution" | "afterShellExecution" => {
            fields.command.take().map(|command| ("Shell", json!({"command": command})))
        }
        "beforeReadFile" | "afterFileEdit" => {
            let name = if event == Event::BeforeTool { "Read" } else { "Write" };
            fields.file_path.take().map(|path| (name, json!({"file_path": path})))
        }
        _ => None,
    };
    parsed.tool = match untold {
        Some((name, input)) => Some(ToolCall { name: name.to_owned(), input, id: None }),
        None => fields.tool(event)?,
    };
    complete(parsed)
}

pub(super) fn deny(event: Event, name: &str, reason: &str) -> Refusal {
    Refusal::Object(match event {
        // These take no word for the model.
        _ if matches!(name, "beforeReadFile" | "subagentStart") => {
            json!({"permission": "deny", "user_message": reason})
        }
        Event::BeforeTool => {
            json!({"permission": "deny", "user_message": reason, "agent_message": reason})
        }
        Event::Prompt => json!({"continue": false, "user_message": reason}),
        _ => return Refusal::Exit,
    })
}

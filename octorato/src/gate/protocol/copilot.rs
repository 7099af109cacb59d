//! Copilot CLI: events in camelCase come without their name, events in `PascalCase` speak as
//! Claude Code does.

use octorato_core::Result;
use serde_json::json;

use super::emission::Refusal;
use super::fields::Fields;
use super::{Agent, Event, HookEvent, claude};

pub(super) fn event(name: &str) -> Event {
    match name {
        "userPromptSubmitted" => Event::Prompt,
        "preToolUse" => Event::BeforeTool,
        "postToolUse" | "postToolUseFailure" => Event::AfterTools,
        "sessionStart" => Event::SessionStart,
        "sessionEnd" => Event::SessionEnd,
        "subagentStart" => Event::SubagentStart,
        "subagentStop" => Event::SubagentStop,
        "agentStop" => Event::Stop,
        name => claude::event(name),
    }
}

pub(super) fn parse(event: Event, name: String, mut fields: Fields) -> Result<HookEvent> {
    claude::parse_as(Agent::Copilot, event, name, &mut fields)
}

pub(super) fn deny(event: Event, name: &str, reason: &str) -> Refusal {
    Refusal::Object(match event {
        Event::BeforeTool if name == "PreToolUse" => {
            json!({"hookSpecificOutput": claude::permission(name, reason)})
        }
        Event::BeforeTool => {
            json!({"permissionDecision": "deny", "permissionDecisionReason": reason})
        }
        // Exit 2 does not stop a prompt here.
        Event::Prompt => json!({"decision": "block", "reason": reason}),
        _ => return Refusal::Exit,
    })
}

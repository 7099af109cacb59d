//! Claude Code.

use octorato_core::Result;
use serde_json::{Value, json};

use super::emission::Refusal;
use super::event::{common, complete};
use super::fields::Fields;
use super::{Agent, Event, HookEvent};

pub(super) fn event(name: &str) -> Event {
    match name {
        "UserPromptSubmit" => Event::Prompt,
        "PreToolUse" => Event::BeforeTool,
        "PostToolUse" | "PostToolUseFailure" | "PostToolBatch" => Event::AfterTools,
        "SessionStart" => Event::SessionStart,
        "SessionEnd" => Event::SessionEnd,
        "SubagentStart" => Event::SubagentStart,
        "SubagentStop" => Event::SubagentStop,
        "Stop" | "StopFailure" => Event::Stop,
        _ => Event::Other,
    }
}

pub(super) fn parse(event: Event, name: String, mut fields: Fields) -> Result<HookEvent> {
    parse_as(Agent::Claude, event, name, &mut fields)
}

/// Reads what Codex and Gemini CLI send in the same shape.
pub(super) fn parse_as(
    agent: Agent,
    event: Event,
    name: String,
    fields: &mut Fields,
) -> Result<HookEvent> {
    let mut parsed = common(agent, event, name, fields)?;
    parsed.tool = fields.tool(event)?;
    complete(parsed)
}

/// Refusals of `PreToolUse` in the shape that Codex and Copilot CLI take as well.
pub(super) fn permission(name: &str, reason: &str) -> Value {
    json!({
        "hookEventName": name,
        "permissionDecision": "deny",
        "permissionDecisionReason": reason,
    })
}

/// Whether the agent would work on if this event were refused.
pub(super) fn works_on(name: &str) -> bool {
    matches!(name, "TeammateIdle" | "TaskCompleted")
}

pub(super) fn deny(event: Event, name: &str, reason: &str, stop_turn: bool) -> Refusal {
    let object = match event {
        // `continue` alone lets the tool run; with the refusal it ends the turn.
        Event::BeforeTool if stop_turn => json!({
            "continue": false,
            "stopReason": reason,
            "hookSpecificOutput": permission(name, reason),
        }),
        Event::BeforeTool => json!({"hookSpecificOutput": permission(name, reason)}),
        Event::Prompt => json!({"decision": "block", "reason": reason}),
        Event::AfterTools => json!({"continue": false, "stopReason": reason}),
        _ if works_on(name) => return Refusal::Nothing,
        _ => return Refusal::Exit,
    };
    Refusal::Object(object)
}

/// Whether a context reaches the model at this event.
pub(super) fn takes_context(event: Event, name: &str) -> bool {
    matches!(event, Event::SessionStart | Event::Prompt | Event::SubagentStart)
        || name == "PostToolBatch"
}

//! Codex CLI: the names of Claude Code, but a field too many in an answer makes the tool run.

use octorato_core::Result;
use serde_json::json;

use super::emission::Refusal;
use super::fields::Fields;
use super::{Agent, Event, HookEvent, claude};

pub(super) fn event(name: &str) -> Event {
    claude::event(name)
}

pub(super) fn parse(event: Event, name: String, mut fields: Fields) -> Result<HookEvent> {
    claude::parse_as(Agent::Codex, event, name, &mut fields)
}

pub(super) fn deny(event: Event, name: &str, reason: &str) -> Refusal {
    Refusal::Object(match event {
        Event::BeforeTool => json!({"hookSpecificOutput": claude::permission(name, reason)}),
        Event::Prompt => json!({"decision": "block", "reason": reason}),
        Event::SessionStart => json!({"continue": false, "stopReason": reason}),
        // After a tool Codex cannot be stopped; the next tool or prompt is refused.
        _ => return Refusal::Exit,
    })
}

/// Whether a context reaches the model at this event.
pub(super) fn takes_context(event: Event) -> bool {
    matches!(event, Event::SessionStart | Event::Prompt)
}

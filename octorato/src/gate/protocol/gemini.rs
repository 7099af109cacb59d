//! Gemini CLI, the only agent with a hook before each request to the model.

use octorato_core::Result;
use serde_json::json;

use super::emission::Refusal;
use super::fields::Fields;
use super::{Agent, Event, HookEvent, claude};

pub(super) fn event(name: &str) -> Event {
    match name {
        "BeforeModel" => Event::BeforeModel,
        "BeforeAgent" => Event::Prompt,
        "BeforeTool" => Event::BeforeTool,
        "AfterTool" => Event::AfterTools,
        "SessionStart" => Event::SessionStart,
        "SessionEnd" => Event::SessionEnd,
        "AfterAgent" => Event::Stop,
        _ => Event::Other,
    }
}

pub(super) fn parse(event: Event, name: String, mut fields: Fields) -> Result<HookEvent> {
    let model = fields.requested_model();
    let parsed = claude::parse_as(Agent::Gemini, event, name, &mut fields)?;
    Ok(HookEvent { model: model.or(parsed.model), ..parsed })
}

pub(super) fn deny(event: Event, _name: &str, reason: &str) -> Refusal {
    Refusal::Object(match event {
        // The shape of Claude Code is not heeded here: the tool would run.
        Event::BeforeModel | Event::Prompt | Event::BeforeTool => {
            json!({"decision": "deny", "reason": reason})
        }
        Event::AfterTools => json!({"continue": false, "stopReason": reason}),
        _ => return Refusal::Exit,
    })
}

/// Whether a context reaches the model at this event.
pub(super) fn takes_context(event: Event) -> bool {
    matches!(event, Event::SessionStart | Event::Prompt | Event::AfterTools)
}

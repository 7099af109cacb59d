//! What a tool starts that spends on its own account.

use octorato_core::ModelId;
use octorato_finops::budget::SpendPath;

use super::protocol::{Event, HookEvent};

/// The paths of what a tool is about to start: a sub-agent of a kind, with a model; a skill.
pub(super) fn judged(event: &HookEvent, path: &SpendPath) -> Option<SpendPath> {
    if event.event != Event::BeforeTool {
        return None;
    }
    let tool = event.tool.as_ref()?;
    let text = |keys: &[&str]| {
        keys.iter().find_map(|key| tool.input.get(key)?.as_str()).filter(|text| !text.is_empty())
    };
    match tool.name.as_str() {
        "Task" | "Agent" | "task" => {
            let agent = text(&["subagent_type", "agent_type", "agent"])?;
            let model = text(&["model"]).map(ModelId::from).or_else(|| path.model.clone());
            Some(SpendPath { agent: Some(agent.into()), model, ..path.clone() })
        }
        "Skill" | "skill" => {
            let skill = text(&["skill", "command", "name"])?;
            Some(SpendPath { skill: Some(skill.into()), ..path.clone() })
        }
        _ => None,
    }
}

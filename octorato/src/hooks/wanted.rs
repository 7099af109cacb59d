//! The hooks that an agent shall have.

use std::path::Path;

use super::command::{Shell, write};
use super::tree::Tree;
use crate::gate::protocol::{Agent, Event, event_of};

/// After how many seconds an agent gives the gate up. The gate's own deadline is below it.
pub const TIMEOUT_SECONDS: u32 = 5;

/// Under which name Gemini CLI lists the hooks, and takes them for switched off.
pub(super) const NAME: &str = "octorato-gate";

/// How an agent writes its hooks down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Lists of groups, each with a matcher and a list of hooks.
    Groups,
    /// Lists of hooks.
    Flat,
}

/// A hook that is to be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The event in the agent's words.
    pub(super) event: &'static str,
    /// Which tools it is for, where the agent wants that to be said.
    pub(super) matcher: Option<&'static str>,
    /// The hook itself.
    pub(super) hook: Tree,
}

impl Wanted {
    /// What stands in the list of the event.
    pub(super) fn entry(&self, shape: Shape) -> Tree {
        if shape == Shape::Flat {
            return self.hook.clone();
        }
        let mut group = Vec::new();
        if let Some(matcher) = self.matcher {
            group.push(("matcher", Tree::text(matcher)));
        }
        group.push(("hooks", Tree::List(vec![self.hook.clone()])));
        Tree::Map(group)
    }
}

pub(super) fn shape(agent: Agent) -> Shape {
    match agent {
        Agent::Claude | Agent::Codex | Agent::Gemini => Shape::Groups,
        Agent::Copilot | Agent::Cursor => Shape::Flat,
    }
}

/// The events that bracket what costs money. Where an agent has several for the same thing, as
/// Cursor has for tools, older versions know only some of them.
pub(super) fn events(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Claude => &[
            "SessionStart",
            "UserPromptSubmit",
            "PreToolUse",
            "PostToolBatch",
            "SubagentStart",
            "SubagentStop",
            "Stop",
        ],
        // Sub-agents' tools come here as well; more events would be unknown to older versions,
        // which refuse the whole file then.
        Agent::Codex => &["SessionStart", "UserPromptSubmit", "PreToolUse", "Stop"],
        Agent::Gemini => {
            &["SessionStart", "BeforeAgent", "BeforeModel", "BeforeTool", "AfterTool", "AfterAgent"]
        }
        Agent::Copilot => &[
            "sessionStart",
            "userPromptSubmitted",
            "preToolUse",
            "postToolUse",
            "subagentStop",
            "agentStop",
        ],
        Agent::Cursor => &[
            "sessionStart",
            "beforeSubmitPrompt",
            "preToolUse",
            "beforeShellExecution",
            "beforeMCPExecution",
            "beforeReadFile",
            "subagentStart",
            "subagentStop",
            "stop",
        ],
    }
}

/// Whether a gate that cannot run shall count as a refusal at an event. At the end of a turn it
/// shall not: a refusal there makes agents work on, again and again.
pub(super) fn fails_closed(agent: Agent, event: &str) -> bool {
    match event_of(agent, event) {
        Event::BeforeModel | Event::Prompt | Event::BeforeTool | Event::AfterTools => true,
        Event::SubagentStart => agent == Agent::Cursor,
        _ => false,
    }
}

/// All hooks of an agent.
pub(super) fn wanted(agent: Agent, binary: &Path) -> Vec<Wanted> {
    let hook = |event: &&'static str| Wanted {
        event,
        matcher: matcher(agent, event),
        hook: hook(agent, event, binary),
    };
    events(agent).iter().map(hook).collect()
}

fn matcher(agent: Agent, event: &str) -> Option<&'static str> {
    let is_tool = matches!(event_of(agent, event), Event::BeforeTool | Event::AfterTools);
    match agent {
        Agent::Claude if event == "PreToolUse" => Some("*"),
        Agent::Gemini if is_tool => Some("*"),
        // Without one it is for every tool; Codex reads a matcher as a pattern, which `*` is not.
        _ => None,
    }
}

fn hook(agent: Agent, event: &str, binary: &Path) -> Tree {
    let closed = fails_closed(agent, event);
    let or_refuse = closed && matches!(agent, Agent::Codex | Agent::Gemini);
    let line = |shell| Tree::text(write(binary, agent, event, or_refuse, shell));
    let usual = line(Shell::Usual);
    let seconds = Tree::Number(TIMEOUT_SECONDS);
    let command = ("type", Tree::text("command"));
    Tree::Map(match agent {
        Agent::Claude => {
            let mut hook = vec![command, ("command", usual), ("timeout", seconds)];
            if closed {
                hook.push(("onFailure", Tree::text("block")));
            }
            hook
        }
        Agent::Codex => vec![command, ("command", usual), ("timeout", seconds)],
        Agent::Gemini => vec![
            ("name", Tree::text(NAME)),
            command,
            ("command", usual),
            ("timeout", Tree::Number(TIMEOUT_SECONDS * 1000)),
        ],
        Agent::Copilot => vec![
            command,
            ("bash", usual),
            ("powershell", line(Shell::PowerShell)),
            ("timeoutSec", seconds),
        ],
        Agent::Cursor => {
            let mut hook = vec![("command", usual), ("timeout", seconds)];
            if closed {
                hook.push(("failClosed", Tree::True));
            }
            hook
        }
    })
}

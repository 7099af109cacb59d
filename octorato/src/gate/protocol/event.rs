//! What happened in an agent, in words that are the same for all of them.

use std::io::Read;
use std::path::PathBuf;

use octorato_core::{Error, ErrorKind, Result};
use serde_json::Value;

use super::fields::{Fields, MAX_INPUT, refused};
use super::{Agent, claude, codex, copilot, cursor, gemini};

/// The moment at which the hook was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A request is about to be sent to the model (Gemini CLI only).
    BeforeModel,
    /// The user has given a prompt, which is about to be sent.
    Prompt,
    /// A tool is about to run.
    BeforeTool,
    /// One or more tools have run; the model is about to be asked again.
    AfterTools,
    /// A session begins or goes on.
    SessionStart,
    /// A session has ended.
    SessionEnd,
    /// A sub-agent is about to begin.
    SubagentStart,
    /// A sub-agent has ended.
    SubagentStop,
    /// The agent has ended its turn.
    Stop,
    /// Anything else; [`HookEvent::name`] says what.
    Other,
}

impl Event {
    /// Whether the agent is done with what the event is about. A refusal at such a moment would
    /// make most agents work on instead of stopping them, so none is ever sent.
    pub fn is_an_end(self) -> bool {
        matches!(self, Self::SessionEnd | Self::SubagentStop | Self::Stop)
    }
}

/// A call of a tool that is about to run or has run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// The tool's name in its agent's words.
    pub name: String,
    /// Its arguments.
    pub input: Value,
    /// The call's id, where the agent gives one.
    pub id: Option<String>,
}

/// One call of a hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookEvent {
    /// Who called.
    pub agent: Agent,
    /// The moment.
    pub event: Event,
    /// The moment in the agent's own words, such as `PreToolUse`.
    pub name: String,
    /// The session.
    pub session: String,
    /// The transcript of the session, where the agent names it. It may not exist yet.
    pub transcript: Option<PathBuf>,
    /// The transcript of the sub-agent, where the agent names it.
    pub agent_transcript: Option<PathBuf>,
    /// The folder in which the agent works. All agents give it but Cursor without an open folder.
    pub cwd: Option<PathBuf>,
    /// The open folders, where the agent has several (Cursor); else empty.
    pub roots: Vec<PathBuf>,
    /// The tool, which is there at [`Event::BeforeTool`] at the least.
    pub tool: Option<ToolCall>,
    /// What the user said, which is there at [`Event::Prompt`].
    pub prompt: Option<String>,
    /// The model, where the agent names it.
    pub model: Option<String>,
    /// The sub-agent in which it happened.
    pub agent_id: Option<String>,
    /// The kind of that sub-agent.
    pub agent_type: Option<String>,
}

/// Reads the input of a hook, at most [`MAX_INPUT`] bytes of it. A longer one is an error of the
/// kind [`ErrorKind::InvalidArgument`], one that cannot be read of [`ErrorKind::Io`].
pub fn read(input: &mut impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_INPUT as u64 + 1;
    if let Err(error) = input.take(most).read_to_end(&mut bytes) {
        return Err(Error::new(ErrorKind::Io, "cannot read the hook's input").caused_by(error));
    }
    if bytes.len() > MAX_INPUT {
        return Err(too_long());
    }
    Ok(bytes)
}

fn too_long() -> Error {
    refused("the hook's input is too long").with("most_bytes", MAX_INPUT)
}

/// Understands the input of a hook. `name` is the event's name as the hook's command line gives
/// it, which agents need that do not send one (Copilot CLI).
///
/// Fields that nobody knows are skipped. What is needed has to be there and of its type: the
/// session, the folder, the tool before a tool, the prompt at a prompt. All else is an error of
/// the kind [`ErrorKind::InvalidArgument`], as is an event that is not the one of the command
/// line.
pub fn parse(agent: Agent, name: Option<&str>, input: &[u8]) -> Result<HookEvent> {
    if input.len() > MAX_INPUT {
        return Err(too_long());
    }
    let mut fields = Fields::read(input)?;
    let name = event_name(agent, name, &mut fields)?;
    let event = event_of(agent, &name);
    match agent {
        Agent::Claude => claude::parse(event, name, fields),
        Agent::Codex => codex::parse(event, name, fields),
        Agent::Gemini => gemini::parse(event, name, fields),
        Agent::Copilot => copilot::parse(event, name, fields),
        Agent::Cursor => cursor::parse(event, name, fields),
    }
}

/// The moment that an agent means by a name.
pub(crate) fn event_of(agent: Agent, name: &str) -> Event {
    match agent {
        Agent::Claude => claude::event(name),
        Agent::Codex => codex::event(name),
        Agent::Gemini => gemini::event(name),
        Agent::Copilot => copilot::event(name),
        Agent::Cursor => cursor::event(name),
    }
}

/// Whether an agent is done with what the event of this name is about: there nothing is denied, since
/// that would make it work on.
pub fn is_an_end(agent: Agent, name: &str) -> bool {
    event_of(agent, name).is_an_end() || agent == Agent::Claude && claude::works_on(name)
}

fn event_name(agent: Agent, told: Option<&str>, fields: &mut Fields) -> Result<String> {
    match (fields.hook_event_name.take(), told) {
        (Some(name), Some(told)) if event_of(agent, &name) != event_of(agent, told) => {
            Err(refused("the hook's event is not the one of its command line")
                .with("event", name)
                .with("command", told)
                .hinted("`octorato hook install` writes the right command"))
        }
        (Some(name), _) => Ok(name),
        (None, Some(told)) => Ok(told.to_owned()),
        (None, None) => Err(refused("the hook's input has no `hook_event_name`")
            .hinted("name the event on the command line with `--event`")),
    }
}

/// What all agents send under the same names.
pub(super) fn common(
    agent: Agent,
    event: Event,
    name: String,
    fields: &mut Fields,
) -> Result<HookEvent> {
    let transcript = fields.transcript_path.take().or_else(|| fields.camel_transcript_path.take());
    Ok(HookEvent {
        agent,
        event,
        name,
        session: fields.session()?,
        transcript: Fields::path(transcript),
        agent_transcript: Fields::path(fields.agent_transcript_path.take()),
        cwd: Fields::path(fields.cwd.take()),
        roots: Vec::new(),
        tool: None,
        prompt: fields.prompt.take(),
        model: fields.model.take(),
        agent_id: fields.agent_id.take().or_else(|| fields.subagent_id.take()),
        agent_type: fields.agent_type.take().or_else(|| fields.subagent_type.take()),
    })
}

/// The event, if what is needed at its moment is there.
pub(super) fn complete(event: HookEvent) -> Result<HookEvent> {
    let missing = match event.event {
        _ if event.cwd.is_none() && event.agent != Agent::Cursor => "cwd",
        Event::BeforeTool if event.tool.is_none() => "tool_name",
        Event::Prompt if event.prompt.is_none() => "prompt",
        _ => return Ok(event),
    };
    Err(refused(format!("the hook's input has no `{missing}`")).with("event", event.name))
}

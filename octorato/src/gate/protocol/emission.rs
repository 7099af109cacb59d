//! What is printed, and how the process ends.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::event::event_of;
use super::reason::one_line;
use super::{Agent, Event, HookEvent, claude, codex, copilot, cursor, gemini};

/// What the gate has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The agent may go on.
    Allow {
        /// What the model shall know, such as how much is left; sent where the agent has a
        /// channel for it at this event, else left out.
        context: Option<String>,
        /// What the user shall know; shown by the agent where it can, and on stderr.
        warning: Option<String>,
    },
    /// The agent may not do it.
    Deny {
        /// Why, for the user and the model: made one line by [`one_line`].
        reason: String,
        /// Whether the turn shall end, where the agent can do that.
        stop_turn: bool,
    },
}

impl Answer {
    /// The agent may go on, and there is nothing to say.
    pub const SILENT: Self = Self::Allow { context: None, warning: None };
}

/// What a hook prints and how it ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emission {
    /// The one object of the answer, without a line end; nothing else may be on stdout.
    pub stdout: Option<String>,
    /// One line for stderr, without its end.
    pub stderr: Option<String>,
    /// The exit code: 0, or 2 where that is the refusal.
    pub exit: u8,
}

impl Emission {
    /// Prints it: the answer first, then the talk. Talk that cannot be printed is no failure.
    pub fn write(&self, out: &mut impl Write, talk: &mut impl Write) -> io::Result<()> {
        if let Some(text) = &self.stdout {
            writeln!(out, "{text}")?;
            out.flush()?;
        }
        if let Some(text) = &self.stderr {
            let _ = writeln!(talk, "{text}").and_then(|()| talk.flush());
        }
        Ok(())
    }
}

/// What an agent can be told at an event.
#[derive(Debug)]
pub(super) enum Refusal {
    /// This object refuses.
    Object(Value),
    /// No object refuses here; exit 2 does, or is the most that can be said.
    Exit,
    /// The agent is done with it; every refusal would make it work on.
    Nothing,
}

/// An answer in the dialect of the agent that called.
///
/// To allow without a context or a warning prints nothing and exits with 0. To deny prints one
/// object and exits with 0, or prints none and exits with 2; the reason is on stderr both times.
/// Where an event is the end of something ([`Event::is_an_end`]) there is nothing to deny: the
/// reason is on stderr alone and the exit code is 0.
pub fn render(answer: &Answer, event: &HookEvent) -> Emission {
    emission(answer, event.agent, event.event, &event.name)
}

/// An answer to an input that could not be read; `name` is the event of the hook's command line.
/// Without a name a refusal is exit 2, since nothing is known of what the agent would take.
pub fn render_unread(answer: &Answer, agent: Agent, name: Option<&str>) -> Emission {
    match (name, answer) {
        (Some(name), _) => emission(answer, agent, event_of(agent, name), name),
        (None, Answer::Deny { reason, .. }) => {
            Emission { stdout: None, stderr: Some(one_line(reason)), exit: 2 }
        }
        (None, Answer::Allow { warning, .. }) => {
            Emission { stderr: warning.as_deref().and_then(said), ..Emission::default() }
        }
    }
}

fn emission(answer: &Answer, agent: Agent, event: Event, name: &str) -> Emission {
    match answer {
        Answer::Allow { context, warning } => {
            let context = context.as_deref().and_then(said);
            let warning = warning.as_deref().and_then(said);
            let object = go_on(agent, event, name, context, warning.as_deref());
            let stdout = (!object.is_empty()).then(|| Value::Object(object).to_string());
            Emission { stdout, stderr: warning, exit: 0 }
        }
        Answer::Deny { reason, stop_turn } => {
            let mut reason = one_line(reason);
            if reason.is_empty() {
                "octorato denies this".clone_into(&mut reason);
            }
            let refusal = if event.is_an_end() {
                Refusal::Nothing
            } else {
                match agent {
                    Agent::Claude => claude::deny(event, name, &reason, *stop_turn),
                    Agent::Codex => codex::deny(event, name, &reason),
                    Agent::Gemini => gemini::deny(event, name, &reason),
                    Agent::Copilot => copilot::deny(event, name, &reason),
                    Agent::Cursor => cursor::deny(event, name, &reason),
                }
            };
            let (stdout, exit) = match refusal {
                Refusal::Object(object) => (Some(object.to_string()), 0),
                Refusal::Exit => (None, 2),
                Refusal::Nothing => (None, 0),
            };
            Emission { stdout, stderr: Some(reason), exit }
        }
    }
}

/// A text in one line, unless nothing is left of it.
fn said(text: &str) -> Option<String> {
    Some(one_line(text)).filter(|line| !line.is_empty())
}

/// The object that lets an agent go on and tells it something; an empty one where it has no
/// channel for that.
fn go_on(
    agent: Agent,
    event: Event,
    name: &str,
    context: Option<String>,
    warning: Option<&str>,
) -> Map<String, Value> {
    let mut object = Map::new();
    let takes_context = match agent {
        Agent::Claude => claude::takes_context(event, name),
        Agent::Codex => codex::takes_context(event),
        Agent::Gemini => gemini::takes_context(event),
        // Nothing is known to reach the model for certain, so nothing is said.
        Agent::Copilot => return object,
        Agent::Cursor => {
            if let (Event::SessionStart, Some(context)) = (event, context) {
                object.insert("additional_context".to_owned(), context.into());
            }
            return object;
        }
    };
    if let Some(warning) = warning {
        object.insert("systemMessage".to_owned(), warning.into());
    }
    if let Some(context) = context.filter(|_| takes_context) {
        let specific = json!({"hookEventName": name, "additionalContext": context});
        object.insert("hookSpecificOutput".to_owned(), specific);
    }
    object
}

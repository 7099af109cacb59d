//! How coding agents speak with their hooks: one JSON document on stdin, one answer.
//!
//! Each agent has its own dialect, and a mixture of dialects, a field too many or a line of talk
//! before the answer makes some of them go on as if nothing had been said. So an answer is either
//! nothing at all, or exactly one object that the agent at hand takes for the event at hand, or
//! exit 2 with one line on stderr. What each agent sends and takes was seen in the real programs:
//! Claude Code 2.1, Codex 0.169, Gemini CLI 0.61, Copilot CLI 1.0; Cursor is after its
//! documentation.
//!
//! ```
//! use octorato::gate::protocol::{Agent, Answer, parse, render};
//!
//! let input = br#"{"session_id": "s", "cwd": "/w/acme", "hook_event_name": "PreToolUse",
//!     "tool_name": "Bash", "tool_input": {"command": "ls"}}"#;
//! let event = parse(Agent::Codex, None, input)?;
//! assert_eq!(event.tool.as_ref().map(|tool| tool.name.as_str()), Some("Bash"));
//!
//! let no = Answer::Deny { reason: "acme has spent $20.00 of $20.00".into(), stop_turn: true };
//! let emission = render(&no, &event);
//! assert_eq!((emission.exit, emission.stderr.as_deref()), (0, Some("acme has spent $20.00 of $20.00")));
//! assert!(emission.stdout.is_some_and(|text| text.contains(r#""permissionDecision":"deny""#)));
//! # Ok::<(), octorato_core::Error>(())
//! ```

mod agent;
mod claude;
mod codex;
mod copilot;
mod cursor;
mod emission;
mod event;
mod fields;
mod gemini;
mod reason;
mod verdict;

pub use agent::Agent;
pub use emission::{Answer, Emission, render, render_unread};
pub(crate) use event::event_of;
pub use event::{Event, HookEvent, ToolCall, is_an_end, parse, read};
pub use fields::{MAX_INPUT, MAX_TOOL_INPUT};
pub use reason::{MAX_REASON, one_line, sounds_like_a_retry};
pub use verdict::{Verdict, verdict};

#[cfg(test)]
mod tests;

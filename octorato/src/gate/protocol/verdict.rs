//! How an agent takes what a hook has printed, as strictly as the strictest of them.

use serde_json::Value;

use super::event::event_of;
use super::{Agent, Answer, Event, render_unread};

/// What an agent does after a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Allowed,
    /// It does not do what was asked.
    Denied,
    /// It takes the answer for none, and most agents go on then.
    Unclear,
}

/// How an agent takes the end of a hook at an event: its exit code (none where it was killed) and
/// what it printed.
///
/// ```
/// use octorato::gate::protocol::{Agent, Verdict, verdict};
///
/// let deny = r#"{"decision":"block","reason":"the cap is spent"}"#;
/// let taken = |code, out: &str| verdict(Agent::Codex, "UserPromptSubmit", code, out, "the cap is spent");
/// assert_eq!(taken(Some(0), deny), Verdict::Denied);
/// assert_eq!(taken(Some(2), ""), Verdict::Denied);
/// assert_eq!(taken(Some(0), ""), Verdict::Allowed);
/// assert_eq!(taken(Some(0), &format!("log\n{deny}")), Verdict::Unclear);
/// assert_eq!(taken(Some(1), ""), Verdict::Unclear);
/// ```
pub fn verdict(agent: Agent, name: &str, code: Option<i32>, out: &str, talk: &str) -> Verdict {
    let event = event_of(agent, name);
    let out = out.trim();
    let talk = talk.trim();
    let takes_exit_2 = matches!(event, Event::BeforeModel | Event::Prompt | Event::BeforeTool)
        && !(agent == Agent::Copilot && event == Event::Prompt);
    match code {
        Some(0) if out.is_empty() => Verdict::Allowed,
        Some(0) => match serde_json::from_str::<Value>(out) {
            Ok(answer) if refuses(&answer, agent, name, talk) => Verdict::Denied,
            Ok(answer) if only_tells(&answer) => Verdict::Allowed,
            _ => Verdict::Unclear,
        },
        Some(2) if out.is_empty() && !talk.is_empty() && takes_exit_2 => Verdict::Denied,
        _ => Verdict::Unclear,
    }
}

/// Whether an object is the very one that refuses, for a reason that stands on stderr too.
fn refuses(answer: &Value, agent: Agent, name: &str, talk: &str) -> bool {
    let reason = talk.lines().next_back().unwrap_or_default();
    [false, true].into_iter().any(|stop_turn| {
        let deny = Answer::Deny { reason: reason.to_owned(), stop_turn };
        let object = render_unread(&deny, agent, Some(name)).stdout;
        object.and_then(|text| serde_json::from_str::<Value>(&text).ok()).as_ref() == Some(answer)
    })
}

/// Whether an object decides nothing.
fn only_tells(answer: &Value) -> bool {
    let Some(fields) = answer.as_object() else { return false };
    fields.iter().all(|(key, value)| match key.as_str() {
        "systemMessage" | "additional_context" => value.is_string(),
        "hookSpecificOutput" => value.as_object().is_some_and(|inner| {
            inner.keys().all(|key| matches!(key.as_str(), "hookEventName" | "additionalContext"))
        }),
        _ => false,
    })
}

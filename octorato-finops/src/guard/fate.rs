//! What the end of an HTTP attempt means for its reservation.

use serde_json::Value;

use crate::price::{ResponseUsage, UsageTotals};

/// How an HTTP attempt ended.
#[derive(Clone, Copy, Debug)]
pub enum Attempt<'a> {
    /// Nothing of the request left this machine: no connection, no name, a veto before it.
    NotSent,
    /// Something of it may have been sent, and no status came back.
    NoAnswer,
    /// The provider answered.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body as JSON, or the list of a stream's events; null where it is no JSON.
        body: &'a Value,
        /// Whether it came to its own end: a whole body, a stream with its last event.
        is_whole: bool,
    },
}

/// What becomes of a reservation.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Its cost is known.
    Settle(Box<ResponseUsage>),
    /// It cost nothing.
    Release(NotCharged),
    /// Nobody will tell what it cost: its worst case stays held, what was seen is booked.
    Orphan {
        /// What was seen.
        seen: Option<Box<ResponseUsage>>,
        /// What happened.
        reason: String,
    },
}

/// Why a call cost nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCharged {
    /// It was not sent.
    NotSent,
    /// The provider refused it, with this status and an error of its own.
    Refused(u16),
}

impl std::fmt::Display for NotCharged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSent => f.write_str("it was not sent"),
            Self::Refused(status) => write!(f, "the provider refused it with status {status}"),
        }
    }
}

/// What the end of an attempt means.
///
/// - Not sent, or a status of 400 and more with the provider's own error in a whole body and without
///   usage: released.
/// - 408, 499, 502, 504 and 520 to 528 come from what stands between, which does not know what the
///   provider did: an orphan. So is an error with a body that is cut or not the provider's, and a
///   request without an answer. 529 is Anthropic's own "overloaded"
///   (<https://platform.claude.com/docs/en/api/errors>) and a refusal like others.
/// - A whole answer with usage: settled, whatever its status.
/// - Everything else, such as a stream that was cut or an answer that counts nothing: an orphan, of
///   which what was seen is booked.
///
/// ```
/// use octorato_finops::guard::{Attempt, Fate, NotCharged, outcome_of};
///
/// let body = serde_json::json!({"type": "error", "error": {"type": "invalid_request_error"}});
/// let attempt = Attempt::Answered { status: 400, body: &body, is_whole: true };
/// let fate = outcome_of("anthropic", None, attempt);
/// assert_eq!(fate, Fate::Release(NotCharged::Refused(400)));
/// ```
pub fn outcome_of(provider: &str, flavor: Option<&str>, attempt: Attempt<'_>) -> Fate {
    let (status, body, is_whole) = match attempt {
        Attempt::NotSent => return Fate::Release(NotCharged::NotSent),
        Attempt::NoAnswer => return orphan(None, "no answer came"),
        Attempt::Answered { status, body, is_whole } => (status, body, is_whole),
    };
    let seen = UsageTotals::from_response(provider, flavor, body);
    let seen = seen.ok().filter(counts_something).map(Box::new);
    let is_error = status >= 400 || holds_error(provider, status, body);
    match seen {
        Some(usage) if is_whole && !is_error => Fate::Settle(usage),
        // An answer that is billed, whatever its status.
        Some(usage) if is_whole && status >= 400 && !is_between(status) => Fate::Settle(usage),
        Some(usage) => orphan(Some(usage), format!("status {status}, cut before its end")),
        None if is_between(status) => orphan(None, format!("status {status}, which tells nothing")),
        None if status >= 400 && is_whole && holds_error(provider, status, body) => {
            Fate::Release(NotCharged::Refused(status))
        }
        None if status >= 400 => orphan(None, format!("status {status} without a known error")),
        None if is_whole => orphan(None, format!("status {status}, no usage was told")),
        None => orphan(None, format!("status {status}, cut before any usage")),
    }
}

fn orphan(seen: Option<Box<ResponseUsage>>, reason: impl Into<String>) -> Fate {
    Fate::Orphan { seen, reason: reason.into() }
}

/// Statuses of what stands between a caller and a provider.
fn is_between(status: u16) -> bool {
    matches!(status, 408 | 499 | 502 | 504 | 520..=528)
}

fn counts_something(usage: &ResponseUsage) -> bool {
    usage.totals.iter().next().is_some() || !usage.inside.is_empty()
}

/// Whether a body is an error of a provider's API: `error` at its top (`OpenAI`, Anthropic, Gemini,
/// and most that speak their forms), also as one of a list of events, or `message`, `__type` or
/// `detail` without anything that a model wrote (Bedrock, Cohere, Mistral).
///
/// A gateway between has errors of its own. Those below 500 were not passed on; from 500 on, `error`
/// must be an object, and a mere message counts only from those whose form it is.
fn holds_error(provider: &str, status: u16, body: &Value) -> bool {
    const WRITTEN: [&str; 5] = ["content", "choices", "candidates", "output", "usage"];
    const TERSE: [&str; 4] = ["aws", "bedrock", "cohere", "mistral"];
    let is_refusal = status < 500;
    let is_error = |error: &Value| error.is_object() || is_refusal && error.is_string();
    match body {
        Value::Array(events) => events.iter().filter_map(|event| event.get("error")).any(is_error),
        Value::Object(fields) => {
            let has_message = ["message", "Message", "__type", "detail"]
                .iter()
                .any(|name| fields.get(*name).is_some_and(|text| !text.is_null()))
                && WRITTEN.iter().all(|name| !fields.contains_key(*name))
                && (is_refusal || TERSE.contains(&provider));
            fields.get("error").is_some_and(is_error) || has_message
        }
        _ => false,
    }
}

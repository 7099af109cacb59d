//! Which request a correction is about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use octorato_core::{AgentId, MessageId, ModelId, SessionId, Unit, Usage, UsageEvent};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};

/// Which request is meant: what stays the same when its transcripts are moved.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventKey {
    /// The reader that found it, such as `claude-code`.
    pub reader: String,
    /// The session that it was made in, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The subagent that made it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The provider's message id, where the log has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The model as the log names it; an advisor's request has the message id of its caller's.
    pub model: ModelId,
    /// When it was made.
    pub at: Timestamp,
    /// All that it used, by unit: a correction is about what was counted when it was made.
    #[serde(serialize_with = "write_usage", deserialize_with = "read_usage")]
    pub usage: Usage,
    /// Its file and line, where the log has no message id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

impl From<&UsageEvent> for EventKey {
    fn from(event: &UsageEvent) -> Self {
        let evidence = &event.evidence;
        Self {
            reader: evidence.reader.to_owned(),
            session: event.session.clone(),
            agent: event.agent.clone(),
            message: evidence.message.clone(),
            model: event.model.clone(),
            at: event.at,
            usage: event.usage,
            place: match evidence.message {
                Some(_) => None,
                None => Some(format!("{}:{}", evidence.file.display(), evidence.line)),
            },
        }
    }
}

/// The units that were used.
fn write_usage<S: Serializer>(usage: &Usage, serializer: S) -> Result<S::Ok, S::Error> {
    let used = usage.iter().filter(|(_, count)| *count > 0);
    serializer.collect_map(used.map(|(unit, count)| (unit.name(), count)))
}

fn read_usage<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Usage, D::Error> {
    let mut usage = Usage::new();
    for (name, count) in BTreeMap::<String, u64>::deserialize(deserializer)? {
        let unit = Unit::from_name(&name)
            .ok_or_else(|| D::Error::custom(format!("no such unit: `{name}`")))?;
        usage.set(unit, count);
    }
    Ok(usage)
}

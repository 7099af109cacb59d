//! Where imported usage was found, and why it is whose it is.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{
    AgentId, AttributionReason, Evidence, MessageId, Money, Precision, RequestId, UsageEvent,
};

use super::operation::Metered;
use crate::budget::SpendPath;

/// What a usage event says beside its path and its counts, so that it can be shown again when its
/// log is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// When the first record of the request was written, as this snapshot has it.
    pub at: Timestamp,
    /// The sub-agent by its id in the session; nothing for the main agent.
    pub agent: Option<AgentId>,
    /// The sub-agent that called it.
    pub parent_agent: Option<AgentId>,
    /// The working folder as the record writes it.
    pub cwd: Option<Arc<str>>,
    /// How exact the counts are.
    pub precision: Precision,
    /// Why it is the arm's.
    pub attribution: AttributionReason,
    /// The file of the earliest record; a name that is not UTF-8 with U+FFFD for what is not.
    pub file: Arc<str>,
    /// The line of that record, from 1.
    pub line: u64,
    /// The byte at which that line starts.
    pub offset: u64,
    /// How many records showed this request, copies included.
    pub records: u32,
    /// The provider's message id.
    pub message: Option<MessageId>,
    /// The provider's request id.
    pub request: Option<RequestId>,
    /// The cost that the agent itself wrote down, as it is written; never the price.
    pub reported_cost: Option<Arc<str>>,
    /// What it costs at the operator's own prices, in USD, where that is not the list cost.
    pub contracted: Option<Money>,
}

impl Origin {
    /// What is kept of an event.
    pub fn of(
        event: &UsageEvent,
        attribution: AttributionReason,
        contracted: Option<Money>,
    ) -> Self {
        let evidence = &event.evidence;
        Self {
            at: event.at,
            agent: event.agent.clone(),
            parent_agent: event.parent_agent.clone(),
            cwd: event.cwd.clone(),
            precision: event.precision,
            attribution,
            file: evidence.file.to_string_lossy().into(),
            line: evidence.line,
            offset: evidence.offset,
            records: evidence.records,
            message: evidence.message.clone(),
            request: evidence.request.clone(),
            reported_cost: evidence.reported_cost.clone(),
            contracted,
        }
    }

    /// The event again: session, agent's type and skill are those of `path`, the counts `metered`'s.
    pub fn event(&self, reader: &'static str, path: &SpendPath, metered: &Metered) -> UsageEvent {
        UsageEvent {
            at: self.at,
            provider: metered.provider.clone(),
            model: metered.model.clone(),
            usage: metered.usage,
            context: metered.context.clone(),
            session: path.session.clone(),
            agent: self.agent.clone(),
            agent_name: path.agent.clone(),
            parent_agent: self.parent_agent.clone(),
            skill: path.skill.clone(),
            cwd: self.cwd.clone(),
            evidence: Evidence {
                reader,
                file: Path::new(&*self.file).into(),
                line: self.line,
                offset: self.offset,
                records: self.records,
                message: self.message.clone(),
                request: self.request.clone(),
                reported_cost: self.reported_cost.clone(),
            },
            precision: self.precision,
        }
    }
}

#[cfg(test)]
mod tests {
    use octorato_core::{PriceContext, Unit, Usage};

    use super::*;

    #[test]
    fn an_event_is_made_again() {
        let mut usage = Usage::default();
        usage.set(Unit::Input, 7);
        let mut context = PriceContext::standard();
        context.set("speed", "fast");
        let event = UsageEvent {
            at: "2026-10-20T12:00:00Z".parse().unwrap(),
            provider: Some("anthropic".into()),
            model: "claude-opus-4-8".into(),
            usage,
            context,
            session: Some("s1".into()),
            agent: Some("a1".into()),
            agent_name: Some("researcher".into()),
            parent_agent: Some("a0".into()),
            skill: Some("search".into()),
            cwd: Some("/work/acme".into()),
            evidence: Evidence {
                reader: "claude-code",
                file: Path::new("s1.jsonl").into(),
                line: 3,
                offset: 99,
                records: 2,
                message: Some("msg_1".into()),
                request: Some("req_1".into()),
                reported_cost: Some("0.1".into()),
            },
            precision: Precision::Estimated,
        };
        let metered = Metered {
            provider: event.provider.clone(),
            model: event.model.clone(),
            usage: event.usage,
            context: event.context.clone(),
            book: "book".into(),
        };
        let path = SpendPath {
            session: event.session.clone(),
            agent: event.agent_name.clone(),
            skill: event.skill.clone(),
            ..SpendPath::default()
        };
        let origin = Origin::of(&event, AttributionReason::Root, None);
        assert_eq!(origin.event("claude-code", &path, &metered), event);
    }
}

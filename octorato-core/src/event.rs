//! One provider request's usage, with its evidence and its owner.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{AgentId, ArmId, MessageId, ModelId, ProviderId, RequestId, SessionId, Usage};

/// One request to a provider: what it consumed, when, where, and how we know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageEvent {
    /// When the first record of the request was written.
    pub at: Timestamp,
    /// Who bills, where the record says so; a price lookup may infer it from the model.
    pub provider: Option<ProviderId>,
    /// The model as the record names it; empty where it names none.
    pub model: ModelId,
    /// What was consumed.
    pub usage: Usage,
    /// What selects a price other than the standard one (service tier, speed, region, batch).
    pub context: PriceContext,
    /// The agent's session; a sub-agent's is its parent's.
    pub session: Option<SessionId>,
    /// The sub-agent that made the request, by its id in the session; nothing for the main agent.
    pub agent: Option<AgentId>,
    /// The sub-agent's type (`code-reviewer`), where it is known.
    pub agent_name: Option<Arc<str>>,
    /// The sub-agent that called this one, where it is known; nothing for the main agent.
    pub parent_agent: Option<AgentId>,
    /// The skill that was active, where the record names it.
    pub skill: Option<Arc<str>>,
    /// The working folder as the record writes it.
    pub cwd: Option<Arc<str>>,
    /// Where the numbers come from.
    pub evidence: Evidence,
    /// How exact the counts are.
    pub precision: Precision,
}

/// How exact the counts of an event are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Counted by the provider for this request.
    Exact,
    /// A total of a whole session, of which the parts are not known.
    SessionTotal,
    /// Seen before the provider had finished counting, or counted by the agent itself.
    Estimated,
}

/// Where an event's numbers can be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The reader that found it, such as `claude-code`.
    pub reader: &'static str,
    /// The file of the earliest record.
    pub file: Arc<Path>,
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
}

/// What selects a price variant: pairs such as `service_tier=flex`, sorted by name.
///
/// Empty means standard. Values that mean standard (`service_tier=standard`, `speed=standard`,
/// `inference_geo=not_available` or `global`) are never kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PriceContext(Vec<(Arc<str>, Arc<str>)>);

impl PriceContext {
    /// The standard price.
    pub const fn standard() -> Self {
        Self(Vec::new())
    }

    /// Adds a pair unless its value means standard.
    ///
    /// ```
    /// use octorato_core::PriceContext;
    ///
    /// let mut context = PriceContext::standard();
    /// context.set("service_tier", "standard");
    /// assert!(context.is_standard());
    /// context.set("speed", "fast");
    /// assert_eq!(context.to_string(), "speed=fast");
    /// ```
    pub fn set(&mut self, name: &str, value: &str) {
        if matches!(value, "" | "standard" | "default" | "not_available" | "global" | "auto") {
            return;
        }
        match self.0.binary_search_by(|(known, _)| known.as_ref().cmp(name)) {
            Ok(at) => self.0[at].1 = value.into(),
            Err(at) => self.0.insert(at, (name.into(), value.into())),
        }
    }

    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The pairs in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Whether the standard price applies.
    pub fn is_standard(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for PriceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (name, value)) in self.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{name}={value}")?;
        }
        Ok(())
    }
}

impl Serialize for PriceContext {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Whose an event is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attribution {
    /// The arm; nothing for unattributed spend.
    pub arm: Option<ArmId>,
    /// The rule that decided.
    pub reason: AttributionReason,
}

/// The rules of attribution, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttributionReason {
    /// The session was given to the arm (`octorato arm assign`, `octorato run`).
    Pinned,
    /// The working folder lies under a root, as both are written.
    Root,
    /// The working folder lies under a root once links are followed.
    RealPath,
    /// The working folder is a git worktree of a repository under a root.
    Worktree,
    /// The git remote of the working folder belongs to the arm.
    Remote,
    /// Nothing said it of this record; the session's last known arm.
    Inherited,
    /// No rule matched.
    Unattributed,
}

impl AttributionReason {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pinned => "pinned",
            Self::Root => "root",
            Self::RealPath => "real_path",
            Self::Worktree => "worktree",
            Self::Remote => "remote",
            Self::Inherited => "inherited",
            Self::Unattributed => "unattributed",
        }
    }
}

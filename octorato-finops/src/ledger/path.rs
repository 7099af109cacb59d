//! Where spend belongs, and which of it a budget means.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use octorato_core::{ArmId, ClientId, ModelId, SessionId};

/// One way down the hierarchy: operator > client and arm > project > agent > session > run, with
/// what else a budget may ask for. What is not known is left out.
///
/// Everything has the operator above it, so that has no field. An arm belongs to one client; who
/// makes a path fills in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpendPath {
    /// The arm's client.
    pub client: Option<ClientId>,
    /// The arm; nothing for unattributed spend.
    pub arm: Option<ArmId>,
    /// A project within the arm.
    pub project: Option<Arc<str>>,
    /// The kind of agent, such as `researcher`.
    pub agent: Option<Arc<str>>,
    /// The session.
    pub session: Option<SessionId>,
    /// The run within the session.
    pub run: Option<Arc<str>>,
    /// The skill that was active.
    pub skill: Option<Arc<str>>,
    /// The model that is asked.
    pub model: Option<ModelId>,
    /// What the program added, by name.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl SpendPath {
    /// The path of an arm and its client, nothing below known.
    pub fn of_arm(client: ClientId, arm: ArmId) -> Self {
        Self { client: Some(client), arm: Some(arm), ..Self::default() }
    }
}

/// Over whose spend a budget stands; the widest first.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// All spend, unattributed spend included.
    Operator,
    /// All arms of a client.
    Client(ClientId),
    /// One arm.
    Arm(ArmId),
}

impl Scope {
    /// Whether the scope holds spend of `path`.
    pub fn holds(&self, path: &SpendPath) -> bool {
        match self {
            Self::Operator => true,
            Self::Client(client) => path.client.as_ref() == Some(client),
            Self::Arm(arm) => path.arm.as_ref() == Some(arm),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.pad("operator"),
            Self::Client(client) => f.pad(&format!("client {client}")),
            Self::Arm(arm) => f.pad(&format!("arm {arm}")),
        }
    }
}

/// What a budget asks of a path beside its scope. All that is given must match; nothing given
/// matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Selector {
    /// The project.
    pub project: Option<Arc<str>>,
    /// The kind of agent.
    pub agent: Option<Arc<str>>,
    /// The session.
    pub session: Option<SessionId>,
    /// The run.
    pub run: Option<Arc<str>>,
    /// The skill.
    pub skill: Option<Arc<str>>,
    /// The model.
    pub model: Option<ModelId>,
    /// Tags and their values.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl Selector {
    /// Whether `path` has all that is asked for.
    ///
    /// ```
    /// use octorato_finops::ledger::{Selector, SpendPath};
    ///
    /// let research = Selector { agent: Some("researcher".into()), ..Selector::default() };
    /// assert!(!research.matches(&SpendPath::default()));
    /// assert!(Selector::default().matches(&SpendPath::default()));
    /// ```
    pub fn matches(&self, path: &SpendPath) -> bool {
        fn asks<T: PartialEq>(asked: Option<&T>, given: Option<&T>) -> bool {
            asked.is_none() || asked == given
        }
        asks(self.project.as_ref(), path.project.as_ref())
            && asks(self.agent.as_ref(), path.agent.as_ref())
            && asks(self.session.as_ref(), path.session.as_ref())
            && asks(self.run.as_ref(), path.run.as_ref())
            && asks(self.skill.as_ref(), path.skill.as_ref())
            && asks(self.model.as_ref(), path.model.as_ref())
            && self.tags.iter().all(|(name, value)| path.tags.get(name) == Some(value))
    }

    /// The pairs that are asked for, by the names of `budgets.yaml`, in a fixed order.
    pub fn pairs(&self) -> Vec<(String, &str)> {
        let named = [
            ("project", self.project.as_deref()),
            ("agent", self.agent.as_deref()),
            ("session", self.session.as_ref().map(SessionId::as_str)),
            ("run", self.run.as_deref()),
            ("skill", self.skill.as_deref()),
            ("model", self.model.as_ref().map(ModelId::as_str)),
        ];
        let given = |(name, value): (&str, Option<_>)| value.map(|value| (name.to_owned(), value));
        let mut pairs: Vec<(String, &str)> = named.into_iter().filter_map(given).collect();
        for (name, value) in &self.tags {
            pairs.push((format!("tag.{name}"), value));
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_asked_for_must_match() {
        let path = SpendPath {
            agent: Some("researcher".into()),
            model: Some("claude-opus-4-5".into()),
            tags: [("team".into(), "blue".into())].into(),
            ..SpendPath::of_arm(ClientId::new("acme").unwrap(), ArmId::new("acme-web").unwrap())
        };
        let mut selector = Selector { agent: Some("researcher".into()), ..Selector::default() };
        assert!(selector.matches(&path));
        selector.tags.insert("team".into(), "red".into());
        assert!(!selector.matches(&path));
        assert_eq!(selector.pairs(), [("agent".into(), "researcher"), ("tag.team".into(), "red")]);
    }

    #[test]
    fn a_scope_holds_its_own_and_nobody_elses() {
        let acme = SpendPath::of_arm(ClientId::new("acme").unwrap(), ArmId::new("web").unwrap());
        let nobody = SpendPath::default();
        let client = Scope::Client(ClientId::new("acme").unwrap());
        let arm = Scope::Arm(ArmId::new("web").unwrap());
        for scope in [&Scope::Operator, &client, &arm] {
            assert!(scope.holds(&acme), "{scope}");
            assert_eq!(scope.holds(&nobody), *scope == Scope::Operator, "{scope}");
        }
    }
}

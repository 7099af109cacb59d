//! Where spend belongs: all that budgets may select by.

use std::collections::BTreeMap;
use std::sync::Arc;

use octorato_core::{ArmId, ClientId, ModelId, SessionId};

/// One way down the hierarchy: operator > client and arm > project > agent > session > run, with
/// what else a budget may ask for. What is not known is nothing, and a budget that selects by it
/// does not match.
///
/// Everything has the operator above it, so that has no field. An arm belongs to one client; who
/// makes a path fills in both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpendPath {
    /// The arm's client.
    pub client: Option<ClientId>,
    /// The arm; nothing for unattributed work, which only the operator's budgets judge.
    pub arm: Option<ArmId>,
    /// A project within the arm, as the caller names it.
    pub project: Option<Arc<str>>,
    /// The type of the agent (`researcher`), not its id in the session.
    pub agent: Option<Arc<str>>,
    /// The agent's session.
    pub session: Option<SessionId>,
    /// The run of a pipeline or a batch, as the caller names it.
    pub run: Option<Arc<str>>,
    /// The active skill.
    pub skill: Option<Arc<str>>,
    /// The model as the call names it.
    pub model: Option<ModelId>,
    /// The id of the price list's entry that it is priced as, where there is one.
    pub priced_as: Option<ModelId>,
    /// The caller's own tags.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

impl SpendPath {
    /// The path of an arm and its client, nothing below known.
    pub fn of_arm(client: ClientId, arm: ArmId) -> Self {
        Self { client: Some(client), arm: Some(arm), ..Self::default() }
    }
}

//! Whom a budget is about, and the path of a call that it is compared with.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Arms, ClientId, ModelId, SessionId};

/// Whose spending a budget counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// That of all arms, and what is attributed to none.
    Operator,
    /// That of all arms of a client.
    Client(ClientId),
    /// That of one arm.
    Arm(ArmId),
}

impl Scope {
    /// The zone of its days and months: the arm's, else its client's, else the operator's.
    pub fn zone<'a>(&self, arms: &'a Arms) -> &'a TimeZone {
        let of_client = |id| arms.client(id).and_then(|client| client.zone.as_ref());
        let zone = match self {
            Self::Operator => None,
            Self::Client(id) => of_client(id),
            Self::Arm(id) => {
                arms.arm(id).and_then(|arm| arm.zone.as_ref().or_else(|| of_client(&arm.client)))
            }
        };
        zone.unwrap_or(&arms.zone)
    }
}

/// `arm acme-web`, `client acme`, `operator`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("operator"),
            Self::Client(id) => write!(f, "client {id}"),
            Self::Arm(id) => write!(f, "arm {id}"),
        }
    }
}

/// The path of a call: all that budgets may select by. What is not known is nothing, and a budget
/// that selects by it does not match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The client whose arm it is.
    pub client: Option<ClientId>,
    /// The arm; nothing for unattributed work, which only the operator's budgets judge.
    pub arm: Option<ArmId>,
    /// The project in the arm, as the caller names it.
    pub project: Option<Arc<str>>,
    /// The agent's session.
    pub session: Option<SessionId>,
    /// The run of a pipeline or a batch, as the caller names it.
    pub run: Option<Arc<str>>,
    /// The type of the agent (`researcher`), not its id in the session.
    pub agent: Option<Arc<str>>,
    /// The active skill.
    pub skill: Option<Arc<str>>,
    /// The model as the call names it.
    pub model: Option<ModelId>,
    /// The id of the price list's entry that it is priced as, where there is one.
    pub priced_as: Option<ModelId>,
    /// The caller's own tags.
    pub tags: BTreeMap<Arc<str>, Arc<str>>,
}

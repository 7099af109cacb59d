//! Whom a budget is about.

use std::fmt;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Arms, ClientId};

use super::path::SpendPath;

/// Whose spending a budget counts; the widest first.
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
    /// Whether the scope holds spend of `path`.
    pub fn holds(&self, path: &SpendPath) -> bool {
        match self {
            Self::Operator => true,
            Self::Client(client) => path.client.as_ref() == Some(client),
            Self::Arm(arm) => path.arm.as_ref() == Some(arm),
        }
    }

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
            Self::Operator => f.pad("operator"),
            Self::Client(id) => f.pad(&format!("client {id}")),
            Self::Arm(id) => f.pad(&format!("arm {id}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

//! The budgets that a ledger judges by, made flat: nothing in them depends on a file or on the arms.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Arms, ClientId, Error, ErrorKind, Result};

use super::cap::{Basis, Budget, BudgetId};
use super::path::SpendPath;
use super::policy::{OnError, Policy, PolicyId, Unpriced};
use super::scope::Scope;

/// A budget in force, with what is asked of it at every call.
#[derive(Clone, Debug, PartialEq)]
pub struct Judge {
    /// Its identity.
    pub id: BudgetId,
    /// What people call it.
    pub title: Arc<str>,
    /// The budget itself.
    pub budget: Budget,
}

/// The budgets in force: those of a policy, flat, with the answers that it declares.
///
/// Two are equal if they have the same budgets in the same order and answer the same.
#[derive(Clone, Debug)]
pub struct InForce {
    policy: PolicyId,
    on_error: Option<OnError>,
    unpriced: Unpriced,
    judges: Vec<Judge>,
    allocated: Vec<Budget>,
    by_id: HashMap<BudgetId, usize>,
    by_scope: ByScope,
}

/// The places of the budgets of each scope.
#[derive(Clone, Debug, Default)]
struct ByScope {
    operator: Vec<usize>,
    clients: HashMap<ClientId, Vec<usize>>,
    arms: HashMap<ArmId, Vec<usize>>,
}

impl InForce {
    /// No budget: everything is granted.
    pub fn none() -> Self {
        let policy = Policy::none();
        Self {
            policy: policy.id(),
            on_error: None,
            unpriced: policy.unpriced(),
            judges: Vec::new(),
            allocated: Vec::new(),
            by_id: HashMap::new(),
            by_scope: ByScope::default(),
        }
    }

    /// A policy beside the arms of now; see [`Policy::in_force`].
    pub fn of(policy: &Policy, arms: &Arms) -> Result<Self> {
        let budgets = policy.in_force(arms);
        Self::new(policy.id(), policy.declared().on_error, policy.unpriced(), budgets)
    }

    /// Takes budgets in their order, under the id of the policy that declares them.
    ///
    /// An error: two budgets that are the same one; a civil period in a zone that has no name,
    /// which no store could keep; a hard stop on allocated cost, which is not known at a call.
    pub fn new(
        policy: PolicyId,
        on_error: Option<OnError>,
        unpriced: Unpriced,
        budgets: Vec<Budget>,
    ) -> Result<Self> {
        let mut by_scope = ByScope::default();
        let mut by_id = HashMap::new();
        let mut judges: Vec<Judge> = Vec::with_capacity(budgets.len());
        let mut allocated: Vec<Budget> = Vec::new();
        for budget in budgets {
            let place = judges.len();
            let (id, title): (_, Arc<str>) = (budget.id(), budget.title().into());
            let known = by_id.contains_key(&id) || allocated.iter().any(|other| other.id() == id);
            if known {
                return Err(Error::new(ErrorKind::InvalidArgument, "two budgets are the same one")
                    .with("budget", title)
                    .hinted("they differ in neither scope, match, period, zone nor anchor"));
            }
            if budget.cycle().is_civil() && budget.zone().iana_name().is_none() {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "the zone of a budget has no name",
                )
                .with("budget", title));
            }
            if budget.basis() == Basis::Allocated {
                if budget.tiers().has_hard_stop() {
                    return Err(Error::new(
                        ErrorKind::InvalidArgument,
                        "a hard stop on allocated cost, which is not known at a call",
                    )
                    .with("budget", title));
                }
                allocated.push(budget);
                continue;
            }
            by_id.insert(id, place);
            match budget.scope() {
                Scope::Operator => by_scope.operator.push(place),
                Scope::Client(id) => by_scope.clients.entry(id.clone()).or_default().push(place),
                Scope::Arm(id) => by_scope.arms.entry(id.clone()).or_default().push(place),
            }
            // A zone that cuts nothing is nobody's: it would only make equal budgets differ.
            let is_civil = budget.cycle().is_civil();
            let budget = if is_civil { budget } else { budget.in_zone(TimeZone::UTC) };
            judges.push(Judge { id, title, budget });
        }
        Ok(Self { policy, on_error, unpriced, judges, allocated, by_id, by_scope })
    }

    /// The id of the policy that declares them.
    pub fn policy(&self) -> PolicyId {
        self.policy
    }

    /// What becomes of models without a price under a budget that enforces its limit.
    pub fn unpriced(&self) -> Unpriced {
        self.unpriced
    }

    /// What is answered when nothing can be known, as it was declared.
    pub fn declared_on_error(&self) -> Option<OnError> {
        self.on_error
    }

    /// What is answered to a call when the ledger cannot say whether it fits; see
    /// [`Policy::on_error`].
    pub fn on_error(&self, path: &SpendPath) -> OnError {
        let is_capped = || self.judging(path).iter().any(|judge| judge.budget.enforces());
        match self.on_error {
            Some(answer) => answer,
            None if is_capped() => OnError::Deny,
            None => OnError::Allow,
        }
    }

    /// Every budget on list cost with its id, in the order of the policy: those of which a ledger
    /// keeps balances.
    pub fn judges(&self) -> &[Judge] {
        &self.judges
    }

    /// The budgets on allocated cost: they never deny, and what was spent of them is a report's.
    pub fn allocated(&self) -> &[Budget] {
        &self.allocated
    }

    /// Every budget: those on list cost, then those on allocated cost.
    pub fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.judges.iter().map(|judge| &judge.budget).chain(&self.allocated)
    }

    /// The budget on list cost of an id.
    pub fn find(&self, id: BudgetId) -> Option<&Judge> {
        self.by_id.get(&id).and_then(|place| self.judges.get(*place))
    }

    /// The budgets that judge spend on `path`, in the order of the policy.
    pub fn judging(&self, path: &SpendPath) -> Vec<&Judge> {
        let ByScope { operator, clients, arms } = &self.by_scope;
        let of_client = path.client.as_ref().and_then(|id| clients.get(id));
        let of_arm = path.arm.as_ref().and_then(|id| arms.get(id));
        let scoped = operator.iter().chain(of_client.into_iter().flatten());
        let mut places: Vec<usize> = scoped.chain(of_arm.into_iter().flatten()).copied().collect();
        places.sort_unstable();
        let judges = places.into_iter().filter_map(|place| self.judges.get(place));
        judges.filter(|judge| judge.budget.matches(path)).collect()
    }
}

impl PartialEq for InForce {
    fn eq(&self, other: &Self) -> bool {
        let Self { policy, on_error, unpriced, judges, allocated, by_id: _, by_scope: _ } = self;
        (policy, on_error, unpriced) == (&other.policy, &other.on_error, &other.unpriced)
            && (judges, allocated) == (&other.judges, &other.allocated)
    }
}

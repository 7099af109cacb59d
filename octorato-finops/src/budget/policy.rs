//! All that an operator declares about spending.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::fmt;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Arms, Error, ErrorKind, Result};

use super::cap::{Budget, BudgetId};
use super::explain::{Explained, PolicyExplanation};
use super::path::SpendPath;
use super::scope::Scope;
use super::sink::Sink;

/// What is answered when it cannot be known whether a call fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnError {
    /// The call is denied.
    Deny,
    /// The call is allowed.
    Allow,
}

impl OnError {
    /// Every answer.
    pub const ALL: &[Self] = &[Self::Deny, Self::Allow];

    /// The name in `budgets.yaml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
        }
    }

    /// The answer of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|answer| answer.name() == name)
    }
}

/// What becomes of a model without a price under a budget that enforces its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unpriced {
    /// The call is denied: what it costs has no bound.
    #[default]
    Refuse,
    /// The call is allowed, counted and reported; its cost is in no balance.
    Flag,
}

impl Unpriced {
    /// Every choice.
    pub const ALL: &[Self] = &[Self::Refuse, Self::Flag];

    /// The name in `budgets.yaml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Flag => "flag",
        }
    }

    /// The choice of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|choice| choice.name() == name)
    }
}

/// The budget of each arm that no budget names.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultBudget {
    budget: Budget,
    zone: Option<TimeZone>,
}

impl DefaultBudget {
    /// Takes a budget whose scope does not matter; `zone` is that of its periods, each arm's own
    /// where it is not given.
    pub fn new(budget: Budget, zone: Option<TimeZone>) -> Self {
        Self { budget: budget.about(Scope::Operator), zone }
    }

    /// What the budget is, about nobody.
    pub(super) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// The zone that it names.
    pub(super) fn zone(&self) -> Option<&TimeZone> {
        self.zone.as_ref()
    }

    /// The budget of an arm, whose own zone is `zone`.
    fn for_arm(&self, arm: &ArmId, zone: &TimeZone) -> Budget {
        let zone = self.zone.as_ref().unwrap_or(zone).clone();
        self.budget.clone().about(Scope::Arm(arm.clone())).in_zone(zone)
    }

    fn canonical(&self) -> String {
        let zone = self.zone.as_ref().map(|zone| zone.iana_name().unwrap_or("?"));
        format!("default {zone:?} {}", self.budget.canonical())
    }
}

/// The parts of a policy, as they are declared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Declared {
    /// What is answered when nothing can be known; see [`Policy::on_error`] where not given.
    pub on_error: Option<OnError>,
    /// What becomes of models without a price.
    pub unpriced: Unpriced,
    /// The budgets, of which no two are the same.
    pub budgets: Vec<Budget>,
    /// The budget of each arm that none of them names.
    pub default: Option<DefaultBudget>,
    /// Where alerts go, by names that budgets use.
    pub sinks: BTreeMap<String, Sink>,
}

/// The content of a policy: equal where the order of its parts and comments alone differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyId([u8; 32]);

impl PolicyId {
    /// All 64 hexadecimal digits.
    pub fn full(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The id of 64 hexadecimal digits, as [`Self::full`] writes them.
    pub fn from_full(text: &str) -> Option<Self> {
        blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
    }
}

/// The first 16 hexadecimal digits.
impl fmt::Display for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.full()[..16])
    }
}

impl fmt::Debug for PolicyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What an operator declares about spending, made certain.
#[derive(Clone, Debug)]
pub struct Policy {
    declared: Declared,
    /// The default's budgets for the arms that no budget names.
    of_default: Vec<Budget>,
    /// The zone of arms that are not declared.
    zone: TimeZone,
}

impl Policy {
    /// No budget: everything is allowed.
    pub fn none() -> Self {
        Self { declared: Declared::default(), of_default: Vec::new(), zone: TimeZone::UTC }
    }

    /// A policy of budgets alone.
    pub fn of(budgets: Vec<Budget>, arms: &Arms) -> Result<Self> {
        Self::new(Declared { budgets, ..Declared::default() }, arms)
    }

    /// Makes certain that no two budgets are the same one and that each sink exists, and gives the
    /// default to every declared arm that no budget names.
    ///
    /// Only a budget about the arm itself names it: neither its client's nor the operator's does.
    pub fn new(declared: Declared, arms: &Arms) -> Result<Self> {
        let mut known: HashSet<BudgetId> = HashSet::new();
        for budget in &declared.budgets {
            if !known.insert(budget.id()) {
                return Err(Error::new(ErrorKind::InvalidArgument, "two budgets are the same one")
                    .with("budget", budget.title())
                    .hinted("they differ in neither scope, match, period, zone nor anchor"));
            }
        }
        let default = declared.default.as_ref().map(|default| &default.budget);
        for budget in declared.budgets.iter().chain(default) {
            let mut named = budget.sinks().unwrap_or_default().iter();
            if let Some(name) = named.find(|name| !declared.sinks.contains_key(*name)) {
                return Err(Error::new(ErrorKind::NotFound, format!("no such sink: `{name}`"))
                    .with("budget", budget.title()));
            }
        }
        let mut policy = Self { declared, of_default: Vec::new(), zone: arms.zone.clone() };
        if let Some(default) = &policy.declared.default {
            policy.of_default = policy.defaults(default, arms);
        }
        Ok(policy)
    }

    /// Whether a declared budget is about this arm.
    fn names(&self, arm: &ArmId) -> bool {
        let mut scopes = self.declared.budgets.iter().map(Budget::scope);
        scopes.any(|scope| matches!(scope, Scope::Arm(id) if id == arm))
    }

    /// Whether there is no budget at all, so that everything is allowed.
    pub fn is_empty(&self) -> bool {
        self.declared.budgets.is_empty() && self.declared.default.is_none()
    }

    /// The parts as they were declared.
    pub fn declared(&self) -> &Declared {
        &self.declared
    }

    /// Every budget in force: the declared ones in their order, then the default of each declared
    /// arm that none of them names.
    pub fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.declared.budgets.iter().chain(&self.of_default)
    }

    /// Every budget, flat, with the default of each of `arms` that no budget names: those of now,
    /// which may be others than those at the reading.
    pub fn in_force(&self, arms: &Arms) -> Vec<Budget> {
        let mut budgets = self.declared.budgets.clone();
        if let Some(default) = &self.declared.default {
            budgets.extend(self.defaults(default, arms));
        }
        budgets
    }

    /// The default of each arm that no declared budget names.
    fn defaults(&self, default: &DefaultBudget, arms: &Arms) -> Vec<Budget> {
        let unnamed = arms.arms.iter().map(|arm| &arm.id).filter(|id| !self.names(id));
        unnamed.map(|id| default.for_arm(id, Scope::Arm(id.clone()).zone(arms))).collect()
    }

    /// The budgets that judge a call, in the order of [`Self::budgets`].
    ///
    /// An arm that is not declared and that no budget names has the default as well, in the
    /// operator's zone.
    pub fn matching(&self, call: &SpendPath) -> Vec<Cow<'_, Budget>> {
        self.all_for(call).into_iter().filter(|budget| budget.matches(call)).collect()
    }

    /// Every budget, and the default of the call's arm where it is not declared.
    fn all_for(&self, call: &SpendPath) -> Vec<Cow<'_, Budget>> {
        let mut budgets: Vec<Cow<'_, Budget>> = self.budgets().map(Cow::Borrowed).collect();
        let undeclared = call.arm.as_ref().filter(|arm| {
            let mut scopes = self.budgets().map(Budget::scope);
            !scopes.any(|scope| matches!(scope, Scope::Arm(id) if id == *arm))
        });
        if let Some((default, arm)) = self.declared.default.as_ref().zip(undeclared) {
            budgets.push(Cow::Owned(default.for_arm(arm, &self.zone)));
        }
        budgets
    }

    /// Which budgets judge a call, and why the others do not. For the operator: it names other arms.
    pub fn explain(&self, call: &SpendPath) -> PolicyExplanation<'_> {
        let lines = self.all_for(call).into_iter().map(|budget| {
            let mismatch = budget.mismatch(call);
            Explained { budget, mismatch }
        });
        PolicyExplanation { lines: lines.collect() }
    }

    /// What is answered to a call when the ledger cannot say whether it fits: what was declared,
    /// else deny where a budget that judges the call enforces its limit, and allow where none does.
    pub fn on_error(&self, call: &SpendPath) -> OnError {
        let is_capped = || self.matching(call).iter().any(|budget| budget.enforces());
        match self.declared.on_error {
            Some(answer) => answer,
            None if is_capped() => OnError::Deny,
            None => OnError::Allow,
        }
    }

    /// What becomes of models without a price under a budget that enforces its limit.
    pub fn unpriced(&self) -> Unpriced {
        self.declared.unpriced
    }

    /// The sinks that a budget tells, with their names.
    pub fn sinks_of<'p>(&'p self, budget: &'p Budget) -> impl Iterator<Item = (&'p str, &'p Sink)> {
        let sinks = self.declared.sinks.iter().map(|(name, sink)| (name.as_str(), sink));
        sinks.filter(|(name, _)| {
            budget.sinks().is_none_or(|names| names.iter().any(|other| other == name))
        })
    }

    /// The hash of its content.
    pub fn id(&self) -> PolicyId {
        let Declared { on_error, unpriced, budgets, default, sinks } = &self.declared;
        let mut lines: Vec<String> = budgets.iter().map(Budget::canonical).collect();
        lines.extend(default.iter().map(DefaultBudget::canonical));
        lines
            .extend(sinks.iter().map(|(name, sink)| format!("sink {name:?} {}", sink.canonical())));
        lines.sort_unstable();
        let on_error = on_error.map_or("-", OnError::name);
        let text =
            format!("octorato budgets 1\n{on_error} {}\n{}", unpriced.name(), lines.join("\n"));
        PolicyId(*blake3::hash(text.as_bytes()).as_bytes())
    }
}

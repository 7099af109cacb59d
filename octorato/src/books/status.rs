//! How it stands with the budgets, for people and as a document.

use std::collections::HashMap;

use jiff::Timestamp;
use octorato_core::{ArmId, ClientId, Currency, Money, Result};
use octorato_finops::budget::{Basis, Budget, BudgetId, Cycle, Judge, Scope, SpendPath};
use octorato_finops::ledger::{Level, Raise, Slot, Standing};
use serde_json::{Value, json};

use super::Books;
use crate::config::budgets::Lines;
use octorato_core::Arms;

/// Which budgets are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those that judge work of this arm.
    pub arm: Option<ArmId>,
    /// Those of this client and of its arms.
    pub client: Option<ClientId>,
}

impl Filter {
    fn takes(&self, scope: &Scope, arms: &Arms) -> bool {
        let client_of = |id: &ArmId| arms.arm(id).map(|arm| &arm.client);
        let by_arm = self.arm.as_ref().is_none_or(|arm| {
            let path = SpendPath {
                client: client_of(arm).cloned(),
                arm: Some(arm.clone()),
                ..SpendPath::default()
            };
            scope.holds(&path)
        });
        let by_client = self.client.as_ref().is_none_or(|client| match scope {
            Scope::Operator => false,
            Scope::Client(id) => id == client,
            Scope::Arm(id) => client_of(id) == Some(client),
        });
        by_arm && by_client
    }
}

/// How it stands with every budget in force.
#[derive(Clone, Debug)]
pub struct Status {
    /// The ledger's time.
    pub at: Timestamp,
    /// Whether the machine's clock is believed.
    pub is_clock_trusted: bool,
    /// The budgets in the order of the policy.
    pub lines: Vec<Line>,
}

/// How it stands with one budget.
#[derive(Clone, Debug)]
pub struct Line {
    /// The budget.
    pub judge: Judge,
    /// Its current period, or each session or run that has spent something, the fullest first.
    pub standings: Vec<Standing>,
    /// The extensions in force.
    pub raises: Vec<Raise>,
    /// Of a trial, how many calls of this period it would have denied.
    pub would_deny: Option<u64>,
    /// Where it is declared, such as `budgets.yaml:7`.
    pub declared: Option<String>,
}

/// How it stands with a budget, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// No tier is reached.
    Ok,
    /// A tier that tells the sinks is reached.
    Alert,
    /// A tier that tells the agent too is reached.
    Warn,
    /// The limit is reached: where it is enforced, nothing more is granted.
    Over,
    /// The limit of a trial is reached: it would deny, and does not.
    Shadow,
}

impl State {
    /// Of a standing.
    pub fn of(standing: &Standing) -> Self {
        match standing.level {
            Level::Over if standing.is_shadow => Self::Shadow,
            Level::Over => Self::Over,
            Level::Warn => Self::Warn,
            Level::Alert => Self::Alert,
            Level::Ok => Self::Ok,
        }
    }

    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Alert => "alert",
            Self::Warn => "warn",
            Self::Over => "over",
            Self::Shadow => "shadow",
        }
    }
}

impl Books {
    /// How it stands with the budgets that are meant.
    pub fn status(&self, filter: &Filter) -> Result<Status> {
        let arms = &self.arms;
        let mut of_budget: HashMap<BudgetId, Vec<Standing>> = HashMap::new();
        for standing in self.ledger.standings()? {
            of_budget.entry(standing.budget).or_default().push(standing);
        }
        let mut raises: HashMap<BudgetId, Vec<Raise>> = HashMap::new();
        for raise in self.ledger.raises()? {
            raises.entry(raise.budget).or_default().push(raise);
        }
        let reading = self.ledger.time()?;
        let trials = super::trials::denied(self)?;
        let lines = Lines::of(&self.places.budgets(), arms);
        let mut status =
            Status { at: reading.now, is_clock_trusted: reading.is_trusted, lines: Vec::new() };
        for judge in self.regime.in_force().judges() {
            if !filter.takes(judge.budget.scope(), arms) {
                continue;
            }
            let mut standings = of_budget.remove(&judge.id).unwrap_or_default();
            standings.sort_by_key(|standing| standing.remaining().map_or(i128::MAX, Money::pico));
            status.lines.push(Line {
                judge: judge.clone(),
                standings,
                raises: raises.remove(&judge.id).unwrap_or_default(),
                would_deny: trials.get(&judge.id).copied(),
                declared: lines.as_ref().and_then(|lines| lines.find(judge.id)),
            });
        }
        Ok(status)
    }
}

impl Status {
    /// The document that `octorato budget status --json` prints, without what is said of the
    /// policy.
    pub fn rows(&self) -> Vec<Value> {
        self.lines.iter().flat_map(Line::rows).collect()
    }

    /// Whether a budget is over its limit, or a tier that warns is reached.
    pub fn has_warnings(&self) -> bool {
        let mut standings = self.lines.iter().flat_map(|line| &line.standings);
        standings.any(|it| matches!(State::of(it), State::Warn | State::Over | State::Shadow))
    }
}

impl Line {
    /// What the period of a standing is called.
    pub fn label(&self, standing: Option<&Standing>) -> String {
        label(&self.judge.budget, standing.map(|it| &it.slot))
    }

    fn rows(&self) -> Vec<Value> {
        if self.standings.is_empty() {
            return vec![self.row(None)];
        }
        self.standings.iter().map(|standing| self.row(Some(standing))).collect()
    }

    fn row(&self, standing: Option<&Standing>) -> Value {
        let Judge { id, title, budget } = &self.judge;
        let nothing = Money::zero(Currency::USD);
        let amount = |of: fn(&Standing) -> Money| standing.map_or(nothing, of);
        let reserved = standing.and_then(|it| it.reserved().ok()).unwrap_or(nothing);
        let limit = standing.map_or(budget.limit(), |it| it.limit);
        let remaining = standing.and_then(|it| it.remaining().ok()).unwrap_or(limit);
        let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let (arm, client) = parties(budget.scope());
        let tiers: Vec<Value> = budget
            .tiers()
            .list()
            .iter()
            .map(|tier| {
                let at = tier.at.of(budget.cap()).ok();
                let spent = amount(|it| it.spent);
                json!({
                    "at_pct": tier.at.to_string(),
                    "action": tier.action.name(),
                    "at": at.map(|at| at.to_string()),
                    "reached": spent.pico() > 0 && at.is_some_and(|at| at.pico() <= spent.pico()),
                })
            })
            .collect();
        let raises: Vec<Value> = self.raises.iter().map(raise_row).collect();
        json!({
            "id": id.to_string(),
            "name": title,
            "scope": scope_name(budget.scope()),
            "arm": arm,
            "client": client,
            "match": conditions(budget),
            "period": {
                "kind": budget.cycle().name(),
                "start": instant(standing.and_then(|it| it.start)),
                "end": instant(standing.and_then(|it| it.end)),
                "label": self.label(standing),
                "timezone": budget.zone().iana_name(),
            },
            "cap": budget.cap().to_string(),
            "limit": limit.to_string(),
            "spent": amount(|it| it.spent).to_string(),
            "reserved": reserved.to_string(),
            "open": amount(|it| it.open).to_string(),
            "orphaned": amount(|it| it.orphaned).to_string(),
            "remaining": remaining.to_string(),
            "state": standing.map_or("ok", |it| State::of(it).name()),
            "enforced": budget.enforces(),
            "shadow": budget.is_shadow(),
            "would_deny": self.would_deny,
            "basis": budget.basis().name(),
            "resets": instant(standing.and_then(|it| it.resets)),
            "tiers": tiers,
            "extensions": raises,
            "declared": self.declared,
        })
    }
}

/// The arm and the client that a budget is about.
pub(crate) fn parties(scope: &Scope) -> (Option<&ArmId>, Option<&ClientId>) {
    match scope {
        Scope::Operator => (None, None),
        Scope::Client(id) => (None, Some(id)),
        Scope::Arm(id) => (Some(id), None),
    }
}

/// The conditions of a budget, by their names in `budgets.yaml`.
pub(crate) fn conditions(budget: &Budget) -> Value {
    let pairs = budget.selectors().iter();
    Value::Object(pairs.map(|(selector, value)| (selector.to_string(), value.into())).collect())
}

pub(crate) fn scope_name(scope: &Scope) -> &'static str {
    match scope {
        Scope::Operator => "operator",
        Scope::Client(_) => "client",
        Scope::Arm(_) => "arm",
    }
}

/// An extension as a document.
pub fn raise_row(raise: &Raise) -> Value {
    json!({
        "id": raise.id.to_string(),
        "budget": raise.budget.to_string(),
        "usd": raise.amount.to_string(),
        "until": raise.until.to_string(),
        "reason": raise.reason,
        "key": raise.signature.as_ref().map(|(key, _)| key),
    })
}

/// What a slot is called: `2026-11`, `last 24h`, `session s1`.
pub(crate) fn label(budget: &Budget, slot: Option<&Slot>) -> String {
    match (budget.cycle(), slot) {
        (_, Some(Slot::Session(session))) => format!("session {session}"),
        (_, Some(Slot::Run(run))) => format!("run {run}"),
        (Cycle::Rolling(rolling), _) => format!("last {rolling}"),
        (Cycle::Total, _) => "all time".to_owned(),
        (cycle, Some(Slot::From(start))) => {
            let period = budget.period(*start).ok().flatten();
            period.map_or_else(|| cycle.name().to_owned(), |period| period.label().to_owned())
        }
        (cycle, _) => cycle.name().to_owned(),
    }
}

/// Whether the ledger counts what the budget is about.
pub(crate) fn is_counted(budget: &Budget) -> bool {
    budget.basis() == Basis::List
}

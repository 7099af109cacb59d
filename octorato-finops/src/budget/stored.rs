//! A policy as text that outlives its file: what stays in force when `budgets.yaml` cannot be used.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use octorato_core::{ArmId, Arms, ClientId, Currency, Error, ErrorKind, Money, Result};
use serde::{Deserialize, Serialize};

use super::cap::{Basis, Budget};
use super::cycle::Cycle;
use super::in_force::InForce;
use super::policy::{Declared, DefaultBudget, OnError, Policy, PolicyId, Unpriced};
use super::scope::Scope;
use super::selectors::{Selector, Selectors};
use super::sink::{Sink, Target};
use super::tiers::{Action, Percent, Tier, Tiers};
use crate::zone;

/// The version of the text; another one is refused.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredInForce {
    version: u32,
    policy: String,
    on_error: Option<String>,
    unpriced: String,
    budgets: Vec<StoredBudget>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    id: String,
    on_error: Option<String>,
    unpriced: String,
    budgets: Vec<StoredBudget>,
    default: Option<StoredBudget>,
    sinks: BTreeMap<String, StoredSink>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBudget {
    scope: StoredScope,
    matching: BTreeMap<String, String>,
    period: String,
    first_day: Option<String>,
    zone: Option<String>,
    name: Option<String>,
    usd_cap: String,
    tiers: Vec<(String, String)>,
    limit_pct: String,
    basis: String,
    shadow: bool,
    sinks: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredScope {
    Operator,
    Client(ClientId),
    Arm(ArmId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredSink {
    command: Option<Vec<String>>,
    webhook: Option<String>,
    timeout_seconds: u32,
    retries: u32,
}

impl Policy {
    /// The policy as JSON that [`Self::from_stored`] reads; it does not depend on the file that it
    /// came from. The addresses of webhooks are in it as they are.
    ///
    /// Fails where the zone of a budget has no name.
    pub fn to_stored(&self) -> Result<String> {
        let Declared { on_error, unpriced, budgets, default, sinks } = self.declared();
        let stored = Stored {
            version: VERSION,
            id: self.id().full(),
            on_error: on_error.map(|answer| answer.name().to_owned()),
            unpriced: unpriced.name().to_owned(),
            budgets: budgets
                .iter()
                .map(|budget| store(budget, Some(budget.zone())))
                .collect::<Result<_>>()?,
            default: default
                .as_ref()
                .map(|default| store(default.budget(), default.zone()))
                .transpose()?,
            sinks: sinks.iter().map(|(name, sink)| (name.clone(), store_sink(sink))).collect(),
        };
        serde_json::to_string(&stored)
            .map_err(|error| damaged("cannot be written").caused_by(error))
    }

    /// Reads what [`Self::to_stored`] wrote. `arms` are those of now: the default is for the arms
    /// that no budget names, and a budget of an arm that is no longer declared stays.
    ///
    /// A text of another version, and one that does not have the content that it was written with,
    /// is an error of kind [`ErrorKind::Data`].
    pub fn from_stored(text: &str, arms: &Arms) -> Result<Self> {
        let stored: Stored = serde_json::from_str(text)
            .map_err(|error| damaged("cannot be read").caused_by(error))?;
        if stored.version != VERSION {
            return Err(damaged("is of another version").with("version", stored.version));
        }
        let id = stored.id.clone();
        let policy = restore_policy(stored, arms)?;
        if policy.id().full() == id {
            return Ok(policy);
        }
        Err(damaged("has another content than it says").with("id", id))
    }
}

impl InForce {
    /// The budgets in force as JSON that [`Self::from_stored`] reads, with the zones of their periods
    /// by name. It holds no sinks, only their names.
    pub fn to_stored(&self) -> Result<String> {
        let budgets = self.budgets().map(|budget| {
            let zone = if budget.cycle().is_civil() { budget.zone() } else { &TimeZone::UTC };
            store(budget, Some(zone))
        });
        let stored = StoredInForce {
            version: VERSION,
            policy: self.policy().full(),
            on_error: self.declared_on_error().map(|answer| answer.name().to_owned()),
            unpriced: self.unpriced().name().to_owned(),
            budgets: budgets.collect::<Result<_>>()?,
        };
        serde_json::to_string(&stored)
            .map_err(|error| damaged("cannot be written").caused_by(error))
    }

    /// Reads what [`Self::to_stored`] wrote. A text of another version is an error of kind
    /// [`ErrorKind::Data`]; whether it is unchanged, the ledger's chain says.
    pub fn from_stored(text: &str) -> Result<Self> {
        let stored: StoredInForce = serde_json::from_str(text)
            .map_err(|error| damaged("cannot be read").caused_by(error))?;
        if stored.version != VERSION {
            return Err(damaged("is of another version").with("version", stored.version));
        }
        let unknown = || damaged("has an unknown word");
        let policy = PolicyId::from_full(&stored.policy).ok_or_else(unknown)?;
        let on_error = match &stored.on_error {
            Some(name) => Some(OnError::from_name(name).ok_or_else(unknown)?),
            None => None,
        };
        let unpriced = Unpriced::from_name(&stored.unpriced).ok_or_else(unknown)?;
        Self::new(policy, on_error, unpriced, restore_budgets(stored.budgets)?)
    }
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Data, format!("the stored policy {what}"))
}

fn restore_policy(stored: Stored, arms: &Arms) -> Result<Policy> {
    let unknown = || damaged("has an unknown word");
    let on_error = match &stored.on_error {
        Some(name) => Some(OnError::from_name(name).ok_or_else(unknown)?),
        None => None,
    };
    let default = stored.default.map(restore).transpose()?;
    let sinks = stored.sinks.into_iter().map(|(name, sink)| Ok((name, restore_sink(sink)?)));
    let declared = Declared {
        on_error,
        unpriced: Unpriced::from_name(&stored.unpriced).ok_or_else(unknown)?,
        budgets: restore_budgets(stored.budgets)?,
        default: default.map(|(budget, zone)| DefaultBudget::new(budget, zone)),
        sinks: sinks.collect::<Result<_>>()?,
    };
    Policy::new(declared, arms)
}

fn restore_budgets(stored: Vec<StoredBudget>) -> Result<Vec<Budget>> {
    let budgets = stored.into_iter().map(|stored| {
        let (budget, zone) = restore(stored)?;
        Ok(budget.in_zone(zone.ok_or_else(|| damaged("has a budget without a zone"))?))
    });
    budgets.collect()
}

fn store(budget: &Budget, zone: Option<&TimeZone>) -> Result<StoredBudget> {
    let zone = zone.map(|zone| {
        zone.iana_name().map(str::to_owned).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, "the zone of a budget has no name")
                .with("budget", budget.title())
        })
    });
    let tiers = budget.tiers();
    let tier = |tier: &Tier| (tier.at.to_string(), tier.action.name().to_owned());
    let (period, first_day) = match budget.cycle() {
        Cycle::Rolling(rolling) => (format!("rolling:{}h", rolling.hours()), None),
        cycle => (cycle.name().to_owned(), cycle.first_day()),
    };
    Ok(StoredBudget {
        scope: match budget.scope() {
            Scope::Operator => StoredScope::Operator,
            Scope::Client(id) => StoredScope::Client(id.clone()),
            Scope::Arm(id) => StoredScope::Arm(id.clone()),
        },
        matching: budget
            .selectors()
            .iter()
            .map(|(selector, value)| (selector.to_string(), value.to_owned()))
            .collect(),
        period,
        first_day,
        zone: zone.transpose()?,
        name: budget.name().map(str::to_owned),
        usd_cap: budget.cap().to_string(),
        tiers: tiers.list().iter().map(tier).collect(),
        limit_pct: tiers.limit().to_string(),
        basis: budget.basis().name().to_owned(),
        shadow: budget.is_shadow(),
        sinks: budget.sinks().map(<[String]>::to_vec),
    })
}

/// A budget in UTC, and its zone.
fn restore(stored: StoredBudget) -> Result<(Budget, Option<TimeZone>)> {
    let unknown = || damaged("has an unknown word");
    let scope = match stored.scope {
        StoredScope::Operator => Scope::Operator,
        StoredScope::Client(id) => Scope::Client(id),
        StoredScope::Arm(id) => Scope::Arm(id),
    };
    let cycle = Cycle::from_name(&stored.period).ok_or_else(unknown)?;
    let cycle = match &stored.first_day {
        Some(day) => cycle.starting(day)?,
        None => cycle,
    };
    let tiers = stored.tiers.iter().map(|(at, action)| {
        Ok(Tier { at: percent(at)?, action: Action::from_name(action).ok_or_else(unknown)? })
    });
    let tiers: Vec<Tier> = tiers.collect::<Result<_>>()?;
    let has_stop = tiers.iter().any(|tier| tier.action == Action::HardStop);
    let grace = if has_stop { None } else { Some(percent(&stored.limit_pct)?) };
    let cap = Money::parse(&stored.usd_cap, Currency::USD)?;
    let mut budget = Budget::new(scope, cycle, cap, Tiers::new(None, grace, tiers)?)?;
    let mut matching = Selectors::default();
    for (name, value) in &stored.matching {
        matching = matching.with(Selector::from_name(name).ok_or_else(unknown)?, value)?;
    }
    budget = budget.matching(matching).in_shadow(stored.shadow);
    budget = budget.on_basis(Basis::from_name(&stored.basis).ok_or_else(unknown)?);
    if let Some(name) = stored.name {
        budget = budget.named(name);
    }
    if let Some(sinks) = stored.sinks {
        budget = budget.telling(sinks);
    }
    let zone = stored.zone.map(|name| {
        zone::find(&name).map_err(|error| damaged("has an unknown zone").caused_by(error))
    });
    Ok((budget, zone.transpose()?))
}

fn percent(text: &str) -> Result<Percent> {
    let decimal = text.parse().map_err(|_| damaged("has a part of a cap that is no number"))?;
    Percent::new(decimal)
}

fn store_sink(sink: &Sink) -> StoredSink {
    let (command, webhook) = match sink.target() {
        Target::Command(words) => (Some(words.clone()), None),
        Target::Webhook(url) => (None, Some(url.clone())),
    };
    let (timeout_seconds, retries) = (sink.timeout_seconds(), sink.retries());
    StoredSink { command, webhook, timeout_seconds, retries }
}

fn restore_sink(stored: StoredSink) -> Result<Sink> {
    let sink = match (stored.command, stored.webhook) {
        (Some(words), None) => Sink::command(words)?,
        (None, Some(url)) => Sink::webhook(&url)?,
        _ => return Err(damaged("has a sink without one target")),
    };
    sink.with_timeout(stored.timeout_seconds.into())?.with_retries(stored.retries.into())
}

//! One budget.

use std::fmt::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::{ArmId, Currency, Error, ErrorKind, Money, Period, Result};

use super::cycle::Cycle;
use super::path::SpendPath;
use super::scope::Scope;
use super::selectors::{Mismatch, Selectors};
use super::tiers::{Percent, Tier, Tiers};

/// Which cost counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Basis {
    /// List cost, also of work under a plan.
    #[default]
    List,
    /// Of work under a plan its share of the fee, of other work its cost.
    Allocated,
}

impl Basis {
    /// Every basis.
    pub const ALL: &[Self] = &[Self::List, Self::Allocated];

    /// The name in `budgets.yaml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Allocated => "allocated",
        }
    }

    /// The basis of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|basis| basis.name() == name)
    }
}

/// The identity of a budget: the hash of its scope, match, period, zone and anchor.
///
/// Two budgets with one id are one budget with two sets of attributes. The zone counts only where
/// it cuts the period.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetId([u8; 32]);

impl BudgetId {
    /// All 64 hexadecimal digits.
    pub fn full(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The 32 bytes, for a store.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id of these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// The first 16 hexadecimal digits.
impl fmt::Display for BudgetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.full()[..16])
    }
}

impl fmt::Debug for BudgetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What may be spent by whom in which period, and what happens then.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    scope: Scope,
    matching: Selectors,
    cycle: Cycle,
    zone: TimeZone,
    name: Option<String>,
    cap: Money,
    tiers: Tiers,
    limit: Money,
    basis: Basis,
    shadow: bool,
    sinks: Option<Vec<String>>,
}

impl Budget {
    /// A budget over all calls in `scope`, in UTC, on list cost.
    ///
    /// The cap is in US dollars and not negative; a cap of nothing is one. Fails also where the
    /// limit leaves the range of an amount.
    pub fn new(scope: Scope, cycle: Cycle, cap: Money, tiers: Tiers) -> Result<Self> {
        if cap.currency() != Currency::USD || cap.pico() < 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("not a cap: `{cap:?}`"))
                .hinted("use US dollars, 0 or more"));
        }
        let of_cap = |pct: Percent| {
            pct.of(cap).map_err(|error| {
                Error::new(
                    ErrorKind::Overflow,
                    format!("{pct} per cent of the cap is out of range"),
                )
                .caused_by(error)
                .hinted("write a smaller amount")
            })
        };
        let limit = of_cap(tiers.limit())?;
        if let Some(last) = tiers.list().last() {
            of_cap(last.at)?;
        }
        Ok(Self {
            scope,
            matching: Selectors::default(),
            cycle,
            zone: TimeZone::UTC,
            name: None,
            cap,
            tiers,
            limit,
            basis: Basis::List,
            shadow: false,
            sinks: None,
        })
    }

    /// The same on the calls alone that match.
    #[must_use]
    pub fn matching(mut self, matching: Selectors) -> Self {
        self.matching = matching;
        self
    }

    /// The same with periods of another zone.
    #[must_use]
    pub fn in_zone(mut self, zone: TimeZone) -> Self {
        self.zone = zone;
        self
    }

    /// The same under a name for people.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same on another cost.
    #[must_use]
    pub fn on_basis(mut self, basis: Basis) -> Self {
        self.basis = basis;
        self
    }

    /// The same as a trial: it never denies, and says what it would have denied.
    #[must_use]
    pub fn in_shadow(mut self, shadow: bool) -> Self {
        self.shadow = shadow;
        self
    }

    /// The same with these sinks alone, by their names; none of them for an empty list.
    #[must_use]
    pub fn telling(mut self, sinks: Vec<String>) -> Self {
        self.sinks = Some(sinks);
        self
    }

    /// The same about another scope.
    #[must_use]
    pub(super) fn about(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Whose spending it counts.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Which calls it counts.
    pub fn selectors(&self) -> &Selectors {
        &self.matching
    }

    /// When its count begins anew.
    pub fn cycle(&self) -> Cycle {
        self.cycle
    }

    /// The zone of its periods.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The operator's name for it.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The cap, before grace.
    pub fn cap(&self) -> Money {
        self.cap
    }

    /// What happens when.
    pub fn tiers(&self) -> &Tiers {
        &self.tiers
    }

    /// The most that may be spent: the cap with its grace, or the part of it at which the hard stop
    /// is; rounded down.
    pub fn limit(&self) -> Money {
        self.limit
    }

    /// Which cost counts.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// Whether it is a trial.
    pub fn is_shadow(&self) -> bool {
        self.shadow
    }

    /// The names of the sinks that it tells; nothing for all of the policy's.
    pub fn sinks(&self) -> Option<&[String]> {
        self.sinks.as_deref()
    }

    /// Whether it denies calls: it has a hard stop, counts list cost and is no trial. What share of
    /// a fee a call will bear is not known before the month has ended.
    pub fn enforces(&self) -> bool {
        self.tiers.has_hard_stop() && self.basis == Basis::List && !self.shadow
    }

    /// Why it does not judge a call; nothing where it does.
    pub fn mismatch(&self, call: &SpendPath) -> Option<Mismatch> {
        if !self.scope.holds(call) {
            return Some(Mismatch::Scope(self.scope.clone()));
        }
        match self.cycle {
            Cycle::Session if call.session.is_none() => Some(Mismatch::OutsideOf("session")),
            Cycle::Run if call.run.is_none() => Some(Mismatch::OutsideOf("run")),
            _ => self.matching.mismatch(call),
        }
    }

    /// Whether it judges a call.
    pub fn matches(&self, call: &SpendPath) -> bool {
        self.mismatch(call).is_none()
    }

    /// The civil period of an instant: see [`Cycle::period`].
    pub fn period(&self, at: Timestamp) -> Result<Option<Period>> {
        self.cycle.period(at, &self.zone)
    }

    /// What is left to the limit; negative where it is exceeded.
    pub fn remaining(&self, spent: Money, reserved: Money) -> Result<Money> {
        self.limit.checked_sub(spent.checked_add(reserved)?)
    }

    /// Whether a request would exceed the limit: spent + reserved + request > limit.
    ///
    /// Of every budget; whether that denies it, [`Self::enforces`] says.
    pub fn exceeds(&self, spent: Money, reserved: Money, request: Money) -> Result<bool> {
        Ok(self.remaining(spent, reserved)?.checked_sub(request)?.pico() < 0)
    }

    /// Whether it denies a request: it enforces a limit that the request would exceed.
    pub fn denies(&self, spent: Money, reserved: Money, request: Money) -> Result<bool> {
        Ok(self.enforces() && self.exceeds(spent, reserved, request)?)
    }

    /// The tiers that `spent` has reached, in ascending order; nothing spent reaches none.
    pub fn reached(&self, spent: Money) -> Result<&[Tier]> {
        // What `spent` adds to nothing is itself; that it is US dollars is checked on the way.
        let spent = Money::zero(Currency::USD).checked_add(spent)?;
        let count = if spent.pico() <= 0 {
            0
        } else {
            let list = self.tiers.list();
            list.partition_point(|tier| tier.at.of(self.cap).is_ok_and(|amount| amount <= spent))
        };
        Ok(&self.tiers.list()[..count])
    }

    /// The tiers that an amount reaches and an earlier one had not.
    pub fn newly_reached(&self, before: Money, after: Money) -> Result<&[Tier]> {
        let (old, new) = (self.reached(before)?.len(), self.reached(after)?);
        Ok(new.get(old..).unwrap_or_default())
    }

    /// The identity.
    pub fn id(&self) -> BudgetId {
        let text = format!("octorato budget 1\n{}", self.identity());
        BudgetId(*blake3::hash(text.as_bytes()).as_bytes())
    }

    /// What people call it: its name, else scope, match and period.
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None if self.matching.is_any() => format!("{}, {}", self.scope, self.cycle),
            None => format!("{}, {}, {}", self.scope, self.matching, self.cycle),
        }
    }

    /// What a caller of an arm may call it: its own arm's budgets by their title, any other the
    /// operator's limit, of which it learns no amount.
    pub fn title_for(&self, arm: &ArmId) -> String {
        match &self.scope {
            Scope::Arm(id) if id == arm => self.title(),
            _ => "operator limit".to_owned(),
        }
    }

    fn identity(&self) -> String {
        let mut text = format!("{} match", self.scope);
        let _ = self.matching.canonical(&mut text); // writing to a text cannot fail
        let zone = match self.zone.iana_name() {
            _ if !self.cycle.is_civil() => "-".to_owned(),
            Some(name) => name.to_owned(),
            None => format!("{:?}", self.zone),
        };
        let _ = write!(text, " {} {zone}", self.cycle);
        text
    }

    /// A line that is equal for equal budgets.
    pub(super) fn canonical(&self) -> String {
        let Self { name, cap, tiers, basis, shadow, sinks, .. } = self;
        let sinks = sinks.as_ref().map(|sinks| {
            let mut sinks = sinks.clone();
            sinks.sort_unstable();
            sinks
        });
        format!(
            "{} {name:?} {cap} [{tiers}] limit {} {} {shadow} {sinks:?}",
            self.identity(),
            tiers.limit(),
            basis.name()
        )
    }
}

/// `research-daily: arm acme, agent=researcher, daily, cap $10, limit $10, warn at 90 %`.
impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "{name}: ")?;
        }
        write!(f, "{}, ", self.scope)?;
        if !self.matching.is_any() {
            write!(f, "{}, ", self.matching)?;
        }
        write!(f, "{}, cap ${}, limit ${}, {}", self.cycle, self.cap, self.limit, self.tiers)?;
        if self.basis == Basis::Allocated {
            f.write_str(", on allocated cost")?;
        }
        if self.shadow { f.write_str(", a trial") } else { Ok(()) }
    }
}

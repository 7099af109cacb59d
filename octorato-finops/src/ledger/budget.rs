//! A cap on some spend over a period, and all the caps of an operator.

use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;
use octorato_core::{Currency, Error, ErrorKind, Money, Result, Rounding};
use rust_decimal::Decimal;

use super::path::{Scope, Selector, SpendPath};
use super::spelling::Spelling;
use super::window::Window;

/// What makes a budget the same budget after an edit: whose spend, which of it, over what period.
///
/// Name, cap, grace and tiers are attributes: changing them keeps what is booked.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetIdentity {
    /// Over whose spend it stands.
    pub scope: Scope,
    /// Which of that spend.
    pub selector: Selector,
    /// Over what period; a month's anchor day is part of it.
    pub window: Window,
    /// The zone in which the calendar cuts it.
    pub zone: TimeZone,
}

impl BudgetIdentity {
    /// Its short id: the first 16 bytes of the BLAKE3 hash of a fixed spelling of all its parts.
    pub fn id(&self) -> BudgetId {
        let mut spelling = Spelling::of("octorato budget 1");
        match &self.scope {
            Scope::Operator => spelling.text("operator"),
            Scope::Client(client) => spelling.text("client").text(client.as_str()),
            Scope::Arm(arm) => spelling.text("arm").text(arm.as_str()),
        };
        for (name, value) in self.selector.pairs() {
            spelling.text(&name).text(value);
        }
        spelling.text("period").text(&self.window.name()).text(&zone_name(&self.zone));
        BudgetId(spelling.hash())
    }

    /// Whether the budget judges spend on `path`; windows of sessions and runs ask for one.
    pub fn matches(&self, path: &SpendPath) -> bool {
        let has_key = match self.window {
            Window::Session => path.session.is_some(),
            Window::Run => path.run.is_some(),
            _ => true,
        };
        has_key && self.scope.holds(path) && self.selector.matches(path)
    }
}

/// The name of a zone: IANA's where it has one.
fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned)
}

/// The short id of a budget; see [`BudgetIdentity::id`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetId([u8; 16]);

impl BudgetId {
    /// The 16 bytes, for a store.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// The id of these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for BudgetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for BudgetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What happens where spend reaches a part of the cap; the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The operator is told.
    Alert,
    /// The operator and the agent are told.
    Warn,
    /// No further call that could pass the limit is granted.
    HardStop,
}

/// A part of the cap at which something happens, once per period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Per cent of the cap.
    pub at_pct: Decimal,
    /// What happens there.
    pub action: Action,
}

/// A cap on some spend over a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// What makes it this budget.
    pub identity: BudgetIdentity,
    /// The name for people.
    pub name: Arc<str>,
    /// The cap, in USD.
    pub cap: Money,
    /// Where calls are denied, in per cent of the cap; nothing where the budget never denies. It is
    /// `grace_pct` of `budgets.yaml`, or the `at_pct` of its tier `hard_stop`.
    pub hard_stop_pct: Option<Decimal>,
    /// The tiers of spend at which somebody is told, in the order of `at_pct`.
    pub tiers: Vec<Tier>,
}

impl Budget {
    /// The most that may be spent and reserved: cap x grace, rounded down to 10^-12. Nothing where
    /// the budget never denies.
    pub fn limit(&self) -> Result<Option<Money>> {
        self.hard_stop_pct.map(|pct| percent(self.cap, pct, Rounding::Floor)).transpose()
    }

    /// The spend at which a tier is reached: cap x `at_pct`, rounded up to 10^-12.
    pub fn threshold(&self, tier: &Tier) -> Result<Money> {
        percent(self.cap, tier.at_pct, Rounding::Up)
    }

    /// Refuses what no budget can be: a cap that is negative or not in USD, a negative percentage,
    /// a period without a length.
    pub fn validate(&self) -> Result<()> {
        let refuse = |what: &str| {
            Err(Error::new(ErrorKind::InvalidArgument, format!("not a budget: `{}`", self.name))
                .hinted(what.to_owned()))
        };
        if self.cap.currency() != Currency::USD {
            return refuse("a cap is in USD");
        }
        if self.cap.pico() < 0 {
            return refuse("a cap is not negative");
        }
        let percentages = self.tiers.iter().map(|tier| tier.at_pct).chain(self.hard_stop_pct);
        if percentages.into_iter().any(|pct| pct.is_sign_negative()) {
            return refuse("a percentage is not negative");
        }
        self.identity.window.validate()?;
        self.limit()?;
        self.tiers.iter().try_for_each(|tier| self.threshold(tier).map(drop))
    }
}

fn percent(amount: Money, pct: Decimal, rounding: Rounding) -> Result<Money> {
    amount.mul_ratio(pct.mantissa(), 10_i128.pow(pct.scale()).saturating_mul(100), rounding)
}

/// All budgets that are in force at once. The empty policy grants everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    budgets: Vec<Budget>,
}

impl Policy {
    /// Takes budgets; two of the same identity, and what [`Budget::validate`] refuses, are errors.
    pub fn new(budgets: Vec<Budget>) -> Result<Self> {
        let mut ids = std::collections::BTreeMap::new();
        for budget in &budgets {
            budget.validate()?;
            if let Some(other) = ids.insert(budget.identity.id(), &budget.name) {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("two budgets cap the same spend: `{other}`, `{}`", budget.name),
                )
                .hinted("make them one budget with several tiers"));
            }
        }
        Ok(Self { budgets })
    }

    /// The budgets, in the order of the file.
    pub fn budgets(&self) -> &[Budget] {
        &self.budgets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octorato_core::{ArmId, Civil};

    fn budget(cap: &str) -> Budget {
        Budget {
            identity: BudgetIdentity {
                scope: Scope::Arm(ArmId::new("acme").unwrap()),
                selector: Selector::default(),
                window: Window::Civil(Civil::Month),
                zone: TimeZone::UTC,
            },
            name: "acme".into(),
            cap: Money::parse(cap, Currency::USD).unwrap(),
            hard_stop_pct: Some(Decimal::new(1105, 1)),
            tiers: Vec::new(),
        }
    }

    #[test]
    fn the_limit_is_the_cap_times_the_grace() {
        assert_eq!(budget("200").limit().unwrap().unwrap().to_string(), "221");
        assert_eq!(
            budget("0.000000000001").limit().unwrap().unwrap().to_string(),
            "0.000000000001"
        );
        let mild = Budget { hard_stop_pct: None, ..budget("200") };
        assert_eq!(mild.limit().unwrap(), None);
    }

    #[test]
    fn the_identity_leaves_out_name_and_cap_and_nothing_else() {
        let one = budget("200");
        let renamed = Budget { name: "other".into(), ..budget("1") };
        assert_eq!(one.identity.id(), renamed.identity.id());
        let mut others = vec![one.identity.clone(); 4];
        others[0].scope = Scope::Operator;
        others[1].selector.agent = Some("researcher".into());
        others[2].window = Window::MonthFrom(1);
        others[3].zone = TimeZone::get("Europe/Rome").unwrap();
        for other in others {
            assert_ne!(other.id(), one.identity.id(), "{other:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_policy_is_refused() {
        assert!(Policy::new(vec![budget("1"), budget("2")]).is_err());
        assert!(Policy::new(vec![budget("-1")]).is_err());
        let euros = Money::zero(Currency::new("EUR").unwrap());
        assert!(Policy::new(vec![Budget { cap: euros, ..budget("1") }]).is_err());
        let pct = Some(Decimal::new(-1, 0));
        assert!(Policy::new(vec![Budget { hard_stop_pct: pct, ..budget("1") }]).is_err());
    }
}

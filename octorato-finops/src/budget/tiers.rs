//! What happens at which part of a cap.

use std::fmt;

use octorato_core::{Error, ErrorKind, Money, Result, Rounding};
use rust_decimal::Decimal;

/// Per cent of a cap: above 0, at most 100,000, with at most four decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent {
    ten_thousandths: u32,
}

impl Percent {
    /// The whole cap.
    pub const HUNDRED: Self = Self { ten_thousandths: 100 * Self::ONE };
    const ONE: u32 = 10_000;

    /// Takes per cent.
    ///
    /// ```
    /// use octorato_finops::budget::Percent;
    ///
    /// assert_eq!(Percent::new("110".parse()?)?.to_string(), "110");
    /// assert_eq!(Percent::new("12.50".parse()?)?.to_string(), "12.5");
    /// assert!(Percent::new("0".parse()?).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(pct: Decimal) -> Result<Self> {
        let scaled = pct.checked_mul(Decimal::from(Self::ONE)).map(|scaled| scaled.normalize());
        let whole = scaled.filter(|scaled| scaled.scale() == 0);
        let whole = whole.and_then(|scaled| u32::try_from(scaled.mantissa()).ok());
        match whole.filter(|whole| (1..=100_000 * Self::ONE).contains(whole)) {
            Some(ten_thousandths) => Ok(Self { ten_thousandths }),
            None => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not per cent of a cap: `{pct}`"),
            )
            .hinted("write a number above 0 and at most 100000, with at most four decimals")),
        }
    }

    /// This part of an amount, rounded down.
    pub fn of(self, amount: Money) -> Result<Money> {
        amount.mul_ratio(
            i128::from(self.ten_thousandths),
            i128::from(Self::HUNDRED.ten_thousandths),
            Rounding::Floor,
        )
    }
}

/// The number without its sign: `110`, `12.5`.
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = Decimal::new(i64::from(self.ten_thousandths), 4);
        write!(f, "{}", decimal.normalize())
    }
}

/// What a tier does, the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Tells the sinks.
    Alert,
    /// Tells the sinks and the agent.
    Warn,
    /// The same, and from here on calls are denied.
    HardStop,
}

impl Action {
    /// Every action.
    pub const ALL: &[Self] = &[Self::Alert, Self::Warn, Self::HardStop];

    /// The name in `budgets.yaml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Warn => "warn",
            Self::HardStop => "hard_stop",
        }
    }

    /// The action of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An action at a part of the cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tier {
    /// Of the cap.
    pub at: Percent,
    /// What happens once so much was spent.
    pub action: Action,
}

/// The tiers of a budget, in ascending order, and the part of the cap that is its limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tiers {
    list: Vec<Tier>,
    limit: Percent,
}

impl Tiers {
    /// Brings the two ways to say it together.
    ///
    /// `breach` is what happens at the limit, which is `grace` per cent of the cap (100 where not
    /// given, never less); it is one more tier there. A hard stop among `tiers` sets the limit
    /// itself. The order of `tiers` does not matter.
    ///
    /// An error: nothing that ever happens, a grace below 100, two tiers at one place, two hard
    /// stops, a hard stop among `tiers` beside a `grace`.
    ///
    /// ```
    /// use octorato_finops::budget::{Action, Percent, Tier, Tiers};
    ///
    /// let at = |pct: i64, action| Percent::new(pct.into()).map(|at| Tier { at, action });
    /// let steps = vec![at(50, Action::Alert)?, at(95, Action::HardStop)?];
    /// assert_eq!(Tiers::new(None, None, steps.clone())?.limit().to_string(), "95");
    /// assert!(Tiers::new(None, Some(Percent::HUNDRED), steps).is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn new(breach: Option<Action>, grace: Option<Percent>, tiers: Vec<Tier>) -> Result<Self> {
        let refuse = |what: &str| Error::new(ErrorKind::InvalidArgument, what.to_owned());
        if grace.is_some_and(|grace| grace < Percent::HUNDRED) {
            return Err(refuse("grace is below the cap").hinted("110 is a tenth above it"));
        }
        let mut list = tiers;
        let stop = list.iter().find(|tier| tier.action == Action::HardStop).copied();
        if stop.is_some() && grace.is_some() {
            return Err(refuse("two limits: a tier with `hard_stop`, and a grace"));
        }
        list.extend(breach.map(|action| Tier { at: grace.unwrap_or(Percent::HUNDRED), action }));
        list.sort_unstable();
        if list.is_empty() {
            return Err(refuse("a budget at which nothing ever happens"));
        }
        if list.iter().filter(|tier| tier.action == Action::HardStop).count() > 1 {
            return Err(refuse("two hard stops").hinted("the lower one is the limit"));
        }
        if let Some(pair) = list.windows(2).find(|pair| pair[0].at == pair[1].at) {
            return Err(refuse("two tiers at one place").with("per cent", pair[0].at));
        }
        let limit = stop.map(|tier| tier.at).or(grace).unwrap_or(Percent::HUNDRED);
        Ok(Self { list, limit })
    }

    /// The tiers in ascending order.
    pub fn list(&self) -> &[Tier] {
        &self.list
    }

    /// The part of the cap that is the limit.
    pub fn limit(&self) -> Percent {
        self.limit
    }

    /// The strongest that ever happens.
    pub fn strongest(&self) -> Action {
        self.list.iter().map(|tier| tier.action).max().unwrap_or(Action::Alert)
    }

    /// Whether one of them is a hard stop; it is at the limit.
    pub fn has_hard_stop(&self) -> bool {
        self.list.iter().any(|tier| tier.action == Action::HardStop)
    }
}

/// `alert at 50 %, hard_stop at 110 %`.
impl fmt::Display for Tiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, tier) in self.list.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{} at {} %", tier.action, tier.at)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use octorato_core::Currency;

    fn pct(text: &str) -> Percent {
        Percent::new(text.parse().unwrap()).unwrap()
    }

    fn tier(text: &str, action: Action) -> Tier {
        Tier { at: pct(text), action }
    }

    #[test]
    fn a_part_of_an_amount_is_exact_and_rounded_down() {
        let usd = |text| Money::parse(text, Currency::USD).unwrap();
        assert_eq!(pct("110").of(usd("200")).unwrap(), usd("220"));
        assert_eq!(pct("0.0001").of(usd("1")).unwrap(), usd("0.000001"));
        assert_eq!(pct("50").of(usd("0.000000000003")).unwrap(), usd("0.000000000001"));
        assert!(pct("100000").of(Money::from_pico(i128::MAX, Currency::USD)).is_err());
        for text in ["0", "-1", "0.00001", "100000.0001", "79228162514264337593543950335"] {
            assert!(Percent::new(text.parse().unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn the_limit_is_that_of_the_hard_stop_else_the_grace() {
        let limit = |breach, grace: Option<&str>, tiers: &[Tier]| {
            Tiers::new(breach, grace.map(pct), tiers.to_vec()).unwrap().limit().to_string()
        };
        let early = [tier("90", Action::Warn), tier("50", Action::Alert)];
        assert_eq!(limit(Some(Action::HardStop), Some("110"), &[]), "110");
        assert_eq!(limit(Some(Action::Warn), None, &early), "100");
        assert_eq!(limit(None, None, &early), "100");
        assert_eq!(limit(None, Some("120"), &early), "120");
        assert_eq!(limit(None, None, &[tier("95", Action::HardStop)]), "95");
        assert_eq!(limit(Some(Action::Warn), None, &[tier("105", Action::HardStop)]), "105");
    }

    #[test]
    fn what_could_mean_two_things_is_refused() {
        let refuse = |breach, grace: Option<&str>, tiers: &[Tier]| {
            Tiers::new(breach, grace.map(pct), tiers.to_vec()).unwrap_err().to_string()
        };
        let stop = [tier("100", Action::HardStop)];
        assert!(refuse(None, Some("110"), &stop).starts_with("two limits"));
        assert!(
            refuse(Some(Action::HardStop), None, &[tier("90", Action::HardStop)])
                .starts_with("two hard stops")
        );
        assert!(refuse(Some(Action::Warn), None, &stop).starts_with("two tiers"));
        assert!(refuse(None, None, &[]).starts_with("a budget at which nothing"));
        assert!(refuse(Some(Action::Warn), Some("10"), &[]).starts_with("grace is below"));
    }
}

//! Subscriptions: a monthly fee, shared by the work that it covered.

use std::fmt::{self, Write};

use jiff::civil::Date;
use octorato_core::{Currency, Error, ErrorKind, Money, ProviderId, Result};

use super::amount::{divide_product, multiply_ratio, out_of_range, power_of_ten};
use super::fx::Fx;
use super::scope::{Days, same_provider};
use crate::attribute::FolderPath;

/// A subscription that covers the work of some agents' homes.
///
/// Events under a plan keep their list cost, as a shadow price: what the same work would have cost
/// without it. Month by month they also share the fee, in proportion to their list cost; a month
/// without any list cost leaves the whole fee as its residual.
///
/// Its days and months are those of reports, in the operator's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The operator's name for it.
    pub id: String,
    /// Whose models it covers.
    pub provider: ProviderId,
    /// The fee of one seat for one month.
    pub monthly: Money,
    /// How many seats are paid for.
    pub seats: u32,
    /// The days on which it is paid for.
    pub days: Days,
    /// The folders of the agents that use it, absolute. Of the homes of several plans around one
    /// transcript the deepest counts; one home of two plans for the same days is an error.
    pub homes: Vec<String>,
}

impl Plan {
    /// The fee of all seats for the month of `day`, in US dollars.
    ///
    /// A plan that begins or ends within the month costs its part of the month's days. A fee in
    /// another currency is converted by the exchange rate of the first day of the month on which
    /// the plan is in force. All of that is rounded once, half to even. Nothing where no day of
    /// the month is in the plan.
    ///
    /// ```
    /// use jiff::civil::date;
    /// use octorato_core::{Currency, Money};
    /// use octorato_finops::price::{Days, Fx, Plan};
    ///
    /// let plan = Plan {
    ///     id: "max-dana".into(),
    ///     provider: "anthropic".into(),
    ///     monthly: Money::parse("200", Currency::USD)?,
    ///     seats: 1,
    ///     days: Days::new(Some(date(2026, 9, 16)), None)?,
    ///     homes: vec!["/home/dana/.claude".into()],
    /// };
    /// let fee = |day| plan.fee(day, &Fx::default()).map(|fee| fee.map(|fee| fee.to_string()));
    /// assert_eq!(fee(date(2026, 8, 1))?, None);
    /// assert_eq!(fee(date(2026, 9, 1))?.as_deref(), Some("100")); // 15 of 30 days
    /// assert_eq!(fee(date(2026, 10, 1))?.as_deref(), Some("200"));
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn fee(&self, day: Date, fx: &Fx) -> Result<Option<Money>> {
        let (month_start, month_end) = (day.first_of_month(), day.last_of_month());
        let first = self.days.from().map_or(month_start, |from| from.max(month_start));
        let last = self.days.until().map_or(month_end, |until| until.min(month_end));
        if last < first {
            return Ok(None);
        }
        let days = i128::from(last.day()) - i128::from(first.day()) + 1;
        let (dollars, scale) = match fx.rate(self.monthly.currency(), first)? {
            Some(rate) => {
                let scale = power_of_ten(rate.scale()).ok_or_else(out_of_range)?;
                (rate.mantissa(), scale)
            }
            None => (1, 1),
        };
        let times = dollars.checked_mul(days * i128::from(self.seats)).ok_or_else(out_of_range)?;
        let parts = scale.checked_mul(month_end.day().into()).ok_or_else(out_of_range)?;
        let fee = multiply_ratio(self.monthly.pico(), times, parts).ok_or_else(out_of_range)?;
        Ok(Some(Money::from_pico(fee, Currency::USD)))
    }

    /// Whether one event could be under this plan and under `other`, or one name means both.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let is_same =
            |home: &FolderPath, other: &FolderPath| home.contains(other) && other.contains(home);
        let theirs = other.folders();
        let same_home = same_provider(&self.provider, &other.provider)
            && self.folders().iter().any(|home| theirs.iter().any(|other| is_same(home, other)));
        (same_home || self.id == other.id) && self.days.overlaps(&other.days)
    }

    fn folders(&self) -> Vec<FolderPath> {
        self.homes.iter().map(|home| FolderPath::new(home)).collect()
    }

    /// Checks what the types of its fields do not say.
    pub(super) fn check(&self) -> Result<()> {
        let refuse = |why: &str, hint: &'static str| {
            Err(Error::new(ErrorKind::InvalidArgument, format!("{why}: `{}`", self.id))
                .hinted(hint))
        };
        if self.id.trim().is_empty() {
            return refuse("a plan without a name", "give it an id");
        }
        if self.monthly < Money::zero(self.monthly.currency()) {
            return refuse("a plan with a negative fee", "a fee is 0 or more");
        }
        if self.seats == 0 {
            return refuse("a plan without seats", "say 1 or more");
        }
        if self.homes.is_empty() {
            return refuse("a plan without homes", "name the folders of the agents that use it");
        }
        if !self.folders().iter().all(FolderPath::is_absolute) {
            return refuse("a plan with a relative home", "write whole paths");
        }
        Ok(())
    }

    pub(super) fn canonical(&self, text: &mut String) -> fmt::Result {
        let Self { id, provider, monthly, seats, days, .. } = self;
        let mut homes: Vec<String> = self.folders().iter().map(FolderPath::to_string).collect();
        homes.sort_unstable();
        homes.dedup();
        write!(text, "plan {id:?} {provider:?} {monthly:?} {seats} {days:?} {homes:?}")
    }
}

/// A fee and how it was shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The shares, in the order of the weights.
    pub shares: Vec<Money>,
    /// What nobody has a share in: all of the fee where all weights are zero, else nothing.
    pub residual: Money,
}

/// Shares a fee in proportion to `weights`, to the last digit.
///
/// Shares are rounded down to 10^-12, and what is left over goes, one unit each, to those that
/// lost most by it, the heavier first and then the earlier. So shares and residual always add up to
/// the fee, equal weights get shares that differ by 10^-12 at most, and a weight of zero gets
/// nothing. Fails with [`ErrorKind::InvalidArgument`] where the fee or a weight is negative, and
/// with [`ErrorKind::CurrencyMismatch`] where weights have different currencies.
///
/// ```
/// use octorato_core::{Currency, Money};
/// use octorato_finops::price::allocate;
///
/// let usd = |text| Money::parse(text, Currency::USD);
/// let shared = allocate(usd("200")?, &[usd("30")?, usd("0")?, usd("10")?])?;
/// assert_eq!(shared.shares, [usd("150")?, usd("0")?, usd("50")?]);
/// assert!(shared.residual.is_zero());
/// # Ok::<(), octorato_core::Error>(())
/// ```
pub fn allocate(fee: Money, weights: &[Money]) -> Result<Allocation> {
    let zero = Money::zero(fee.currency());
    let refuse = |amount: Money| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("cannot share a negative amount: `{amount}`"),
        )
    };
    let natural = |amount: Money| u128::try_from(amount.pico()).map_err(|_| refuse(amount));
    let whole = match weights.first() {
        Some(first) => Money::sum(first.currency(), weights.iter().copied())?,
        None => zero,
    };
    let total = natural(fee)?;
    let weights: Vec<u128> =
        weights.iter().map(|weight| natural(*weight)).collect::<Result<_>>()?;
    let whole = natural(whole)?;
    if whole == 0 {
        return Ok(Allocation { shares: vec![zero; weights.len()], residual: fee });
    }
    let mut left = total;
    let mut parts = Vec::with_capacity(weights.len());
    for &weight in &weights {
        let (share, rest) = divide_product(total, weight, whole);
        left = left.saturating_sub(share);
        parts.push((share, rest));
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by_key(|&at| (std::cmp::Reverse((parts[at].1, weights[at])), at));
    // Fewer units are left than shares that lost anything, for each of them lost less than one.
    for &at in order.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
        parts[at].0 += 1;
    }
    let shares: Result<Vec<Money>> = parts
        .into_iter()
        .map(|(share, _)| {
            let pico = i128::try_from(share).map_err(|_| out_of_range())?;
            Ok(Money::from_pico(pico, fee.currency()))
        })
        .collect();
    Ok(Allocation { shares: shares?, residual: zero })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    fn usd(pico: i128) -> Money {
        Money::from_pico(pico, Currency::USD)
    }

    fn plan(days: Days, monthly: Money) -> Plan {
        Plan {
            id: "p".into(),
            provider: "anthropic".into(),
            monthly,
            seats: 3,
            days,
            homes: vec!["/h".into()],
        }
    }

    #[test]
    fn a_fee_is_that_of_the_days_in_force_in_dollars() {
        let eur = Currency::new("EUR").unwrap();
        let mut fx = Fx::default();
        fx.set(eur, date(2026, 2, 10), "1.1".parse().unwrap()).unwrap();
        let days = Days::new(Some(date(2026, 2, 15)), Some(date(2026, 3, 10))).unwrap();
        let plan = plan(days, Money::parse("10", eur).unwrap());
        let fee = |day| plan.fee(day, &fx).unwrap().map(|fee| fee.to_string());
        assert_eq!(fee(date(2026, 2, 28)).as_deref(), Some("16.5")); // 33 x 14 / 28
        assert_eq!(fee(date(2026, 3, 31)).as_deref(), Some("10.645161290323")); // 33 x 10 / 31
        assert_eq!(fee(date(2026, 4, 1)), None);
        let early = Plan { days: Days::ALWAYS, ..plan.clone() };
        assert_eq!(early.fee(date(2026, 2, 1), &fx).unwrap_err().kind(), ErrorKind::Unpriced);
    }

    #[test]
    fn one_home_has_one_plan_and_a_deeper_one_may_have_another() {
        let fee = Money::parse("10", Currency::USD).unwrap();
        let of = |id: &str, home: &str| Plan {
            id: id.into(),
            homes: vec![home.into()],
            ..plan(Days::ALWAYS, fee)
        };
        let first = of("a", "/h/.claude");
        for (home, conflicts) in [
            ("/h/.claude/", true),
            ("/h/x/..//.claude", true),
            ("/h/.claude/work", false),
            ("/h", false),
        ] {
            assert_eq!(of("b", home).conflicts_with(&first), conflicts, "{home}");
        }
        assert!(of("a", "/other").conflicts_with(&first));
        let other_case = Plan { provider: " Anthropic".into(), ..of("b", "/h/.claude") };
        assert!(other_case.conflicts_with(&first));
    }

    #[test]
    fn what_cannot_be_divided_goes_to_who_lost_most() {
        let shared = allocate(usd(10), &[usd(1), usd(1), usd(1)]).unwrap();
        assert_eq!(shared.shares, [usd(4), usd(3), usd(3)]);
        let shared = allocate(usd(100), &[usd(0), usd(0)]).unwrap();
        assert_eq!((shared.shares, shared.residual), (vec![usd(0); 2], usd(100)));
        assert_eq!(allocate(usd(5), &[]).unwrap().residual, usd(5));
        assert_eq!(allocate(usd(5), &[usd(-1)]).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(allocate(usd(-5), &[usd(1)]).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }

    #[test]
    fn products_beyond_128_bits_are_divided_exactly() {
        let most = i128::MAX.unsigned_abs();
        assert_eq!(divide_product(most, most, most), (most, 0));
        assert_eq!(divide_product(most, most - 1, most), (most - 1, 0));
        // 3 x 2^126 / 2^127
        assert_eq!(divide_product(3, 1 << 126, 1 << 127), (1, 1 << 126));
        assert_eq!(divide_product(most, 1 << 126, 1 << 127), ((most - 1) / 2, 1 << 126));
    }

    fn weight() -> impl Strategy<Value = i128> {
        prop_oneof![Just(0), 0..100_i128, 0..i128::from(u64::MAX), 0..(i128::MAX / 16)]
    }

    proptest! {
        /// For any fee and weights: nothing is lost or made, zero weights get nothing, heavier
        /// ones never less, and the order of the weights does not matter.
        #[test]
        fn shares_add_up_to_the_fee(
            fee in prop_oneof![0..1000_i128, 0..i128::MAX],
            weights in prop::collection::vec(weight(), 0..12),
        ) {
            let weights: Vec<Money> = weights.into_iter().map(usd).collect();
            let shared = allocate(usd(fee), &weights).unwrap();
            let sum = Money::sum(Currency::USD, shared.shares.iter().copied()).unwrap();
            prop_assert_eq!(sum.checked_add(shared.residual).unwrap(), usd(fee));
            prop_assert!(shared.residual.is_zero() || sum.is_zero());
            let mut pairs: Vec<_> = weights.iter().zip(&shared.shares).collect();
            for (weight, share) in &pairs {
                prop_assert!(!weight.is_zero() || share.is_zero());
            }
            pairs.sort_by_key(|(weight, share)| (weight.pico(), share.pico()));
            prop_assert!(pairs.is_sorted_by(|a, b| a.1.pico() <= b.1.pico()), "{:?}", pairs);

            let mut backwards = weights.clone();
            backwards.reverse();
            let again = allocate(usd(fee), &backwards).unwrap();
            let mut others: Vec<_> = backwards.iter().zip(&again.shares).collect();
            others.sort_by_key(|(weight, share)| (weight.pico(), share.pico()));
            prop_assert_eq!(pairs, others);
        }

        #[test]
        fn wide_division_agrees_with_the_narrow_one(a in any::<u64>(), b in any::<u64>(), more in any::<u32>()) {
            let (a, b) = (u128::from(a), u128::from(b));
            let d = b + u128::from(more) + 1;
            prop_assert_eq!(divide_product(a << 64, b, d).0, {
                // a x 2^64 x b / d, by two steps of long division
                let high = a * b / d;
                let rest = a * b % d;
                (high << 64) + (rest << 32) / d * (1 << 32) + (((rest << 32) % d) << 32) / d
            });
        }
    }
}

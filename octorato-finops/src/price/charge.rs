//! From usage to money: exact per unit, rounded once when booked.

use jiff::Timestamp;
use octorato_core::{Currency, Error, ErrorKind, Money, PriceContext, Result, Unit, Usage};
use rust_decimal::Decimal;

use super::amount::{Amount, out_of_range};
use super::lattice::{charged_as, own_keys};
use super::model_price::{ModelPrice, Rates};
use super::rate::{Per, Rate};

/// What a request costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    lines: Vec<ChargeLine>,
    usd: Decimal,
    exact: bool,
    booked: Money,
    caching_saved: Option<Money>,
    ignored: Ignored,
}

/// What a request asked for that has no price and was left out of account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Pairs that would have selected another price, such as `service_tier=priority`.
    pub context: PriceContext,
    /// Counts without a rate.
    pub units: Vec<(Unit, u64)>,
}

impl Ignored {
    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.context.is_standard() && self.units.is_empty()
    }
}

/// What one unit of a request costs.
#[derive(Clone, Debug, PartialEq)]
pub struct ChargeLine {
    unit: Unit,
    count: u64,
    rate: Rate,
    amount: Decimal,
    exact: bool,
    booked: Money,
}

impl Charge {
    /// The units that were charged, in the order of [`Unit::ALL`].
    pub fn lines(&self) -> &[ChargeLine] {
        &self.lines
    }

    /// The sum in US dollars, without trailing zeros: exact, or at most 28 digits where
    /// [`Self::is_exact`] says that there is no exact decimal.
    pub fn usd(&self) -> Decimal {
        self.usd.normalize()
    }

    /// Whether [`Self::usd`] is the exact sum. Only rates per hour, and sums that have more than
    /// 28 digits, are otherwise.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The sum as it is booked: rounded once, half to even.
    pub fn booked(&self) -> Money {
        self.booked
    }

    /// What the prompt cache saved: the price of its tokens, read and written, at the plain input
    /// rate, less what they cost. Negative where writes have not paid off. Nothing where it is out
    /// of range, which the price is not.
    pub fn caching_saved(&self) -> Option<Money> {
        self.caching_saved
    }

    /// What was left out of account; nothing unless made by [`ModelPrice::charge_known`].
    pub fn ignored(&self) -> &Ignored {
        &self.ignored
    }
}

impl ChargeLine {
    /// What was charged.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// How much of it. The line of an output unit has no reasoning tokens where these are priced
    /// apart.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// US dollars for [`Self::per`] units.
    pub fn rate(&self) -> Decimal {
        self.rate.to_decimal()
    }

    /// How many units the rate is for.
    pub fn per(&self) -> u64 {
        Per::of(self.unit).count()
    }

    /// US dollars, without trailing zeros: exact, or at most 28 digits where [`Self::is_exact`]
    /// says that there is no exact decimal.
    pub fn amount(&self) -> Decimal {
        self.amount.normalize()
    }

    /// Whether [`Self::amount`] is exact. The amounts of lines add up to [`Charge::usd`] where all
    /// are; thirds of an hourly rate are not, though three of them make an exact sum.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The line's part of [`Charge::booked`]; the parts always add up to it exactly.
    pub fn booked(&self) -> Money {
        self.booked
    }
}

impl ModelPrice<'_> {
    /// What `usage` costs at `at`.
    ///
    /// Fails with [`ErrorKind::Unpriced`] where a unit or a pair of `context` has no price,
    /// [`ErrorKind::InvalidUsage`] where more reasoning than output is priced apart, and
    /// [`ErrorKind::Overflow`] where an amount is too large. Web fetches are free.
    pub fn charge(&self, usage: &Usage, at: Timestamp, context: &PriceContext) -> Result<Charge> {
        let rates = self.in_force(at, context)?;
        let charge = charge_at(usage, rates, PriceContext::standard())?;
        match charge.ignored.units.first() {
            Some(&(unit, _)) => Err(self.error(format!("no price for `{unit}`"))),
            None => Ok(charge),
        }
    }

    /// Like [`Self::charge`], but pairs of `context` and units without a price are left out of
    /// account and named in [`Charge::ignored`]; what is charged may then be too little, or
    /// nothing. For reports that show a flagged amount rather than none, never for a cap.
    pub fn charge_known(
        &self,
        usage: &Usage,
        at: Timestamp,
        context: &PriceContext,
    ) -> Result<Charge> {
        let mut ignored = PriceContext::standard();
        for (name, value) in self.unpriced(at, context) {
            ignored.set(name, value);
        }
        charge_at(usage, self.known_in_force(at, context)?, ignored)
    }
}

/// Charges every unit that has a rate; `context` is what the rates leave out of account.
pub(super) fn charge_at(
    usage: &Usage,
    mut rates: Rates<'_>,
    context: PriceContext,
) -> Result<Charge> {
    if rates.has_tiers() {
        // No threshold is beyond the range of a count.
        rates.input_tokens = u64::try_from(usage.input_tokens()).unwrap_or(u64::MAX);
    }
    let with_fee;
    let usage = if usage[Unit::Requests] == 0 && rates.own(Unit::Requests)?.is_some() {
        with_fee = usage.with(Unit::Requests, 1);
        &with_fee
    } else {
        usage
    };
    let with_minimums;
    let usage = if rates.minimums.is_empty() {
        usage
    } else {
        with_minimums = raised(usage, &rates)?;
        &with_minimums
    };
    let mut lines = Vec::with_capacity(6);
    let mut ignored = Ignored { context, units: Vec::new() };
    let (mut total, mut saved) = (Amount::ZERO, Some(Amount::ZERO));
    let mut parts = 0_i128;
    // All of text in a cache is compared with one rate.
    let mut plain: Option<(Unit, Option<Rate>)> = None;
    for (unit, _) in usage.iter() {
        let count = chargeable(usage, unit, &rates)?;
        if count == 0 {
            continue;
        }
        let Some(rate) = rates.of(unit)? else {
            ignored.units.push((unit, count));
            continue;
        };
        let amount = Amount::of(count, rate, Per::of(unit))?;
        total = if lines.is_empty() { amount } else { total.plus(amount)? };
        if let Some(uncached) = uncached(unit) {
            let of_plain = match plain {
                Some((known, rate)) if known == uncached => rate,
                _ => rates.of(uncached)?,
            };
            plain = Some((uncached, of_plain));
            // A statistic: where it has no room, the charge stands without it.
            saved = saved.and_then(|saved| {
                let less = of_plain.unwrap_or(rate).minus(rate)?;
                saved.plus(Amount::of(count, less, Per::of(unit)).ok()?).ok()
            });
        }
        let booked = amount.book()?;
        parts = parts.checked_add(booked.pico()).ok_or_else(out_of_range)?;
        let (amount, exact) = amount.to_decimal()?;
        lines.push(ChargeLine { unit, count, rate, amount, exact, booked });
    }
    let (usd, exact) = total.to_decimal()?;
    let booked = total.book()?;
    give_residual(&mut lines, booked.pico() - parts);
    let caching_saved = saved.and_then(|saved| saved.book().ok());
    Ok(Charge { lines, usd, exact, booked, caching_saved, ignored })
}

/// The usage with the least that is charged where less was used.
fn raised(usage: &Usage, rates: &Rates<'_>) -> Result<Usage> {
    let mut raised = *usage;
    for &(minimum, least) in rates.minimums {
        let units = || Unit::ALL.iter().copied().filter(|unit| is_kind_of(*unit, minimum));
        let used: u128 = units().map(|unit| u128::from(usage[unit])).sum();
        let Some(first) = units().find(|unit| usage[*unit] > 0) else { continue };
        let missing = u64::try_from(u128::from(least).saturating_sub(used)).unwrap_or_default();
        if missing > 0 && rates.of(first)?.is_some() {
            raised.set(first, usage[first].checked_add(missing).ok_or_else(out_of_range)?);
        }
    }
    Ok(raised)
}

/// Whether `unit` is `whole` or can be charged at the rate of `whole`, as what is heard at that of
/// any sound.
pub(super) fn is_kind_of(unit: Unit, whole: Unit) -> bool {
    let keys = own_keys(whole);
    unit == whole || charged_as(unit).iter().any(|set| set & keys != 0)
}

/// How much of `unit` is charged: reasoning is either inside output or apart from it, a fetch is
/// free, and a request without a fee costs nothing.
fn chargeable(usage: &Usage, unit: Unit, rates: &Rates<'_>) -> Result<u64> {
    let count = usage[unit];
    match unit {
        Unit::WebFetches => return Ok(0),
        Unit::Requests if rates.own(unit)?.is_none() => return Ok(0),
        _ => {}
    }
    if let Some(whole) = unit.part_of() {
        if !rates.prices_apart(unit) {
            return Ok(0);
        }
        if count > usage[whole] {
            let message = format!("more {unit} than {whole} tokens: `{usage:?}`");
            return Err(Error::new(ErrorKind::InvalidUsage, message));
        }
        return Ok(count);
    }
    match reasoning_in(unit) {
        Some(part) if usage[part] > 0 && rates.prices_apart(part) => {
            Ok(count.saturating_sub(usage[part]))
        }
        _ => Ok(count),
    }
}

/// The reasoning inside an output unit.
const fn reasoning_in(unit: Unit) -> Option<Unit> {
    match unit {
        Unit::Output => Some(Unit::Reasoning),
        Unit::OutputAudio => Some(Unit::ReasoningAudio),
        Unit::OutputImage => Some(Unit::ReasoningImage),
        Unit::OutputVideo => Some(Unit::ReasoningVideo),
        _ => None,
    }
}

/// What the tokens of a cache would have been without it.
const fn uncached(unit: Unit) -> Option<Unit> {
    match unit {
        Unit::CacheRead | Unit::CacheWrite5m | Unit::CacheWrite1h => Some(Unit::Input),
        Unit::CacheReadAudio | Unit::CacheWrite5mAudio | Unit::CacheWrite1hAudio => {
            Some(Unit::InputAudio)
        }
        Unit::CacheReadImage | Unit::CacheWrite5mImage | Unit::CacheWrite1hImage => {
            Some(Unit::InputImage)
        }
        Unit::CacheReadVideo | Unit::CacheWrite5mVideo | Unit::CacheWrite1hVideo => {
            Some(Unit::InputVideo)
        }
        _ => None,
    }
}

/// Adds what rounding line by line has lost or won to the largest line.
fn give_residual(lines: &mut [ChargeLine], residual: i128) {
    if residual == 0 {
        return;
    }
    if let Some(largest) = lines.iter_mut().max_by_key(|line| line.amount) {
        largest.booked = Money::from_pico(largest.booked.pico() + residual, Currency::USD);
    }
}

//! Rates that the operator writes: by unit, with tiers where there are any.

use std::fmt::{self, Write};

use octorato_core::{Error, ErrorKind, Result, Unit};
use rust_decimal::Decimal;

use super::key::PriceKey;
use super::rate::{Rate, Tiered};
use super::table::RateTable;

/// Rates by unit, for the same amounts as in price lists: a million tokens or characters, a
/// thousand requests, searches or pages, an hour of what is counted in seconds.
///
/// ```
/// use octorato_core::Unit;
/// use octorato_finops::price::RateCard;
///
/// let mut card = RateCard::new();
/// card.set(Unit::Input, "4.5".parse()?)?;
/// card.set_tiered(Unit::CacheRead, "0.45".parse()?, &[(200_000, "0.9".parse()?)])?;
/// assert_eq!(card.units().collect::<Vec<_>>(), [Unit::Input, Unit::CacheRead]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateCard(RateTable);

impl RateCard {
    /// No rate.
    pub const fn new() -> Self {
        Self(RateTable::EMPTY)
    }

    /// Sets the rate of a unit.
    ///
    /// A second rate of the unit, a negative one, one of more than 20 decimals or 18 digits, and
    /// one of web fetches, which are free, is an error of kind [`ErrorKind::InvalidArgument`].
    pub fn set(&mut self, unit: Unit, rate: Decimal) -> Result<()> {
        self.set_tiered(unit, rate, &[])
    }

    /// Sets a base rate and the rates above thresholds of input tokens, in ascending order; the
    /// rate of the highest threshold that a request exceeds is that of all its tokens.
    pub fn set_tiered(
        &mut self,
        unit: Unit,
        base: Decimal,
        tiers: &[(u64, Decimal)],
    ) -> Result<()> {
        let refuse = |why: String| Error::new(ErrorKind::InvalidArgument, why).with("unit", unit);
        let Some(key) = PriceKey::of(unit) else {
            return Err(refuse("a rate of what is always free".to_owned()));
        };
        if self.0.get(key).is_some() {
            return Err(refuse("two rates for one unit".to_owned()));
        }
        if !tiers.is_sorted_by(|a, b| a.0 < b.0) {
            return Err(refuse("tiers are not in ascending order".to_owned()));
        }
        let read = |rate: Decimal| rate_of(rate).map_err(|error| error.with("unit", unit));
        let tiers: Result<Box<[_]>> =
            tiers.iter().map(|&(above, rate)| Ok((above, read(rate)?))).collect();
        self.0.push(key, Tiered::new(read(base)?, tiers?));
        Ok(())
    }

    /// The units that have a rate, in the order of price lists.
    pub fn units(&self) -> impl Iterator<Item = Unit> + '_ {
        self.0.iter().map(|(key, _)| key.unit())
    }

    /// The rate of `unit` for requests that exceed no threshold.
    pub fn base(&self, unit: Unit) -> Option<Decimal> {
        self.get(unit).map(|tiered| tiered.at(0).to_decimal())
    }

    /// The rates of `unit` above thresholds of input tokens, in ascending order.
    pub fn tiers(&self, unit: Unit) -> impl Iterator<Item = (u64, Decimal)> + '_ {
        let tiers = self.get(unit).map(Tiered::tiers);
        tiers.into_iter().flatten().map(|(above, rate)| (*above, rate.to_decimal()))
    }

    /// Whether there is no rate at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rate of `unit`.
    pub(super) fn get(&self, unit: Unit) -> Option<&Tiered> {
        self.0.iter().find_map(|(key, rate)| (key.unit() == unit).then_some(rate))
    }

    /// The rates as those of a price list.
    pub(super) fn table(&self) -> &RateTable {
        &self.0
    }

    /// One text for equal rates, whatever order they were set in.
    pub(super) fn canonical(&self, text: &mut String) -> fmt::Result {
        for &unit in Unit::ALL {
            let Some(tiered) = self.get(unit) else { continue };
            write!(text, " {unit}={}", tiered.at(0).to_decimal())?;
            for (above, rate) in tiered.tiers() {
                write!(text, ">{above}:{}", rate.to_decimal())?;
            }
        }
        Ok(())
    }
}

impl Default for RateCard {
    fn default() -> Self {
        Self::new()
    }
}

/// A decimal as a rate.
pub(super) fn rate_of(rate: Decimal) -> Result<Rate> {
    Rate::parse(&rate.normalize().to_string()).ok_or_else(|| {
        Error::new(ErrorKind::InvalidArgument, format!("not a rate: `{rate}`"))
            .hinted("a rate is 0 or more, with at most 20 decimals and 18 digits")
    })
}

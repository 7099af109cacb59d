//! Exchange rates by date, as the operator writes them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use octorato_core::{Currency, Error, ErrorKind, Money, Result};
use rust_decimal::Decimal;

use super::amount::{multiply_ratio, out_of_range, power_of_ten};
use super::rate::Rate;
use super::rate_card::rate_of;

/// What one unit of a currency is worth in US dollars, from a UTC day on.
///
/// A rate holds until the next one of its currency. Before the first there is none, and an amount
/// that needs it is an error: no rate is ever taken from another time.
///
/// ```
/// use jiff::civil::date;
/// use octorato_core::Currency;
/// use octorato_finops::price::Fx;
///
/// let eur = Currency::new("EUR")?;
/// let mut fx = Fx::default();
/// fx.set(eur, date(2026, 1, 1), "1.0831".parse()?)?;
/// fx.set(eur, date(2026, 7, 1), "1.1012".parse()?)?;
/// assert_eq!(fx.usd_for_one(eur, date(2026, 6, 30))?.to_string(), "1.0831");
/// assert!(fx.usd_for_one(eur, date(2025, 12, 31)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fx(BTreeMap<Currency, BTreeMap<Date, Rate>>);

impl Fx {
    /// Says what one unit of `currency` is worth from `from` on.
    ///
    /// Fails with [`ErrorKind::InvalidArgument`] for US dollars, a rate that is not above zero,
    /// and a second rate of the same day.
    pub fn set(&mut self, currency: Currency, from: Date, usd: Decimal) -> Result<()> {
        let refuse = |why: &str| {
            Error::new(ErrorKind::InvalidArgument, format!("{why}: `{currency}`"))
                .with("from", from)
        };
        if currency == Currency::USD {
            return Err(refuse("US dollars are what the others are measured in"));
        }
        let rate = rate_of(usd)?;
        if rate.mantissa() == 0 {
            return Err(refuse("an exchange rate must be above zero"));
        }
        match self.0.entry(currency).or_default().insert(from, rate) {
            None => Ok(()),
            Some(_) => Err(refuse("two exchange rates from the same day")),
        }
    }

    /// Whether there is any rate of `currency`; US dollars need none.
    pub fn knows(&self, currency: Currency) -> bool {
        currency == Currency::USD || self.0.contains_key(&currency)
    }

    /// The day of the first rate of `currency`; nothing where there is none.
    pub fn first_day(&self, currency: Currency) -> Option<Date> {
        self.0.get(&currency)?.keys().next().copied()
    }

    /// US dollars for one unit of `currency` on a day.
    ///
    /// Fails with [`ErrorKind::Unpriced`] where no rate is in force yet.
    pub fn usd_for_one(&self, currency: Currency, on: Date) -> Result<Decimal> {
        Ok(self.rate(currency, on)?.map_or(Decimal::ONE, Rate::to_decimal))
    }

    /// An amount of US dollars in another currency, by the rate of a day; rounded once, half to
    /// even, at 10^-12.
    pub fn from_usd(&self, amount: Money, to: Currency, on: Date) -> Result<Money> {
        let Some(rate) = self.rate(to, on)? else { return Ok(amount) };
        let scale = power_of_ten(rate.scale()).ok_or_else(out_of_range)?;
        let divided = multiply_ratio(amount.pico(), scale, rate.mantissa());
        Ok(Money::from_pico(divided.ok_or_else(out_of_range)?, to))
    }

    /// The rate in force; nothing for US dollars.
    pub(super) fn rate(&self, currency: Currency, on: Date) -> Result<Option<Rate>> {
        if currency == Currency::USD {
            return Ok(None);
        }
        let rates = self.0.get(&currency);
        let in_force = rates.and_then(|rates| rates.range(..=on).next_back());
        in_force.map(|(_, rate)| Some(*rate)).ok_or_else(|| {
            Error::new(ErrorKind::Unpriced, format!("no exchange rate of `{currency}` on {on}"))
                .hinted(match rates.and_then(|rates| rates.keys().next()) {
                    Some(first) => format!("the first in `fx` of prices.yaml is of {first}"),
                    None => "add one to `fx` in prices.yaml".to_owned(),
                })
        })
    }

    /// Currency, first day and rate, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Currency, Date, Rate)> + '_ {
        self.0.iter().flat_map(|(currency, rates)| {
            rates.iter().map(|(from, rate)| (*currency, *from, *rate))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn fx() -> (Fx, Currency) {
        let eur = Currency::new("EUR").unwrap();
        let mut fx = Fx::default();
        fx.set(eur, date(2026, 1, 1), "1.25".parse().unwrap()).unwrap();
        (fx, eur)
    }

    #[test]
    fn a_rate_holds_from_its_day_on_and_never_before() {
        let (fx, eur) = fx();
        assert_eq!(fx.usd_for_one(eur, date(2030, 1, 1)).unwrap().to_string(), "1.25");
        let error = fx.usd_for_one(eur, date(2025, 12, 31)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        assert_eq!(error.to_string(), "no exchange rate of `EUR` on 2025-12-31");
        assert_eq!(error.hint(), Some("the first in `fx` of prices.yaml is of 2026-01-01"));
        assert_eq!(fx.usd_for_one(Currency::USD, date(1999, 1, 1)).unwrap(), Decimal::ONE);
    }

    #[test]
    fn dollars_are_divided_and_rounded_once() {
        let (mut fx, eur) = fx();
        let mxn = Currency::new("MXN").unwrap();
        fx.set(mxn, date(2026, 1, 1), "0.06".parse().unwrap()).unwrap();
        let day = date(2026, 5, 5);
        let one = Money::parse("1", Currency::USD).unwrap();
        assert_eq!(format!("{:?}", fx.from_usd(one, eur, day).unwrap()), "0.8 EUR");
        let pesos = fx.from_usd(one, mxn, day).unwrap();
        assert_eq!(format!("{pesos:?}"), "16.666666666667 MXN");
    }

    #[test]
    fn a_rate_that_makes_no_sense_is_refused() {
        let (mut fx, eur) = fx();
        for (currency, rate) in [(Currency::USD, "1"), (eur, "1.3"), (eur, "0"), (eur, "-1")] {
            let refused = fx.set(currency, date(2026, 1, 1), rate.parse().unwrap());
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidArgument, "{rate}");
        }
    }
}

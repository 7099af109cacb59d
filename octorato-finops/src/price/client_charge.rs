//! What a client is charged for one request.

use jiff::Timestamp;
use octorato_core::{Billing, Currency, Error, ErrorKind, Money, Result};
use rust_decimal::Decimal;

use super::amount::{multiply_ratio, out_of_range, power_of_ten};
use super::fx::Fx;
use super::scope::utc_day;

/// Checks a percentage on top of a cost: 0 to 1,000,000 per cent, with at most 8 decimals.
///
/// Fails with [`ErrorKind::InvalidArgument`].
///
/// ```
/// use octorato_finops::price::check_markup;
///
/// assert!(check_markup("12.50000000000".parse()?).is_ok());
/// assert!(check_markup("0.123456789".parse()?).is_err());
/// assert!(check_markup("-200".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_markup(pct: Decimal) -> Result<()> {
    let most = Decimal::from(1_000_000);
    if pct >= Decimal::ZERO && pct <= most && pct.normalize().scale() <= 8 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidArgument, format!("not a markup: `{pct}` per cent"))
        .hinted("write per cent from 0 to 1000000, with at most 8 decimals"))
}

/// What a client is charged for a request that cost `cost` US dollars, in the client's currency.
///
/// Cost plus is `cost x (100 + per cent) / 100`, divided by the exchange rate of the request's UTC
/// day where the client is not billed in dollars, and rounded once, half to even, at 10^-12. A
/// fixed fee, a retainer and internal work have no charge per request: nothing.
///
/// Fails like [`check_markup`], with [`ErrorKind::Unpriced`] where there is no exchange rate of that day, and with
/// [`ErrorKind::Overflow`] where the amount is too large.
///
/// ```
/// use octorato_core::{Billing, Currency, Money};
/// use octorato_finops::price::{Fx, client_charge};
///
/// let billing = Billing::CostPlus { markup_pct: "30".parse()? };
/// let cost = Money::parse("0.0072", Currency::USD)?;
/// let at = "2026-11-20T12:00:00Z".parse()?;
/// let charge = client_charge(&billing, cost, Currency::USD, at, &Fx::default())?;
/// assert_eq!(charge.map(|charge| charge.to_string()).as_deref(), Some("0.00936"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn client_charge(
    billing: &Billing,
    cost: Money,
    currency: Currency,
    at: Timestamp,
    fx: &Fx,
) -> Result<Option<Money>> {
    let Billing::CostPlus { markup_pct } = billing else { return Ok(None) };
    if cost.currency() != Currency::USD {
        return Err(Error::new(
            ErrorKind::CurrencyMismatch,
            format!("a cost in US dollars is needed: `{cost:?}`"),
        ));
    }
    check_markup(*markup_pct)?;
    let pct = markup_pct.normalize();
    let hundred = power_of_ten(pct.scale() + 2).ok_or_else(out_of_range)?;
    let mut numerator = hundred.checked_add(pct.mantissa()).ok_or_else(out_of_range)?;
    let mut denominator = hundred;
    if let Some(rate) = fx.rate(currency, utc_day(at))? {
        let scale = power_of_ten(rate.scale()).ok_or_else(out_of_range)?;
        numerator = numerator.checked_mul(scale).ok_or_else(out_of_range)?;
        denominator = denominator.checked_mul(rate.mantissa()).ok_or_else(out_of_range)?;
    }
    let charge = multiply_ratio(cost.pico(), numerator, denominator).ok_or_else(out_of_range)?;
    Ok(Some(Money::from_pico(charge, currency)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn charge(pct: &str, cost: &str, currency: &str, at: &str) -> Result<String> {
        let mut fx = Fx::default();
        let mxn = Currency::new("MXN").unwrap();
        fx.set(mxn, date(2026, 1, 1), "0.06".parse().unwrap()).unwrap();
        let billing = Billing::CostPlus { markup_pct: pct.parse().unwrap() };
        let cost = Money::parse(cost, Currency::USD).unwrap();
        let currency = Currency::new(currency).unwrap();
        let charge = client_charge(&billing, cost, currency, at.parse().unwrap(), &fx)?;
        Ok(format!("{:?}", charge.unwrap()))
    }

    #[test]
    fn cost_plus_is_rounded_once_in_the_client_s_currency() {
        let day = "2026-05-05T00:00:00Z";
        assert_eq!(charge("0", "0.05", "USD", day).unwrap(), "0.05 USD");
        assert_eq!(charge("12.5", "0.000000000004", "USD", day).unwrap(), "0.000000000004 USD");
        assert_eq!(charge("12.5", "0.000000000012", "USD", day).unwrap(), "0.000000000014 USD");
        assert_eq!(charge("30", "1", "MXN", day).unwrap(), "21.666666666667 MXN");
    }

    #[test]
    fn a_markup_that_makes_no_sense_is_refused() {
        let day = "2026-05-05T00:00:00Z";
        for pct in ["-200", "-0.1", "1000000.1", "0.1234567890123456789012345678"] {
            let error = charge(pct, "1", "USD", day).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{pct}");
        }
        let longest = charge("999999.12345678", "1000000", "MXN", day).unwrap();
        assert_eq!(longest, "166683187242.796666666667 MXN");
    }

    #[test]
    fn without_a_rate_of_the_day_there_is_no_charge() {
        let error = charge("30", "1", "EUR", "2026-05-05T00:00:00Z").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
        let error = charge("30", "1", "MXN", "2025-12-31T23:59:59Z").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unpriced);
    }

    #[test]
    fn other_models_of_billing_charge_by_the_month() {
        let monthly = Money::parse("500", Currency::USD).unwrap();
        let at = "2026-05-05T00:00:00Z".parse().unwrap();
        for billing in [Billing::Internal, Billing::Fixed { monthly }] {
            let none = client_charge(&billing, monthly, Currency::USD, at, &Fx::default());
            assert_eq!(none.unwrap(), None);
        }
    }
}

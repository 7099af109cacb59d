//! Exact amounts: integers of 10^-12 of a currency.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};

use crate::{Error, ErrorKind, Result};

/// A currency by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency in which providers price.
    pub const USD: Self = Self(*b"USD");

    /// Takes a code of three capital letters.
    ///
    /// ```
    /// assert_eq!(octorato_core::Currency::new("MXN")?.to_string(), "MXN");
    /// assert!(octorato_core::Currency::new("usd").is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn new(code: &str) -> Result<Self> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|byte| byte.is_ascii_uppercase()) => {
                Ok(Self([*a, *b, *c]))
            }
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not an ISO 4217 currency code: `{code}`"),
            )
            .hinted("use three capital letters, such as `USD`")),
        }
    }

    /// The code as text.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// How an inexact amount becomes an integer. There is no default: each use names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// To the nearest; a tie to the even neighbour. For booking.
    HalfEven,
    /// Away from zero. For upper bounds.
    Up,
    /// Towards zero.
    Down,
    /// Towards minus infinity.
    Floor,
}

impl Rounding {
    /// `numerator / denominator` rounded; the denominator must be positive.
    fn divide(self, numerator: i128, denominator: i128) -> i128 {
        debug_assert!(denominator > 0);
        let quotient = numerator.div_euclid(denominator);
        let remainder = numerator.rem_euclid(denominator);
        if remainder == 0 {
            return quotient;
        }
        let up = match self {
            Self::Floor => false,
            Self::Up => numerator > 0,
            Self::Down => numerator < 0,
            Self::HalfEven => match remainder.cmp(&(denominator - remainder)) {
                Ordering::Less => false,
                Ordering::Greater => true,
                Ordering::Equal => quotient % 2 != 0,
            },
        };
        quotient + i128::from(up)
    }
}

/// An amount of money: an integer of 10^-12 of its currency.
///
/// Exact for every token rate of at most six decimals per million tokens. There is no division
/// operator and no float; whatever can be inexact takes a [`Rounding`], whatever can leave the
/// range is checked.
///
/// ```
/// use octorato_core::{Currency, Money};
///
/// let a = Money::parse("0.1", Currency::USD)?;
/// let b = Money::parse("0.2", Currency::USD)?;
/// assert_eq!(a.checked_add(b)?.to_string(), "0.3");
/// assert!(a.checked_add(Money::zero(Currency::new("EUR")?)).is_err());
/// # Ok::<(), octorato_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pico: i128,
    currency: Currency,
}

impl Money {
    /// Decimal places of the integer.
    pub const SCALE: u32 = 12;
    const ONE: i128 = 1_000_000_000_000;

    /// Nothing.
    pub const fn zero(currency: Currency) -> Self {
        Self { pico: 0, currency }
    }

    /// `pico` units of 10^-12.
    pub const fn from_pico(pico: i128, currency: Currency) -> Self {
        Self { pico, currency }
    }

    /// Reads a decimal such as `200`, `-0.05` or `1.000000000001`; more than twelve decimals,
    /// exponents and anything else are refused.
    pub fn parse(text: &str, currency: Currency) -> Result<Self> {
        let refuse = |why: &str| {
            Error::new(ErrorKind::InvalidArgument, format!("not an amount: `{text}`"))
                .hinted(format!("{why}; write a decimal such as `12.50`"))
        };
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.')
        {
            return Err(refuse("only digits and one point are allowed"));
        }
        if fraction.len() > Self::SCALE as usize {
            return Err(refuse("an amount has at most twelve decimals"));
        }
        let magnitude = format!("{whole}{fraction:0<12}")
            .parse::<i128>()
            .map_err(|_| refuse("the amount is too large"))?;
        Ok(Self::from_pico(if negative { -magnitude } else { magnitude }, currency))
    }

    /// Books a decimal amount: rounds it once to 10^-12.
    pub fn from_decimal(amount: Decimal, currency: Currency, rounding: Rounding) -> Result<Self> {
        let mantissa = amount.mantissa();
        let pico = if amount.scale() <= Self::SCALE {
            mantissa
                .checked_mul(10_i128.pow(Self::SCALE - amount.scale()))
                .ok_or_else(|| overflow("convert"))?
        } else {
            rounding.divide(mantissa, 10_i128.pow(amount.scale() - Self::SCALE))
        };
        Ok(Self { pico, currency })
    }

    /// The integer of 10^-12.
    pub const fn pico(self) -> i128 {
        self.pico
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.pico == 0
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self> {
        self.same_currency(other)?;
        match self.pico.checked_add(other.pico) {
            Some(pico) => Ok(Self { pico, ..self }),
            None => Err(overflow("add")),
        }
    }

    /// The difference.
    pub fn checked_sub(self, other: Self) -> Result<Self> {
        self.same_currency(other)?;
        match self.pico.checked_sub(other.pico) {
            Some(pico) => Ok(Self { pico, ..self }),
            None => Err(overflow("subtract")),
        }
    }

    /// The sum of many amounts of `currency`; zero where there is none.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// `self x numerator / denominator`, rounded once. The denominator must not be zero.
    pub fn mul_ratio(self, numerator: i128, denominator: i128, rounding: Rounding) -> Result<Self> {
        if denominator == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "division of an amount by zero"));
        }
        let sign = denominator.signum();
        let product = self.pico.checked_mul(numerator).and_then(|p| p.checked_mul(sign));
        match product {
            Some(product) => {
                Ok(Self { pico: rounding.divide(product, denominator * sign), ..self })
            }
            None => Err(overflow("multiply")),
        }
    }

    /// The amount with exactly `places` decimals (at most 12), for people: `1234.50`.
    pub fn to_places(self, places: u32, rounding: Rounding) -> String {
        let places = places.min(Self::SCALE);
        let rounded = rounding.divide(self.pico, 10_i128.pow(Self::SCALE - places));
        let one = 10_u128.pow(places);
        let sign = if rounded < 0 { "-" } else { "" };
        let magnitude = rounded.unsigned_abs();
        if places == 0 {
            return format!("{sign}{magnitude}");
        }
        let width = places as usize;
        format!("{sign}{}.{:0width$}", magnitude / one, magnitude % one)
    }

    fn same_currency(self, other: Self) -> Result<()> {
        if self.currency == other.currency {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::CurrencyMismatch,
            format!("amounts in different currencies: `{}`, `{}`", self.currency, other.currency),
        ))
    }
}

fn overflow(operation: &'static str) -> Error {
    Error::new(ErrorKind::Overflow, "amount out of range").with("operation", operation)
}

/// Amounts of the same currency have an order; others have none.
impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.pico.cmp(&other.pico))
    }
}

/// The exact decimal without trailing zeros and without the currency: `0.0123`, `200`, `0`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.pico < 0 { "-" } else { "" };
        let magnitude = self.pico.unsigned_abs();
        let one = Self::ONE.unsigned_abs();
        let fraction = format!("{:012}", magnitude % one);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        f.pad(&format!("{sign}{}{point}{fraction}", magnitude / one))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.currency)
    }
}

/// A decimal string, as in every JSON document of Octorato.
impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(text: &str) -> Money {
        Money::parse(text, Currency::USD).unwrap()
    }

    #[test]
    fn amounts_are_read_and_printed_exactly() {
        for text in ["0", "1", "-1", "0.05", "-0.000000000001", "12345678901234567890.5"] {
            assert_eq!(usd(text).to_string(), text);
        }
        assert_eq!(usd("1.50").to_string(), "1.5");
    }

    #[test]
    fn anything_but_a_decimal_is_refused() {
        for text in ["", ".5", "5.", "1e3", "1,5", "+1", "0.0000000000001", "٣", "-", "NaN"] {
            assert!(Money::parse(text, Currency::USD).is_err(), "{text}");
        }
        assert!(Money::parse(&"9".repeat(40), Currency::USD).is_err());
    }

    #[test]
    fn sums_are_checked() {
        let most = Money::from_pico(i128::MAX, Currency::USD);
        let error = most.checked_add(Money::from_pico(1, Currency::USD)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Overflow);
        assert_eq!(most.mul_ratio(2, 1, Rounding::Up).unwrap_err().kind(), ErrorKind::Overflow);
    }

    #[test]
    fn each_rounding_does_what_its_name_says() {
        let cases = [
            (Rounding::HalfEven, ["0", "2", "2", "-2", "-2"]),
            (Rounding::Up, ["1", "2", "3", "-2", "-3"]),
            (Rounding::Down, ["0", "1", "2", "-1", "-2"]),
            (Rounding::Floor, ["0", "1", "2", "-2", "-3"]),
        ];
        for (rounding, expected) in cases {
            let halves = [1, 3, 5, -3, -5];
            let got = halves.map(|h| Money::from_pico(h, Currency::USD));
            let got = got.map(|m| m.mul_ratio(1, 2, rounding).unwrap().pico().to_string());
            assert_eq!(got, expected, "{rounding:?}");
        }
    }

    #[test]
    fn a_decimal_with_more_places_is_rounded_once() {
        let amount = Decimal::from_i128_with_scale(25, 13);
        let booked =
            |rounding| Money::from_decimal(amount, Currency::USD, rounding).unwrap().pico();
        assert_eq!(booked(Rounding::HalfEven), 2);
        assert_eq!(booked(Rounding::Up), 3);
    }

    #[test]
    fn people_see_fixed_places() {
        assert_eq!(usd("1234.5").to_places(2, Rounding::HalfEven), "1234.50");
        assert_eq!(usd("-0.005").to_places(2, Rounding::HalfEven), "0.00");
        assert_eq!(usd("0.00004").to_places(4, Rounding::Up), "0.0001");
        assert_eq!(usd("2.5").to_places(0, Rounding::HalfEven), "2");
    }

    proptest! {
        #[test]
        fn printing_and_reading_is_the_identity(pico in any::<i64>()) {
            let amount = Money::from_pico(i128::from(pico) * 977, Currency::USD);
            prop_assert_eq!(usd(&amount.to_string()), amount);
        }

        #[test]
        fn thirds_add_up_to_within_the_rounding(pico in any::<i64>()) {
            let whole = Money::from_pico(i128::from(pico), Currency::USD);
            let third = whole.mul_ratio(1, 3, Rounding::HalfEven).unwrap();
            prop_assert!((third.pico() * 3 - whole.pico()).abs() <= 1);
        }
    }
}

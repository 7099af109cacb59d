//! Exact amounts before they are booked: a fraction whose denominator is 10^n or 9 x 10^n.
//!
//! Tokens are priced per million and tools per thousand, so their amounts are decimals. Only a
//! rate per hour of something counted in seconds can leave them (3600 = 9 x 400), and then by a
//! nine at most. So nothing is rounded before the end, whatever is added up.

use std::cmp::Ordering;

use octorato_core::{Currency, Error, ErrorKind, Money, Result, Rounding};
use rust_decimal::Decimal;

use super::rate::{Per, Rate};

/// An exact amount of US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    numerator: i128,
    /// Decimal places of the numerator.
    scale: u32,
    /// Whether the numerator counts ninths.
    ninths: bool,
}

const POWERS_OF_TEN: [i128; 39] = {
    let mut powers = [1; 39];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

pub(super) fn power_of_ten(exponent: u32) -> Option<i128> {
    POWERS_OF_TEN.get(exponent as usize).copied()
}

pub(super) fn out_of_range() -> Error {
    Error::new(ErrorKind::Overflow, "amount of a charge out of range")
}

/// `a x b / divisor` rounded half to even, however long the product is; nothing where the result
/// is out of range or the divisor is not above zero.
pub(super) fn multiply_ratio(a: i128, b: i128, divisor: i128) -> Option<i128> {
    let (one, other) = (a.unsigned_abs(), b.unsigned_abs());
    let divisor = u128::try_from(divisor).ok().filter(|divisor| *divisor > 0)?;
    let (part, rest) = divide_product(other, one % divisor, divisor);
    let quotient = (one / divisor).checked_mul(other)?.checked_add(part)?;
    let is_up = match rest.cmp(&(divisor - rest)) {
        Ordering::Less => false,
        Ordering::Greater => true,
        Ordering::Equal => quotient % 2 == 1,
    };
    let magnitude = i128::try_from(quotient.checked_add(is_up.into())?).ok()?;
    Some(if (a < 0) == (b < 0) { magnitude } else { -magnitude })
}

/// `a x b / d` and the remainder, where `b <= d` and `a` and `d` fit in 127 bits.
pub(super) fn divide_product(a: u128, b: u128, d: u128) -> (u128, u128) {
    if let Some(product) = a.checked_mul(b) {
        return (product / d, product % d);
    }
    // One bit of `b` at a time, the highest first: quotient and remainder of a x (those bits) / d.
    let (whole, part) = (a / d, a % d);
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for bit in (0..u128::BITS - b.leading_zeros()).rev() {
        quotient *= 2;
        rest *= 2; // below 2 d, and so within 128 bits
        if rest >= d {
            rest -= d;
            quotient += 1;
        }
        if (b >> bit) & 1 == 1 {
            quotient += whole;
            rest += part;
            if rest >= d {
                rest -= d;
                quotient += 1;
            }
        }
    }
    (quotient, rest)
}

/// The product; most integers here have 64 bits, and those need no check.
fn product(integer: i128, factor: i128) -> Option<i128> {
    match (i64::try_from(integer), i64::try_from(factor)) {
        (Ok(integer), Ok(factor)) => Some(i128::from(integer) * i128::from(factor)),
        _ => integer.checked_mul(factor),
    }
}

impl Amount {
    /// Nothing.
    pub(super) const ZERO: Self = Self { numerator: 0, scale: 0, ninths: false };

    /// `count` at `rate`, which is for `per` of it.
    pub(super) fn of(count: u64, rate: Rate, per: Per) -> Result<Self> {
        let product = product(count.into(), rate.mantissa()).ok_or_else(out_of_range)?;
        let scale = rate.scale();
        Ok(match per {
            Per::Million => Self { numerator: product, scale: scale + 6, ninths: false },
            Per::Thousand => Self { numerator: product, scale: scale + 3, ninths: false },
            Per::Billion => Self { numerator: product, scale: scale + 9, ninths: false },
            Per::Hour => {
                // 1 / 3600 = 25 / (9 x 10^4)
                let numerator = product.checked_mul(25).ok_or_else(out_of_range)?;
                let scale = scale + 4;
                if numerator % 9 == 0 {
                    Self { numerator: numerator / 9, scale, ninths: false }
                } else {
                    Self { numerator, scale, ninths: true }
                }
            }
        })
    }

    /// The sum.
    pub(super) fn plus(self, other: Self) -> Result<Self> {
        if self.scale == other.scale && self.ninths == other.ninths {
            let numerator = self.numerator.checked_add(other.numerator);
            return Ok(Self { numerator: numerator.ok_or_else(out_of_range)?, ..self });
        }
        let scale = self.scale.max(other.scale);
        let ninths = self.ninths || other.ninths;
        let align = |amount: Self| {
            let ninths = if ninths && !amount.ninths { 9 } else { 1 };
            product(amount.numerator, product(power_of_ten(scale - amount.scale)?, ninths)?)
        };
        let numerator =
            align(self).zip(align(other)).and_then(|(mine, theirs)| mine.checked_add(theirs));
        Ok(Self { numerator: numerator.ok_or_else(out_of_range)?, scale, ninths })
    }

    /// The amount rounded once to an integer of 10^-12, half to even.
    pub(super) fn book(self) -> Result<Money> {
        self.round(Rounding::HalfEven)
    }

    /// The amount rounded up to an integer of 10^-12, for upper bounds.
    pub(super) fn book_up(self) -> Result<Money> {
        self.round(Rounding::Up)
    }

    fn round(self, rounding: Rounding) -> Result<Money> {
        let ninths = if self.ninths { 9 } else { 1 };
        let (factor, divisor) = if self.scale <= Money::SCALE {
            (power_of_ten(Money::SCALE - self.scale), Some(ninths))
        } else {
            let divisor = power_of_ten(self.scale - Money::SCALE);
            (Some(1), divisor.and_then(|power| power.checked_mul(ninths)))
        };
        let (factor, divisor) = factor.zip(divisor).ok_or_else(out_of_range)?;
        let pico = product(self.numerator, factor).ok_or_else(out_of_range)?;
        let money = Money::from_pico(pico, Currency::USD);
        if divisor == 1 {
            return Ok(money);
        }
        money.mul_ratio(1, divisor, rounding)
    }

    /// The amount as a decimal and whether it is exact; where it is not, the decimal has the 28
    /// digits nearest to it. Trailing zeros are kept.
    ///
    /// Fails only where the whole dollars have more than 28 digits.
    pub(super) fn to_decimal(self) -> Result<(Decimal, bool)> {
        if !self.ninths
            && self.scale <= Decimal::MAX_SCALE
            && let Ok(numerator) = i64::try_from(self.numerator)
        {
            return Ok((Decimal::new(numerator, self.scale), true));
        }
        let mut amount = self;
        if amount.ninths {
            if amount.numerator % 9 != 0 {
                return amount.to_inexact_decimal().map(|decimal| (decimal, false));
            }
            amount = Self { numerator: amount.numerator / 9, ninths: false, ..amount };
        }
        loop {
            match Decimal::try_from_i128_with_scale(amount.numerator, amount.scale) {
                Ok(decimal) => return Ok((decimal, true)),
                // Too many digits, but some may be zeros at the end.
                Err(_) if amount.numerator % 10 == 0 && amount.scale > 0 => {
                    amount.numerator /= 10;
                    amount.scale -= 1;
                }
                Err(_) => return amount.to_inexact_decimal().map(|decimal| (decimal, false)),
            }
        }
    }

    /// The nearest decimal of 28 digits, at most 28 of them after the point.
    fn to_inexact_decimal(self) -> Result<Decimal> {
        let ninths = if self.ninths { 9 } else { 1 };
        let (mut numerator, mut scale, mut divisor) = (self.numerator, self.scale, ninths);
        let limit = POWERS_OF_TEN[28];
        while scale < 28 && (numerator / divisor).abs() < limit / 10 {
            numerator = numerator.checked_mul(10).ok_or_else(out_of_range)?;
            scale += 1;
        }
        while scale > 28 || (scale > 0 && (numerator / divisor).abs() >= limit) {
            divisor = divisor.checked_mul(10).ok_or_else(out_of_range)?;
            scale -= 1;
        }
        let rounded = Money::from_pico(numerator, Currency::USD)
            .mul_ratio(1, divisor, Rounding::HalfEven)?
            .pico();
        Decimal::try_from_i128_with_scale(rounded, scale)
            .map_err(|source| out_of_range().caused_by(source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(count: u64, rate: &str, per: Per) -> Amount {
        Amount::of(count, Rate::parse(rate).unwrap(), per).unwrap()
    }

    fn shown(amount: Amount) -> (String, bool) {
        let (decimal, exact) = amount.to_decimal().unwrap();
        (decimal.normalize().to_string(), exact)
    }

    #[test]
    fn tokens_and_tools_are_exact() {
        assert_eq!(shown(amount(1, "2.5", Per::Million)), ("0.0000025".into(), true));
        assert_eq!(shown(amount(3, "10", Per::Thousand)), ("0.03".into(), true));
        assert_eq!(shown(amount(7, "0.5", Per::Billion)), ("0.0000000035".into(), true));
    }

    #[test]
    fn an_hour_is_exact_where_it_can_be_and_marked_where_not() {
        assert_eq!(shown(amount(3600, "0.36", Per::Hour)), ("0.36".into(), true));
        assert_eq!(shown(amount(1, "0.36", Per::Hour)), ("0.0001".into(), true));
        let third = amount(1200, "1", Per::Hour);
        assert_eq!(shown(third), (format!("0.{}", "3".repeat(28)), false));
        // Three inexact thirds are one exact whole: nothing was rounded on the way.
        let whole = third.plus(third).and_then(|two| two.plus(third)).unwrap();
        assert_eq!(shown(whole), ("1".into(), true));
        assert_eq!(whole.book().unwrap().to_string(), "1");
        assert_eq!(third.book().unwrap().to_string(), "0.333333333333");
    }

    #[test]
    fn ratios_are_rounded_once_however_long_the_product() {
        for (a, b, divisor, expected) in [
            (5, 1, 2, Some(2)),
            (-5, 1, 2, Some(-2)),
            (7, -1, 2, Some(-4)),
            (i128::MAX, i128::MAX, i128::MAX, Some(i128::MAX)),
            (i128::MAX, 2, 4, Some(1 << 126)),
            (i128::MAX, 2, 1, None),
            (1, 1, 0, None),
            (1, 1, -1, None),
        ] {
            assert_eq!(multiply_ratio(a, b, divisor), expected, "{a} {b} {divisor}");
        }
    }

    #[test]
    fn booking_rounds_once_half_to_even() {
        let half = |count| amount(count, "0.0000005", Per::Million); // 5e-13 each
        assert_eq!(half(1).book().unwrap().pico(), 0);
        assert_eq!(half(3).book().unwrap().pico(), 2);
        assert_eq!(half(1).plus(half(1)).unwrap().book().unwrap().pico(), 1);
        assert_eq!(half(1).book_up().unwrap().pico(), 1);
        assert_eq!(half(2).book_up().unwrap().pico(), 1);
    }

    #[test]
    fn what_a_decimal_cannot_hold_is_marked() {
        let zeros = amount(10_000_000_000_000_000_000, "999999999", Per::Million);
        assert_eq!(shown(zeros), ("9999999990000000000000".into(), true));
        let most = amount(u64::MAX, "999999999999.999999", Per::Million);
        assert_eq!(shown(most), ("18446744073709551596553255.93".into(), false));
        assert_eq!(most.book().unwrap().to_string(), "18446744073709551596553255.926290448385");
        // 10^6 and 1.25 x 10^-23 dollars have 30 digits.
        let dollars = amount(1_000_000_000_000, "1", Per::Million);
        let dust = amount(1, "0.0000000000000000125", Per::Million);
        assert_eq!(shown(dollars.plus(dust).unwrap()), ("1000000".into(), false));
        let beyond = amount(u64::MAX, "9223372036854775807", Per::Million);
        assert_eq!(beyond.to_decimal().unwrap_err().kind(), ErrorKind::Overflow);
    }
}

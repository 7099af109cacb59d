//! Rates as plain decimals, without the noise of floats.

use super::findings::shortened;

/// Digits that an honest rate has at most.
const HONEST_DIGITS: usize = 10;

/// The longest number that is read.
const LONGEST: usize = 64;

/// Why a text is no rate.
type Reason = String;

/// A rate as a plain decimal without trailing zeros: the text as written, or where it has more
/// digits than an honest rate, the shortest decimal that the same double (give or take two units
/// in its last place) prints for. Also says whether the value is another than the written one.
pub(super) fn normalise(written: &str) -> Result<(String, bool), Reason> {
    let refuse = || format!("not a rate: `{}`", shortened(written));
    let plain = plain(written).ok_or_else(refuse)?;
    if significant_digits(&plain) <= HONEST_DIGITS {
        return Ok((plain, false));
    }
    match shortest_near(written) {
        Some(short) => Ok((self::plain(&short).ok_or_else(refuse)?, true)),
        None => Ok((plain, false)),
    }
}

/// The shortest decimal of at most [`HONEST_DIGITS`] within two units in the last place.
#[expect(
    clippy::disallowed_types,
    reason = "the noise to be removed is that of a double, so a double says what it is"
)]
fn shortest_near(written: &str) -> Option<String> {
    let double: f64 = written.parse().ok()?;
    (0..HONEST_DIGITS).map(|digits| format!("{double:.digits$e}")).find(|short| {
        short.parse::<f64>().is_ok_and(|near| near.to_bits().abs_diff(double.to_bits()) <= 2)
    })
}

/// A JSON number as a plain decimal: `1.50e-3` is `0.0015`.
fn plain(number: &str) -> Option<String> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (number, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || number.len() > LONGEST {
        return None;
    }
    shifted(whole, fraction, exponent)
}

/// A plain decimal times a power of ten.
pub(super) fn shift(plain: &str, places: i32) -> Option<String> {
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    shifted(whole, fraction, places)
}

fn shifted(whole: &str, fraction: &str, places: i32) -> Option<String> {
    if places.abs() > 30 {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()? + places;
    let (whole, fraction) = match usize::try_from(point) {
        Ok(point) if point >= digits.len() => (format!("{digits:0<point$}"), String::new()),
        Ok(point) => (digits[..point].to_owned(), digits[point..].to_owned()),
        Err(_) => {
            let zeros = "0".repeat(point.unsigned_abs() as usize);
            (String::new(), format!("{zeros}{digits}"))
        }
    };
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{whole}{point}{fraction}"))
}

fn significant_digits(plain: &str) -> usize {
    plain.replace('.', "").trim_start_matches('0').len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_rates_stay_as_written() {
        for (written, plain) in [
            ("0", "0"),
            ("5", "5"),
            ("0.25", "0.25"),
            ("1.0", "1"),
            ("100", "100"),
            ("1e-05", "0.00001"),
            ("1.5E3", "1500"),
            ("2.5e-3", "0.0025"),
            ("0.003625", "0.003625"),
            ("0.1234567891", "0.1234567891"),
        ] {
            assert_eq!(normalise(written).unwrap(), (plain.to_owned(), false), "{written}");
        }
    }

    #[test]
    fn the_noise_of_a_double_is_removed() {
        for (written, taken) in [
            ("0.18000000000000002", "0.18"),
            ("0.30000000000000004", "0.3"),
            ("0.049999999999999996", "0.05"),
            ("1.4000000000000001", "1.4"),
        ] {
            assert_eq!(normalise(written).unwrap(), (taken.to_owned(), true));
        }
    }

    #[test]
    fn digits_that_are_no_noise_stay() {
        let written = "0.18000000001234567";
        assert_eq!(normalise(written).unwrap(), (written.to_owned(), false));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for bad in ["-1", "-0.0", "", ".5", "abc", "1e99", "1e-31", "null", "NaN", "\"1\"", "1e"] {
            assert!(normalise(bad).is_err(), "{bad}");
        }
        assert!(normalise(&"1".repeat(65)).is_err());
    }

    #[test]
    fn a_shift_moves_the_point_and_nothing_else() {
        for (plain, places, moved) in [
            ("0.0000015", 6, "1.5"),
            ("0.0000001234567", 6, "0.1234567"),
            ("3", 6, "3000000"),
            ("0", 6, "0"),
            ("2.5", -2, "0.025"),
        ] {
            assert_eq!(shift(plain, places).as_deref(), Some(moved));
        }
    }
}

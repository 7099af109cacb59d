//! Single values: texts, ids, zones, currencies, decimals, dates. Each reader reports what it
//! refuses and gives nothing back.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato_core::{ArmId, ClientId, Currency, Money};
use rust_decimal::Decimal;

use super::findings::Findings;
use super::yaml::{Node, Value};

pub(super) fn text<'n>(node: &'n Node, what: &str, findings: &mut Findings<'_>) -> Option<&'n str> {
    if let Value::Text(text) = &node.value {
        return Some(text);
    }
    findings.wrong_type(node, what, "text");
    None
}

/// A text that says something.
pub(super) fn words<'n>(
    node: &'n Node,
    what: &str,
    findings: &mut Findings<'_>,
) -> Option<&'n str> {
    let text = text(node, what, findings)?;
    if text.trim().is_empty() {
        findings.empty_text(node, what);
        return None;
    }
    Some(text)
}

pub(super) fn arm_id(node: &Node, findings: &mut Findings<'_>) -> Option<ArmId> {
    let text = text(node, "an arm's id", findings)?;
    ArmId::new(text).map_err(|error| findings.bad_id(node, &error)).ok()
}

pub(super) fn client_id(node: &Node, findings: &mut Findings<'_>) -> Option<ClientId> {
    let text = text(node, "a client's id", findings)?;
    ClientId::new(text).map_err(|error| findings.bad_id(node, &error)).ok()
}

pub(super) fn zone(node: &Node, findings: &mut Findings<'_>) -> Option<TimeZone> {
    let name = text(node, "`timezone`", findings)?;
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        findings.bad_zone(node, name);
    }
    zone
}

pub(super) fn currency(node: &Node, findings: &mut Findings<'_>) -> Option<Currency> {
    let code = text(node, "`currency`", findings)?;
    let currency = Currency::new(code).ok();
    if currency.is_none() {
        findings.bad_currency(node, code);
    }
    currency
}

/// A decimal that is not negative, such as a percentage or a rate.
pub(super) fn decimal(node: &Node, key: &str, findings: &mut Findings<'_>) -> Option<Decimal> {
    let text = amount_text(node, key, findings)?;
    if let Err(hint) = plain_decimal(text) {
        findings.bad_amount(node, key, text, hint);
        return None;
    }
    match Decimal::from_str_exact(text) {
        Ok(decimal) if decimal.is_sign_negative() && !decimal.is_zero() => {
            findings.negative_amount(node, key, text);
            None
        }
        Ok(decimal) => Some(decimal.abs()),
        Err(_) => {
            findings.bad_amount(node, key, text, "write at most 28 digits");
            None
        }
    }
}

/// An amount of money that is not negative.
pub(super) fn money(
    node: &Node,
    key: &str,
    currency: Currency,
    findings: &mut Findings<'_>,
) -> Option<Money> {
    let text = amount_text(node, key, findings)?;
    match Money::parse(text, currency) {
        Ok(money) if money < Money::zero(currency) => {
            findings.negative_amount(node, key, text);
            None
        }
        Ok(money) => match plain_decimal(text) {
            Ok(()) => Some(money),
            Err(hint) => {
                findings.bad_amount(node, key, text, hint);
                None
            }
        },
        Err(error) => {
            let hint = plain_decimal(text).err();
            findings.bad_amount(node, key, text, hint.or(error.hint()).unwrap_or_default());
            None
        }
    }
}

/// A whole number that is not negative.
pub(super) fn count(node: &Node, key: &str, findings: &mut Findings<'_>) -> Option<u64> {
    let text = amount_text(node, key, findings)?;
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = is_plain && (text == "0" || !text.starts_with('0'));
    let count = if is_plain { text.parse().ok() } else { None };
    if count.is_none() {
        findings.bad_amount(node, key, text, "write a whole number such as `200000`");
    }
    count
}

pub(super) fn date(node: &Node, key: &str, findings: &mut Findings<'_>) -> Option<Date> {
    let text = match &node.value {
        Value::Text(text) => text.as_str(),
        Value::Number => node.raw(findings.source()),
        _ => {
            findings.wrong_type(node, &format!("`{key}`"), "a date");
            return None;
        }
    };
    let date = plain_date(text);
    if date.is_none() {
        findings.bad_date(node, text);
    }
    date
}

/// The date that is written YYYY-MM-DD.
pub(super) fn plain_date(text: &str) -> Option<Date> {
    let date = if text.len() == "YYYY-MM-DD".len() { text.parse::<Date>().ok() } else { None };
    // The last days of the calendar have no instant in every zone.
    date.filter(|date| date.year() < 9999)
}

/// The characters of a number, quoted or not: quotes do no harm to a decimal.
fn amount_text<'t, 's: 't>(
    node: &'t Node,
    key: &str,
    findings: &mut Findings<'s>,
) -> Option<&'t str> {
    match &node.value {
        Value::Number => Some(node.raw(findings.source())),
        Value::Text(text) => Some(text),
        _ => {
            findings.wrong_type(node, &format!("`{key}`"), "a decimal");
            None
        }
    }
}

/// Digits with at most one point between them and a sign only for minus; else what to do.
fn plain_decimal(text: &str) -> Result<(), &'static str> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if all_digits(whole) && all_digits(fraction) {
        // Some readers of YAML take such digits for octal ones.
        if whole.len() > 1 && whole.starts_with('0') {
            return Err("write it without a zero in front");
        }
        Ok(())
    } else if text.contains(['_', ',', ' ', '\'']) {
        Err("write the digits without separators, with a point before decimals")
    } else if text.contains(['%', '$', '€']) {
        Err("write the number alone")
    } else {
        Err("write a decimal such as `12.5`")
    }
}

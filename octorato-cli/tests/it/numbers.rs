//! Amounts as integers of 10^-12, however they are printed.

use std::collections::BTreeMap;

use serde_json::Value;

/// `"1.23"`, `$1,234.5 †` and `-$0.01` as whole numbers; nothing where there is no amount.
pub(crate) fn pico(text: &str) -> Option<i128> {
    let text: String = text.chars().filter(|c| !matches!(c, '$' | ',' | '†' | '*' | ' ')).collect();
    if text.is_empty() || text == "-" {
        return None;
    }
    let (sign, text) = text.strip_prefix('-').map_or((1, text.as_str()), |rest| (-1, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    assert!(fraction.len() <= 12, "{text}");
    Some(sign * format!("{whole}{fraction:0<12}").parse::<i128>().unwrap())
}

/// A JSON amount; null counts as nothing.
pub(crate) fn amount(value: &Value) -> i128 {
    match value {
        Value::Null => 0,
        Value::String(text) => pico(text).unwrap(),
        other => panic!("money is a decimal string, not {other}"),
    }
}

/// The sum of all numbers and amounts of an object and the objects in it, key by key.
pub(crate) fn add_up(sums: &mut BTreeMap<String, i128>, at: &str, value: &Value) {
    for (key, value) in value.as_object().unwrap() {
        let name = format!("{at}/{key}");
        let is_amount = at == "/costs" || matches!(key.as_str(), "list_cost" | "cache_saved");
        match value {
            Value::Number(count) => {
                *sums.entry(name).or_default() += i128::from(count.as_u64().unwrap());
            }
            Value::Object(_) => add_up(sums, &name, value),
            Value::String(text) if is_amount => {
                *sums.entry(name).or_default() += pico(text).unwrap();
            }
            _ => {}
        }
    }
}

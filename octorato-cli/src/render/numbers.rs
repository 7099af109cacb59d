//! Numbers for people. Amounts are shown to their last digit, so that a reader who adds up a
//! column gets its total.

use std::fmt::Display;

use octorato::core::Money;

/// `1,234,567`
pub(crate) fn grouped<N: ToString + ?Sized>(number: &N) -> String {
    let digits = number.to_string();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits.as_str()),
    };
    let mut text = String::from(sign);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 request`, `2,000 requests`
pub(crate) fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(&number))
}

/// A column of exact amounts with as many decimals as its longest needs, at least two; a dash
/// where there is none.
pub(crate) fn amounts<A: Display>(column: &[Option<A>]) -> Vec<String> {
    let places = |money: &A| money.to_string().split_once('.').map_or(0, |(_, f)| f.len());
    let most = column.iter().flatten().map(places).max().unwrap_or(0).max(2);
    let text =
        |amount: &Option<A>| amount.as_ref().map_or_else(|| "-".to_owned(), |a| dollars(a, most));
    column.iter().map(text).collect()
}

/// One exact amount, with at least two decimals.
pub(crate) fn amount(money: Money) -> String {
    amounts(&[Some(money)]).concat()
}

fn dollars<A: Display>(money: &A, places: usize) -> String {
    let text = money.to_string();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", text.as_str()),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    format!("{sign}${}.{fraction:0<places$}", grouped(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use octorato::core::Currency;

    #[test]
    fn a_column_has_the_decimals_that_its_longest_amount_needs() {
        let usd = |text| Some(Money::parse(text, Currency::USD).unwrap());
        let column = [usd("1234567.5"), usd("0.000025"), None, usd("-3")];
        assert_eq!(amounts(&column), ["$1,234,567.500000", "$0.000025", "-", "-$3.000000"]);
        assert_eq!(amounts(&[usd("0")]), ["$0.00"]);
        assert_eq!(amounts::<Money>(&[]), [""; 0]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(&0), "0");
        assert_eq!(grouped(&999), "999");
        assert_eq!(grouped(&1000), "1,000");
        assert_eq!(grouped(&-1_234_567), "-1,234,567");
    }
}

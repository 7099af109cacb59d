//! What a request costs, class by class.

use std::fmt::Display;

use octorato::finops::price::{Charge, ChargeLine};

use super::numbers::{amounts, grouped};
use super::table::{Align, Table};

/// The classes of a charge with their counts, rates and amounts, and the total of the amounts;
/// `title` says what the amounts are.
pub(crate) fn classes<A: Display>(
    title: &str,
    charge: &Charge,
    amount: impl Fn(&ChargeLine) -> A,
    total: A,
) -> Table {
    let mut table = Table::new(&[
        ("Class", Align::Left),
        ("Count", Align::Right),
        ("Rate", Align::Right),
        (title, Align::Right),
    ]);
    let mut costs: Vec<_> = charge.lines().iter().map(|line| Some(amount(line))).collect();
    costs.push(Some(total));
    let mut costs = amounts(&costs).into_iter();
    for (line, cost) in charge.lines().iter().zip(costs.by_ref()) {
        let rate = format!("${} / {}", line.rate(), grouped(&line.per()));
        table.row([line.unit().name().replace('_', " "), grouped(&line.count()), rate, cost]);
    }
    let total = costs.next().unwrap_or_default();
    table.total(["Total".to_owned(), String::new(), String::new(), total]);
    table
}

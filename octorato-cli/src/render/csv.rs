//! A report for spreadsheets: one line per row, every count and every cost a column, amounts to
//! their last digit. There is no line of totals, since it would be added up again.

use std::io::{self, Write};

use octorato::core::{Currency, Money, Unit};
use octorato::finops::report::{Report, Row, Sums};

use super::foreign;

/// Units that have a column whether or not anything was used.
const ALWAYS: [Unit; 7] = [
    Unit::Input,
    Unit::CacheRead,
    Unit::CacheWrite5m,
    Unit::CacheWrite1h,
    Unit::Output,
    Unit::Reasoning,
    Unit::WebSearches,
];

pub(crate) fn write(report: &Report, out: &mut impl Write) -> io::Result<()> {
    // The error of the stream itself, so that a closed pipe is known as one.
    rows(report, out).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

fn rows(report: &Report, out: &mut impl Write) -> csv::Result<()> {
    let used = |unit: &Unit| ALWAYS.contains(unit) || report.total.usage[*unit] > 0;
    let units: Vec<Unit> = Unit::ALL.iter().copied().filter(used).collect();
    // Reasoning that is charged inside output has no amount of its own.
    let is_charged = |unit: &Unit| unit.part_of().is_none() || !report.total.cost(*unit).is_zero();
    let costly: Vec<Unit> = units.iter().copied().filter(is_charged).collect();
    // What a ledger has corrected is a cost of no class; only there is such a column.
    let is_unsplit = report.rows.iter().any(|row| !row.sums.unsplit_cost().is_zero());
    let charges = report.total.client_charges();
    let currencies: Vec<Currency> = charges.map(Money::currency).collect();
    let mut csv = csv::Writer::from_writer(out);

    let labels = report.by.iter().map(|column| column.name().to_owned());
    let counts = units.iter().map(|unit| unit.name().to_owned());
    let costs = costly.iter().map(|unit| format!("cost_{unit}"));
    let others =
        ["cache_hit_rate", "cache_saved", "unpriced_events", "inexact_events", "estimated_events"];
    let header = labels
        .chain(["events".to_owned()])
        .chain(counts)
        .chain(["tokens".to_owned(), "list_cost".to_owned()])
        .chain(costs)
        .chain(is_unsplit.then(|| "cost_unsplit".to_owned()))
        .chain(others.map(str::to_owned))
        .chain(["contracted_cost".to_owned(), "allocated_cost".to_owned()])
        .chain(currencies.iter().map(|currency| format!("client_charge_{currency}")))
        .chain(["uncharged_events", "corrected_events", "corrections"].map(str::to_owned))
        .chain(["corrections_contracted", "stale_corrections"].map(str::to_owned));
    csv.write_record(header)?;
    for row in &report.rows {
        let mut cells = record(row, &units, &costly, is_unsplit);
        cells.extend(charged(&row.sums, &currencies));
        csv.write_record(cells)?;
    }
    csv.flush()?;
    Ok(())
}

/// A label that neither a terminal nor a spreadsheet acts on. Without the first, whoever prints the
/// lines could leave out what a terminal would take for a command, and with it a part of the label.
fn harmless(label: &str) -> String {
    foreign::cell(&foreign::shown(label))
}

fn record(row: &Row, units: &[Unit], costly: &[Unit], is_unsplit: bool) -> Vec<String> {
    let Row { key, sums } = row;
    let priced = sums.list_cost().is_some();
    let text = |value: Option<String>| value.unwrap_or_default();
    let mut cells: Vec<String> =
        key.iter().map(|label| text(label.as_deref().map(harmless))).collect();
    cells.push(sums.events.to_string());
    cells.extend(units.iter().map(|&unit| sums.usage[unit].to_string()));
    cells.push(sums.usage.tokens().to_string());
    cells.push(text(sums.list_cost().map(|cost| cost.to_string())));
    let cost = |&unit: &Unit| text(priced.then(|| sums.cost(unit).to_string()));
    cells.extend(costly.iter().map(cost));
    cells.extend(is_unsplit.then(|| text(priced.then(|| sums.unsplit_cost().to_string()))));
    cells.push(text(sums.cache_hit_rate().map(|rate| rate.to_string())));
    cells.push(text(sums.cache_saved().map(|saved| saved.to_string())));
    cells.push(sums.unpriced_events.to_string());
    cells.push(sums.inexact_events.to_string());
    cells.push(sums.estimated_events.to_string());
    cells
}

/// What it cost the operator beside the list cost, and the clients, by currency.
fn charged(sums: &Sums, currencies: &[Currency]) -> Vec<String> {
    let text = |amount: Option<Money>| amount.map_or_else(String::new, |money| money.to_string());
    let mut cells = vec![text(sums.contracted_cost()), text(sums.allocated_cost())];
    cells.extend(currencies.iter().map(|currency| text(sums.client_charge(*currency))));
    cells.push(sums.uncharged_events.to_string());
    let corrected = &sums.corrections;
    cells.push(corrected.events.to_string());
    cells.push(corrected.list_cost.to_string());
    cells.push(corrected.contracted_cost.to_string());
    cells.push(corrected.stale.to_string());
    cells
}

//! A report for people.

use std::collections::BTreeSet;

use octorato::core::{AttributionReason, Currency, Money, Unit, UnitKind};
use octorato::finops::logs::Finding;
use octorato::finops::report::{Ratio, Report, Row, Sums};

use super::foreign;
use super::numbers::{amount, amounts, counted, grouped};
use super::table::{Align, Table};

/// A heading and the units below it.
type Class = (&'static str, fn(Unit) -> bool);

/// The columns of token classes.
const CLASSES: [Class; 4] = [
    ("Input", |unit| {
        let cached = unit.is_cache_read() || unit.is_cache_write();
        matches!(unit.kind(), UnitKind::InputTokens) && !cached
    }),
    ("Cache write", Unit::is_cache_write),
    ("Cache read", Unit::is_cache_read),
    ("Output", |unit| matches!(unit.kind(), UnitKind::OutputTokens) && unit.adds_to_tokens()),
];

/// The period, the zone and the prices, in one line.
pub(crate) fn heading(report: &Report) -> String {
    let zone = report.period.zone().iana_name().unwrap_or("UTC");
    let own = if report.has_own_prices {
        format!("; with your own prices, price book {}", report.price_book)
    } else {
        String::new()
    };
    format!("{}, {zone}; list cost in USD, price snapshot {}{own}", report.period, report.snapshot)
}

/// The columns that a narrow terminal does without, the first first.
pub(crate) const DISPENSABLE: [&str; 6] =
    ["Cache saved", "Cache hit", "Cache write", "Input", "Cache read", "Output"];

/// The rows and their total. Token classes show tokens, or with `costs` what they cost.
pub(crate) fn rows(report: &Report, costs: bool) -> octorato::core::Result<Table> {
    let titles = report.by.iter().map(|column| (column.title(), Align::Left));
    let mut columns: Vec<(&str, Align)> = titles.collect();
    columns.push(("Requests", Align::Right));
    columns.extend(CLASSES.iter().map(|(title, _)| (*title, Align::Right)));
    let has_tools = costs && !report.total.tool_cost()?.is_zero();
    if has_tools {
        columns.push(("Tools", Align::Right));
    }
    let own = own_columns(report);
    columns.push(("List cost", Align::Right));
    columns.extend(own.iter().map(|(title, _)| (*title, Align::Right)));
    let is_corrected = report.total.corrections.events > 0;
    if is_corrected {
        columns.push(("Corrections", Align::Right));
    }
    columns.extend(["Cache hit", "Cache saved"].map(|title| (title, Align::Right)));
    let mut table = Table::new(&columns);

    let all: Vec<&Sums> = report.rows.iter().map(|row| &row.sums).chain([&report.total]).collect();
    let money = |of: &dyn Fn(&Sums) -> octorato::core::Result<Option<Money>>| {
        let column: octorato::core::Result<Vec<_>> = all.iter().map(|sums| of(sums)).collect();
        column.map(|column| amounts(&column))
    };
    let mut cells: Vec<Vec<String>> = vec![all.iter().map(|sums| grouped(&sums.events)).collect()];
    for (_, class) in CLASSES {
        cells.push(if costs {
            money(&|sums| sums.list_cost().map(|_| sums.cost_where(class)).transpose())?
        } else {
            all.iter().map(|sums| grouped(&sums.usage.sum_where(class))).collect()
        });
    }
    if has_tools {
        cells.push(money(&|sums| sums.list_cost().map(|_| sums.tool_cost()).transpose())?);
    }
    let listed = money(&|sums| Ok(sums.list_cost()))?;
    let with_mark = |(sums, cost): (&&Sums, String)| {
        let about = if sums.inexact_events > 0 { "≈ " } else { "" };
        format!("{about}{cost}{}", mark(sums.unpriced_events > 0, &report.total))
    };
    cells.push(all.iter().zip(listed).map(with_mark).collect());
    for (_, amounts) in own {
        cells.push(amounts(&all));
    }
    if is_corrected {
        cells.push(money(&|sums| Ok(Some(sums.corrections.list_cost)))?);
    }
    let rate = |sums: &&Sums| sums.cache_hit_rate().map_or("-".into(), |r| r.percent() + " %");
    cells.push(all.iter().map(rate).collect());
    cells.push(money(&|sums| Ok(sums.cache_saved()))?);

    for (at, row) in report.rows.iter().enumerate() {
        table.row(labels(report, row).into_iter().chain(cells.iter().map(|c| c[at].clone())));
    }
    let mut total = vec![String::new(); report.by.len()];
    if let Some(first) = total.first_mut() {
        "Total".clone_into(first);
    }
    total.extend(cells.into_iter().filter_map(|mut column| column.pop()));
    if report.by.is_empty() {
        table.row(total);
    } else {
        table.total(total);
    }
    Ok(table)
}

/// A heading, and what stands below it for each of some sums.
type OwnColumn = (&'static str, fn(&[&Sums]) -> Vec<String>);

/// The columns that only the operator's own prices make: each where it says anything that the
/// column before it does not.
fn own_columns(report: &Report) -> Vec<OwnColumn> {
    let differs = |a: fn(&Sums) -> Option<Money>, b: fn(&Sums) -> Option<Money>| {
        let rows = report.rows.iter().map(|row| &row.sums);
        rows.chain([&report.total]).any(|sums| a(sums) != b(sums))
    };
    let mut columns: Vec<OwnColumn> = Vec::new();
    if !report.has_own_prices {
        return columns;
    }
    if differs(Sums::list_cost, Sums::contracted_cost) {
        columns.push(("Contracted", |all| column(all, Sums::contracted_cost)));
    }
    if differs(Sums::contracted_cost, Sums::allocated_cost) {
        columns.push(("Allocated", |all| column(all, Sums::allocated_cost)));
    }
    if report.total.client_charges().next().is_some() {
        columns.push(("Client charge", charges));
    }
    columns
}

fn column(all: &[&Sums], of: fn(&Sums) -> Option<Money>) -> Vec<String> {
    amounts(&all.iter().map(|sums| of(sums)).collect::<Vec<_>>())
}

/// What clients are charged, in each of their currencies.
fn charges(all: &[&Sums]) -> Vec<String> {
    let mut cells = vec![Vec::new(); all.len()];
    let currencies: BTreeSet<Currency> =
        all.iter().flat_map(|sums| sums.client_charges().map(Money::currency)).collect();
    for currency in currencies {
        let of: Vec<_> = all.iter().map(|sums| sums.client_charge(currency)).collect();
        for ((cell, money), text) in cells.iter_mut().zip(&of).zip(amounts(&of)) {
            if money.is_none() {
                continue;
            }
            cell.push(match currency {
                Currency::USD => text,
                _ => format!("{} {currency}", text.trim_start_matches('$')),
            });
        }
    }
    let shown = |cell: Vec<String>| if cell.is_empty() { "-".to_owned() } else { cell.join(" + ") };
    cells.into_iter().map(shown).collect()
}

fn labels(report: &Report, row: &Row) -> Vec<String> {
    let labels = report.by.iter().zip(&row.key);
    labels.map(|(by, label)| foreign::shown(label.as_deref().unwrap_or(by.nameless()))).collect()
}

/// Every unit with its count and its part of the cost.
pub(crate) fn classes(report: &Report) -> Table {
    let total = &report.total;
    let mut table =
        Table::new(&[("Class", Align::Left), ("Count", Align::Right), ("List cost", Align::Right)]);
    let shown: Vec<Unit> = Unit::ALL
        .iter()
        .copied()
        .filter(|unit| total.usage[*unit] > 0 || !total.cost(*unit).is_zero())
        .collect();
    let is_inside = |unit: Unit| unit.part_of().is_some() && total.cost(unit).is_zero();
    // A unit of which nothing has a price has no amount.
    let is_priced = |unit: Unit| total.unpriced_usage[unit] < total.usage[unit];
    let mut costs: Vec<_> = shown
        .iter()
        .map(|&unit| (!is_inside(unit) && is_priced(unit)).then(|| total.cost(unit)))
        .collect();
    let unsplit = total.unsplit_cost();
    let is_unsplit = !unsplit.is_zero();
    costs.extend(is_unsplit.then_some(Some(unsplit)));
    costs.push(total.list_cost());
    let costs = amounts(&costs);
    for (&unit, cost) in shown.iter().zip(&costs) {
        let inside = is_inside(unit);
        let name = unit.name().replace('_', " ");
        let name = if inside { format!("({name}, in output)") } else { name };
        let mark = mark(total.unpriced_usage[unit] > 0, total);
        let cost = if inside { String::new() } else { format!("{cost}{mark}") };
        table.row([name, grouped(&total.usage[unit]), cost]);
    }
    if is_unsplit {
        let cost = costs.get(shown.len()).cloned().unwrap_or_default();
        table.row(["(corrected, or not split)".to_owned(), String::new(), cost]);
    }
    let cost = costs.last().cloned().unwrap_or_default();
    let tokens = format!("{} tokens", grouped(&total.usage.tokens()));
    let mark = mark(total.unpriced_events > 0, total);
    table.total(["Total".to_owned(), tokens, format!("{cost}{mark}")]);
    table
}

/// A mark beside an amount that leaves something out; the others keep its place free.
fn mark(leaves_out: bool, total: &Sums) -> &'static str {
    match (leaves_out, total.unpriced_events) {
        (_, 0) => "",
        (false, _) => "  ",
        (true, _) => " †",
    }
}

/// What a reader must know beside the numbers, a line each.
pub(crate) fn notes(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    let total = &report.total;
    if report.unattributed.events > 0 {
        notes.push(unattributed(report));
    }
    for row in &report.unpriced {
        notes.push(format!(
            "† {}: {}, {} tokens ({} % of all) without a price: {}",
            if row.model.as_str().is_empty() { "(no model)" } else { row.model.as_str() },
            counted(row.sums.events, "request"),
            grouped(&row.sums.usage.tokens()),
            row.sums.share_of_tokens(total).map_or("0".into(), Ratio::percent),
            row.reason,
        ));
    }
    for price in &report.prices {
        if !price.exact {
            notes.push(format!(
                "≈ {} is priced as {}'s {}, which its name only resembles{}",
                price.model,
                price.provider,
                price.priced_as,
                price.rule.map_or(String::new(), |rule| format!(" ({rule})"))
            ));
        } else if price.provider_inferred {
            notes.push(format!(
                "the logs name no provider for {}: priced as {}'s {}",
                price.model, price.provider, price.priced_as
            ));
        }
    }
    notes.extend(own_prices(report));
    if total.corrections.events > 0 {
        notes.push(format!(
            "corrections: {} restated under other prices, {} beside the list cost; \
             `octorato prices recost` made them",
            counted(total.corrections.events, "request"),
            amount(total.corrections.list_cost),
        ));
    }
    if total.corrections.stale > 0 {
        notes.push(format!(
            "corrections of {} are of other prices and not added; `octorato prices recost` makes new \
             ones",
            counted(total.corrections.stale, "request"),
        ));
    }
    if let Some(inherited) = report.reasons.get(&AttributionReason::Inherited) {
        notes.push(format!(
            "inherited: {}, {} in folders of no arm, given to what their session last worked for; \
             `--by arm,reason,project` shows which",
            inherited.list_cost().map_or("of unknown cost".to_owned(), amount),
            counted(inherited.events, "request"),
        ));
    }
    if total.estimated_events > 0 {
        notes.push(format!(
            "{} seen only in progress rows of the parent: output is a lower bound",
            counted(total.estimated_events, "request")
        ));
    }
    notes.extend(report.skipped.iter().map(|finding| found("not counted", finding)));
    notes.extend(report.repaired.iter().map(|finding| found("counted all the same", finding)));
    notes.iter().map(|note| foreign::shown(note)).collect()
}

/// What the operator's own prices did.
fn own_prices(report: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    if !report.has_own_prices {
        return notes;
    }
    for price in report.prices.iter().filter(|price| !price.agreements.is_empty()) {
        notes.push(format!("agreed price of {}: {}", price.model, price.agreements.join("; ")));
    }
    for month in &report.plans {
        let fee = amount(month.fee);
        notes.push(if month.residual.is_zero() {
            format!(
                "plan {}, {}: {fee} for {} of {} at list price",
                month.plan,
                month.month,
                counted(month.events, "request"),
                amount(month.list_cost),
            )
        } else {
            let idle = "which nobody's work has a share in";
            format!(
                "plan {}, {}: {} of {fee}, {idle}",
                month.plan,
                month.month,
                amount(month.residual)
            )
        });
    }
    for row in &report.uncharged {
        notes.push(format!(
            "not charged in {} to clients billed at cost plus: {}; the first: {}",
            row.currency,
            counted(row.events, "request"),
            row.reason
        ));
    }
    notes
}

fn unattributed(report: &Report) -> String {
    let part = &report.unattributed;
    let tokens = part.share_of_tokens(&report.total).map_or("0".into(), Ratio::percent);
    let cost = match (part.list_cost(), part.share_of_cost(&report.total)) {
        (Some(cost), Some(share)) => format!("{} ({} %)", amount(cost), share.percent()),
        (Some(cost), None) => amount(cost),
        (None, _) => "of unknown cost".to_owned(),
    };
    format!(
        "unattributed: {cost}, {}, {tokens} % of the tokens; `octorato scan` proposes arms",
        counted(part.events, "request"),
    )
}

/// How often something was found in logs, and where first.
pub(crate) fn found(what: &str, finding: &Finding) -> String {
    let place = finding.examples.first().map_or(String::new(), |example| {
        let line = example.line.map_or(String::new(), |line| format!(":{line}"));
        let detail = example.detail.as_ref().map_or(String::new(), |text| format!(": {text}"));
        format!(" (first: {}{line}{detail})", example.file.display())
    });
    format!("{what}: {}: {}{place}", grouped(&finding.count), finding.kind.sentence())
}

//! `octorato prices list` and `use`

use jiff::Timestamp;
use octorato::core::Unit;
use octorato::finops::price::{Catalog, RateInForce};
use octorato::snapshots::{CURRENT, Snapshots, Stored};
use serde_json::{Map, Value, json};

use crate::args::PricesList;
use crate::printer::{FAINT, Printer, WARN};
use crate::render::foreign::shown;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Align, Table};

pub(super) fn run(
    snapshots: &Snapshots,
    args: &PricesList,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let catalog = snapshots.open(&args.of.snapshot)?;
    let at = args.of.at.unwrap_or_else(Timestamp::now);
    if let Some(provider) = &args.provider {
        return models(&catalog, provider, at, printer);
    }
    let stored = snapshots.list()?;
    if printer.is_json() {
        let providers = catalog.providers().iter().map(|provider| {
            let models = catalog.models(provider.id()).map(<[_]>::len)?;
            Ok(json!({"id": provider.id(), "name": provider.name(), "models": models}))
        });
        let providers = providers.collect::<octorato::core::Result<Vec<_>>>()?;
        let stored: Vec<_> = stored.iter().map(document).collect();
        return printer.document(&json!({
            "schema": 1, "snapshot": facts(&catalog), "providers": providers, "stored": stored,
        }));
    }
    heading(&catalog, printer)?;
    let mut table =
        Table::new(&[("Provider", Align::Left), ("Name", Align::Left), ("Models", Align::Right)]);
    for provider in catalog.providers() {
        let models = grouped(&catalog.models(provider.id())?.len());
        table.row([shown(provider.id()), shown(provider.name()), models]);
    }
    printer.line(format_args!("\n{table}"))?;
    if !stored.is_empty() {
        printer.line(format_args!("\n{}", overview(&stored)))?;
    }
    printer.remark(
        "`octorato prices list PROVIDER` lists models, `prices show MODEL` all rates of one",
    );
    Ok(())
}

pub(super) fn make_current(
    snapshots: &Snapshots,
    name: &str,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let catalog = snapshots.make_current(name)?;
    if printer.is_json() {
        return printer.document(&json!({"schema": 1, "current": facts(&catalog)}));
    }
    heading(&catalog, printer)
}

/// What a snapshot is, in a line.
pub(super) fn heading(catalog: &Catalog, printer: &mut Printer) -> anyhow::Result<()> {
    let of = shown(&format!("{} of {}", catalog.source(), catalog.made()));
    let builtin = if is_builtin(catalog) { ", built in" } else { "" };
    let licence = shown(catalog.licence());
    Ok(printer
        .line(format_args!("prices {}: {of}{builtin}, licence {licence}", catalog.snapshot()))?)
}

/// What a snapshot is, as JSON.
pub(super) fn facts(catalog: &Catalog) -> Value {
    json!({
        "id": catalog.snapshot().full(), "source": catalog.source(), "made": catalog.made(),
        "licence": catalog.licence(), "builtin": is_builtin(catalog),
    })
}

fn is_builtin(catalog: &Catalog) -> bool {
    catalog.snapshot() == Catalog::builtin().snapshot()
}

fn document(stored: &Stored) -> Value {
    match &stored.catalog {
        Ok(catalog) => {
            let mut facts = facts(catalog);
            facts["current"] = stored.is_current.into();
            facts
        }
        Err(error) => {
            json!({"id": stored.id, "current": stored.is_current, "error": error.to_string()})
        }
    }
}

/// The snapshots in the state folder.
fn overview(stored: &[Stored]) -> Table {
    let mut table = Table::new(&[
        ("Snapshot", Align::Left),
        ("Source", Align::Left),
        ("Made", Align::Left),
        ("", Align::Left),
    ]);
    for one in stored {
        let (source, made) = match &one.catalog {
            Ok(catalog) => (shown(&catalog.source()), catalog.made().to_string()),
            Err(error) => (format!("cannot be used: {}", shown(&error.to_string())), String::new()),
        };
        let current = if one.is_current { CURRENT } else { "" };
        table.row([one.id[..16].to_owned(), source, made, current.to_owned()]);
    }
    table
}

/// The units that have a column of their own.
const COLUMNS: [(Unit, &str); 5] = [
    (Unit::Input, "Input"),
    (Unit::CacheRead, "Cache read"),
    (Unit::CacheWrite5m, "Write 5m"),
    (Unit::CacheWrite1h, "Write 1h"),
    (Unit::Output, "Output"),
];

fn models(
    catalog: &Catalog,
    provider: &str,
    at: Timestamp,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let mut listed = Vec::new();
    for model in catalog.models(provider)? {
        listed.push((model, model.standard_rates(at, 0)?));
    }
    if printer.is_json() {
        let models: Vec<_> = listed
            .iter()
            .map(|(model, rates)| {
                json!({
                    "id": model.id(), "name": model.name(), "deprecated": model.is_deprecated(),
                    "context_window": model.context_window(), "rates": by_unit(rates),
                })
            })
            .collect();
        return printer.document(&json!({
            "schema": 1, "snapshot": facts(catalog), "provider": provider, "at": at, "models": models,
        }));
    }
    heading(catalog, printer)?;
    let mut columns = vec![("Model", Align::Left)];
    columns.extend(COLUMNS.map(|(_, title)| (title, Align::Right)));
    columns.extend([("Other", Align::Left)]);
    let mut table = Table::new(&columns);
    for (model, rates) in &listed {
        let of = |unit| rates.iter().find(|rate| rate.unit == unit);
        let mut row = vec![shown(model.id())];
        row.extend(
            COLUMNS.map(|(unit, _)| of(unit).map_or("-".into(), |r| format!("${}", r.rate))),
        );
        let is_other = |rate: &&RateInForce| COLUMNS.iter().all(|(unit, _)| *unit != rate.unit);
        let others: Vec<_> = rates.iter().filter(is_other).map(other).collect();
        row.push(others.join(", "));
        table.row(row);
    }
    printer.line(format_args!("\n{table}"))?;
    let second = at.strftime("%Y-%m-%d %H:%M:%S UTC");
    printer.line(format_args!("{FAINT}US dollars for a million tokens, at {second}{FAINT:#}"))?;
    let unpriced = listed.iter().filter(|(_, rates)| rates.is_empty()).count() as u64;
    if unpriced > 0 {
        let models = counted(unpriced, "model");
        printer.line(format_args!("{WARN}note:{WARN:#} {models} without any rate"))?;
    }
    Ok(())
}

fn other(rate: &RateInForce) -> String {
    format!("{} ${} / {}", rate.unit.name().replace('_', " "), rate.rate, grouped(&rate.per))
}

fn by_unit(rates: &[RateInForce]) -> Map<String, Value> {
    let rate = |rate: &RateInForce| json!({"usd": rate.rate.to_string(), "per": rate.per});
    rates.iter().map(|one| (one.unit.name().to_owned(), rate(one))).collect()
}

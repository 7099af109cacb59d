//! `octorato prices diff`, and what a proposal would change

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use octorato::core::Result;
use octorato::finops::price::{Catalog, Diff, RateChange, diff};
use octorato::snapshots::Snapshots;
use serde_json::json;

use super::list::{facts, heading};
use crate::args::PricesDiff;
use crate::printer::{FAINT, Printer};
use crate::render::foreign::shown;
use crate::render::numbers::counted;
use crate::render::table::{Align, Table};

pub(super) fn run(
    snapshots: &Snapshots,
    args: &PricesDiff,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let at = args.at.unwrap_or_else(Timestamp::now);
    let (before, after) = (open(snapshots, &args.before, at)?, open(snapshots, &args.after, at)?);
    let mut found = diff(&before, &after, at)?;
    if let Some(provider) = &args.provider {
        found.added.retain(|model| model.provider == *provider);
        found.removed.retain(|model| model.provider == *provider);
        found.changed.retain(|change| change.provider == *provider);
    }
    if printer.is_json() {
        return printer.document(&json!({
            "schema": 1, "at": at, "before": facts(&before), "after": facts(&after), "diff": found,
        }));
    }
    printer.line(format_args!("{FAINT}before:{FAINT:#}"))?;
    heading(&before, printer)?;
    printer.line(format_args!("{FAINT}after:{FAINT:#}"))?;
    heading(&after, printer)?;
    show(&found, usize::MAX, printer)
}

/// A snapshot by its name, or a file of prices.
fn open(snapshots: &Snapshots, name: &str, at: Timestamp) -> Result<Arc<Catalog>> {
    if !Path::new(name).is_file() {
        return snapshots.open(name);
    }
    let text = crate::commands::read(Path::new(name))?;
    Ok(Arc::new(snapshots.propose(&text, None, at)?.imported.catalog))
}

/// How many models are named that come or go; `--json` names all.
const MODELS: usize = 20;

/// What changes: the counts, then at most `most` of the changed rates.
pub(super) fn show(diff: &Diff, most: usize, printer: &mut Printer) -> anyhow::Result<()> {
    if diff.is_empty() {
        return Ok(printer.line("\nno model and no rate differs")?);
    }
    let count = |number: usize, noun: &str| counted(number as u64, noun);
    printer.line(format_args!(
        "\n{} changed, {} added, {} removed",
        count(diff.changed.len(), "rate"),
        count(diff.added.len(), "model"),
        count(diff.removed.len(), "model"),
    ))?;
    for (sign, models) in [("+", &diff.added), ("-", &diff.removed)] {
        let most = most.min(MODELS);
        for model in models.iter().take(most) {
            let name = shown(&format!("{}/{}", model.provider, model.model));
            printer.line(format_args!("  {sign} {name}"))?;
        }
        more(models.len(), most, printer)?;
    }
    if diff.changed.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(&[
        ("Model", Align::Left),
        ("Rate", Align::Left),
        ("Before", Align::Right),
        ("After", Align::Right),
        ("Change", Align::Right),
    ]);
    for change in diff.changed.iter().take(most) {
        table.row(row(change));
    }
    printer.line(format_args!("\n{table}"))?;
    more(diff.changed.len(), most, printer)
}

fn row(change: &RateChange) -> [String; 5] {
    let mut rate = change.rate.clone();
    if let Some(when) = &change.when {
        rate = format!("{rate}, {when}");
    }
    if let Some(above) = change.above {
        rate = format!("{rate} above {above}");
    }
    let text = |rate: Option<_>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate}"));
    let pct = change.change_pct().map_or_else(String::new, |pct| format!("{pct:+} %"));
    [
        shown(&format!("{}/{}", change.provider, change.model)),
        shown(&rate),
        text(change.before),
        text(change.after),
        pct,
    ]
}

fn more(all: usize, most: usize, printer: &mut Printer) -> anyhow::Result<()> {
    if let Some(left) = all.checked_sub(most).filter(|left| *left > 0) {
        printer.line(format_args!("  … and {left} more"))?;
    }
    Ok(())
}

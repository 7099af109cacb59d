//! `octorato prices diff`, and what a proposal would change

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use octorato::core::Result;
use octorato::finops::price::{Catalog, Diff, ModelName, RateChange, Tense, diff};
use octorato::snapshots::Snapshots;
use serde_json::json;

use super::list::{facts, heading};
use crate::Outcome;
use crate::args::PricesDiff;
use crate::printer::{FAINT, Printer};
use crate::render::foreign::shown;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Align, Table};

/// Shows what differs; exits with 1 where anything does.
pub(super) fn run(
    snapshots: &Snapshots,
    args: &PricesDiff,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let at = args.at.unwrap_or_else(Timestamp::now);
    let (before, after) = (open(snapshots, &args.before, at)?, open(snapshots, &args.after, at)?);
    let mut found = diff(&before, &after, at)?;
    if let Some(provider) = &args.provider {
        let is_known =
            |catalog: &Catalog| catalog.providers().iter().any(|known| known.id() == provider);
        if !is_known(&after) && !is_known(&before) {
            after.models(provider)?; // says which there are
        }
        found.retain_provider(provider);
    }
    let outcome = if found.is_empty() { Outcome::Fine } else { Outcome::Findings };
    if printer.is_json() {
        printer.document(&json!({
            "schema": 1, "at": at, "before": facts(&before), "after": facts(&after), "diff": found,
        }))?;
        return Ok(outcome);
    }
    printer.line(format_args!("{FAINT}before:{FAINT:#}"))?;
    heading(&before, printer)?;
    printer.line(format_args!("{FAINT}after:{FAINT:#}"))?;
    heading(&after, printer)?;
    show(&found, usize::MAX, printer)?;
    Ok(outcome)
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
        return Ok(printer.line("\nnothing differs")?);
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
    for name in diff.names.iter().take(most) {
        let beside =
            name.provider.as_ref().map_or(String::new(), |provider| format!(" of {provider}"));
        let entry = |model: &ModelName| format!("{}/{}", model.provider, model.model);
        let after = name.after.as_ref().map_or("no price".to_owned(), entry);
        let text = format!("name {}{beside}: {} -> {after}", name.name, entry(&name.before));
        printer.line(format_args!("  {}", shown(&text)))?;
    }
    more(diff.names.len(), most, printer)?;
    for limit in diff.limits.iter().take(most) {
        let text = |number: Option<u64>| number.map_or("-".to_owned(), |n| grouped(&n));
        let (before, after) = (text(limit.before), text(limit.after));
        let what = format!("{} of {}/{}", limit.limit, limit.provider, limit.model);
        printer.line(format_args!("  {}: {before} -> {after}", shown(&what)))?;
    }
    more(diff.limits.len(), most, printer)?;
    let described = diff.providers.iter().filter(|change| change.is_about_names());
    let described: Vec<_> = described.collect();
    for change in described.iter().take(most.min(MODELS)) {
        let text = format!("{}: other {}", change.provider, change.what);
        printer.line(format_args!("  provider {}", shown(&text)))?;
    }
    more(described.len(), most.min(MODELS), printer)?;
    for (title, tense) in [("past", Tense::Past), ("now", Tense::Now), ("later", Tense::Later)] {
        let changes: Vec<_> = diff.changed.iter().filter(|change| change.tense == tense).collect();
        if changes.is_empty() {
            continue;
        }
        let mut table = Table::new(&[
            ("Model", Align::Left),
            ("Rate", Align::Left),
            ("When", Align::Left),
            ("Before", Align::Right),
            ("After", Align::Right),
            ("Change", Align::Right),
        ]);
        for change in changes.iter().take(most) {
            table.row(row(change));
        }
        printer.line(format_args!("\n{title}:\n{table}"))?;
        more(changes.len(), most, printer)?;
    }
    Ok(())
}

fn row(change: &RateChange) -> [String; 6] {
    let mut rate = change.rate.clone();
    if let Some(when) = &change.when {
        rate = format!("{rate}, {when}");
    }
    if let Some(above) = change.above {
        rate = format!("{rate} above {above}");
    }
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let mut when = match (change.from, change.until) {
        (None, None) => "always".to_owned(),
        (Some(from), None) => format!("from {}", day(from)),
        (None, Some(until)) => format!("until {}", day(until)),
        (Some(from), Some(until)) => format!("{} to {}", day(from), day(until)),
    };
    if let Some(daily) = &change.daily {
        when = format!("{when}, {daily} UTC");
    }
    let text = |rate: Option<_>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate}"));
    let pct = change.change_pct().map_or_else(String::new, |pct| format!("{pct:+} %"));
    [
        shown(&format!("{}/{}", change.provider, change.model)),
        shown(&rate),
        when,
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

//! `octorato prices import` and `update`: newer prices, looked at before they are taken

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use jiff::Timestamp;
use octorato::core::{Error, ErrorKind};
use octorato::snapshots::{Proposal, Snapshots};
use serde_json::{Value, json};

use super::diff::show;
use super::list::{facts, heading};
use crate::args::{Change, PricesImport, PricesUpdate};
use crate::printer::{Printer, WARN};
use crate::render::foreign::shown;
use crate::render::numbers::{counted, grouped};

/// How many changes are shown before a question.
const SHOWN: usize = 40;

pub(super) fn import(
    snapshots: &Snapshots,
    args: &PricesImport,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let text = crate::commands::read(&args.file)?;
    let proposal = snapshots.propose(&text, args.format, Timestamp::now())?;
    decide(snapshots, &proposal, &args.change, printer)
}

pub(super) fn update(
    snapshots: &Snapshots,
    args: &PricesUpdate,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    printer.remark(format_args!("fetching {}", shown(&args.url)));
    let proposal = snapshots.fetch(&args.url, args.format, Timestamp::now())?;
    decide(snapshots, &proposal, &args.change, printer)
}

fn decide(
    snapshots: &Snapshots,
    proposal: &Proposal,
    change: &Change,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let is_news = proposal.is_news;
    let is_large = proposal.is_large(change.ask_above);
    if !printer.is_json() {
        describe(proposal, printer)?;
    }
    let is_wanted = is_news && !change.dry_run;
    if is_wanted && is_large && !change.yes {
        confirm(proposal, change, printer)?;
    }
    if is_wanted {
        snapshots.take(proposal)?;
    }
    if printer.is_json() {
        return printer.document(&document(proposal, is_wanted));
    }
    let end = match (is_news, is_wanted) {
        (true, true) => "taken; `octorato prices use builtin` goes back",
        (true, false) => "not taken, as asked by --dry-run",
        (false, _) => "nothing to take: these are the current prices",
    };
    Ok(printer.line(format_args!("\n{end}"))?)
}

/// Asks on the terminal; without one, large changes are refused.
fn confirm(proposal: &Proposal, change: &Change, printer: &mut Printer) -> anyhow::Result<()> {
    let doubts = proposal.doubts(change.ask_above);
    let largest = proposal.diff.largest_change_pct();
    let above = change.ask_above;
    let parts = [
        (doubts.large, format!("rates by more than {above} % (up to {largest} %)")),
        (doubts.past, "rates of the past".to_owned()),
        (doubts.lost, "lost prices or names".to_owned()),
        (doubts.renamed, "names with the price of another".to_owned()),
        (doubts.new, "new rates of known models".to_owned()),
        (doubts.limits, "tighter limits".to_owned()),
        (doubts.providers, "rules for names of providers".to_owned()),
    ];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{what}: {}", grouped(number)))
        .collect();
    let why = format!("to look at: {}", parts.join("; "));
    let refused = || {
        Error::new(ErrorKind::Refused, format!("not taken: {why}"))
            .hinted("look at the changes with --dry-run, then take them with --yes")
    };
    if printer.is_json() || !io::stdin().is_terminal() {
        printer.flush()?;
        return Err(refused().into());
    }
    printer.flush()?;
    let mut talk = anstream::stderr();
    write!(talk, "\n{WARN}{why}{WARN:#}; take them? [y/N] ")?;
    talk.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(refused().into()),
    }
}

fn describe(proposal: &Proposal, printer: &mut Printer) -> anyhow::Result<()> {
    let Proposal { imported, inherited, diff, .. } = proposal;
    heading(&imported.catalog, printer)?;
    printer.line(format_args!(
        "read as {}: {}, {} of them with a rate",
        imported.format,
        counted(imported.models as u64, "model"),
        grouped(&imported.priced),
    ))?;
    let kept = [
        (inherited.limits, "token limits of models"),
        (inherited.multipliers, "multipliers"),
        (inherited.minimums, "minimums"),
        (inherited.rates, "rates that the list does not have"),
    ];
    for (number, what) in kept.into_iter().filter(|(number, _)| *number > 0) {
        printer.line(format_args!("kept from the current prices: {} {what}", grouped(&number)))?;
    }
    if let Some(day) = inherited.since {
        printer.line(format_args!("prices before {day} are those of the snapshot before"))?;
    }
    if inherited.repriced > 0 {
        printer.line(format_args!(
            "{WARN}not kept:{WARN:#} the earlier prices of {} such as processing=batch",
            counted(inherited.repriced as u64, "condition"),
        ))?;
    }
    if !imported.normalised.is_empty() {
        let rates = counted(imported.normalised.len() as u64, "rate");
        printer.line(format_args!("{rates} had the noise of a float and were written out"))?;
    }
    for key in &imported.unknown {
        printer.line(format_args!(
            "{WARN}not understood:{WARN:#} {} ({}, first {}: {})",
            shown(&key.path),
            counted(key.count as u64, "time"),
            shown(&key.example),
            shown(&key.value),
        ))?;
    }
    for model in imported.skipped.iter().take(SHOWN) {
        let name = shown(&format!("{}/{}", model.provider, model.model));
        let why = shown(&format!("{}: {}", model.place, model.why));
        printer.line(format_args!("{WARN}without a price:{WARN:#} {name}: {why}"))?;
    }
    if let Some(left) = imported.skipped.len().checked_sub(SHOWN).filter(|left| *left > 0) {
        printer.line(format_args!("  … and {left} more; --json lists all"))?;
    }
    show(diff, SHOWN, printer)
}

fn document(proposal: &Proposal, taken: bool) -> Value {
    let Proposal { imported, inherited, before, diff, .. } = proposal;
    let normalised: Vec<_> = imported
        .normalised
        .iter()
        .map(|one| {
            json!({"provider": one.provider, "model": one.model, "key": one.key,
                "written": one.written, "taken": one.taken})
        })
        .collect();
    let unknown: Vec<_> = imported
        .unknown
        .iter()
        .map(|key| {
            json!({"path": key.path, "count": key.count, "example": key.example, "value": key.value})
        })
        .collect();
    let skipped: Vec<_> = imported
        .skipped
        .iter()
        .map(|one| {
            json!({"provider": one.provider, "model": one.model, "place": one.place, "why": one.why})
        })
        .collect();
    let ignored: Vec<_> =
        imported.ignored.iter().map(|key| json!({"name": key.name, "count": key.count})).collect();
    json!({
        "schema": 1, "taken": taken, "news": proposal.is_news, "before": before.full(), "after": facts(&imported.catalog),
        "format": imported.format.name(), "models": imported.models, "priced": imported.priced,
        "inherited": {"limits": inherited.limits, "multipliers": inherited.multipliers, "minimums": inherited.minimums,
            "rates": inherited.rates, "begun": inherited.begun, "repriced": inherited.repriced, "since": inherited.since},
        "normalised": normalised, "unknown": unknown, "skipped": skipped, "ignored": ignored,
        "diff": diff,
    })
}

//! `octorato prices explain` and `show`

use octorato::core::{Error, ErrorKind};
use octorato::finops::price::{Certainty, Explanation, explain};
use octorato::snapshots::Snapshots;

use super::list::heading;
use super::own::Own;
use crate::Outcome;
use crate::args::{Global, PricesOf};
use crate::printer::{BOLD, FAINT, Printer, WARN};
use crate::render::foreign::shown;
use crate::render::numbers::{counted, grouped};
use crate::render::table::{Align, Table};

/// Shows the path to a price; exits with 1 where there is none.
pub(super) fn explain(
    global: &Global,
    snapshots: &Snapshots,
    args: &PricesOf,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let catalog = snapshots.open(&args.snapshot)?;
    let path = catalog.explain(args.provider.as_deref(), &args.model)?;
    let own = Own::of(global, args, &catalog, printer)?;
    let is_priced = path.found.is_some() || !own.models.is_empty();
    let outcome = if is_priced { Outcome::Fine } else { Outcome::Findings };
    if printer.is_json() {
        printer.document(&document(&path, &own)?)?;
        return Ok(outcome);
    }
    heading(&catalog, printer)?;
    let asked = match &path.asked_provider {
        Some(provider) => format!("{} of {provider}", path.asked_model),
        None => path.asked_model.clone(),
    };
    printer.line(format_args!("\n{BOLD}{}{BOLD:#}", shown(&asked)))?;
    if let Some(provider) = &path.provider {
        let how = provider.how.name().replace('_', " ");
        printer.line(format_args!("  provider  {} ({how})", shown(&provider.id)))?;
    }
    for attempt in &path.tried {
        let steps: Vec<_> = attempt.steps.iter().map(ToString::to_string).collect();
        let made = if steps.is_empty() { String::new() } else { format!(", {}", steps.join(", ")) };
        printer.line(format_args!("  name      {}{}", shown(&attempt.name), shown(&made)))?;
        for list in &attempt.lists {
            let entries = counted(list.entries as u64, "entry").replace("entrys", "entries");
            let found = match list.matched {
                Some(place) => format!("number {} matches", grouped(&place)),
                None => "none matches".to_owned(),
            };
            printer
                .line(format_args!("            {}: {entries}, {found}", shown(&list.provider)))?;
        }
    }
    let Some(found) = &path.found else {
        own_prices(&own, printer)?;
        let none = if is_priced { "not listed" } else { "no price" };
        printer.line(format_args!(
            "  {WARN}{none}{WARN:#}  {}",
            shown(path.error.as_deref().unwrap_or_default())
        ))?;
        for near in &path.nearest {
            printer.line(format_args!("  near      {}/{}", shown(&near.list), shown(&near.id)))?;
        }
        return Ok(outcome);
    };
    let rule = format!("{} `{}`", found.rule.name().replace('_', " "), found.pattern);
    printer.line(format_args!(
        "  entry     {}/{}, by {}",
        shown(&found.list),
        shown(&found.id),
        shown(&rule)
    ))?;
    let sure = match found.certainty {
        Certainty::Similar => format!("{WARN}{}{WARN:#}", found.certainty),
        _ => found.certainty.to_string(),
    };
    printer.line(format_args!("  certainty {sure}: {}", found.because))?;
    for other in &found.shadowed {
        let rule = format!("{} `{}`", other.rule.name().replace('_', " "), other.pattern);
        printer.line(format_args!(
            "  later     {} would match by {}",
            shown(&other.id),
            shown(&rule)
        ))?;
    }
    own_prices(&own, printer)?;
    printer.remark(format_args!("`octorato prices show {}` shows its rates", shown(&args.model)));
    Ok(outcome)
}

/// Shows what of the operator's own prices is about the model.
fn own_prices(own: &Own, printer: &mut Printer) -> anyhow::Result<()> {
    for (heading, line) in own.lines() {
        printer.line(format_args!("  {heading:<9} {}", shown(line)))?;
    }
    if !own.models.is_empty() {
        printer.line("            the model is your own, which comes before the list")?;
    }
    for note in &own.notes {
        printer.line(format_args!("{WARN}note:{WARN:#} {}", shown(note)))?;
    }
    Ok(())
}

/// Shows every rate of the entry that a name leads to.
pub(super) fn show(
    global: &Global,
    snapshots: &Snapshots,
    args: &PricesOf,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let catalog = snapshots.open(&args.snapshot)?;
    let path = catalog.explain(args.provider.as_deref(), &args.model)?;
    let own = Own::of(global, args, &catalog, printer)?;
    let Some(found) = &path.found else {
        if !own.models.is_empty() {
            if printer.is_json() {
                return printer.document(&document(&path, &own)?);
            }
            heading(&catalog, printer)?;
            printer.line(format_args!("\n{BOLD}{}{BOLD:#}", shown(&args.model)))?;
            return own_prices(&own, printer);
        }
        let error = Error::new(ErrorKind::Unpriced, path.error.unwrap_or_default());
        return Err(match path.hint {
            Some(hint) => error.hinted(hint),
            None => error,
        }
        .into());
    };
    if printer.is_json() {
        return printer.document(&document(&path, &own)?);
    }
    heading(&catalog, printer)?;
    let name = format!("{}/{}", found.list, found.id);
    let retired = if found.deprecated { ", retired" } else { "" };
    let called = if found.name == found.id { String::new() } else { format!(": {}", found.name) };
    printer.line(format_args!("\n{BOLD}{}{BOLD:#}{}{retired}", shown(&name), shown(&called)))?;
    let limits = [
        (found.context_window, "tokens in its context window"),
        (found.max_input, "tokens read at most"),
        (found.max_output, "tokens written at most"),
    ];
    let limits: Vec<_> =
        limits.iter().filter_map(|(n, what)| Some(format!("{} {what}", grouped(&(*n)?)))).collect();
    if !limits.is_empty() {
        printer.line(format_args!("  {}", limits.join(", ")))?;
    }
    for (unit, least) in &found.minimums {
        printer.line(format_args!(
            "  at least {} {unit} are charged where any are used",
            grouped(least)
        ))?;
    }
    let mut table = Table::new(&[
        ("When", Align::Left),
        ("Rate", Align::Left),
        ("Input above", Align::Right),
        ("USD", Align::Right),
    ]);
    for era in &found.prices {
        rows(&mut table, &when(era.constraint.as_ref(), "always"), &era.rates);
    }
    for variant in &found.variants {
        let pairs: Vec<_> =
            variant.when.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let condition = match &variant.constraint {
            Some(constraint) => format!("{}, {}", pairs.join(", "), when(Some(constraint), "")),
            None => pairs.join(", "),
        };
        match (&variant.rates, &variant.multiply) {
            (Some(rates), _) if !rates.is_empty() => rows(&mut table, &condition, rates),
            (_, Some(factor)) => {
                let cells = ["all token rates".to_owned(), String::new(), format!("x {factor}")];
                table.row([shown(&condition)].into_iter().chain(cells));
            }
            _ => table.row([
                shown(&condition),
                "as the standard".into(),
                String::new(),
                String::new(),
            ]),
        }
    }
    printer.line(format_args!("\n{table}"))?;
    if found.prices.iter().all(|era| era.rates.is_empty()) {
        printer.line(format_args!(
            "{WARN}note:{WARN:#} the price list names the model without a rate"
        ))?;
    }
    if found.certainty == Certainty::Similar {
        let note = format!("{} is only similar: {}", args.model, found.because);
        printer.line(format_args!("{WARN}note:{WARN:#} {}", shown(&note)))?;
    }
    printer.line(format_args!(
        "{FAINT}mtok: a million tokens; mchars: a million characters; kcount, kpages: a thousand{FAINT:#}"
    ))?;
    if own.lines().next().is_some() {
        printer.line("\nin your prices.yaml:")?;
    }
    own_prices(&own, printer)
}

fn when(constraint: Option<&explain::Constraint>, always: &str) -> String {
    let Some(constraint) = constraint else { return always.to_owned() };
    let from = constraint.start_date.as_ref().map(|date| format!("from {date}"));
    let daily = match (&constraint.start_time, &constraint.end_time) {
        (Some(start), Some(end)) => Some(format!("daily {start} to {end}")),
        _ => None,
    };
    shown(&from.into_iter().chain(daily).collect::<Vec<_>>().join(", "))
}

fn rows(table: &mut Table, when: &str, rates: &std::collections::BTreeMap<String, explain::Rate>) {
    let mut first = shown(when);
    for (key, rate) in rates {
        let (base, tiers) = match rate {
            explain::Rate::Flat(rate) => (rate, &[][..]),
            explain::Rate::Tiered { base, tiers } => (base, tiers.as_slice()),
        };
        table.row([std::mem::take(&mut first), shown(key), String::new(), shown(base)]);
        for tier in tiers {
            let above = grouped(&tier.above);
            table.row([String::new(), String::new(), above, shown(&tier.rate)]);
        }
    }
}

/// The path as a document, with `own` where the operator's own prices are about the model.
fn document(path: &Explanation, own: &Own) -> anyhow::Result<serde_json::Value> {
    let mut document = serde_json::to_value(path)?;
    document["schema"] = 1.into();
    if let Some(own) = own.document() {
        document["own"] = own;
    }
    Ok(document)
}

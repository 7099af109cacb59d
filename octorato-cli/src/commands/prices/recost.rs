//! `octorato prices recost`

use std::collections::BTreeMap;

use octorato::core::{ArmId, Currency, Money};
use octorato::finops::logs;
use octorato::finops::recost::Recost;
use octorato::finops::report::Dimension;
use serde_json::json;

use crate::args::{Global, Recost as Args};
use crate::commands;
use crate::printer::{Printer, WARN};
use crate::progress::Bar;
use crate::render::foreign::shown;
use crate::render::numbers::{amounts, counted, grouped};
use crate::render::table::{Align, Table};

pub(super) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<()> {
    let mut workspace = commands::workspace(global)?;
    let query = commands::query(&args.selection, &workspace, vec![Dimension::Arm])?;
    let logs = commands::logs(&args.logs)?;
    let bar = Bar::new(printer.is_quiet());
    let reading = logs::read(&logs, &bar);
    drop(bar);
    let (recost, kept) = if args.write {
        workspace.keep_recost(&reading, &query, &args.to, args.reason.as_deref())?
    } else {
        (workspace.recost(&reading, &query, &args.to)?, None)
    };
    if printer.is_json() {
        return printer.document(&json!({
            "schema": 1, "corrections": recost.corrections, "unchanged": recost.unchanged,
            "lost": recost.lost, "unpriced": recost.unpriced, "kept": kept,
        }));
    }
    printer.line(by_arm(&recost)?)?;
    let mut note = |number: u64, what: &str| {
        if number == 0 {
            return Ok(());
        }
        let requests = counted(number, "request");
        printer.line(format_args!("{WARN}note:{WARN:#} {requests} {what}"))
    };
    note(recost.lost, "left as they are: the other snapshot has no price for them")?;
    note(recost.unpriced, "without a price by either snapshot")?;
    let unchanged = grouped(&recost.unchanged);
    printer.line(format_args!("{unchanged} unchanged"))?;
    match kept {
        Some(file) => {
            printer.line(format_args!("kept in {}", shown(&file.display().to_string())))?;
        }
        None if args.write => printer.line("nothing to keep")?,
        None => printer.remark("nothing was kept; --write keeps the corrections"),
    }
    Ok(())
}

/// The corrections summed up by arm.
fn by_arm(recost: &Recost) -> anyhow::Result<Table> {
    let nothing = Money::zero(Currency::USD);
    let mut arms: BTreeMap<Option<&ArmId>, (u64, Money, Money)> = BTreeMap::new();
    let mut total = (0, nothing, nothing);
    for correction in &recost.corrections {
        let arm = arms.entry(correction.arm.as_ref()).or_insert((0, nothing, nothing));
        for sums in [arm, &mut total] {
            sums.0 += 1;
            sums.1 = sums.1.checked_add(correction.list_cost()?)?;
            sums.2 = sums.2.checked_add(correction.contracted_cost)?;
        }
    }
    let mut table = Table::new(&[
        ("Arm", Align::Left),
        ("Restated", Align::Right),
        ("List cost", Align::Right),
        ("Contracted", Align::Right),
    ]);
    let rows: Vec<_> = arms.values().chain([&total]).collect();
    let list = amounts(&rows.iter().map(|row| Some(row.1)).collect::<Vec<_>>());
    let contracted = amounts(&rows.iter().map(|row| Some(row.2)).collect::<Vec<_>>());
    let mut cells = rows.iter().map(|row| grouped(&row.0)).zip(list.into_iter().zip(contracted));
    for (arm, (restated, (list, contracted))) in arms.keys().zip(cells.by_ref()) {
        let arm = arm.map_or_else(|| "(unattributed)".to_owned(), ToString::to_string);
        table.row([arm, restated, list, contracted]);
    }
    if let Some((restated, (list, contracted))) = cells.next() {
        table.total(["Total".to_owned(), restated, list, contracted]);
    }
    Ok(table)
}

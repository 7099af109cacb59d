//! `octorato report`

use octorato::Workspace;
use octorato::books::{Access, Books};
use octorato::core::{Error, ErrorKind, Result};
use octorato::finops::logs::Finding;
use octorato::finops::report::{Dimension, Query, Report};
use octorato::sync::Syncer;

use crate::Outcome;
use crate::args::{Format, Global, Report as Args};
use crate::printer::{self, FAINT, Printer, WARN};
use crate::progress::Bar;
use crate::render::{csv, foreign, report as text};

pub(crate) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let workspace = super::workspace(global)?;
    // A report on one client shows no finding about another.
    if args.selection.arm.is_none() && args.selection.client.is_none() {
        printer.warnings(workspace.warnings());
        printer.warnings(workspace.price_warnings());
    }
    let by = columns(args, &workspace)?;
    let query = super::query(&args.selection, &workspace, by)?;
    let report = if args.from.ledger {
        of_ledger(args, &workspace, &query, printer)?
    } else {
        let bar = Bar::new(printer.is_quiet());
        workspace.report(&super::logs(&args.logs)?, &query, &bar)?
    };

    let format = if printer.is_json() { Format::Json } else { args.format };
    match format {
        Format::Json => printer.document(&report)?,
        Format::Csv => {
            csv::write(&report, printer.out())?;
            for note in text::notes(&report) {
                printer.remark(note);
            }
        }
        Format::Md => markdown(&report, args.costs, printer)?,
        Format::Table => table(&report, args.costs, printer)?,
    }
    if matches!(format, Format::Table | Format::Md)
        && report.reading.is_some_and(|read| read.files == 0)
    {
        printer.remark("no transcripts were found; name a folder of them with --logs");
    } else if !workspace.has_arms_file() {
        printer.remark("no arms are declared yet; `octorato scan` proposes some");
    }
    let findings = report.total.unpriced_events > 0
        || report.total.inexact_events > 0
        || (report.has_own_prices && !report.uncharged.is_empty())
        || !report.skipped.is_empty();
    Ok(if args.strict && findings { Outcome::Findings } else { Outcome::Fine })
}

/// What the ledger has booked, with what could not be read just now.
fn of_ledger(
    args: &Args,
    workspace: &Workspace,
    query: &Query,
    printer: &mut Printer,
) -> anyhow::Result<Report> {
    let books = Books::open(workspace, Access::Existing)?;
    if args.from.no_sync {
        return Ok(workspace.report_booked(books.ledger(), query)?);
    }
    let bar = Bar::new(printer.is_quiet());
    let synced = Syncer::new(workspace, books.ledger()).sync(&super::logs(&args.logs)?, &bar)?;
    drop(bar);
    let mut report = workspace.report_booked(books.ledger(), query)?;
    // Whose the unread lines are is not known: a report on one client names no file of another.
    let is_scoped = query.arm.is_some() || query.client.is_some();
    let told = |finding: &Finding| Finding {
        examples: if is_scoped { Vec::new() } else { finding.examples.clone() },
        ..finding.clone()
    };
    report.skipped = synced.findings.skipped().map(told).collect();
    report.repaired = synced.findings.repaired().map(told).collect();
    Ok(report)
}

fn table(report: &Report, costs: bool, printer: &mut Printer) -> anyhow::Result<()> {
    printer.line(format_args!("{FAINT}{}{FAINT:#}\n", text::heading(report)))?;
    let mut rows = text::rows(report, costs)?;
    let is_cut = printer::width().is_some_and(|width| rows.narrow(width, &text::DISPENSABLE));
    printer.line(rows)?;
    if is_cut {
        printer.line(format_args!("{FAINT} (a wider terminal shows more columns){FAINT:#}"))?;
    }
    if report.total.events > 0 {
        printer.line(format_args!("\n{}", text::classes(report)))?;
    }
    let notes = text::notes(report);
    if !notes.is_empty() {
        printer.line("")?;
    }
    for note in notes {
        printer.line(format_args!("{WARN}{note}{WARN:#}"))?;
    }
    Ok(())
}

fn markdown(report: &Report, costs: bool, printer: &mut Printer) -> anyhow::Result<()> {
    printer.line(format_args!("{}\n", text::heading(report)))?;
    printer.line(text::rows(report, costs)?.markdown())?;
    printer.line(text::classes(report).markdown())?;
    for note in text::notes(report) {
        printer.line(format_args!("- {}", foreign::markdown(&note)))?;
    }
    Ok(())
}

/// What was asked for, else what the brain says, else arms.
fn columns(args: &Args, workspace: &Workspace) -> Result<Vec<Dimension>> {
    let mut columns = args.by.clone();
    if columns.is_empty()
        && let Some(brain) = workspace.brain()
    {
        for name in &brain.settings().report.by {
            columns.push(name.parse()?);
        }
    }
    if columns.is_empty() {
        columns.push(Dimension::Arm);
    }
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].contains(column) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the column is named twice: `{column}`"),
            ));
        }
    }
    Ok(columns)
}

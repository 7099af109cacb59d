//! `octorato scan`

use jiff::Timestamp;
use octorato::config::places::init;
use octorato::core::Money;
use octorato::finops::report::Sums;
use octorato::scan::{Proposal, Scan};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Global, Scan as Args};
use crate::printer::{BOLD, Printer};
use crate::progress::Bar;
use crate::render::foreign;
use crate::render::numbers::{amount, amounts, counted, grouped};
use crate::render::report::notes;
use crate::render::table::{Align, Table};

/// Why a report may show more for a new arm than the scan that proposed it.
const ELSEWHERE: &str = "amounts are of work in these folders; once an arm is declared, its \
    sessions' requests in folders of no arm follow it";

pub(crate) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let mut workspace = super::workspace(global)?;
    printer.warnings(workspace.warnings());
    let bar = Bar::new(printer.is_quiet());
    let logs = super::logs(&args.logs)?;
    let scan = workspace.scan(&logs, &args.folders, Timestamp::now(), &bar)?;
    drop(bar);

    let new: Vec<_> = scan.proposals.iter().map(|proposal| proposal.arm.clone()).collect();
    if args.write && !new.is_empty() {
        if !workspace.has_arms_file() {
            init(workspace.places())?;
            workspace = super::workspace(global)?;
        }
        workspace.add_arms(&new)?;
    }
    if printer.is_json() {
        printer.document(&document(&scan, args.write))?;
        return Ok(Outcome::Fine);
    }
    show(&scan, printer)?;
    let file = workspace.places().arms();
    if args.write && !new.is_empty() {
        let arms = counted(new.len() as u64, "arm");
        let file = foreign::shown(&file.display().to_string());
        printer.line(format_args!("\nadded {arms} to {file}"))?;
        printer.remark(format_args!(
            "{ELSEWHERE}\nread them through; then: `octorato report --month last`"
        ));
    } else if !new.is_empty() {
        printer.remark(format_args!(
            "\n{ELSEWHERE}\n`octorato scan --write` adds them to arms.yaml, to be edited there"
        ));
    }
    Ok(Outcome::Fine)
}

fn show(scan: &Scan, printer: &mut Printer) -> anyhow::Result<()> {
    let reading = scan.report.reading.unwrap_or_default();
    printer.line(format_args!(
        "{}, {}; last month is {}\n",
        counted(reading.files, "transcript"),
        counted(reading.requests, "request"),
        scan.last_month,
    ))?;
    if scan.proposals.is_empty() {
        printer.line(if reading.files == 0 {
            "nothing to propose: no transcripts were found; name a folder of them with --logs"
        } else if scan.rest_all_time.events == 0 {
            "nothing to propose: all work belongs to an arm"
        } else {
            "nothing to propose: the rest was done in no project (in a home folder, in temporary or \
             hidden ones, in folders of many projects) or before a root's first day"
        })?;
    } else {
        printer.line(proposals(scan))?;
    }
    printer.line("")?;
    let listed = |sums: &Sums| sums.list_cost().map_or("of unknown cost".into(), amount);
    for (what, sums) in [("declared arms", &scan.covered), ("no arm and no proposal", &scan.rest)] {
        if sums.events > 0 {
            let cost = listed(sums);
            printer.line(format_args!("{what}: {cost}, {}", counted(sums.events, "request")))?;
        }
    }
    let total = &scan.report.total;
    printer.line(format_args!(
        "{BOLD}last month in all: {}, {}{BOLD:#}",
        listed(total),
        counted(total.events, "request")
    ))?;
    for note in notes(&scan.report).iter().filter(|note| !note.starts_with("unattributed")) {
        printer.line(note)?;
    }
    Ok(())
}

fn proposals(scan: &Scan) -> Table {
    let mut table = Table::new(&[
        ("Proposed arm", Align::Left),
        ("Root", Align::Left),
        ("Projects", Align::Right),
        ("Requests", Align::Right),
        ("Last month", Align::Right),
        ("All time", Align::Right),
    ]);
    let column = |of: fn(&Proposal) -> Option<Money>| {
        amounts(&scan.proposals.iter().map(of).collect::<Vec<_>>())
    };
    let last_month = column(|proposal| proposal.last_month.list_cost());
    let all_time = column(|proposal| proposal.all_time.list_cost());
    for ((proposal, last_month), all_time) in scan.proposals.iter().zip(last_month).zip(all_time) {
        let root = proposal.arm.roots.first().map_or("", |root| &root.path);
        table.row([
            proposal.arm.id.to_string(),
            foreign::shown(root),
            grouped(&proposal.projects.len()),
            grouped(&proposal.last_month.events),
            last_month,
            all_time,
        ]);
    }
    table
}

fn document(scan: &Scan, written: bool) -> Value {
    let proposals: Vec<_> = scan
        .proposals
        .iter()
        .map(|proposal| {
            let roots: Vec<_> = proposal.arm.roots.iter().map(|root| &root.path).collect();
            json!({
                "arm": proposal.arm.id, "client": proposal.arm.client, "roots": roots,
                "projects": proposal.projects, "last_month": proposal.last_month,
                "all_time": proposal.all_time,
            })
        })
        .collect();
    json!({
        "schema": 1, "last_month": scan.last_month.label(), "proposals": proposals,
        "covered": scan.covered, "rest": scan.rest, "rest_all_time": scan.rest_all_time,
        "total": scan.report.total, "unpriced": scan.report.unpriced,
        "prices": {"snapshot": scan.report.snapshot, "models": scan.report.prices},
        "skipped": scan.report.skipped, "repaired": scan.report.repaired,
        "written": written && !proposals.is_empty(),
    })
}

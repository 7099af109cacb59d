//! `octorato doctor`

use octorato::books::{Access, Books};
use octorato::doctor::Checkup;
use octorato::finops::ledger::Operation;
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Doctor, Global};
use crate::failure;
use crate::printer::{BOLD, FAINT, Printer};
use crate::render::foreign::shown;
use crate::render::numbers::counted;

pub(crate) fn run(
    global: &Global,
    args: &Doctor,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let places = super::places(global)?;
    if args.reset_clock {
        let workspace = super::workspace(global)?;
        let books = Books::open(&workspace, Access::Existing)?;
        let before = books.ledger().time()?;
        let answers = books.ledger().commit(&[Operation::ResetClock])?;
        answers.into_iter().try_for_each(|answer| answer.map(drop))?;
        let after = books.ledger().time()?;
        printer.remark(format_args!("the ledger's time was {}, it is {}", before.now, after.now));
    }
    let mut checkup = Checkup::of(&places);
    let here = std::env::current_dir().ok();
    checkup.look_at_hooks(&super::hook::hooks(global)?, here.as_deref());
    if printer.is_json() {
        printer.document(&document(&checkup))?;
    } else {
        let width = checkup.facts.iter().map(|(what, _)| what.len()).max().unwrap_or_default();
        for (what, value) in &checkup.facts {
            printer.line(format_args!("{FAINT}{what:<width$}{FAINT:#}  {}", shown(value)))?;
        }
        for finding in &checkup.findings {
            printer.line(format_args!("\n{}", failure::rendered(finding)))?;
        }
        match checkup.findings.len() {
            0 => printer.line(format_args!("\n{BOLD}nothing is missing or wrong{BOLD:#}"))?,
            count => printer.line(format_args!("\n{}", counted(count as u64, "finding")))?,
        }
    }
    Ok(if checkup.has_findings() { Outcome::Findings } else { Outcome::Fine })
}

fn document(checkup: &Checkup) -> Value {
    let facts: serde_json::Map<String, Value> = checkup
        .facts
        .iter()
        .map(|(what, value)| ((*what).to_owned(), value.as_str().into()))
        .collect();
    let findings: Vec<Value> = checkup
        .findings
        .iter()
        .map(|finding| {
            let place = finding.place.as_ref().map(|(source, span)| {
                let at = source.line_column(span.start);
                json!({"file": source.name(), "line": at.line, "column": at.column})
            });
            json!({
                "code": finding.code, "severity": finding.severity.to_string(),
                "message": finding.message, "hint": finding.hint, "place": place,
            })
        })
        .collect();
    json!({"schema": 1, "facts": facts, "findings": findings})
}

//! `octorato budget explain`

use octorato::Workspace;
use octorato::books::{Books, path_row};
use octorato::config::budgets::Lines;
use octorato::finops::budget::{Budget, Judge};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::BudgetExplain;
use crate::printer::{BOLD, FAINT, Printer};
use crate::render::foreign::shown;
use crate::render::numbers::amount;

pub(super) fn run(
    workspace: &Workspace,
    books: &Books,
    args: &BudgetExplain,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let path = super::path(&args.path, workspace)?;
    let lines = Lines::of(&workspace.places().budgets(), workspace.arms());
    let declared = |judge: &Judge| lines.as_ref().and_then(|lines| lines.find(judge.id));
    let judges = books.regime().in_force().judges();
    let raises = books.ledger().raises()?;
    if printer.is_json() {
        let rows: Vec<Value> = judges
            .iter()
            .map(|judge| {
                let budget = &judge.budget;
                let why = budget.mismatch(&path).map(|mismatch| mismatch.to_string());
                json!({
                    "id": judge.id.to_string(), "name": judge.title, "judges": why.is_none(),
                    "why_not": why, "declared": declared(judge), "cap": budget.cap().to_string(),
                    "limit_pct": budget.tiers().limit().to_string(),
                    "limit": budget.limit().to_string(), "enforced": budget.enforces(),
                })
            })
            .collect();
        printer.document(&json!({"schema": 1, "path": path_row(&path), "budgets": rows}))?;
        return Ok(Outcome::Fine);
    }
    let of_arm = path.arm.as_ref().map_or_else(|| "no arm".to_owned(), |arm| format!("arm {arm}"));
    let judging: Vec<&Judge> = judges.iter().filter(|it| it.budget.matches(&path)).collect();
    printer.line(match judging.len() {
        0 => format!("{BOLD}no budget judges a call of {of_arm}{BOLD:#}"),
        1 => format!("{BOLD}1 budget judges a call of {of_arm}{BOLD:#}"),
        count => format!("{BOLD}{count} budgets judge a call of {of_arm}{BOLD:#}"),
    })?;
    for judge in judging {
        printer.line(format_args!("  {}{}", shown(&judge.title), at(declared(judge))))?;
        let mut limit = arithmetic(&judge.budget);
        for raise in raises.iter().filter(|raise| raise.budget == judge.id) {
            limit = format!("{limit}, and {} until {}", amount(raise.amount), raise.until);
        }
        printer.line(format_args!("    {limit}"))?;
        printer.line(format_args!("    {}", consequence(&judge.budget)))?;
    }
    let others: Vec<_> =
        judges.iter().filter_map(|judge| Some((judge, judge.budget.mismatch(&path)?))).collect();
    if !others.is_empty() {
        printer.line(format_args!("{BOLD}the others do not{BOLD:#}"))?;
    }
    for (judge, mismatch) in others {
        let place = at(declared(judge));
        let why = shown(&mismatch.to_string());
        printer.line(format_args!("  {}{place}: {why}", shown(&judge.title)))?;
    }
    Ok(Outcome::Fine)
}

fn at(declared: Option<String>) -> String {
    declared.map_or_else(String::new, |place| format!("  {FAINT}{}{FAINT:#}", shown(&place)))
}

/// How the limit comes about.
fn arithmetic(budget: &Budget) -> String {
    let percent = budget.tiers().limit();
    let cap = amount(budget.cap());
    format!("limit {} = cap {cap} x {percent} %", amount(budget.limit()))
}

/// What happens when, and at the limit.
fn consequence(budget: &Budget) -> String {
    let end = match (budget.enforces(), budget.is_shadow()) {
        (true, _) => "what would pass the limit is denied",
        (false, true) => "a trial: it notes what it would have denied",
        (false, false) => "nothing is denied",
    };
    format!("{}; {end}", budget.tiers())
}

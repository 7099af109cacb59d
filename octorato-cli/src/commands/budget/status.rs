//! `octorato budget status`

use octorato::Workspace;
use octorato::books::{Books, Filter, Origin};
use serde_json::json;

use crate::Outcome;
use crate::args::BudgetStatus;
use crate::printer::Printer;
use crate::render::budget::{Width, table};

pub(super) fn run(
    workspace: &Workspace,
    books: &Books,
    args: &BudgetStatus,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    workspace.check_names(args.arm.as_ref(), args.client.as_ref())?;
    let filter = Filter { arm: args.arm.clone(), client: args.client.clone() };
    let status = books.status(&filter)?;
    let regime = books.regime();
    let is_as_declared =
        matches!(regime.origin(), Origin::File | Origin::NoFile) && regime.removals().is_empty();
    if printer.is_json() {
        printer.document(&json!({
            "schema": 1,
            "at": status.at.to_string(),
            "clock_trusted": status.is_clock_trusted,
            "policy": {
                "id": regime.in_force().policy().full(),
                "origin": regime.origin().name(),
                "error": regime.origin().error().map(ToString::to_string),
                "removed": regime.removals(),
            },
            "budgets": status.rows(),
        }))?;
    } else if status.lines.is_empty() {
        printer.remark(match regime.origin() {
            Origin::NoFile => "no budgets.yaml, so there is no cap: every call is allowed",
            Origin::Unknown(..) => "no budget is in force",
            _ if regime.in_force().judges().is_empty() => "budgets.yaml declares no budget",
            _ => "no budget judges that",
        });
    } else {
        printer.line(table(&status, &Width::of_terminal()))?;
        for note in crate::render::budget::notes(&status) {
            printer.line(note)?;
        }
    }
    let is_fine = is_as_declared && !status.has_warnings();
    Ok(if args.strict && !is_fine { Outcome::Findings } else { Outcome::Fine })
}

//! `octorato budget check`

use std::sync::Arc;

use jiff::Timestamp;
use octorato::Workspace;
use octorato::books::{Books, Origin, standing_row};
use octorato::core::{Currency, Error, ErrorKind, Money};
use octorato::finops::budget::OnError;
use octorato::finops::ledger::{Ask, Decision, SpendPath, Standing};
use octorato::finops::price::{Request, WorstCase};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::BudgetCheck;
use crate::printer::{BOLD, FAINT, Printer, WARN};
use crate::render::budget::moment;
use crate::render::foreign::shown;
use crate::render::numbers::{amounts, counted};

pub(super) fn run(
    workspace: &Workspace,
    books: &Books,
    args: &BudgetCheck,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let mut path = super::path(&args.path, workspace)?;
    let (amount, max_output) = match (args.amount, args.input) {
        (Some(amount), _) => (amount, 0),
        (None, Some(input)) => priced(workspace, args, input, &mut path)?,
        // Nobody asks for nothing: whether the least that can be asked for is left.
        (None, None) => (Money::from_pico(1, Currency::USD), 0),
    };
    let ask = Ask { path: path.clone(), amount, max_output_tokens: max_output };
    let verdicts = books.ledger().check(std::slice::from_ref(&ask))?;
    let Some(verdict) = verdicts.into_iter().next() else {
        return Err(Error::new(ErrorKind::Data, "the ledger gave no answer").into());
    };
    let unknown = match books.regime().origin() {
        Origin::Unknown(_, answer) => Some(*answer),
        _ => None,
    };
    let is_allowed = match unknown {
        Some(answer) => answer == OnError::Allow,
        None => matches!(verdict.decision, Decision::Granted(_)),
    };
    if printer.is_json() {
        let document = document(&ask, &verdict.decision, &verdict.standings, unknown, is_allowed);
        printer.document(&document)?;
    } else {
        show(books, args, &ask, &verdict.standings, unknown, is_allowed, printer)?;
    }
    Ok(if is_allowed { Outcome::Fine } else { Outcome::Findings })
}

/// What so many tokens can cost at most; the path gets the name by which the model is priced.
fn priced(
    workspace: &Workspace,
    args: &BudgetCheck,
    input: u64,
    path: &mut Arc<SpendPath>,
) -> anyhow::Result<(Money, u64)> {
    let model = args.path.model.as_deref().unwrap_or_default();
    let price = workspace.prices().find(args.provider.as_deref(), model)?;
    Arc::make_mut(path).priced_as = Some(price.entry().into());
    // A token is never less than a byte, so as many bytes are at most as many tokens.
    let request = Request { max_output: args.max_output, ..Request::text(input) };
    match price.worst_case(Timestamp::now(), &request)? {
        WorstCase::Bounded(bound) => Ok((bound.amount(), bound.max_output_tokens())),
        WorstCase::Unbounded(reasons) => {
            Err(Error::new(ErrorKind::Unpriced, format!("nothing limits what it costs: `{model}`"))
                .hinted(format!("{}; give --max-output, or --amount", reasons.join("; ")))
                .into())
        }
    }
}

fn document(
    ask: &Ask,
    decision: &Decision,
    standings: &[Standing],
    unknown: Option<OnError>,
    is_allowed: bool,
) -> Value {
    let budgets: Vec<Value> = standings
        .iter()
        .map(|standing| {
            let mut row = standing_row(standing);
            row["fits"] = standing.fits(ask.amount).unwrap_or(false).into();
            row
        })
        .collect();
    json!({
        "schema": 1,
        "allowed": is_allowed,
        "decision": match (unknown, decision) {
            (Some(_), _) => "on_error",
            (None, Decision::Granted(_)) => "granted",
            (None, Decision::Busy(_)) => "busy",
            (None, Decision::Exhausted(_)) => "exhausted",
        },
        "usd": ask.amount.to_string(),
        "max_output_tokens": ask.max_output_tokens,
        "path": octorato::books::path_row(&ask.path),
        "budgets": budgets,
    })
}

fn show(
    books: &Books,
    args: &BudgetCheck,
    ask: &Ask,
    standings: &[Standing],
    unknown: Option<OnError>,
    is_allowed: bool,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let whose = match &ask.path.arm {
        Some(arm) => format!("arm {arm}"),
        None => "no arm".to_owned(),
    };
    let what = if args.amount.is_some() || args.input.is_some() {
        format!("${} for {whose}", ask.amount)
    } else {
        format!("another call for {whose}")
    };
    let mark = |fits: bool| if fits { "fits" } else { "does not fit" };
    if is_allowed {
        printer.line(format_args!("{BOLD}allowed{BOLD:#}: {what}"))?;
    } else {
        printer.line(format_args!("{WARN}denied{WARN:#}: {what}"))?;
    }
    if unknown.is_some() {
        printer.line("  nobody knows the budgets: `on_error` answers")?;
    } else if standings.is_empty() {
        printer.line(format_args!("{FAINT}  no budget judges it{FAINT:#}"))?;
    }
    for standing in standings {
        let fits = standing.fits(ask.amount)?;
        let sums = [standing.spent, standing.reserved()?, standing.limit, standing.remaining()?];
        let sums = amounts(&sums.map(Some));
        let zone = books.regime().in_force().find(standing.budget);
        let resets = standing.resets.zip(zone).map_or_else(String::new, |(at, judge)| {
            format!("; resets {}", moment(at, judge.budget.zone()))
        });
        let denies = if standing.is_enforced { "" } else { ", which it never denies" };
        printer.line(format_args!(
            "  {}: {}{denies}: {} spent and {} held of {}, {} left{resets}",
            mark(fits),
            shown(&standing.name),
            sums[0],
            sums[1],
            sums[2],
            sums[3]
        ))?;
    }
    let failed: Vec<_> = standings
        .iter()
        .filter(|it| it.is_enforced && !it.fits(ask.amount).unwrap_or(false))
        .collect();
    if let (false, [first, rest @ ..]) = (is_allowed, &failed[..]) {
        let more = match rest.len() {
            0 => String::new(),
            count => format!(", and {} more", counted(count as u64, "budget")),
        };
        printer.remark(format_args!(
            "`octorato budget extend '{}' --usd N --until TIME --reason TEXT` raises it{more}",
            shown(&first.name)
        ));
    }
    Ok(())
}

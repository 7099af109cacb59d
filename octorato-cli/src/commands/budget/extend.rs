//! `octorato budget extend`

use jiff::Timestamp;
use octorato::books::{Books, raise_row};
use octorato::core::{Error, ErrorKind, Money};
use serde_json::json;

use crate::Outcome;
use crate::args::BudgetExtend;
use crate::printer::{FAINT, Printer};
use crate::render::budget::moment;
use crate::render::foreign::shown;
use crate::render::numbers::amount;

pub(super) fn run(
    books: &Books,
    args: &BudgetExtend,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let judge = books.find(&args.budget)?;
    let zone = judge.budget.zone();
    let until = args.until.resolve(Timestamp::now(), zone).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, "the end is beyond the calendar").caused_by(error)
    })?;
    let draft = books.draft_extension(judge, args.usd, until, &args.reason)?;
    let raised = books.ledger().raises()?;
    let raised = raised.iter().filter(|raise| raise.budget == judge.id).map(|raise| raise.amount);
    let mut raised = raised;
    let before = raised.try_fold(judge.budget.limit(), Money::checked_add)?;
    let after = before.checked_add(args.usd)?;
    let raise = if args.dry_run { draft } else { books.extend(draft, &books.signer()?)? };
    if printer.is_json() {
        printer.document(&json!({
            "schema": 1,
            "extended": !args.dry_run,
            "budget": judge.title,
            "limit_before": before.to_string(),
            "limit_after": after.to_string(),
            "extension": raise_row(&raise),
        }))?;
        return Ok(Outcome::Fine);
    }
    let verb = if args.dry_run { "would raise" } else { "raised" };
    printer.line(format_args!(
        "{verb} {} from {} to {} until {}",
        shown(&judge.title),
        amount(before),
        amount(after),
        moment(until, zone)
    ))?;
    if let Some((key, _)) = &raise.signature {
        printer.line(format_args!("{FAINT}extension {} signed by key {key}{FAINT:#}", raise.id))?;
    }
    if !judge.budget.enforces() {
        printer.remark("note: this budget never denies a call");
    }
    Ok(Outcome::Fine)
}

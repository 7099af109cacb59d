//! `octorato ledger`

mod apply;
mod copies;
mod key;

use jiff::{SignedDuration, Timestamp};
use octorato::books::{Books, call_row, path_row};
use octorato::core::{Error, ErrorKind, Money};
use octorato::finops::ledger::{
    Call, Correct, Operation, Reference, Resolve, SourceKey, State, fresh_decision,
};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::{Global, Ledger, LedgerCorrect, LedgerResolve};
use crate::printer::{BOLD, FAINT, Printer, WARN};
use crate::render::foreign::shown;
use crate::render::numbers::{amount, amounts, counted};
use crate::render::table::{Align, Table};

pub(crate) fn run(
    global: &Global,
    args: &Ledger,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    // What is broken may be put back, whatever the budgets say.
    if let Ledger::Restore { file } = args {
        return copies::restore(&super::places(global)?, file, printer);
    }
    let workspace = super::workspace(global)?;
    let books = super::books(&workspace, printer)?;
    match args {
        Ledger::Verify => verify(&books, printer),
        Ledger::Orphans => orphans(&books, printer),
        Ledger::Resolve(args) => resolve(&books, args, printer),
        Ledger::Correct(args) => correct(&books, args, printer),
        Ledger::Backup { file } => copies::backup(&books, file, printer),
        Ledger::Restore { file } => copies::restore(books.places(), file, printer),
        Ledger::Key(args) => key::run(&books, *args, printer),
        Ledger::Apply { file } => apply::run(&workspace, &books, file, printer),
    }
}

fn verify(books: &Books, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let found = books.ledger().verify()?;
    if printer.is_json() {
        printer.document(&json!({
            "schema": 1, "entries": found.entries, "last": found.last.map(|at| at.to_string()),
            "faults": found.faults,
        }))?;
    } else {
        let entries = match found.entries {
            1 => "1 entry".to_owned(),
            count => format!("{} entries", crate::render::numbers::grouped(&count)),
        };
        let last = found.last.map_or_else(String::new, |at| format!(", the last of {at}"));
        let verdict = match found.faults.len() {
            0 => format!("{BOLD}nothing is wrong{BOLD:#}"),
            count => format!("{WARN}{} found{WARN:#}", counted(count as u64, "fault")),
        };
        printer.line(format_args!("{verdict}: {entries}{last}"))?;
        for fault in &found.faults {
            printer.line(format_args!("  {}", shown(fault)))?;
        }
        if !found.faults.is_empty() {
            printer.remark("`octorato ledger restore` puts a copy in its place");
        }
    }
    Ok(if found.faults.is_empty() { Outcome::Fine } else { Outcome::Findings })
}

fn orphans(books: &Books, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let now = books.ledger().time()?.now;
    let mut calls = books.ledger().outstanding()?;
    // A call that is only overdue is an orphan in all but name.
    calls.retain(|call| call.outcome.state == State::Orphaned || call.deadline <= now);
    calls.sort_by_key(|call| call.reserved_at);
    if printer.is_json() {
        let rows: Vec<Value> = calls.iter().map(|call| row(call, now)).collect();
        printer.document(&json!({"schema": 1, "at": now.to_string(), "orphans": rows}))?;
        return Ok(Outcome::Fine);
    }
    if calls.is_empty() {
        printer.remark("no call of unknown outcome");
        return Ok(Outcome::Fine);
    }
    let column = |of: fn(&Call) -> Option<Money>| {
        let column: Vec<_> = calls.iter().map(of).collect();
        amounts(&column)
    };
    let exposed = column(exposed);
    let seen = column(|call| Some(call.outcome.amount));
    let mut table = Table::new(&[
        ("Call", Align::Left),
        ("State", Align::Left),
        ("Since", Align::Right),
        ("Whose", Align::Left),
        ("Seen", Align::Right),
        ("Held beside", Align::Right),
    ]);
    for (at, call) in calls.iter().enumerate() {
        let is_orphan = call.outcome.state == State::Orphaned;
        table.row([
            call.id.to_string(),
            if is_orphan { "orphan" } else { "overdue" }.to_owned(),
            age(now.duration_since(call.reserved_at)),
            whose(call),
            seen[at].clone(),
            exposed[at].clone(),
        ]);
    }
    let all: Vec<_> = calls.iter().filter_map(self::exposed).collect();
    let sum = Money::sum(octorato::core::Currency::USD, all)?;
    let total = [counted(calls.len() as u64, "call"), String::new(), String::new()];
    table.total(total.into_iter().chain([String::new(), String::new(), amount(sum)]));
    printer.line(table)?;
    printer.remark("`octorato ledger resolve CALL --usd N --reason TEXT` says what one cost");
    Ok(Outcome::Fine)
}

/// What stays held beside what was seen.
fn exposed(call: &Call) -> Option<Money> {
    call.outcome.held.checked_sub(call.outcome.amount).ok()
}

fn row(call: &Call, now: Timestamp) -> Value {
    json!({
        "id": call.id.to_string(),
        "state": call.outcome.state.name(),
        "reserved_at": call.reserved_at.to_string(),
        "deadline": call.deadline.to_string(),
        "seconds": now.duration_since(call.reserved_at).as_secs(),
        "path": path_row(&call.path),
        "seen": call.outcome.amount.to_string(),
        "exposed": exposed(call).map(|money| money.to_string()),
    })
}

fn whose(call: &Call) -> String {
    let path = &call.path;
    let arm = path.arm.as_ref().map_or("-", AsRef::as_ref);
    let parts = [path.session.as_ref().map(AsRef::as_ref), path.agent.as_deref()];
    let parts: Vec<&str> = std::iter::once(arm).chain(parts.into_iter().flatten()).collect();
    shown(&parts.join(" "))
}

/// A time as people say it: `45 s`, `12 min`, `5 h`, `3 d`.
fn age(duration: SignedDuration) -> String {
    match duration.as_secs() {
        seconds if seconds < 60 => format!("{} s", seconds.max(0)),
        seconds if seconds < 3_600 => format!("{} min", seconds / 60),
        seconds if seconds < 48 * 3_600 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

fn resolve(books: &Books, args: &LedgerResolve, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let resolve = Resolve { id: args.id, amount: args.usd, reason: reason(&args.reason)?.into() };
    let outcome = books.ledger().resolve(resolve)?;
    if printer.is_json() {
        let call = books.ledger().call(args.id)?;
        printer.document(&json!({"schema": 1, "call": call.as_ref().map(call_row)}))?;
        return Ok(Outcome::Fine);
    }
    printer.line(format_args!("{} cost {}", args.id, amount(outcome.amount)))?;
    if outcome.overrun.pico() > 0 {
        let overrun = amount(outcome.overrun);
        printer.remark(format_args!("note: that is {overrun} more than was held for it"));
    }
    Ok(Outcome::Fine)
}

fn correct(books: &Books, args: &LedgerCorrect, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let of = match args.reference.parse() {
        Ok(id) => Reference::Call(id),
        Err(error) => match args.reference.split_once(':') {
            Some((reader, key)) if !reader.is_empty() && !key.is_empty() => {
                Reference::Source(SourceKey { reader: reader.into(), key: key.into() })
            }
            _ => {
                return Err(Error::hinted(
                    error,
                    "give the id of a call, or an import as READER:KEY",
                )
                .into());
            }
        },
    };
    if args.delta.pico() == 0 {
        return Err(Error::new(ErrorKind::InvalidArgument, "nothing would be corrected")
            .hinted("--delta is what is added; `--delta=-0.25` takes away")
            .into());
    }
    let correct = Correct {
        id: fresh_decision(Timestamp::now())?,
        of,
        delta: args.delta,
        reason: reason(&args.reason)?.into(),
    };
    let id = correct.id;
    books
        .ledger()
        .commit(&[Operation::Correct(correct)])?
        .into_iter()
        .try_for_each(|answer| answer.map(drop))?;
    if printer.is_json() {
        printer.document(&json!({
            "schema": 1, "correction": id.to_string(), "of": args.reference,
            "delta": args.delta.to_string(),
        }))?;
        return Ok(Outcome::Fine);
    }
    let sign = if args.delta.pico() > 0 { "added" } else { "booked" };
    printer.line(format_args!("{sign} {} to {}", amount(args.delta), shown(&args.reference)))?;
    printer.line(format_args!("{FAINT}correction {id}{FAINT:#}"))?;
    Ok(Outcome::Fine)
}

fn reason(text: &str) -> Result<&str, Error> {
    match text.trim() {
        "" => Err(Error::new(ErrorKind::InvalidArgument, "no reason is given")
            .hinted("say why with --reason; it is kept in the ledger")),
        reason => Ok(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_as_people_say_it() {
        let text = |seconds| age(SignedDuration::from_secs(seconds));
        assert_eq!(
            [-1, 59, 60, 3_599, 3_600, 172_799, 172_800].map(text),
            ["0 s", "59 s", "1 min", "59 min", "1 h", "47 h", "2 d"]
        );
    }
}

//! `octorato ledger key`

use octorato::books::{Books, KeptKey};
use serde_json::{Value, json};

use crate::Outcome;
use crate::args::LedgerKey;
use crate::printer::{FAINT, Printer, WARN};

pub(super) fn run(
    books: &Books,
    args: LedgerKey,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    match args {
        LedgerKey::List => list(books, printer),
        LedgerKey::Rotate => rotate(books, printer),
    }
}

fn list(books: &Books, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let keys = books.keys()?;
    if printer.is_json() {
        let rows: Vec<Value> = keys.iter().map(row).collect();
        printer.document(&json!({"schema": 1, "keys": rows}))?;
        return Ok(Outcome::Fine);
    }
    if keys.is_empty() {
        printer.remark("the ledger has no signing key; `octorato init` makes one");
    }
    for key in &keys {
        let id = key.public.id();
        let since = key.since.strftime("%Y-%m-%d %H:%M UTC");
        match key.until {
            Some(until) => {
                let until = until.strftime("%Y-%m-%d %H:%M UTC");
                printer.line(format_args!("{FAINT}{id}  {since} to {until}{FAINT:#}"))?;
            }
            None => printer.line(format_args!("{id}  signs since {since}"))?,
        }
        if key.until.is_none() && !key.is_here {
            printer.line(format_args!("{WARN}its private half is not here{WARN:#}"))?;
        }
    }
    Ok(Outcome::Fine)
}

fn row(key: &KeptKey) -> Value {
    json!({
        "id": key.public.id(),
        "public": key.public.to_hex(),
        "since": key.since.to_string(),
        "until": key.until.map(|at| at.to_string()),
        "here": key.is_here,
    })
}

fn rotate(books: &Books, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let before = books.signer()?.public();
    let public = books.rotate_key()?;
    if printer.is_json() {
        printer.document(&json!({"schema": 1, "key": public.id(), "replaces": before.id()}))?;
        return Ok(Outcome::Fine);
    }
    printer.line(format_args!("key {} signs from now on", public.id()))?;
    printer.line(format_args!("{FAINT}it replaces {}{FAINT:#}", before.id()))?;
    Ok(Outcome::Fine)
}

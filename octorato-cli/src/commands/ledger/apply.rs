//! `octorato ledger apply`

use std::fs::File;
use std::io::{BufReader, stdin};
use std::path::Path;

use octorato::Workspace;
use octorato::books::{Books, apply};
use octorato::core::Error;

use crate::Outcome;
use crate::printer::Printer;
use crate::render::numbers::counted;

pub(super) fn run(
    workspace: &Workspace,
    books: &Books,
    file: &Path,
    printer: &mut Printer,
) -> anyhow::Result<Outcome> {
    let (ledger, arms) = (books.ledger(), workspace.arms());
    let applied = if file == Path::new("-") {
        apply(ledger, arms, BufReader::new(stdin()), printer.out())?
    } else {
        let opened = File::open(file).map_err(|error| Error::io("cannot read", file, error))?;
        apply(ledger, arms, BufReader::new(opened), printer.out())?
    };
    if applied.errors > 0 {
        let lines = counted(applied.lines, "line");
        printer.remark(format_args!("{} of {lines} were answered with an error", applied.errors));
    }
    Ok(Outcome::Fine)
}

//! `octorato completions`

use std::io::Write;

use clap::CommandFactory;

use crate::Outcome;
use crate::args::{Cli, Completions};
use crate::printer::Printer;

pub(crate) fn run(args: &Completions, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "octorato", &mut script);
    printer.out().write_all(&script)?;
    Ok(Outcome::Fine)
}

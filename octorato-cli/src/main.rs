//! The `octorato` command: data on stdout, talk on stderr.
//!
//! Exit codes: 0 fine, 1 findings under `--strict`, 2 octorato failed. `octorato gate` has its own.

mod args;
mod commands;
mod failure;
mod printer;
mod progress;
mod render;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use args::{Cli, Command};
use printer::Printer;

/// How a command ended, short of failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Everything is fine.
    Fine,
    /// Something was found that `--strict` does not let pass.
    Findings,
}

fn main() -> ExitCode {
    let started = Instant::now();
    if let Some(code) = commands::gate::if_asked(std::env::args_os().skip(1), started) {
        // What is still going on has nothing to say any more.
        std::process::exit(code.into());
    }
    let cli = Cli::parse();
    if let Command::Gate(args) = &cli.command {
        std::process::exit(commands::gate::with(&cli.global, args, started).into());
    }
    let mut printer = Printer::new(&cli.global);
    match run(&cli, &mut printer).and_then(|outcome| printer.flush().map(|()| outcome)) {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        // Whoever reads stdout has had enough (`octorato report | head`).
        Err(error) if failure::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            failure::show(&error);
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli, printer: &mut Printer) -> anyhow::Result<Outcome> {
    match &cli.command {
        Command::Init => commands::init::run(&cli.global, printer),
        Command::Scan(args) => commands::scan::run(&cli.global, args, printer),
        Command::Arm(args) => commands::arm::run(&cli.global, args, printer),
        Command::Report(args) => commands::report::run(&cli.global, args, printer),
        Command::Sync(args) => commands::sync::run(&cli.global, args, printer),
        Command::Why(args) => commands::why::run(&cli.global, args, printer),
        Command::Price(args) => commands::price::run(&cli.global, args, printer),
        Command::Prices(args) => commands::prices::run(&cli.global, args, printer),
        Command::Gate(_) => Ok(Outcome::Fine), // answered before all others
        Command::Hook(args) => commands::hook::run(&cli.global, args, printer),
        Command::Budget(args) => commands::budget::run(&cli.global, args, printer),
        Command::Ledger(args) => commands::ledger::run(&cli.global, args, printer),
        Command::Doctor(args) => commands::doctor::run(&cli.global, args, printer),
        Command::Schema(args) => commands::schema::run(args, printer),
        Command::Explain(args) => commands::explain::run(args, printer),
        Command::Completions(args) => commands::completions::run(args, printer),
    }
}

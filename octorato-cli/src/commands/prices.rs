//! `octorato prices`

mod change;
mod diff;
mod explain;
mod list;
mod own;
mod recost;

use octorato::snapshots::Snapshots;

use crate::Outcome;
use crate::args::{Global, Prices as Args};
use crate::printer::Printer;

pub(crate) fn run(global: &Global, args: &Args, printer: &mut Printer) -> anyhow::Result<Outcome> {
    let snapshots = Snapshots::of(&super::places(global)?);
    match args {
        Args::List(args) => list::run(&snapshots, args, printer)?,
        Args::Show(args) => explain::show(global, &snapshots, args, printer)?,
        Args::Explain(args) => return explain::explain(global, &snapshots, args, printer),
        Args::Diff(args) => return diff::run(&snapshots, args, printer),
        Args::Import(args) => change::import(&snapshots, args, printer)?,
        Args::Update(args) => change::update(&snapshots, args, printer)?,
        Args::Recost(args) => recost::run(global, args, printer)?,
        Args::Use { snapshot } => list::make_current(&snapshots, snapshot, printer)?,
    }
    Ok(Outcome::Fine)
}

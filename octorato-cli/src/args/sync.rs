//! `octorato sync`

use clap::Args;

use super::Logs;

#[derive(Args, Debug)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) logs: Logs,
    /// Go on until stopped (Ctrl-C), with a line for each change.
    #[arg(long)]
    pub(crate) watch: bool,
    /// How many seconds to wait between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, requires = "watch")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3_600))]
    pub(crate) interval: u64,
    /// Also give what is booked without an arm to the arm that claims it now, since it was declared
    /// later.
    ///
    /// By linked corrections, on the same dates; of a closed month in the first that is open. What
    /// has an arm keeps it: `octorato arm assign` gives it to another.
    #[arg(long, conflicts_with = "watch")]
    pub(crate) reattribute: bool,
    /// Only show what would be given to which arm; read no transcript, book nothing.
    #[arg(short = 'n', long, requires = "reattribute")]
    pub(crate) dry_run: bool,
}

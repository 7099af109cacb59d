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
}

//! `cargo xtask faults`: the ledger against crashes, failing disks and processes that die.
//!
//! The tests are the crate `octorato-faults` in `faults/`.

use std::process::ExitCode;

use anyhow::Result;

use super::{cargo, run_all};

/// Builds the tests and runs those that are named, or all.
pub(crate) fn run(words: &[&str]) -> Result<ExitCode> {
    let mut command = cargo(&["run", "--quiet", "-p", "octorato-faults", "--"]);
    command.args(words);
    run_all(vec![command])
}

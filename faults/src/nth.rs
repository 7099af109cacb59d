//! The disk fails at the n-th call: a typed error, nothing is acknowledged that is not there, and the
//! ledger opens again.

use std::path::Path;

use anyhow::{Context, Result};

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::process::{self, Shim};
use crate::world;

/// `EIO` and `ENOSPC`, by their numbers in Linux.
const ERRORS: [(&str, i32); 2] = [("EIO", 5), ("ENOSPC", 28)];

pub(crate) fn run(_: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let shim = Shim::build(temporary.path())?;
    let mut faults = Vec::new();
    for (name, error) in ERRORS {
        for sticky in [false, true] {
            // A disk that is full stays so; one bad write may be alone.
            if !is_long && sticky != (name == "ENOSPC") {
                continue;
            }
            let mut at = 1;
            loop {
                let folder = world::scratch()?;
                let (calls, fault) = one(&shim, folder.path(), at, error, sticky)?;
                let label = if sticky { "and all after it" } else { "alone" };
                faults.extend(fault.map(|why| format!("{name} at call {at} {label}: {why}")));
                if calls < at {
                    println!("  nth: {name} at each of {calls} calls {label}");
                    break;
                }
                at += 1;
            }
        }
    }
    Ok(faults)
}

/// Runs the script with one failing call: how many calls there were, and what is wrong.
fn one(
    shim: &Shim,
    folder: &Path,
    at: usize,
    error: i32,
    sticky: bool,
) -> Result<(usize, Option<String>)> {
    let store = folder.join("store");
    std::fs::create_dir(&store)?;
    drop(world::make(&store, "1000")?);
    let mut worker = process::worker(&store, "script", &[])?;
    shim.before(&mut worker, &store)?;
    let count = folder.join("count");
    worker.env("FAULTS_COUNT", &count).env("FAULTS_SYNC_US", "0");
    worker.env("FAULTS_FAIL_AT", at.to_string()).env("FAULTS_ERRNO", error.to_string());
    worker.env("FAULTS_STICKY", if sticky { "1" } else { "0" });
    let output = worker.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Ok((at, Some(format!("the worker ended with {}: {said}", output.status))));
    }
    let calls = std::fs::read_to_string(&count).context("no count of calls")?.parse()?;
    let acks = Acks::of_folder(&store)?;
    let fault = match audit::faults(&store, &acks) {
        Ok(faults) => faults.into_iter().next(),
        Err(error) => Some(format!("{error:#}")),
    };
    let complete = acks.lines == 20;
    let fault = fault.or_else(|| {
        (calls < at && !complete).then(|| "nothing failed, but not all was done".to_owned())
    });
    Ok((calls, fault))
}

//! The disk is full: a typed error, nothing that was acknowledged is lost, and with room it goes on.

use anyhow::Result;
use octorato_finops::ledger::Ledger;

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::process::{self, Shim};
use crate::world;

pub(crate) fn run(chance: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let shim = Shim::build(temporary.path())?;
    let mut faults = Vec::new();
    for _ in 0..if is_long { 200 } else { 20 } {
        let folder = world::scratch()?;
        drop(world::make(folder.path(), "1000")?);
        let space = chance.below(400_000);
        let mut worker = process::worker(folder.path(), "calls", &[4, 10_000])?;
        shim.before(&mut worker, folder.path())?;
        worker.env("FAULTS_SPACE", space.to_string()).env("FAULTS_SYNC_US", "0");
        let output = worker.output()?;
        // 4: it ended with an error, not with a panic (101) or a signal.
        if output.status.code() != Some(4) {
            faults.push(format!("{space} bytes: the worker ended with {}", output.status));
        }
        let acks = Acks::of_folder(folder.path())?;
        for fault in audit::faults(folder.path(), &acks)? {
            faults.push(format!("{space} bytes: {fault}"));
        }
        if let Err(error) = world::open(folder.path())?.reserve(world::call("0.01")?) {
            faults.push(format!("{space} bytes: with room again: {error:?}"));
        }
    }
    Ok(faults)
}

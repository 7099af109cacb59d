//! A process that writes is stopped: others are told that the store is busy in time, and go on once
//! it is dead.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use octorato_core::ErrorKind;
use octorato_finops::ledger::{Ledger, SqliteLedger};

use crate::chance::Chance;
use crate::{process, world};

const DEADLINE: Duration = Duration::from_millis(500);

pub(crate) fn run(_: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for kind in ["hold-queue", "hold-lock"] {
        for _ in 0..if is_long { 20 } else { 3 } {
            let temporary = world::scratch()?;
            drop(world::make(temporary.path(), "1000")?);
            faults.extend(one(temporary.path(), kind)?.map(|fault| format!("{kind}: {fault}")));
        }
    }
    Ok(faults)
}

fn one(folder: &Path, kind: &str) -> Result<Option<String>> {
    let ledger = SqliteLedger::open(&world::database(folder), world::options(DEADLINE))?;
    ledger.reserve(world::call("0.01")?)?;
    let mut holder = process::worker(folder, kind, &[])?.spawn()?;
    while !folder.join("held").exists() {
        if let Some(status) = holder.try_wait()? {
            bail!("the holder ended with {status}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    let stop = Command::new("kill").args(["-STOP", &holder.id().to_string()]).status()?;
    let start = Instant::now();
    let answer = ledger.reserve(world::call("0.01")?);
    let took = start.elapsed();
    holder.kill()?;
    holder.wait()?;
    let after = ledger.reserve(world::call("0.01")?);
    Ok(match answer {
        _ if !stop.success() => Some("cannot be stopped".to_owned()),
        Ok(_) => Some("a call was granted while another process held the store".to_owned()),
        Err(error) if error.kind() != ErrorKind::Unavailable => Some(format!("{error:?}")),
        Err(_) if took > DEADLINE * 4 => Some(format!("busy only after {took:?}")),
        Err(_) => after.err().map(|error| format!("after its death: {error:?}")),
    })
}

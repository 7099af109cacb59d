//! A process that writes is stopped: others are told that the store is busy in time, and go on once
//! it is dead.

use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use octorato_core::ErrorKind;
use octorato_finops::ledger::{Ledger, SqliteLedger};

use crate::chance::Chance;
use crate::gates::{self, Office};
use crate::{process, world};

const DEADLINE: Duration = Duration::from_millis(500);

/// How long a holder is stopped.
const STOP: Duration = Duration::from_secs(3);

pub(crate) fn run(_: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let mut faults = gates()?;
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
    let mut holder = hold(folder, kind)?;
    let start = Instant::now();
    let (mut answers, mut slowest) = (Vec::new(), Duration::ZERO);
    while start.elapsed() < STOP {
        let asked = Instant::now();
        answers.push(ledger.reserve(world::call("0.01")?).map(drop));
        slowest = slowest.max(asked.elapsed());
    }
    holder.kill()?;
    holder.wait()?;
    let after = ledger.reserve(world::call("0.01")?);
    let wrong = answers.iter().find(|answer| match answer {
        Ok(()) => true,
        Err(error) => error.kind() != ErrorKind::Unavailable,
    });
    Ok(match wrong {
        Some(Ok(())) => Some("a call was granted while another held the store".to_owned()),
        Some(Err(error)) => Some(format!("{error:?}")),
        None if slowest > DEADLINE * 4 => Some(format!("busy only after {slowest:?}")),
        None => after.err().map(|error| format!("after its death: {error:?}")),
    })
}

/// A gate answers by its own deadline while another process is stopped that holds the store: where
/// it has something to book, it denies.
fn gates() -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let Some(office) = Office::make(temporary.path(), "1000")? else { return Ok(Vec::new()) };
    let mut faults = Vec::new();
    for (number, kind) in ["hold-queue", "hold-lock"].into_iter().enumerate() {
        let _ = std::fs::remove_file(office.store().join("held"));
        let mut holder = hold(&office.store(), kind)?;
        office.turn("session", number)?;
        let start = Instant::now();
        let answer = office.gate("session", 500)?.wait_with_output()?;
        let took = start.elapsed();
        holder.kill()?;
        holder.wait()?;
        if !gates::is_denied(&answer) || took > DEADLINE * 4 {
            faults.push(format!("{kind}: a gate says {answer:?} after {took:?}"));
        }
        let answer = office.ask("session")?;
        if !gates::is_allowed(&answer) {
            faults.push(format!("{kind}: after its death a gate says {answer:?}"));
        }
    }
    println!("  stopped: 2 gates were asked while a holder was stopped");
    Ok(faults)
}

/// A process that holds the store and is stopped.
fn hold(folder: &Path, kind: &str) -> Result<Child> {
    let mut holder = process::worker(folder, kind, &[])?.spawn()?;
    while !folder.join("held").exists() {
        if let Some(status) = holder.try_wait()? {
            bail!("the holder ended with {status}");
        }
        thread::sleep(Duration::from_millis(5));
    }
    if !Command::new("kill").args(["-STOP", &holder.id().to_string()]).status()?.success() {
        bail!("the holder cannot be stopped");
    }
    Ok(holder)
}

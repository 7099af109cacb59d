//! Processes are killed while they write: nothing that was acknowledged is lost or done twice.

use std::thread;
use std::time::Duration;

use anyhow::Result;

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::{process, world};

pub(crate) fn run(chance: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let store = temporary.path().join("store");
    std::fs::create_dir(&store)?;
    drop(world::make(&store, "100000")?);
    let rounds = if is_long { 2_000 } else { 100 };
    let mut faults = Vec::new();
    for round in 0..rounds {
        let mut workers = Vec::new();
        for _ in 0..8 {
            workers.push(process::worker(&store, "calls", &[4, 100_000])?.spawn()?);
        }
        for worker in &mut workers {
            let wait = u64::try_from(chance.below(25))?;
            thread::sleep(Duration::from_millis(10 + wait));
            worker.kill()?;
        }
        for worker in &mut workers {
            use std::os::unix::process::ExitStatusExt;
            let status = worker.wait()?;
            if status.signal() != Some(9) {
                faults.push(format!("round {round}: a worker ended by itself with {status}"));
            }
        }
    }
    let acks = Acks::of_folder(&store)?;
    println!("  killed: {rounds} rounds, {} settles acknowledged", acks.settled());
    if acks.settled() < rounds {
        faults.push("hardly anything was done".to_owned());
    }
    faults.extend(audit::faults(&store, &acks)?);
    Ok(faults)
}

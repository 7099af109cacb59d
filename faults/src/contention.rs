//! Many callers and one cap: never above it, and nothing of it left unused.

use anyhow::Result;

use octorato_finops::ledger::Ledger;

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::{process, world};

const PROCESSES: usize = 8;
const THREADS: usize = 64;

/// A cap of $1.00 over five levels, and calls of $0.05.
pub(crate) fn run(_: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let rounds = if is_long { 200 } else { 20 };
    let (mut least, mut most) = (world::usd("1.00")?, world::usd("0")?);
    for round in 0..rounds {
        let folder = world::scratch()?;
        drop(world::make(folder.path(), "1.00")?);
        let mut workers = Vec::new();
        for _ in 0..PROCESSES {
            workers.push(process::worker(folder.path(), "spend", &[THREADS])?.spawn()?);
        }
        for worker in &mut workers {
            let status = worker.wait()?;
            if !status.success() {
                faults.push(format!("round {round}: a worker ended with {status}"));
            }
        }
        let acks = Acks::of_folder(folder.path())?;
        if acks.lines != PROCESSES * THREADS {
            faults.push(format!("round {round}: {} callers were answered", acks.lines));
        }
        for fault in audit::faults(folder.path(), &acks)? {
            faults.push(format!("round {round}: {fault}"));
        }
        let standings = world::open(folder.path())?.standings()?;
        if standings.len() != 5 {
            faults.push(format!("round {round}: {} budgets", standings.len()));
        }
        let enough = world::usd("0.95")?;
        for standing in standings {
            let spent = standing.spent;
            least = if spent.pico() < least.pico() { spent } else { least };
            most = if spent.pico() > most.pico() { spent } else { most };
            if spent.pico() < enough.pico() {
                let name = standing.name;
                faults.push(format!("round {round}: only {spent} of {name} were spent"));
            }
        }
    }
    println!(
        "  contention: {rounds} times {PROCESSES} processes of {THREADS} threads, five budgets, \
         between {least} and {most} of $1.00 spent"
    );
    Ok(faults)
}

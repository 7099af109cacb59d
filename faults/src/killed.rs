//! Processes are killed while they write, gates among them: nothing that was acknowledged is lost or
//! done twice, and every turn of every transcript is booked once.

use std::os::unix::process::ExitStatusExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use octorato_finops::ledger::{Fact, Ledger};

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::gates::{self, Office};
use crate::{process, world};

const SESSIONS: [&str; 2] = ["session-1", "session-2"];

pub(crate) fn run(chance: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let office = Office::make(temporary.path(), "100000")?;
    let store = if let Some(office) = &office {
        office.store()
    } else {
        let store = temporary.path().join("store");
        std::fs::create_dir(&store)?;
        drop(world::make(&store, "100000")?);
        store
    };
    let rounds = if is_long { 2_000 } else { 100 };
    let (is_over, mut faults) = (AtomicBool::new(false), Vec::new());
    let mut seeds = SESSIONS.map(|session| (session, Chance::new(chance.next())));
    let turns = thread::scope(|scope| -> Result<usize> {
        let mut gates = Vec::new();
        for (session, chance) in &mut seeds {
            let (office, is_over) = (office.as_ref(), &is_over);
            gates.push(scope.spawn(move || gates_of(office, session, chance, is_over)));
        }
        let done = (0..rounds).try_for_each(|round| {
            faults.extend(round_of(&store, chance, round)?);
            anyhow::Ok(())
        });
        is_over.store(true, Ordering::SeqCst);
        let mut turns = 0;
        for gate in gates {
            let told = gate.join().unwrap_or_else(|_| bail!("a thread died"))?;
            println!(
                "  killed: {} gates, {} of them killed, {} turns",
                told.all, told.killed, told.turns
            );
            turns += told.turns;
            faults.extend(told.faults);
        }
        done.map(|()| turns)
    })?;
    let acks = Acks::of_folder(&store)?;
    println!("  killed: {rounds} rounds of 8, {} settles acknowledged", acks.settled());
    if acks.settled() < rounds {
        faults.push("hardly anything was done".to_owned());
    }
    if let Some(office) = office {
        for session in SESSIONS {
            let answer = office.ask(session)?;
            if !gates::is_allowed(&answer) {
                faults.push(format!("after all a gate says {answer:?}"));
            }
        }
        let (booked, wrong) = office.booked()?;
        faults.extend(wrong);
        if booked != turns {
            faults.push(format!("{booked} of {turns} turns are booked"));
        }
    }
    faults.extend(exact(&store)?);
    faults.extend(audit::faults(&store, &acks)?);
    Ok(faults)
}

/// Eight workers, killed one after the other.
fn round_of(store: &std::path::Path, chance: &mut Chance, round: usize) -> Result<Vec<String>> {
    let mut workers = Vec::new();
    for _ in 0..8 {
        workers.push(process::worker(store, "calls", &[4, 100_000])?.spawn()?);
    }
    for worker in &mut workers {
        let wait = u64::try_from(chance.below(25))?;
        thread::sleep(Duration::from_millis(10 + wait));
        worker.kill()?;
    }
    let mut faults = Vec::new();
    for worker in &mut workers {
        let status = worker.wait()?;
        if status.signal() != Some(9) {
            faults.push(format!("round {round}: a worker ended by itself with {status}"));
        }
    }
    Ok(faults)
}

#[derive(Default)]
struct Told {
    all: usize,
    killed: usize,
    turns: usize,
    faults: Vec<String>,
}

/// Asks gates about one session, with new turns each time, and kills two of three of them.
fn gates_of(
    office: Option<&Office>,
    session: &str,
    chance: &mut Chance,
    is_over: &AtomicBool,
) -> Result<Told> {
    let mut told = Told::default();
    let Some(office) = office else { return Ok(told) };
    while !is_over.load(Ordering::SeqCst) {
        for _ in 0..=chance.below(3) {
            office.turn(session, told.turns)?;
            told.turns += 1;
        }
        let mut gate = office.gate(session, 20_000)?;
        told.all += 1;
        if chance.of_100(66) {
            thread::sleep(Duration::from_micros(u64::try_from(chance.below(40_000))?));
            gate.kill()?;
        }
        let answer = gate.wait_with_output()?;
        match answer.status.signal() {
            Some(9) => told.killed += 1,
            Some(signal) => told.faults.push(format!("a gate died of signal {signal}")),
            None if gates::is_allowed(&answer) || gates::is_denied(&answer) => {}
            None => told.faults.push(format!("a gate answers {answer:?}")),
        }
    }
    Ok(told)
}

/// That the widest budget counts exactly what was booked, to the last pico; that every other is the
/// fold of the journal, the audit tells.
fn exact(store: &std::path::Path) -> Result<Vec<String>> {
    let ledger = world::open(store)?;
    let mut booked = 0;
    for entry in ledger.entries(0, usize::MAX)? {
        booked += match &entry.fact {
            Fact::Settled { amount, .. } | Fact::Imported { amount: Some(amount), .. } => {
                amount.pico()
            }
            _ => 0,
        };
    }
    let mut most = 0;
    for standing in ledger.standings()? {
        most = most.max(standing.spent.pico());
    }
    Ok(if most == booked {
        Vec::new()
    } else {
        vec![format!("{booked} picodollars are booked, {most} counted")]
    })
}

//! What runs in a process of its own, so that it can be killed, stopped, or lied to by its disk.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use octorato_core::{Error, ErrorKind, ReservationId};
use octorato_finops::ledger::edge::Turnstile;
use octorato_finops::ledger::{Decision, Ledger, Settle, SqliteLedger};

use crate::{audit, world};

/// Does what the words say; the code tells whether it came to its end.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let [kind, folder, numbers @ ..] = words else { return ExitCode::from(3) };
    let folder = Path::new(folder);
    let numbers: Vec<usize> = numbers.iter().filter_map(|word| word.parse().ok()).collect();
    let done = match (*kind, numbers.as_slice()) {
        ("calls", [threads, calls]) => calls_of_threads(folder, *threads, *calls),
        ("script", []) => script(folder),
        ("spend", [threads]) => spend(folder, *threads),
        ("hold-queue", []) => hold_queue(folder),
        ("hold-lock", []) => hold_lock(folder),
        ("probe", []) => {
            audit::probe(folder);
            Ok(())
        }
        _ => return ExitCode::from(3),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(4)
        }
    }
}

/// Where a process writes what it was told is done, one line each: `r ID` and `s ID AMOUNT`.
struct Acks(File);

impl Acks {
    fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(format!("acks-{}", std::process::id()));
        Ok(Self(OpenOptions::new().create(true).append(true).open(path)?))
    }

    /// One write, so that a line is whole or not there.
    fn tell(&self, line: &str) -> Result<()> {
        Ok((&self.0).write_all(format!("{line}\n").as_bytes())?)
    }
}

fn settle(ledger: &SqliteLedger, id: ReservationId, amount: &str) -> Result<()> {
    let amount = world::usd(amount)?;
    ledger.settle(Settle { id, amount, is_estimate: false, request: None, metered: None })?;
    Ok(())
}

/// Threads that reserve and settle, one call after the other.
fn calls_of_threads(folder: &Path, threads: usize, calls: usize) -> Result<()> {
    let (ledger, acks) = (world::open(folder)?, Acks::open(folder)?);
    let one = || -> Result<()> {
        for _ in 0..calls {
            let call = world::call("0.02")?;
            let id = call.id;
            if !matches!(ledger.reserve(call)?, Decision::Granted(_)) {
                bail!("a call was not granted");
            }
            acks.tell(&format!("r {id}"))?;
            settle(&ledger, id, "0.01")?;
            acks.tell(&format!("s {id} 0.01"))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a thread died")))
    })
}

/// Twenty operations, each a commit; one that fails is said by its kind, and the next one is tried
/// with the ledger opened anew.
fn script(folder: &Path) -> Result<()> {
    let acks = Acks::open(folder)?;
    let mut ledger = None;
    for _ in 0..10 {
        let call = world::call("0.02")?;
        let id = call.id;
        let mut step = |reserve: bool| -> Result<(), Error> {
            let open = match ledger.take() {
                Some(open) => open,
                None => world::open(folder)?,
            };
            if reserve {
                open.reserve(call.clone())?;
            } else {
                let amount = call.amount;
                let request = None;
                open.settle(Settle { id, amount, is_estimate: false, request, metered: None })?;
            }
            ledger = Some(open);
            Ok(())
        };
        for (reserve, line) in [(true, format!("r {id}")), (false, format!("s {id} 0.02"))] {
            match step(reserve) {
                Ok(()) => acks.tell(&line)?,
                // The reserve before it failed.
                Err(error) if !reserve && error.kind() == ErrorKind::NotFound => {}
                Err(error) if is_fault(error.kind()) => println!("{}", error.kind().name()),
                Err(error) => return Err(error).context("not the error of a store"),
            }
        }
    }
    Ok(())
}

/// The kinds by which a store says that it, and not the request, is at fault.
fn is_fault(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unavailable | ErrorKind::Io | ErrorKind::Data)
}

/// Threads that begin at once, and of which each tries one call of $0.05.
fn spend(folder: &Path, threads: usize) -> Result<()> {
    let (ledger, acks, start) = (world::open(folder)?, Acks::open(folder)?, Barrier::new(threads));
    let one = || -> Result<()> {
        let call = world::call("0.05")?;
        start.wait();
        let granted = again(|| ledger.reserve(call.clone()))?;
        if matches!(granted, Decision::Granted(_)) {
            let (id, amount) = (call.id, call.amount);
            let settle = Settle { id, amount, is_estimate: false, request: None, metered: None };
            again(|| ledger.settle(settle.clone()))?;
            acks.tell(&format!("s {id} 0.05"))?;
        } else {
            acks.tell("denied")?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a thread died")))
    })
}

/// Tries again where the store did not answer in time: the same id has one effect.
fn again<T>(mut attempt: impl FnMut() -> octorato_core::Result<T>) -> Result<T> {
    for _ in 0..20 {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::Unavailable => {}
            done => return Ok(done?),
        }
    }
    Ok(attempt()?)
}

/// Holds the turn to write until it is killed.
fn hold_queue(folder: &Path) -> Result<()> {
    let queue = Turnstile::open(&folder.join("ledger.db-queue"))?;
    let _turn = queue.enter(Duration::from_secs(20))?;
    rest_in_peace(folder)
}

/// Holds the write lock of the database until it is killed.
fn hold_lock(folder: &Path) -> Result<()> {
    let connection = rusqlite::Connection::open(world::database(folder))?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    rest_in_peace(folder)
}

fn rest_in_peace(folder: &Path) -> Result<()> {
    std::fs::write(folder.join("held"), [])?;
    loop {
        thread::park();
    }
}

//! How large a ledger is, and how fast it is read again and checked.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use octorato::finops::ledger::{
    Ask, Ledger, Operation, Options, SqliteLedger, SqliteReader, fresh_reservation,
};

use super::engine::{Engine, micros, path, reserve, settle};
use super::run::{ARMS, HELD};

/// Fills a ledger with calls, and prints bytes per call, and entries per second of a replay.
pub(super) fn measure(folder: &Path, calls: u64) -> Result<()> {
    let file = folder.join("size.db");
    for name in ["size.db", "size.db-wal", "size.db-shm"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    Engine::create("octorato", &file, 1)?;
    let ledger = SqliteLedger::open(&file, Options::default())?;
    let empty = std::fs::metadata(&file)?.len();
    let paths = (0..ARMS).map(|arm| path(arm, 1)).collect::<Result<Vec<_>>>()?;
    let started = Instant::now();
    for chunk in 0..calls.div_ceil(500) {
        let ids = (0..500)
            .map(|_| fresh_reservation(jiff::Timestamp::now()))
            .collect::<octorato::core::Result<Vec<_>>>()?;
        let mut operations = Vec::new();
        for (number, id) in (chunk * 500..).zip(&ids) {
            let path = &paths[usize::try_from(number * 7_919 % ARMS)?];
            operations.push(Operation::Reserve(reserve(*id, path)));
        }
        for id in &ids {
            operations.push(Operation::Settle(settle(*id)));
        }
        for answer in ledger.commit(&operations)? {
            answer?;
        }
    }
    let filled = started.elapsed();
    drop(ledger);
    let bytes = std::fs::metadata(&file)?.len() - empty;
    let calls = calls.div_ceil(500) * 500;
    println!("T11 bytes per call (reserve and settle)   {} (<= 165)", bytes / calls);
    println!("    one thread, 1,000 operations a batch  {} calls/s", per_second(calls, filled));
    let ledger = SqliteLedger::open(&file, Options::default())?;
    let started = Instant::now();
    let balances = ledger.replay()?;
    let replayed = started.elapsed();
    ensure!(balances == ledger.balances()?, "the replay differs from the balances");
    println!(
        "T12 replay                                {} entries/s (>= 2,000,000)",
        per_second(calls * 2, replayed)
    );
    let mut fastest = std::time::Duration::MAX;
    for _ in 0..50 {
        let started = Instant::now();
        let ask = Ask { path: paths[0].clone(), amount: micros(HELD), max_output_tokens: 1 };
        SqliteReader::open(&file, Options::default())?.check(&[ask])?;
        fastest = fastest.min(started.elapsed());
    }
    println!("    open and check, fastest of 50         {} us", fastest.as_micros());
    let started = Instant::now();
    let verification = ledger.verify()?;
    let verified = started.elapsed();
    ensure!(verification.faults.is_empty(), "{:?}", verification.faults);
    println!(
        "    replay, chain and all of verify       {} entries/s",
        per_second(calls * 2, verified)
    );
    Ok(())
}

fn per_second(count: u64, time: std::time::Duration) -> u64 {
    let micros = time.as_micros().max(1);
    u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX)
}

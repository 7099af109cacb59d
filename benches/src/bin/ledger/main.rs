//! The ledger side by side with what people write instead: SQLite with `synchronous=FULL`, `BEGIN
//! IMMEDIATE` and a busy time-out, which checks the cap and books in one transaction.
//!
//! `ledger [--seconds N] [--rounds N] [--folder DIR] [--events N]` runs every workload with both
//! engines in turn, a probe of the disk before each, checks that every sum is exact, and prints the
//! ratios that the design names (T1 to T3, T5, T6, T11, T12). The folder must lie on the disk that
//! is measured. Amounts of time are whole microseconds, ratios have two decimals.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod engine;
mod naive;
mod probe;
mod run;
mod size;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use self::run::{Load, Outcome, ratio};

/// What was asked for.
struct Options {
    seconds: u64,
    rounds: usize,
    folder: PathBuf,
    events: u64,
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let mut options = Options {
        seconds: 3,
        rounds: 3,
        folder: std::env::temp_dir().join("octorato-bench-ledger"),
        events: 1_000_000,
    };
    while let Some(arg) = args.next() {
        if arg == "child" {
            return run::child(&args.collect::<Vec<_>>());
        }
        let value = args.next().with_context(|| format!("`{arg}` asks for a value"))?;
        match arg.as_str() {
            "--seconds" => options.seconds = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--folder" => options.folder = value.into(),
            "--events" => options.events = value.parse()?,
            _ => bail!("unknown: `{arg}`"),
        }
    }
    std::fs::create_dir_all(&options.folder)?;
    compare(&options)?;
    size::measure(&options.folder, options.events)
}

/// Every workload with every engine, in turn; then the ratios of the medians.
fn compare(options: &Options) -> Result<()> {
    let load = |engine, processes, threads, depth| Load {
        engine,
        processes,
        threads,
        depth,
        seconds: options.seconds,
    };
    let loads = [
        load("octorato", 8, 8, 1),
        load("naive", 8, 8, 1),
        load("octorato", 8, 8, 5),
        load("octorato", 1, 64, 1),
        load("naive", 1, 64, 1),
        load("octorato", 1, 1, 1),
        load("naive", 1, 1, 1),
    ];
    let mut outcomes: Vec<Vec<Outcome>> = vec![Vec::new(); loads.len()];
    println!("{}", Outcome::HEAD);
    for round in 0..options.rounds {
        for at in 0..loads.len() {
            // Each round begins elsewhere, so that no load has always the same one before it.
            let at = (at + round * 3) % loads.len();
            let outcome = run::parent(&loads[at], &options.folder)?;
            println!("{outcome}");
            outcomes[at].push(outcome);
        }
    }
    let [ours, naive, deep, many, naive_many, ..] = &outcomes[..] else { bail!("no outcomes") };
    let median = |outcomes: &[Outcome], of: fn(&Outcome) -> u64| {
        let mut values: Vec<u64> = outcomes.iter().map(of).collect();
        values.sort_unstable();
        values[values.len() / 2]
    };
    let pairs = |outcomes: &[Outcome]| median(outcomes, |outcome| outcome.pairs_per_second);
    let worst = |outcomes: &[Outcome]| median(outcomes, |outcome| outcome.max);
    println!();
    println!(
        "T1  8x8 pairs/s, octorato / naive        {}  (>= 5)",
        ratio(pairs(ours), pairs(naive))
    );
    println!(
        "T2  8x8 worst latency, naive / octorato  {}  (>= 50)",
        ratio(worst(naive), worst(ours))
    );
    let (p99, probe) = (median(ours, |o| o.p99), median(ours, |o| o.probe));
    println!("T3  8x8 p99 / fdatasync p50 of the probe {}  (<= 80)", ratio(p99, probe));
    println!(
        "T5  1x64 pairs/s, octorato / naive       {}  (>= 15)",
        ratio(pairs(many), pairs(naive_many))
    );
    println!(
        "T6  8x8 depth 5 / depth 1                {}  (>= 0.85)",
        ratio(pairs(deep), pairs(ours))
    );
    Ok(())
}

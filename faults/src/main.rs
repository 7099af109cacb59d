//! Tests of the ledger against crashes, failing disks and processes that die: `cargo xtask faults`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool of the developers")]

#[cfg(unix)]
mod audit;
#[cfg(unix)]
mod chance;
#[cfg(unix)]
mod contention;
#[cfg(unix)]
mod damage;
#[cfg(unix)]
mod full;
#[cfg(unix)]
mod gates;
#[cfg(unix)]
mod image;
#[cfg(unix)]
mod images;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod nth;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod record;
#[cfg(unix)]
mod stopped;
#[cfg(unix)]
mod worker;
#[cfg(unix)]
mod world;

use std::process::ExitCode;

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("the fault tests need signals and a library that is loaded before others: not here");
    ExitCode::SUCCESS
}

#[cfg(unix)]
fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if let ["worker", rest @ ..] = words.as_slice() {
        return worker::run(rest);
    }
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Runs the tests that are named, or all: `[--long] [--seed N] [TEST ...]`. Whether all passed.
#[cfg(unix)]
fn run(words: &[&str]) -> anyhow::Result<bool> {
    type Test = fn(&mut chance::Chance, bool) -> anyhow::Result<Vec<String>>;
    const TESTS: [(&str, Test); 7] = [
        ("images", images::run),
        ("nth", nth::run),
        ("killed", killed::run),
        ("stopped", stopped::run),
        ("full", full::run),
        ("damage", damage::run),
        ("contention", contention::run),
    ];
    let mut words = words.iter();
    let (mut is_long, mut seed, mut names) = (false, None, Vec::new());
    while let Some(word) = words.next() {
        match *word {
            "--long" => is_long = true,
            "--seed" => seed = words.next().map(|seed| seed.parse()).transpose()?,
            name if TESTS.iter().any(|(known, _)| *known == name) => names.push(name),
            other => anyhow::bail!("no such test: `{other}`"),
        }
    }
    let seed = match seed {
        Some(seed) => seed,
        None => u64::try_from(jiff::Timestamp::now().as_millisecond())?,
    };
    println!("seed {seed}");
    let mut passed = true;
    for (name, test) in TESTS {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let start = std::time::Instant::now();
        let faults = test(&mut chance::Chance::new(seed), is_long)?;
        for fault in faults.iter().take(20) {
            println!("  {name}: {fault}");
        }
        let verdict = if faults.is_empty() { "passed" } else { "FAILED" };
        println!("{name}: {verdict} in {:.1?}", start.elapsed());
        passed &= faults.is_empty();
    }
    Ok(passed)
}

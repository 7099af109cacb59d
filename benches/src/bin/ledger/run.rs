//! One workload with one engine: processes of threads that reserve and settle for some seconds.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::engine::Engine;
use super::probe;

/// The arms among which the calls are spread.
pub(super) const ARMS: u64 = 1_000;

/// What a call holds and what it costs, in microdollars.
pub(super) const HELD: i64 = 50_000;
pub(super) const COST: i64 = 31_234;

/// A workload.
#[derive(Clone)]
pub(super) struct Load {
    pub(super) engine: &'static str,
    pub(super) processes: usize,
    pub(super) threads: usize,
    pub(super) depth: usize,
    pub(super) seconds: u64,
}

/// How it went; times in microseconds.
#[derive(Clone)]
pub(super) struct Outcome {
    load: Load,
    pub(super) probe: u64,
    pub(super) pairs_per_second: u64,
    pub(super) p50: u64,
    pub(super) p99: u64,
    pub(super) max: u64,
}

impl Outcome {
    pub(super) const HEAD: &str =
        "engine    procs x threads  depth   pairs/s    p50 us    p99 us      max us   probe us";
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { engine, processes, threads, depth, .. } = &self.load;
        let Self { probe, pairs_per_second, p50, p99, max, .. } = self;
        write!(
            f,
            "{engine:<9} {:>15} {depth:>6} {pairs_per_second:>9} {p50:>9} {p99:>9} {max:>11} {probe:>10}",
            format!("{processes} x {threads}"),
        )
    }
}

/// A ratio with two decimals.
pub(super) fn ratio(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 100 / u128::from(whole.max(1));
    format!("{}.{:02}x", hundredths / 100, hundredths % 100)
}

/// Runs a workload in child processes that start at the same moment, and checks the books.
pub(super) fn parent(load: &Load, folder: &Path) -> Result<Outcome> {
    let path = folder.join(format!("{}-{}.db", load.engine, load.depth));
    for name in std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()) {
        if name.file_name() != Some("probe".as_ref()) && name.is_file() {
            std::fs::remove_file(name)?;
        }
    }
    Engine::create(load.engine, &path, load.depth)?;
    let probe = probe::fdatasync(folder)?;
    let mut children = Vec::new();
    for number in 0..load.processes {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("child").arg(load.engine).arg(&path);
        for value in [load.threads, load.depth, number] {
            command.arg(value.to_string());
        }
        command.arg(load.seconds.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        children.push(command.spawn()?);
    }
    let mut outputs = Vec::new();
    for child in &mut children {
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        ensure!(line == "ready\n", "a child did not start: {line:?}");
        outputs.push(output);
    }
    for child in &mut children {
        child.stdin.take().context("no input")?.write_all(b"go\n")?;
    }
    let (mut pairs, mut latencies) = (0, Vec::new());
    for (mut child, mut output) in children.into_iter().zip(outputs) {
        let mut text = String::new();
        output.read_to_string(&mut text)?;
        ensure!(Child::wait(&mut child)?.success(), "a child failed");
        let mut lines = text.lines();
        pairs += lines.next().context("no count")?.parse::<u64>()?;
        for line in lines {
            latencies.push(line.parse::<u64>()?);
        }
    }
    let (spent, held) = Engine::open(load.engine, &path, load.depth)?.sums()?;
    ensure!(spent == i128::from(pairs) * i128::from(COST), "{}: {spent} is booked", load.engine);
    ensure!(held == 0, "{}: {held} is held", load.engine);
    latencies.sort_unstable();
    let at = |per_mille: usize| latencies[(latencies.len() - 1) * per_mille / 1000];
    Ok(Outcome {
        load: load.clone(),
        probe,
        pairs_per_second: pairs / load.seconds,
        p50: at(500),
        p99: at(990),
        max: at(1000),
    })
}

/// A child process: waits for its start, prints how many pairs it made and how long each operation
/// took.
pub(super) fn child(args: &[String]) -> Result<()> {
    let [engine, path, threads, depth, number, seconds] = args else {
        anyhow::bail!("a child asks for six arguments")
    };
    let (path, depth, number): (PathBuf, usize, u64) =
        (path.into(), depth.parse()?, number.parse()?);
    let threads: u64 = threads.parse()?;
    let time = Duration::from_secs(seconds.parse()?);
    let engine = Engine::open(engine, &path, depth)?;
    let workers = (0..threads).map(|_| engine.worker()).collect::<Result<Vec<_>>>()?;
    println!("ready");
    std::io::stdin().lock().read_line(&mut String::new())?;
    let started = Instant::now();
    let results: Vec<Result<Vec<Duration>>> = std::thread::scope(|scope| {
        let spawned: Vec<_> = workers
            .into_iter()
            .zip(0..)
            .map(|(mut worker, thread)| {
                scope.spawn(move || {
                    let mut times = Vec::new();
                    let mut call = number * threads + thread;
                    while started.elapsed() < time {
                        // Each thread walks through the arms by itself, in steps of a prime.
                        call = call.wrapping_add(7_919);
                        worker.pair(call % ARMS, &mut times)?;
                    }
                    Ok(times)
                })
            })
            .collect();
        spawned
            .into_iter()
            .map(|thread| {
                thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a thread panicked")))
            })
            .collect()
    });
    let mut all = Vec::new();
    for times in results {
        all.extend(times?);
    }
    println!("{}", all.len() / 2);
    let mut text = String::new();
    for time in all {
        text.push_str(&time.as_micros().to_string());
        text.push('\n');
    }
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(())
}

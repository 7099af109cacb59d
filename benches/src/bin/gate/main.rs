//! How long `octorato gate` takes, from the start of its process to the end, beside a static program
//! that only says hello and beside `python3`: all in turn, so that each has the same machine.
//!
//! ```console
//! $ cargo dist && cargo build --release -p octorato-benches
//! $ target/release/gate [--rounds 200] [--events 1000000,10000000] [--others-mb 2048]
//!       [--octorato PATH,PATH] [--folder DIR]
//! ```
//!
//! - `nothing new`: an arm with budgets, a session that is booked already.
//! - `new transcript`: the session gained 1 MB since the last time.
//! - `N events`: nothing new, and a ledger of so many imports.
//! - `others`: nothing new, and so many megabytes of other transcripts in the home (all but their
//!   first lines are holes).
//! - `WAL left`: nothing new, and a log that a writer left beside the ledger.
//!
//! Of several programs the first is measured in all scenes, the others where nothing is new. What is
//! made in `--folder` is kept and taken again the next time; ten million events take minutes to book.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

mod scene;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use scene::Scene;

struct Asked {
    rounds: usize,
    events: Vec<u64>,
    others_mb: u64,
    octorato: Vec<PathBuf>,
    folder: Option<PathBuf>,
}

/// What is measured: how it is prepared before each round, and what is run.
struct Lane {
    name: String,
    scene: Option<Scene>,
    gains: bool,
    command: Box<dyn Fn() -> Result<Command>>,
    took: Vec<Duration>,
}

fn main() -> Result<()> {
    let asked = asked()?;
    if let Some(folder) = &asked.folder {
        std::fs::create_dir_all(folder)?;
        return measure(&asked, folder);
    }
    let folder = std::env::temp_dir().join(format!("octorato-bench-gate-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = measure(&asked, &folder);
    if std::env::var_os("KEEP").is_some() {
        println!("{}", folder.display());
        return Ok(());
    }
    let removed = std::fs::remove_dir_all(&folder);
    measured?;
    Ok(removed?)
}

fn asked() -> Result<Asked> {
    let own = std::env::current_exe()?;
    let mut asked = Asked {
        rounds: 200,
        events: vec![1_000_000],
        others_mb: 2_048,
        octorato: vec![own.with_file_name("octorato")],
        folder: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{option} has no value"))?;
        match option.as_str() {
            "--rounds" => asked.rounds = value.parse()?,
            "--events" => {
                let numbers = value.split(',').filter(|number| !number.is_empty());
                asked.events = numbers.map(str::parse).collect::<Result<_, _>>()?;
            }
            "--others-mb" => asked.others_mb = value.parse()?,
            "--octorato" => asked.octorato = value.split(',').map(PathBuf::from).collect(),
            "--folder" => asked.folder = Some(value.into()),
            _ => bail!("no such option: {option}"),
        }
    }
    ensure!(asked.rounds > 0, "no rounds");
    for octorato in &asked.octorato {
        ensure!(octorato.is_file(), "{} is not there; build it", octorato.display());
    }
    Ok(asked)
}

fn measure(asked: &Asked, folder: &Path) -> Result<()> {
    println!("{} rounds; load {}", asked.rounds, load());
    let mut lanes = lanes(asked, folder)?;
    for lane in &mut lanes {
        // The first one compiles the configuration and books what is there.
        let runs = if lane.scene.is_some() { 3 } else { 1 };
        for _ in 0..runs {
            run(lane)?;
        }
        lane.took.clear();
    }
    let mut probe = Vec::new();
    for _ in 0..asked.rounds {
        for lane in &mut lanes {
            if let Some(scene) = lane.scene.as_ref().filter(|_| lane.gains) {
                scene.gain(1 << 20)?;
            }
            run(lane)?;
        }
        probe.push(synced_write(folder)?);
    }
    let base = median(&mut lanes[0].took);
    println!("\n{:<40} {:>8} {:>8} {:>8}", "process", "p50 ms", "p99 ms", "x hello");
    for lane in &mut lanes {
        let p50 = median(&mut lane.took);
        let p99 = percentile(&lane.took, 99);
        println!("{:<40} {:>8} {:>8} {:>8}", lane.name, ms(p50), ms(p99), ratio(p50, base));
    }
    let p50 = median(&mut probe);
    println!("{:<40} {:>8} {:>8}", "(fdatasync of 4 KiB)", ms(p50), ms(percentile(&probe, 99)));
    println!("load {}", load());
    Ok(())
}

fn lanes(asked: &Asked, folder: &Path) -> Result<Vec<Lane>> {
    let hello = hello(folder)?;
    let mut lanes = vec![plain("hello, static", &hello, &[])];
    lanes.push(plain("/bin/true", Path::new("/bin/true"), &[]));
    if let Some(python) = python() {
        lanes.push(plain("python3 -c pass", &python, &["-c", "pass"]));
        let imports = ["-c", "import yaml, json"];
        if Command::new(&python).args(imports).stderr(Stdio::null()).status()?.success() {
            lanes.push(plain("python3 -c 'import yaml, json'", &python, &imports));
        }
    }
    let Some((main, others)) = asked.octorato.split_first() else { bail!("no octorato") };
    let gate_of = |octorato: &Path, name: String, gains: bool, scene: Scene| {
        let (octorato, home) = (octorato.to_owned(), scene.home.clone());
        let command = move || {
            let mut command = Command::new(&octorato);
            command.args(["gate", "--agent", "claude"]).env_clear().env("HOME", &home);
            command.stdin(File::open(home.join("hook.json"))?);
            Ok(command)
        };
        Lane { name, scene: Some(scene), gains, command: Box::new(command), took: Vec::new() }
    };
    let gate = |name: String, gains: bool, scene: Scene| gate_of(main, name, gains, scene);
    let scene = |name: &str, events: u64| Scene::new(&folder.join(name), events);
    lanes.push(gate("gate, nothing new".into(), false, scene("nothing", 1_000)?));
    for (number, octorato) in others.iter().enumerate() {
        let scene = scene(&format!("nothing-{number}"), 1_000)?;
        lanes.push(gate_of(octorato, format!("the same, {}", octorato.display()), false, scene));
    }
    lanes.push(gate("gate, 1 MB new transcript".into(), true, scene("new", 1_000)?));
    for &events in &asked.events {
        let scene = scene(&events.to_string(), events)?;
        println!("{events} events: a ledger of {} MB", scene.ledger_bytes()? >> 20);
        lanes.push(gate(format!("gate, {events} events"), false, scene));
    }
    let others = scene("others", 1_000)?;
    others.add_others(asked.others_mb)?;
    lanes.push(gate(format!("gate, others' {} MB", asked.others_mb), false, others));
    let left = scene("left", 1_000)?;
    left.leave_log()?;
    let pages = left.log_pages();
    lanes.push(gate(format!("gate, WAL of {pages} pages left"), false, left));
    Ok(lanes)
}

fn plain(name: &str, program: &Path, arguments: &[&str]) -> Lane {
    let program = program.to_owned();
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let command = move || {
        let mut command = Command::new(&program);
        command.args(&arguments).stdin(Stdio::null());
        Ok(command)
    };
    let name = name.to_owned();
    Lane { name, scene: None, gains: false, command: Box::new(command), took: Vec::new() }
}

/// Python itself, not a script that looks for it.
fn python() -> Option<PathBuf> {
    let print = "import sys; print(sys.executable, end='')";
    let output = Command::new("python3").args(["-c", print]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(output.stdout).ok()?);
    (output.status.success() && path.is_file()).then_some(path)
}

/// Runs it once and notes how long that took. A gate must allow, without a word.
fn run(lane: &mut Lane) -> Result<()> {
    let mut command = (lane.command)()?;
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status()?;
    lane.took.push(started.elapsed());
    ensure!(status.success(), "`{}` ended with {status}", lane.name);
    Ok(())
}

/// The program that does nothing but speak, linked statically.
fn hello(folder: &Path) -> Result<PathBuf> {
    let (source, program) = (folder.join("hello.rs"), folder.join("hello"));
    std::fs::write(&source, "fn main() { println!(\"hello\"); }\n")?;
    let status = Command::new("rustc")
        .args(["-O", "-C", "target-feature=+crt-static", "-o"])
        .arg(&program)
        .arg(&source)
        .status()?;
    ensure!(status.success(), "rustc cannot compile the program to compare with");
    Ok(program)
}

fn synced_write(folder: &Path) -> Result<Duration> {
    let mut file = File::options().create(true).append(true).open(folder.join("probe"))?;
    file.write_all(&[7; 4_096])?;
    let started = Instant::now();
    file.sync_data()?;
    Ok(started.elapsed())
}

/// How busy the machine is, where it tells.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

/// The median; the times are in order afterwards.
fn median(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    percentile(took, 50)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or_default()
}

fn ms(time: Duration) -> String {
    let micros = time.as_micros();
    format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10)
}

fn ratio(time: Duration, base: Duration) -> String {
    let hundredths = time.as_nanos() * 100 / base.as_nanos().max(1);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

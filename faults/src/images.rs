//! The power is cut at any moment: what a disk may hold then is a ledger that lost nothing that was
//! acknowledged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::image::{self, Disk};
use crate::process::{self, Shim};
use crate::record::{self, Event, Line};
use crate::world;

pub(crate) fn run(chance: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let (base, lines) = recorded(temporary.path(), if is_long { 100 } else { 25 })?;
    let syncs = lines.iter().filter(|line| matches!(line.event, Event::SyncEnded(_))).count();
    println!("  images: {} lines, {syncs} syncs", lines.len());
    let count = if is_long { 20_000 } else { 1_000 };
    let mut faults = all(count, chance, |chance| {
        let cut = chance.below(lines.len() + 1);
        let fault = judge(&base, &lines, cut, chance, true)?;
        Ok(fault.map(|fault| format!("cut at {cut}: {fault}")))
    })?;
    println!("  images: {} of {count} failed", faults.len());
    // The negative control: no sync of the log counts.
    let control = count / 5;
    let failed = all(control, chance, |chance| {
        // After the first tenth, so that there is something to lose.
        let cut = lines.len() / 10 + chance.below(lines.len() - lines.len() / 10);
        judge(&base, &lines, cut, chance, false)
    })?
    .len();
    println!("  images: {failed} of {control} failed without syncs");
    if failed * 2 < control {
        faults.push(format!("without syncs only {failed} of {control} images fail"));
    }
    Ok(faults)
}

/// Judges images on all cores: what is wrong with those that fail. Each has a seed of its own.
fn all(
    count: usize,
    chance: &mut Chance,
    judge: impl Fn(&mut Chance) -> Result<Option<String>> + Sync,
) -> Result<Vec<String>> {
    let seeds: Vec<u64> = (0..count).map(|_| chance.next()).collect();
    let cores = thread::available_parallelism()?.get();
    thread::scope(|scope| {
        let share = |seeds: &[u64]| -> Result<Vec<String>> {
            let mut faults = Vec::new();
            for seed in seeds {
                let fault = judge(&mut Chance::new(*seed))?;
                faults.extend(fault.map(|fault| format!("image of seed {seed}, {fault}")));
            }
            Ok(faults)
        };
        let shares = seeds.chunks(count.div_ceil(cores).max(1));
        let workers: Vec<_> = shares.map(|seeds| scope.spawn(move || share(seeds))).collect();
        let mut faults = Vec::new();
        for worker in workers {
            faults.extend(worker.join().unwrap_or_else(|_| bail!("a thread died"))?);
        }
        Ok(faults)
    })
}

/// The files before, and what eight threads then wrote.
fn recorded(folder: &Path, calls: usize) -> Result<(Disk, Vec<Line>)> {
    let shim = Shim::build(folder)?;
    let store = folder.join("store");
    std::fs::create_dir(&store)?;
    drop(world::make(&store, "1000")?);
    let mut base = Disk::new();
    for file in std::fs::read_dir(&store)? {
        let file = file?;
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.ends_with("-shm") {
            base.insert(name, std::fs::read(file.path())?);
        }
    }
    let mut worker = process::worker(&store, "calls", &[8, calls])?;
    shim.before(&mut worker, &store)?;
    worker.env("FAULTS_RECORD", folder.join("record")).env("FAULTS_SYNC_US", "300");
    if !worker.status()?.success() {
        bail!("the worker failed");
    }
    Ok((base, record::read(&folder.join("record"))?))
}

/// What is wrong with one image.
fn judge(
    base: &Disk,
    lines: &[Line],
    cut: usize,
    chance: &mut Chance,
    trusts_syncs: bool,
) -> Result<Option<String>> {
    let disk = image::after(base, lines, cut, chance, trusts_syncs);
    let mut acks = Acks::default();
    for line in lines.get(..cut).unwrap_or(lines) {
        if let Event::Written { data, .. } = &line.event
            && line.name.starts_with("acks")
        {
            acks.take(data)?;
        }
    }
    let folder = world::scratch()?;
    for (name, bytes) in &disk {
        std::fs::write(folder.path().join(name), bytes).context("no room for an image")?;
    }
    let judged = catch_unwind(AssertUnwindSafe(|| audit::faults(folder.path(), &acks)));
    Ok(match judged {
        Ok(Ok(faults)) => faults.into_iter().next(),
        Ok(Err(error)) => Some(format!("{error:#}")),
        Err(_) => Some("a panic".to_owned()),
    })
}

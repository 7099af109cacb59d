//! The disk is full: a typed error, nothing that was acknowledged is lost, and with room it goes on.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use octorato_finops::ledger::Ledger;

use crate::audit::{self, Acks};
use crate::chance::Chance;
use crate::process::{self, Shim};
use crate::world;

pub(crate) fn run(chance: &mut Chance, is_long: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let shim = Shim::build(temporary.path())?;
    let mut faults = mounted()?;
    for _ in 0..if is_long { 200 } else { 20 } {
        let folder = world::scratch()?;
        drop(world::make(folder.path(), "1000")?);
        let space = chance.below(400_000);
        let mut worker = process::worker(folder.path(), "calls", &[4, 10_000])?;
        shim.before(&mut worker, folder.path())?;
        worker.env("FAULTS_SPACE", space.to_string()).env("FAULTS_SYNC_US", "0");
        let output = worker.output()?;
        // 4: it ended with an error, not with a panic (101) or a signal.
        if output.status.code() != Some(4) {
            faults.push(format!("{space} bytes: the worker ended with {}", output.status));
        }
        let acks = Acks::of_folder(folder.path())?;
        for fault in audit::faults(folder.path(), &acks)? {
            faults.push(format!("{space} bytes: {fault}"));
        }
        if let Err(error) = world::open(folder.path())?.reserve(world::call("0.01")?) {
            faults.push(format!("{space} bytes: with room again: {error:?}"));
        }
    }
    println!("  full: {} simulated disks", if is_long { 200 } else { 20 });
    Ok(faults)
}

/// A real file system of 2 MiB that is filled, and then made read-only, where mounting is allowed.
fn mounted() -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let folder = temporary.path().join("small");
    std::fs::create_dir(&folder)?;
    let mount = |how: &[&str]| {
        let done = Command::new("mount").args(how).arg(&folder).output();
        done.is_ok_and(|output| output.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=2m", "octorato-faults"]) {
        println!("  full: mounting is not allowed here, only the simulated disks are tested");
        return Ok(Vec::new());
    }
    let judged = judge_mounted(&folder, mount);
    Command::new("umount").arg(&folder).status()?;
    judged
}

fn judge_mounted(folder: &Path, mount: impl Fn(&[&str]) -> bool) -> Result<Vec<String>> {
    drop(world::make(folder, "1000")?);
    let mut faults = Vec::new();
    let status = process::worker(folder, "calls", &[4, 100_000])?.output()?.status;
    if status.code() != Some(4) {
        faults.push(format!("on a full file system the worker ended with {status}"));
    }
    if !mount(&["-o", "remount,size=8m"]) {
        faults.push("the file system cannot be made larger".to_owned());
        return Ok(faults);
    }
    let acks = Acks::of_folder(folder)?;
    println!("  full: a file system of 2 MiB, {} settles acknowledged", acks.settled());
    faults.extend(audit::faults(folder, &acks)?);
    if let Err(error) = world::open(folder)?.reserve(world::call("0.01")?) {
        faults.push(format!("with room again: {error:?}"));
    }
    if mount(&["-o", "remount,ro"]) {
        let before = std::fs::read(world::database(folder))?;
        let status = process::worker(folder, "spend", &[1])?.output()?.status;
        if status.code() != Some(4) {
            faults.push(format!("on a read-only file system the worker ended with {status}"));
        }
        println!("  full: then read-only, even for this user");
        if std::fs::read(world::database(folder))? != before {
            faults.push("a read-only ledger has changed".to_owned());
        }
        mount(&["-o", "remount,rw"]);
    }
    Ok(faults)
}

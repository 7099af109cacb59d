//! Files that are damaged or missing: a typed error or the same answers, never a panic.

use std::path::Path;

use anyhow::{Result, bail};

use crate::chance::Chance;
use crate::gates::{self, Office};
use crate::{process, world};

/// The size of a page of the database.
const PAGE: usize = 4_096;

pub(crate) fn run(chance: &mut Chance, _: bool) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    let whole = temporary.path().join("whole");
    std::fs::create_dir(&whole)?;
    drop(world::make(&whole, "1000")?);
    if !process::worker(&whole, "calls", &[4, 500])?.status()?.success() {
        bail!("the worker failed");
    }
    // All in one file, so that a flipped byte is not one that the log replaces.
    let connection = rusqlite::Connection::open(world::database(&whole))?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(connection);
    let sound = probe(&whole)?;
    let bytes = std::fs::read(world::database(&whole))?;
    let mut faults = Vec::new();

    let (mut found, mut harmless) = (0, 0);
    for page in 0..bytes.len() / PAGE {
        let at = page * PAGE + chance.below(PAGE);
        let mut flipped = bytes.clone();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << chance.below(8);
        }
        match said_of(&flipped)? {
            said if said.starts_with("faulty:") => found += 1,
            said if said == sound => harmless += 1,
            said if said.is_empty() => faults.push(format!("a bit at byte {at}: a crash")),
            _ => faults.push(format!("a bit at byte {at} changes what is said, unseen")),
        }
    }
    let pages = bytes.len() / PAGE;
    println!("  damage: a bit in each of {pages} pages: {found} found, {harmless} change nothing");
    if pages < 100 {
        faults.push(format!("a file of only {pages} pages"));
    }

    let garbage: Vec<u8> = (0..PAGE).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    let headless = [garbage.get(..100).unwrap_or_default(), bytes.get(100..).unwrap_or_default()];
    let broken = [
        ("an empty file", Vec::new()),
        ("garbage", garbage.clone()),
        ("a header of garbage", headless.concat()),
        ("half a file", bytes.get(..bytes.len() / 2).unwrap_or_default().to_vec()),
    ];
    for (what, bytes) in broken {
        let said = said_of(&bytes)?;
        if !said.starts_with("faulty:") {
            faults.push(format!("{what} is taken for a ledger"));
        }
    }
    if said_of(&bytes)? != sound {
        faults.push("without its log and its shared memory it says something else".to_owned());
    }
    faults.extend(read_only(&bytes)?);
    faults.extend(gates(chance)?);
    Ok(faults)
}

/// What cannot be read is never taken for allowed: a gate that has something to book denies, or the
/// file is good enough for its answer to be the exact one.
fn gates(chance: &mut Chance) -> Result<Vec<String>> {
    let temporary = world::scratch()?;
    // Reached by what is spent: whoever allows has not read it.
    let Some(office) = Office::make(temporary.path(), "0.001")? else { return Ok(Vec::new()) };
    office.turn("session", 0)?;
    if !gates::is_denied(&office.ask("session")?) {
        bail!("a gate allows what is over the cap");
    }
    let database = world::database(&office.store());
    let connection = rusqlite::Connection::open(&database)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    drop(connection);
    let whole = std::fs::read(&database)?;
    let mut damaged: Vec<(String, Vec<u8>)> = Vec::new();
    for page in 0..whole.len() / PAGE {
        let at = page * PAGE + chance.below(PAGE);
        let mut flipped = whole.clone();
        if let Some(byte) = flipped.get_mut(at) {
            *byte ^= 1 << chance.below(8);
        }
        damaged.push((format!("a bit at byte {at}"), flipped));
    }
    damaged.push(("an empty file".to_owned(), Vec::new()));
    damaged.push(("garbage".to_owned(), vec![0x5a; 2 * PAGE]));
    damaged.push((
        "half a file".to_owned(),
        whole.get(..whole.len() / 2).unwrap_or_default().to_vec(),
    ));
    let mut faults = Vec::new();
    for (what, bytes) in &damaged {
        for beside in ["-wal", "-shm"] {
            let mut name = database.clone().into_os_string();
            name.push(beside);
            let _ = std::fs::remove_file(name);
        }
        std::fs::write(&database, bytes)?;
        let answer = office.ask("session")?;
        if !gates::is_denied(&answer) {
            faults.push(format!("{what}: a gate answers {answer:?}"));
        }
    }
    println!("  damage: gates were asked of {} damaged ledgers", damaged.len());
    Ok(faults)
}

/// What a process says of a ledger.
fn probe(folder: &Path) -> Result<String> {
    let output = process::worker(folder, "probe", &[])?.output()?;
    Ok(if output.status.success() { String::from_utf8(output.stdout)? } else { String::new() })
}

/// What a process says of a file alone in its folder.
fn said_of(bytes: &[u8]) -> Result<String> {
    let folder = world::scratch()?;
    std::fs::write(world::database(folder.path()), bytes)?;
    probe(folder.path())
}

/// A file and a folder that cannot be written: an error, or only reads.
fn read_only(bytes: &[u8]) -> Result<Vec<String>> {
    use std::os::unix::fs::PermissionsExt;
    let folder = world::scratch()?;
    let database = world::database(folder.path());
    std::fs::write(&database, bytes)?;
    std::fs::set_permissions(&database, PermissionsExt::from_mode(0o400))?;
    if std::fs::OpenOptions::new().append(true).open(&database).is_ok() {
        println!("  damage: this user may write everything, read-only files are not tested");
        return Ok(Vec::new());
    }
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o500))?;
    let status = process::worker(folder.path(), "calls", &[1, 1])?.output()?.status;
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700))?;
    Ok(match status.code() {
        Some(4) => Vec::new(),
        _ => vec![format!("a write to a read-only ledger ended with {status}")],
    })
}

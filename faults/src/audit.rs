//! What must be so of a ledger, whatever happened to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};
use octorato_core::ReservationId;
use octorato_finops::ledger::chain::Canonical;
use octorato_finops::ledger::{Fact, Ledger};

use crate::world;

/// What was acknowledged: calls that were granted, and with what they were settled.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    reserved: BTreeSet<ReservationId>,
    settled: BTreeMap<ReservationId, String>,
    /// How many lines there were, those of denials among them.
    pub(crate) lines: usize,
}

impl Acks {
    /// Takes whole lines of a process.
    pub(crate) fn take(&mut self, text: &[u8]) -> Result<()> {
        for line in std::str::from_utf8(text)?.split_inclusive('\n') {
            // The last one may be cut by the death of the process: then it was not told to anybody.
            let Some(line) = line.strip_suffix('\n') else { continue };
            self.lines += 1;
            match line.split(' ').collect::<Vec<_>>().as_slice() {
                ["r", id] => drop(self.reserved.insert(id.parse()?)),
                ["s", id, amount] => {
                    if self.settled.insert(id.parse()?, (*amount).to_owned()).is_some() {
                        bail!("settled twice: `{id}`");
                    }
                }
                ["denied"] => {}
                _ => bail!("not an acknowledgement: `{line}`"),
            }
        }
        Ok(())
    }

    /// Those of all processes that wrote into the folder.
    pub(crate) fn of_folder(folder: &Path) -> Result<Self> {
        let mut acks = Self::default();
        for file in std::fs::read_dir(folder)? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("acks") {
                acks.take(&std::fs::read(file.path())?)?;
            }
        }
        Ok(acks)
    }

    /// How many calls were settled.
    pub(crate) fn settled(&self) -> usize {
        self.settled.len()
    }
}

/// What is wrong with the ledger in `folder`; `acks` is what it acknowledged. That the balances are
/// the fold of the journal is what the ledger itself verifies.
pub(crate) fn faults(folder: &Path, acks: &Acks) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let ledger = world::open(folder).context("the ledger cannot be opened")?;
    let integrity = integrity(folder)?;
    if integrity != "ok" {
        faults.push(format!("the integrity check says: {integrity}"));
    }
    faults.extend(ledger.verify()?.faults);
    let entries = ledger.entries(0, usize::MAX)?;
    let (mut reserved, mut settled) = (BTreeSet::new(), BTreeMap::new());
    for entry in &entries {
        match &entry.fact {
            Fact::Reserved { id, .. } => drop(reserved.insert(*id)),
            Fact::Settled { id, amount, .. } => drop(settled.insert(*id, amount.to_string())),
            _ => {}
        }
    }
    for id in acks.reserved.difference(&reserved) {
        faults.push(format!("a reserve that was acknowledged is lost: {id}"));
    }
    for (id, amount) in &acks.settled {
        if settled.get(id) != Some(amount) {
            faults.push(format!("a settle that was acknowledged is lost: {id}"));
        }
    }
    let ends: Vec<_> = entries.iter().filter_map(|entry| entry.fact.ends()).collect();
    if ends.iter().collect::<BTreeSet<_>>().len() != ends.len() {
        faults.push("a call has ended twice".to_owned());
    }
    for standing in ledger.standings()? {
        if standing.spent.checked_add(standing.reserved()?)?.pico() > standing.cap.pico() {
            faults.push(format!("over its cap: {}", standing.name));
        }
    }
    Ok(faults)
}

fn integrity(folder: &Path) -> Result<String> {
    let connection = rusqlite::Connection::open(world::database(folder))?;
    Ok(connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?)
}

/// Prints what a ledger says that may be damaged: all that is in it, or `faulty` and why.
pub(crate) fn probe(folder: &Path) {
    let said = (|| -> Result<String> {
        let ledger = world::open(folder)?;
        let found = ledger.verify()?;
        if let Some(fault) = found.faults.first() {
            bail!("{fault}");
        }
        let (mut hash, mut canonical) = (blake3::Hasher::new(), Canonical::new());
        for entry in ledger.entries(0, usize::MAX)? {
            canonical.spell(0, &entry)?;
            hash.update(canonical.client_view()).update(canonical.amounts());
            hash.update(canonical.operator_view());
        }
        let (entries, balances) = (hash.finalize(), ledger.balances()?);
        Ok(format!("{entries} {balances:?} {:?}", ledger.outstanding()?))
    })();
    match said {
        Ok(said) => println!("{said}"),
        Err(error) => println!("faulty: {error:#}"),
    }
}

//! The chains of a ledger file: every entry carries the start of its link, every chain its whole end.

use std::collections::{BTreeSet, HashMap};

use octorato_core::ArmId;
use rusqlite::{Connection, OptionalExtension, params};

use super::desk::Done;
use super::fault::{Spoilt, spoilt};
use crate::ledger::chain::{Canonical, Halves, Head, Secrets, arm_of};
use crate::ledger::entry::Entry;

/// The chains that were used, and what of them is to be written.
#[derive(Debug, Default)]
pub(super) struct Chains {
    known: HashMap<Option<ArmId>, Chain>,
    changed: BTreeSet<Option<ArmId>>,
    canonical: Canonical,
    ledger: Option<[u8; 16]>,
}

/// One chain with its end so far.
#[derive(Clone, Debug)]
pub(super) struct Chain {
    number: i64,
    pub(super) secrets: Secrets,
    pub(super) head: Head,
}

impl Chains {
    /// Adds an entry to its chain: the start of its link, for its row.
    pub(super) fn add(&mut self, connection: &Connection, entry: &Entry) -> Done<[u8; 16]> {
        let arm = arm_of(entry).cloned();
        if !self.known.contains_key(&arm) {
            let chain = self.open(connection, arm.as_ref())?;
            self.known.insert(arm.clone(), chain);
        }
        let chain = self.known.get_mut(&arm).ok_or(spoilt("a chain is missing"))?;
        let short = chain.then(&mut self.canonical, entry)?;
        self.changed.insert(arm);
        Ok(short)
    }

    /// Writes the ends of the chains that changed.
    pub(super) fn flush(&mut self, connection: &Connection) -> Done<()> {
        for arm in std::mem::take(&mut self.changed) {
            let Some(chain) = self.known.get(&arm) else { continue };
            let place = i64::try_from(chain.head.place).map_err(|_| spoilt("too many entries"))?;
            connection
                .prepare_cached("UPDATE chains SET place = ?2, head = ?3 WHERE number = ?1")?
                .execute(params![chain.number, place, chain.head.link])?;
        }
        Ok(())
    }

    /// Forgets the end of one chain, which another writer has moved.
    pub(super) fn drop(&mut self, arm: Option<&ArmId>) {
        self.known.remove(&arm.cloned());
    }

    /// Forgets the ends, which another writer may have moved.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.changed.clear();
    }

    fn open(&mut self, connection: &Connection, arm: Option<&ArmId>) -> Done<Chain> {
        if let Some(chain) = read(connection, arm)? {
            return Ok(chain);
        }
        let ledger = match self.ledger {
            Some(ledger) => ledger,
            None => *self.ledger.insert(ledger_of(connection)?),
        };
        let (secrets, head) = (Secrets::fresh()?, Head::start(&ledger, arm));
        let number = connection
            .prepare_cached(
                "INSERT INTO chains (arm, client_secret, operator_secret, place, head) \
                 VALUES (?1, ?2, ?3, 0, ?4)",
            )?
            .insert(params![arm.map(ArmId::as_str), secrets.client, secrets.operator, head.link])?;
        Ok(Chain { number, secrets, head })
    }
}

impl Chain {
    /// Goes on by one entry: the start of its link.
    pub(super) fn then(&mut self, canonical: &mut Canonical, entry: &Entry) -> Done<[u8; 16]> {
        let place = self.head.place.saturating_add(1);
        canonical.spell(place, entry)?;
        self.head = self.head.then(&Halves::of(canonical, place, &self.secrets)?);
        Ok(self.head.short())
    }

    /// The chain before its first entry.
    pub(super) fn anew(&self, ledger: &[u8; 16], arm: Option<&ArmId>) -> Self {
        Self { head: Head::start(ledger, arm), ..self.clone() }
    }
}

/// The unique name of a ledger.
pub(super) fn ledger_of(connection: &Connection) -> Done<[u8; 16]> {
    let mut statement =
        connection.prepare_cached("SELECT value FROM meta WHERE name = 'ledger'")?;
    let mut rows = statement.query([])?;
    super::cells::sixteen(rows.next()?.ok_or(spoilt("the ledger has no name"))?.get_ref(0)?)
}

/// The chain of an arm, or of none, as it was written.
pub(super) fn read(connection: &Connection, arm: Option<&ArmId>) -> Done<Option<Chain>> {
    let sql = "SELECT number, client_secret, operator_secret, place, head FROM chains \
               WHERE arm IS ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row([arm.map(ArmId::as_str)], |row| {
        let (client, operator) = (row.get(1)?, row.get(2)?);
        let place: i64 = row.get(3)?;
        Ok((row.get(0)?, Secrets { client, operator }, place, row.get(4)?))
    });
    let Some((number, secrets, place, link)) = found.optional()? else { return Ok(None) };
    let place = u64::try_from(place).map_err(|_| spoilt("a place is negative"))?;
    Ok(Some(Chain { number, secrets, head: Head { place, link } }))
}

/// All chains, made anew beside the journal.
#[derive(Debug)]
pub(super) struct Proof {
    ledger: [u8; 16],
    canonical: Canonical,
    chains: HashMap<Option<ArmId>, (Chain, Head)>,
    /// Those of which a link was another.
    cut: BTreeSet<Option<ArmId>>,
}

impl Proof {
    pub(super) fn new(connection: &Connection) -> Done<Self> {
        let ledger = ledger_of(connection)?;
        let canonical = Canonical::new();
        Ok(Self { ledger, canonical, chains: HashMap::new(), cut: BTreeSet::new() })
    }

    /// Whether an entry follows in its chain, by the start of the link that its row has. Only the first
    /// that does not is told of each chain: the links of all after it are others too.
    pub(super) fn follows(
        &mut self,
        connection: &Connection,
        entry: &Entry,
        link: Option<[u8; 16]>,
    ) -> Done<bool> {
        let arm = arm_of(entry).cloned();
        if !self.chains.contains_key(&arm) {
            let chain = read(connection, arm.as_ref())?;
            let chain = chain.ok_or(spoilt("an entry has no chain"))?;
            let start = chain.anew(&self.ledger, arm.as_ref());
            self.chains.insert(arm.clone(), (start, chain.head));
        }
        let (chain, _) = self.chains.get_mut(&arm).ok_or(spoilt("an entry has no chain"))?;
        let must = chain.then(&mut self.canonical, entry)?;
        Ok(self.cut.contains(&arm) || link == Some(must) || !self.cut.insert(arm))
    }

    /// The chains whose end is another than was written, by their arms.
    pub(super) fn broken(&self, connection: &Connection) -> Done<Vec<String>> {
        let is_broken = |(arm, (chain, head)): (&Option<ArmId>, &(Chain, Head))| {
            let name = arm.as_ref().map_or_else(|| "no arm".to_owned(), ToString::to_string);
            (chain.head != *head).then_some(name)
        };
        let mut broken: Vec<String> = self.chains.iter().filter_map(is_broken).collect();
        let mut statement = connection.prepare("SELECT arm FROM chains WHERE place > 0")?;
        let arms = statement.query_map([], |row| row.get::<_, Option<String>>(0))?;
        for arm in arms {
            let arm = arm?;
            let id = arm.as_deref().map(ArmId::new).transpose().map_err(Spoilt::Value)?;
            if !self.chains.contains_key(&id) {
                broken.push(arm.unwrap_or_else(|| "no arm".to_owned()));
            }
        }
        broken.sort();
        Ok(broken)
    }
}

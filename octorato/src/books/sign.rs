//! Who signs what an operator decides.

use std::sync::Arc;

use jiff::Timestamp;
use octorato_core::{DecisionId, Error, ErrorKind, Result};
use octorato_finops::ledger::keys::{KeyFolder, PublicKey, Signer, rotation_statement};
use octorato_finops::ledger::{AddKey, Entry, Fact, Kind, Ledger, Operation, fresh_decision};

use super::Books;
use crate::config::places::Places;

/// Where the name of a ledger was kept that had signed something before its keys were in it.
const NAME: &str = "ledger/name";

const NO_KEY: &str = "`octorato init` makes one";

/// A key with which the operator signs, or signed.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptKey {
    /// The key.
    pub public: PublicKey,
    /// When it was added to the ledger.
    pub since: Timestamp,
    /// Until when it signed; nothing where it still signs.
    pub until: Option<Timestamp>,
    /// Whether its private half is in the folder of keys.
    pub is_here: bool,
}

impl Books {
    /// The keys of the ledger, the first one first.
    pub fn keys(&self) -> Result<Vec<KeptKey>> {
        let added = added(&*self.ledger)?;
        let here = match KeyFolder::open(&self.places.keys()) {
            Ok(folder) => folder.ids()?,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let until = added.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
        let keys = added.iter().zip(until).map(|((since, add), until)| KeptKey {
            public: add.public,
            since: *since,
            until,
            is_here: here.contains(&add.public.id()),
        });
        Ok(keys.collect())
    }

    /// What signs with the operator's key: the last of the ledger. One that has none gets the key
    /// that is in the folder.
    ///
    /// Fails with [`ErrorKind::NotFound`] where the private half is not in the folder of keys, and
    /// with [`ErrorKind::Conflict`] where the ledger has none and the folder more than one.
    pub fn signer(&self) -> Result<Signer> {
        let folder = open(&self.places)?;
        if added(&*self.ledger)?.is_empty() {
            add_first(&*self.ledger, only(&folder, &self.places)?)?;
        }
        let added = added(&*self.ledger)?;
        let Some((_, last)) = added.last() else {
            return Err(Error::new(ErrorKind::Data, "the ledger forgets its key"));
        };
        let id = last.public.id();
        folder.signer(&id).map_err(|error| match error.kind() {
            ErrorKind::NotFound => error.hinted(format!(
                "put `{id}.key` back in `{}`; without it nothing can be signed",
                self.places.keys().display()
            )),
            _ => error,
        })
    }

    /// Makes a new key, has the one that signs hand over to it, and says which is new. The private
    /// half of the old one stays in the folder of keys: it signs nothing more for this ledger.
    pub fn rotate_key(&self) -> Result<PublicKey> {
        let signer = self.signer()?;
        let public = KeyFolder::open(&self.places.keys())?.make_key()?;
        let replaces = signer.public();
        let statement = rotation_statement(&name(&*self.ledger)?, &replaces, &public);
        let signature = signer.sign(&statement)?;
        add(
            &*self.ledger,
            AddKey {
                id: fresh_decision(self.ledger.time()?.now)?,
                public,
                replaces: Some(replaces),
                signature: Some(Arc::from(signature.as_slice())),
            },
        )?;
        Ok(public)
    }
}

/// The keys that were added to a ledger, with when.
fn added(ledger: &dyn Ledger) -> Result<Vec<(Timestamp, AddKey)>> {
    let entries = ledger.entries_of(&[Kind::KeyAdded], 0, usize::MAX)?;
    let key = |entry: Entry| match entry.fact {
        Fact::KeyAdded(add) => Some((entry.at, add)),
        _ => None,
    };
    Ok(entries.into_iter().filter_map(key).collect())
}

fn add(ledger: &dyn Ledger, key: AddKey) -> Result<()> {
    let answers = ledger.commit(&[Operation::AddKey(key)])?;
    answers.into_iter().try_for_each(|answer| answer.map(drop))
}

/// Adds the first key of a ledger, whose decision is the ledger's name from then on.
fn add_first(ledger: &dyn Ledger, public: PublicKey) -> Result<()> {
    let known = ledger.note(NAME)?;
    let known = known.and_then(|name| <[u8; 16]>::try_from(&*name).ok());
    let id = match known {
        Some(name) => DecisionId::from_bytes(name)?,
        None => fresh_decision(ledger.time()?.now)?,
    };
    match add(ledger, AddKey { id, public, replaces: None, signature: None }) {
        // Somebody else added the first one meanwhile.
        Err(error) if error.kind() == ErrorKind::Refused && !added(ledger)?.is_empty() => Ok(()),
        done => done,
    }
}

fn open(places: &Places) -> Result<KeyFolder> {
    KeyFolder::open(&places.keys()).map_err(|error| match error.kind() {
        ErrorKind::NotFound => error.hinted(NO_KEY),
        _ => error,
    })
}

/// The one key of a folder.
fn only(folder: &KeyFolder, places: &Places) -> Result<PublicKey> {
    let ids = folder.ids()?;
    match &ids[..] {
        [id] => folder.signer(id).map(|signer| signer.public()),
        [] => {
            let message = format!("no signing key: `{}`", places.keys().display());
            Err(Error::new(ErrorKind::NotFound, message).hinted(NO_KEY))
        }
        _ => {
            let message = format!("more than one signing key: `{}`", places.keys().display());
            Err(Error::new(ErrorKind::Conflict, message).hinted(
                "the ledger has none yet: move all but the one that signs out of the folder",
            ))
        }
    }
}

/// Makes the first signing key where there is none, and adds it to a ledger that has none; false
/// where there was one in the folder.
///
/// A folder with more than one key adds none: nobody can say which one signs.
pub(super) fn establish(ledger: &dyn Ledger, places: &Places) -> Result<bool> {
    let is_known = !added(ledger)?.is_empty();
    let folder = KeyFolder::make(&places.keys())?;
    let ids = folder.ids()?;
    match &ids[..] {
        // The ledger knows its key, and no new one could take its place.
        [] if is_known => Ok(false),
        [] => {
            add_first(ledger, folder.make_key()?)?;
            Ok(true)
        }
        [id] if !is_known => {
            add_first(ledger, folder.signer(id)?.public())?;
            Ok(false)
        }
        _ => Ok(false),
    }
}

/// The name of a ledger, which is in all that is signed of it, so that no signature counts in
/// another one: the decision by which its first key was added.
pub(super) fn name(ledger: &dyn Ledger) -> Result<[u8; 16]> {
    let added = added(ledger)?;
    let first = added.first().map(|(_, add)| add.id.to_bytes());
    first.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "the ledger has no signing key").hinted(NO_KEY)
    })
}

//! Who signs what an operator decides.

use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::ledger::keys::{KeyFolder, Signer};
use octorato_finops::ledger::{Batch, Ledger, Note};

use crate::config::places::Places;

/// Where the ledger's own name is kept.
const NAME: &str = "ledger/name";

/// What signs with the operator's key.
///
/// Fails with [`ErrorKind::NotFound`] where there is none, and with [`ErrorKind::Conflict`] where
/// there is more than one.
pub fn signer(places: &Places) -> Result<Signer> {
    let hint = "`octorato init` makes one";
    let folder = KeyFolder::open(&places.keys()).map_err(|error| match error.kind() {
        ErrorKind::NotFound => error.hinted(hint),
        _ => error,
    })?;
    let ids = folder.ids()?;
    match &ids[..] {
        [id] => folder.signer(id),
        [] => {
            let message = format!("no signing key: `{}`", places.keys().display());
            Err(Error::new(ErrorKind::NotFound, message).hinted(hint))
        }
        _ => {
            let message = format!("more than one signing key: `{}`", places.keys().display());
            Err(Error::new(ErrorKind::Conflict, message)
                .hinted("move all but the one that signs out of the folder"))
        }
    }
}

/// Makes the first signing key; false where there is one.
pub(crate) fn make_key(places: &Places) -> Result<bool> {
    let folder = KeyFolder::make(&places.keys())?;
    let is_missing = folder.ids()?.is_empty();
    if is_missing {
        folder.make_key()?;
    }
    Ok(is_missing)
}

/// The name of a ledger, which is in all that is signed of it, so that no signature counts in
/// another one. It is made where there is none yet.
pub(super) fn name(ledger: &dyn Ledger) -> Result<std::sync::Arc<[u8]>> {
    if let Some(name) = ledger.note(NAME)? {
        return Ok(name);
    }
    let made = octorato_finops::ledger::fresh_decision(ledger.time()?.now)?;
    let note = Note { name: NAME.into(), value: Some(made.to_bytes().as_slice().into()) };
    ledger.commit_batch(&Batch { notes: &[note], ..Batch::default() })?;
    ledger.note(NAME)?.ok_or_else(|| Error::new(ErrorKind::Data, "the ledger forgets its name"))
}

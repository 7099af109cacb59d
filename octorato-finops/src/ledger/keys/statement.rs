//! What is signed. Each kind begins with its name, so that a signature of one is none of another.

use std::sync::Arc;

use octorato_core::{Error, ErrorKind, Result};

use super::{PublicKey, Signer};
use crate::ledger::operation::Raise;

/// The bytes with which an old key hands over to a new one.
pub fn rotation_statement(ledger: &[u8], replaces: &PublicKey, public: &PublicKey) -> Vec<u8> {
    let mut bytes = b"octorato key 1\0".to_vec();
    part(&mut bytes, ledger);
    bytes.extend_from_slice(&replaces.to_bytes());
    bytes.extend_from_slice(&public.to_bytes());
    bytes
}

/// The bytes that are signed of a raise: the ledger and all of it but the signature.
pub fn raise_statement(ledger: &[u8], raise: &Raise) -> Vec<u8> {
    let Raise { id, budget, amount, until, reason, signature: _ } = raise;
    let mut bytes = b"octorato raise 1\0".to_vec();
    part(&mut bytes, ledger);
    bytes.extend_from_slice(&id.to_bytes());
    bytes.extend_from_slice(budget.bytes());
    part(&mut bytes, amount.currency().code().as_bytes());
    bytes.extend_from_slice(&amount.pico().to_be_bytes());
    bytes.extend_from_slice(&until.as_nanosecond().to_be_bytes());
    part(&mut bytes, reason.as_bytes());
    bytes
}

/// Puts a signature on a raise.
pub fn sign_raise(ledger: &[u8], raise: &mut Raise, signer: &Signer) -> Result<()> {
    let signature = signer.sign(&raise_statement(ledger, raise))?;
    raise.signature = Some((signer.public().id(), Arc::from(signature.as_slice())));
    Ok(())
}

/// Checks the signature of a raise; `find` knows the keys of the ledger by their ids.
///
/// [`ErrorKind::Refused`] where there is none, where its key is unknown, or where it is of something
/// else.
pub fn verify_raise(
    ledger: &[u8],
    raise: &Raise,
    find: impl FnOnce(&str) -> Option<PublicKey>,
) -> Result<()> {
    let refused = |why: &str| Error::new(ErrorKind::Refused, why).with("raise", raise.id);
    let Some((id, signature)) = &raise.signature else {
        return Err(refused("a raise is not signed"));
    };
    let key = find(id).ok_or_else(|| refused("a raise is signed with an unknown key"))?;
    key.verify(&raise_statement(ledger, raise), signature).map_err(|e| e.with("raise", raise.id))
}

fn part(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend_from_slice(part);
}

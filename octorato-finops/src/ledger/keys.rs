//! Who vouches: ed25519 keys (RFC 8032) in files of their own, or in the hands of a command.
//!
//! ```
//! use octorato_finops::ledger::keys::KeyFolder;
//!
//! # let temporary = tempfile::tempdir().unwrap();
//! let keys = KeyFolder::make(&temporary.path().join("keys"))?;
//! let public = keys.make_key()?;
//! let signature = keys.signer(&public.id())?.sign(b"the head of a chain")?;
//! public.verify(b"the head of a chain", &signature)?;
//! assert!(public.verify(b"another head", &signature).is_err());
//! # Ok::<(), octorato_core::Error>(())
//! ```

mod command;
mod folder;
mod statement;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use octorato_core::{Error, ErrorKind, Result};

pub use command::Command;
pub use folder::KeyFolder;
pub use statement::{raise_statement, rotation_statement, sign_raise, verify_raise};

/// A key that anybody may have, and with which signatures are checked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key of 32 bytes. An error where they are no point of the curve, or one with which a
    /// signature would say nothing.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self> {
        match VerifyingKey::from_bytes(bytes) {
            Ok(key) if !key.is_weak() => Ok(Self(*bytes)),
            _ => Err(Error::new(ErrorKind::InvalidArgument, "not an ed25519 public key")),
        }
    }

    /// Its 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Its bytes as 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// The name of the key: the first 32 hexadecimal digits of the BLAKE3 hash of its bytes.
    pub fn id(&self) -> Arc<str> {
        blake3::hash(&self.0).to_hex().chars().take(32).collect::<String>().into()
    }

    /// Checks that whoever has the private half signed `bytes`.
    ///
    /// [`ErrorKind::Refused`] where that is not so.
    pub fn verify(&self, bytes: &[u8], signature: &[u8]) -> Result<()> {
        Signature::from_slice(signature)
            .and_then(|signature| {
                VerifyingKey::from_bytes(&self.0)?.verify_strict(bytes, &signature)
            })
            .map_err(|_| {
                Error::new(ErrorKind::Refused, "a signature is not that of its key")
                    .with("key", self.id())
            })
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// What signs: a private key of ours, or a command that has one.
pub struct Signer {
    public: PublicKey,
    with: With,
}

enum With {
    /// Its memory is cleared when it is dropped.
    Key(Box<SigningKey>),
    Command(Command),
}

impl Signer {
    /// A command that signs with the private half of `public`, such as one that asks a security key.
    pub fn of_command(public: PublicKey, command: Command) -> Self {
        Self { public, with: With::Command(command) }
    }

    fn of_key(key: SigningKey) -> Self {
        Self { public: PublicKey(key.verifying_key().to_bytes()), with: With::Key(Box::new(key)) }
    }

    /// The key with which its signatures are checked.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// The 64 bytes of the signature of `bytes`. What a command answers is checked first.
    pub fn sign(&self, bytes: &[u8]) -> Result<[u8; 64]> {
        match &self.with {
            With::Key(key) => Ok(key.sign(bytes).to_bytes()),
            With::Command(command) => {
                let signature = command.run(bytes)?;
                self.public.verify(bytes, &signature)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({})", self.public.id())
    }
}

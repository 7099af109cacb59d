//! The folder of the private keys.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use octorato_core::{Error, ErrorKind, Result};

use super::{PublicKey, Signer};
use crate::ledger::edge::private;

/// A folder with a file for each private key, `<key id>.key`: 64 hexadecimal digits and a line end.
///
/// The folder is for its owner only (0700), and so is each file (0600); a key that others may read
/// is refused, since a signature with it would say nothing.
#[derive(Clone, Debug)]
pub struct KeyFolder(PathBuf);

impl KeyFolder {
    /// Makes the folder where it is missing.
    pub fn make(path: &Path) -> Result<Self> {
        private::make_folder(path)
            .map_err(|source| Error::io("cannot make the folder of keys", path, source))?;
        Self::open(path)
    }

    /// The folder at `path`, which must be there and private.
    pub fn open(path: &Path) -> Result<Self> {
        check_private(path)?;
        Ok(Self(path.to_owned()))
    }

    /// Makes a new key of the system's randomness and keeps it.
    pub fn make_key(&self) -> Result<PublicKey> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|source| {
            Error::new(ErrorKind::Io, "the system gives no random bytes")
                .caused_by(std::io::Error::from(source))
        })?;
        let public = PublicKey(SigningKey::from_bytes(&seed).verifying_key().to_bytes());
        let path = self.path(&public.id());
        let text = format!("{}\n", blake3::Hash::from_bytes(seed).to_hex());
        private::write_new(&path, text.as_bytes())
            .map_err(|source| Error::io("cannot write the key", &path, source))?;
        Ok(public)
    }

    /// The ids of the keys, sorted.
    pub fn ids(&self) -> Result<Vec<Arc<str>>> {
        let fail = |source| Error::io("cannot read the folder of keys", &self.0, source);
        let mut ids = Vec::new();
        for file in std::fs::read_dir(&self.0).map_err(fail)? {
            let name = file.map_err(fail)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".key"));
            ids.extend(id.filter(|id| is_id(id)).map(Arc::from));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// What signs with a key.
    ///
    /// [`ErrorKind::NotFound`] where it is not here, [`ErrorKind::Refused`] where others may read it,
    /// [`ErrorKind::Data`] where the file is not that of this key.
    pub fn signer(&self, id: &str) -> Result<Signer> {
        if !is_id(id) {
            return Err(Error::new(ErrorKind::InvalidArgument, format!("not a key id: `{id}`")));
        }
        let path = self.path(id);
        check_private(&path)?;
        let text = std::fs::read_to_string(&path)
            .map_err(|source| Error::io("cannot read the key", &path, source))?;
        let seed = blake3::Hash::from_hex(text.trim_end()).ok();
        let signer = seed.map(|seed| Signer::of_key(SigningKey::from_bytes(seed.as_bytes())));
        signer.filter(|signer| *signer.public.id() == *id).ok_or_else(|| {
            Error::new(
                ErrorKind::Data,
                format!("the file of a key is damaged: `{}`", path.display()),
            )
        })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}.key"))
    }
}

fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn check_private(path: &Path) -> Result<()> {
    match private::is_private(path) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(
            ErrorKind::Refused,
            format!("others may read the keys: `{}`", path.display()),
        )
        .hinted("make the folder 0700 and the files 0600, and replace the keys")),
        Err(source) => Err(Error::io("cannot read the keys", path, source)),
    }
}

//! The links of a chain, and what of them is shown to whom.

use std::fmt;

use octorato_core::{ArmId, Error, ErrorKind, Result};

use super::canonical::Canonical;

/// What the salts of a chain are derived from. Keep them from everybody but the operator.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// Salts the client view and the amounts.
    pub client: [u8; 32],
    /// Salts the operator view; nothing once that is purged.
    pub operator: Option<[u8; 32]>,
}

impl Secrets {
    /// Two secrets of a new chain, from the system's randomness.
    pub fn fresh() -> Result<Self> {
        let (mut client, mut operator) = ([0; 32], [0; 32]);
        match getrandom::fill(&mut client).and_then(|()| getrandom::fill(&mut operator)) {
            Ok(()) => Ok(Self { client, operator: Some(operator) }),
            Err(source) => Err(Error::new(ErrorKind::Io, "the system gives no random bytes")
                .caused_by(std::io::Error::from(source))),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(..)")
    }
}

/// The hashes of the two halves of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Halves {
    /// Of the client view and the amounts.
    pub client: [u8; 32],
    /// Of the operator view. Keep it when that is purged.
    pub operator: [u8; 32],
}

impl Halves {
    /// The halves of the entry that was spelled last, which is the one at `place`.
    ///
    /// [`ErrorKind::NotFound`] where the operator's secret was purged.
    pub fn of(canonical: &Canonical, place: u64, secrets: &Secrets) -> Result<Self> {
        let Some(secret) = &secrets.operator else {
            return Err(Error::new(
                ErrorKind::NotFound,
                "the private half of this chain was purged",
            ));
        };
        let salt = salt(secret, place, Part::Operator);
        let operator = salted(Part::Operator, &salt, &[canonical.operator_view()]);
        Ok(Self::of_client_half(canonical, place, &secrets.client, operator))
    }

    /// The halves of an entry whose private half is purged, but for its hash.
    pub fn of_client_half(
        canonical: &Canonical,
        place: u64,
        secret: &[u8; 32],
        operator: [u8; 32],
    ) -> Self {
        let amounts =
            salted(Part::Amounts, &salt(secret, place, Part::Amounts), &[canonical.amounts()]);
        let salt = salt(secret, place, Part::Client);
        Self { client: salted(Part::Client, &salt, &[&amounts, canonical.client_view()]), operator }
    }
}

/// The end of a chain: how many entries it has and the link of the last one.
///
/// The link is all 32 bytes, and each is made of all 32 bytes of the one before. A store that keeps
/// the head whole may keep of the links of its rows the first 16 bytes only ([`Head::short`]): those
/// are not what the proof rests on, they say where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many entries; the place of the last one.
    pub place: u64,
    /// The link of the last one.
    pub link: [u8; 32],
}

impl Head {
    /// The chain of an arm of a ledger before its first entry; of the operator's own without an arm.
    ///
    /// ```
    /// use octorato_finops::ledger::chain::Head;
    ///
    /// let mut head = Head::start(b"any unique name of a ledger", None);
    /// assert_eq!(head.place, 0);
    /// ```
    pub fn start(ledger: &[u8], arm: Option<&ArmId>) -> Self {
        let mut hash = blake3::Hasher::new_derive_key("octorato 2026-11-23 ledger chain 1 start");
        let length = u64::try_from(ledger.len()).unwrap_or(u64::MAX);
        hash.update(&length.to_be_bytes()).update(ledger);
        match arm {
            Some(arm) => hash.update(&[1]).update(arm.as_str().as_bytes()),
            None => hash.update(&[0]),
        };
        Self { place: 0, link: *hash.finalize().as_bytes() }
    }

    /// The chain with one entry more, the one at `self.place + 1`.
    #[must_use]
    pub fn then(&self, halves: &Halves) -> Self {
        let place = self.place.saturating_add(1);
        let mut bytes = [0; 1 + 8 + 96];
        let parts: [&[u8]; 5] = [
            &[Part::Link as u8],
            &place.to_be_bytes(),
            &self.link,
            &halves.client,
            &halves.operator,
        ];
        for (to, from) in bytes.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        Self { place, link: *blake3::hash(&bytes).as_bytes() }
    }

    /// The first 16 bytes of the link, for a row.
    pub fn short(&self) -> [u8; 16] {
        let mut short = [0; 16];
        short.iter_mut().zip(self.link).for_each(|(to, from)| *to = from);
        short
    }

    /// The bytes that are signed to vouch for a chain up to here.
    pub fn statement(&self, ledger: &[u8], arm: Option<&ArmId>) -> Vec<u8> {
        let mut bytes = b"octorato chain head 1\0".to_vec();
        bytes.extend_from_slice(&Self::start(ledger, arm).link);
        bytes.extend_from_slice(&self.place.to_be_bytes());
        bytes.extend_from_slice(&self.link);
        bytes
    }
}

/// What a client is shown of one entry: enough to check its link, nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// The place in the arm's chain.
    pub place: u64,
    /// The client view.
    pub client_view: Vec<u8>,
    /// Its salt.
    pub client_salt: [u8; 32],
    /// The amounts, or only what they are committed by.
    pub amounts: ShownAmounts,
    /// The hash of the operator view.
    pub operator: [u8; 32],
}

/// Whether a client is shown amounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShownAmounts {
    /// With their salt.
    Open {
        /// The amounts of the postings.
        amounts: Vec<u8>,
        /// Their salt.
        salt: [u8; 32],
    },
    /// Only their salted hash, which tells nothing of them.
    Sealed([u8; 32]),
}

impl Disclosure {
    /// What is shown of the entry that was spelled last; `halves` are its own.
    pub fn of(
        canonical: &Canonical,
        place: u64,
        secret: &[u8; 32],
        halves: &Halves,
        shows_amounts: bool,
    ) -> Self {
        let amounts_salt = salt(secret, place, Part::Amounts);
        let amounts = canonical.amounts();
        Self {
            place,
            client_view: canonical.client_view().to_vec(),
            client_salt: salt(secret, place, Part::Client),
            amounts: if shows_amounts {
                ShownAmounts::Open { amounts: amounts.to_vec(), salt: amounts_salt }
            } else {
                ShownAmounts::Sealed(salted(Part::Amounts, &amounts_salt, &[amounts]))
            },
            operator: halves.operator,
        }
    }

    /// The halves that this shows, for [`Head::then`].
    pub fn halves(&self) -> Halves {
        let amounts = match &self.amounts {
            ShownAmounts::Open { amounts, salt } => salted(Part::Amounts, salt, &[amounts]),
            ShownAmounts::Sealed(hash) => *hash,
        };
        let client = salted(Part::Client, &self.client_salt, &[&amounts, &self.client_view]);
        Halves { client, operator: self.operator }
    }
}

/// What a hash is of, so that none is taken for another.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Part {
    Client = 1,
    Amounts = 2,
    Operator = 3,
    Link = 4,
}

/// Keyed by the secret, so that the salts of some entries tell nothing of those of others.
fn salt(secret: &[u8; 32], place: u64, part: Part) -> [u8; 32] {
    let mut bytes = [part as u8; 9];
    for (to, from) in bytes.iter_mut().zip(place.to_be_bytes()) {
        *to = from;
    }
    *blake3::keyed_hash(secret, &bytes).as_bytes()
}

fn salted(part: Part, salt: &[u8; 32], views: &[&[u8]]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(&[part as u8]).update(salt);
    for view in views {
        hash.update(view);
    }
    *hash.finalize().as_bytes()
}

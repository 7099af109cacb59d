//! The proof of a journal: one chain of hashes for each arm, of which a client can be shown its part
//! without what it is not to see.
//!
//! ```text
//! link = H(place, link before, H(salt, client view, H(salt, amounts)), H(salt, operator view))
//! ```
//!
//! An entry has three parts ([`Canonical`]). The client view says where the entry stands in the arm's
//! chain, when it was made and dated, of which kind it is, which model was used and what was counted.
//! The amounts are a part of their own, so that a client with a fixed fee can be shown the view
//! without them. Everything else (paths, sessions, evidence, reasons, prices, the place in the whole
//! ledger, from which the volume of others could be told) is the operator view.
//!
//! The salts are derived from two [`Secrets`] of the chain and the place, so that a row holds none.
//! To purge the private half of a chain, keep the operator digest of each entry
//! ([`Halves::operator`]) and delete the entries' private columns and the operator secret: the chain
//! still verifies ([`Halves::of_client_half`]), and without its salt the digest says nothing about
//! what it was made of.
//!
//! An entry belongs to the chain of its arm ([`arm_of`]); one of no arm, or of more than one, belongs
//! to the operator's own chain.

mod bytes;
mod canonical;
mod decode;
mod later;
mod link;
#[cfg(test)]
mod tests;

pub use canonical::{Canonical, VERSION, arm_of};
pub use decode::decode;
pub use link::{Disclosure, Halves, Head, Secrets, ShownAmounts};

//! Two costs of one request, and what made them differ.

use std::fmt;

use octorato_core::Unit;

use super::charge::Charge;

/// What a request costs at list price, and as it was agreed with the provider.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    pub(super) list: Charge,
    pub(super) contracted: Option<Charge>,
    pub(super) applied: Vec<Applied>,
}

impl Priced {
    /// At list price.
    pub fn list(&self) -> &Charge {
        &self.list
    }

    /// As it was agreed; at list price where nothing was.
    pub fn contracted(&self) -> &Charge {
        self.contracted.as_ref().unwrap_or(&self.list)
    }

    /// What was agreed: the contracts and then the discounts that decided any rate.
    pub fn applied(&self) -> &[Applied] {
        &self.applied
    }
}

/// The kind of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// A rate instead of the list's.
    Contract,
    /// Per cent off the list's.
    Discount,
}

impl Agreement {
    /// The stable name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contract => "contract",
            Self::Discount => "discount",
        }
    }
}

/// An agreement that decided rates of a charge. `Display` is its note, else what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// What it is.
    pub kind: Agreement,
    /// Its place in [`Overlays::contracts`](super::Overlays::contracts) or [`Overlays::discounts`](super::Overlays::discounts).
    pub index: usize,
    /// The units whose rates it decided.
    pub units: Vec<Unit>,
    pub(super) text: String,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

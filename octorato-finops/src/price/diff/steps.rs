//! A rate as it is written, read so that it can be compared.

use std::collections::BTreeMap;

use octorato_core::{Error, ErrorKind, Result};
use rust_decimal::Decimal;

use crate::price::import::snapshot::Rate;

/// A rate and its tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::price) struct Steps {
    pub(super) base: Decimal,
    pub(super) tiers: BTreeMap<u64, Decimal>,
}

impl Steps {
    /// Reads a rate.
    pub(in crate::price) fn read(rate: &Rate) -> Result<Self> {
        Ok(match rate {
            Rate::Flat(base) => Self::flat(decimal(base)?),
            Rate::Tiered { base, tiers } => Self {
                base: decimal(base)?,
                tiers: tiers
                    .iter()
                    .map(|tier| Ok((tier.above, decimal(&tier.rate)?)))
                    .collect::<Result<_>>()?,
            },
        })
    }

    /// One rate for all sizes.
    pub(super) fn flat(base: Decimal) -> Self {
        Self { base, tiers: BTreeMap::new() }
    }

    /// The rate just above a threshold, or below any.
    pub(super) fn above(&self, threshold: Option<u64>) -> Decimal {
        let crossed = threshold.and_then(|above| self.tiers.range(..=above).next_back());
        crossed.map_or(self.base, |(_, rate)| *rate)
    }
}

pub(super) fn decimal(text: &str) -> Result<Decimal> {
    Decimal::from_str_exact(text).map(|rate| rate.normalize()).map_err(|_| damaged(text))
}

pub(super) fn damaged(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Data, "the price catalog is damaged").with("rate", what.into())
}

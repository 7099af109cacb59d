//! What agreements make of the rates of a list, for one request.

use octorato_core::{Result, Unit};

use super::contract::{Contract, Discount};
use super::key::{KeySet, PriceKey, keys_of};
use super::lattice::charged_as;
use super::model_price::{Rates, rate_out_of_range};
use super::rate::Rate;
use super::table::RateTable;

/// The agreements in force for one request, the most specific first.
#[derive(Clone, Debug, Default)]
pub(super) struct Terms<'b> {
    /// What every list rate is multiplied with.
    pub(super) times: Option<Rate>,
    /// Contracts, each with what its rates are multiplied with to be US dollars.
    pub(super) contracts: Vec<(usize, &'b Contract, Option<Rate>)>,
    pub(super) discounts: Vec<(usize, &'b Discount)>,
}

/// The agreement that decides a rate, by its place among the operator's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Decided {
    Contract(usize),
    Discount(usize),
}

/// A rate and what decided it; nothing where it is the list's.
type Agreed = (Rate, Option<Decided>);

impl Terms<'_> {
    pub(super) fn has_tiers(&self) -> bool {
        self.tables().any(RateTable::has_tiers)
    }

    /// The keys that have a rate in a contract.
    pub(super) fn keys(&self) -> KeySet {
        self.tables().fold(0, |keys, table| keys | table.keys())
    }

    /// The rates of the contracts.
    pub(super) fn tables(&self) -> impl Iterator<Item = &RateTable> {
        self.contracts.iter().map(|(_, contract, _)| contract.rates.table())
    }

    /// The rate of the first contract that names `unit`.
    fn contracted(&self, unit: Unit, input_tokens: u64) -> Result<Option<Agreed>> {
        for (at, contract, exchange) in &self.contracts {
            if let Some(tiered) = contract.rates.get(unit) {
                let rate = product(tiered.at(input_tokens), *exchange)?;
                return Ok(Some((rate, Some(Decided::Contract(*at)))));
            }
        }
        Ok(None)
    }

    /// The first discount on `unit`, which is charged as `charged`: one that names the unit itself,
    /// else that of the other.
    fn discount(&self, unit: Unit, charged: Unit) -> Option<(usize, &Discount)> {
        let first = |unit: Unit| {
            let mut discounts = self.discounts.iter();
            discounts.find(|(_, d)| d.units().is_empty() || d.names(unit))
        };
        let own = first(unit).filter(|(_, discount)| discount.names(unit));
        own.or_else(|| first(charged)).map(|(at, discount)| (*at, *discount))
    }
}

impl Rates<'_> {
    /// The agreement that decides what `unit` costs.
    pub(super) fn decided_by(&self, unit: Unit) -> Result<Option<Decided>> {
        let Some(terms) = &self.terms else { return Ok(None) };
        Ok(self.agreed(terms, unit, KeySet::MAX)?.and_then(|(_, decided)| decided))
    }

    /// The rate of `unit` under agreements: a contract's where one names it; else that of the most
    /// specific key in `among` that the list or a contract has, of several the dearest.
    pub(super) fn agreed(
        &self,
        terms: &Terms<'_>,
        unit: Unit,
        among: KeySet,
    ) -> Result<Option<Agreed>> {
        if let Some(agreed) = terms.contracted(unit, self.input_tokens)? {
            return Ok(Some(agreed));
        }
        let among = among & self.keys();
        let keys = charged_as(unit).iter().map(|set| set & among).find(|set| *set != 0);
        let mut dearest: Option<Agreed> = None;
        for key in keys_of(keys.unwrap_or_default()) {
            let Some(next) = self.agreed_under(terms, unit, key)? else { continue };
            if dearest.is_none_or(|(rate, _)| next.0.exceeds(rate)) {
                dearest = Some(next);
            }
        }
        Ok(dearest)
    }

    /// What `unit` costs where it is charged under `key`.
    fn agreed_under(&self, terms: &Terms<'_>, unit: Unit, key: PriceKey) -> Result<Option<Agreed>> {
        if let Some(agreed) = terms.contracted(key.unit(), self.input_tokens)? {
            return Ok(Some(agreed));
        }
        let Some(list) = self.rate(key) else { return Ok(None) };
        let list = product(self.multiplied(unit, list)?, terms.times)?;
        Ok(Some(match terms.discount(unit, key.unit()) {
            Some((at, discount)) => {
                (product(list, Some(discount.factor()))?, Some(Decided::Discount(at)))
            }
            None => (list, None),
        }))
    }
}

fn product(rate: Rate, factor: Option<Rate>) -> Result<Rate> {
    match factor {
        None => Ok(rate),
        Some(factor) => rate.times(factor).ok_or_else(rate_out_of_range),
    }
}

//! A model's price, resolved to the rates in force for one request.

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, PriceContext, Result, Unit, UnitKind};
use rust_decimal::Decimal;

use super::catalog::Provider;
use super::key::{KeySet, PriceKey, keys_of};
use super::lattice::{charged_as, own_keys};
use super::matching::{Matched, ProviderMatch};
use super::rate::{Per, Rate};
use super::table::{Effect, Model, RateTable, Variant};
use super::terms::Terms;

/// A model's entry in a catalog, and why a name led to it.
///
/// Looking it up costs string comparisons; callers keep it and charge many requests with it.
#[derive(Clone, Debug)]
pub struct ModelPrice<'c> {
    provider: &'c Provider,
    list: &'c Provider,
    model: &'c Model,
    matched: Matched<'c>,
}

/// One rate that is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateInForce {
    /// What is priced.
    pub unit: Unit,
    /// US dollars for `per` units.
    pub rate: Decimal,
    /// How many units the rate is for.
    pub per: u64,
}

impl Model {
    /// The standard rates in force at `at` for a request that reads `input_tokens`, in the order of
    /// units. Empty where the price list names the model without a rate.
    pub fn standard_rates(&self, at: Timestamp, input_tokens: u64) -> Result<Vec<RateInForce>> {
        let mut rates = Rates::standard(self.rates_at(at));
        rates.input_tokens = input_tokens;
        rates.list()
    }
}

impl<'c> ModelPrice<'c> {
    pub(super) fn new(
        provider: &'c Provider,
        list: &'c Provider,
        model: &'c Model,
        matched: Matched<'c>,
    ) -> Self {
        Self { provider, list, model, matched }
    }

    /// Who bills.
    pub fn provider(&self) -> &'c Provider {
        self.provider
    }

    /// Whose price list it is; another than [`Self::provider`] where that one resells the model.
    pub fn list(&self) -> &'c Provider {
        self.list
    }

    /// The entry.
    pub fn model(&self) -> &'c Model {
        self.model
    }

    /// Why the name led to this entry.
    pub fn matched(&self) -> &Matched<'c> {
        &self.matched
    }

    /// The pairs of `context` for which there is no price at `at`.
    pub fn unpriced<'x>(
        &self,
        at: Timestamp,
        context: &'x PriceContext,
    ) -> impl Iterator<Item = (&'x str, &'x str)> {
        context.iter().filter(move |&pair| {
            !self.variants().iter().any(|v| v.names(pair) && v.applies(at, context))
        })
    }

    /// The rates in force for a request at `at` that reads `input_tokens`, in the order of units.
    ///
    /// A unit without a rate of its own is left out, though it may be charged as another one.
    pub fn rates_at(
        &self,
        at: Timestamp,
        context: &PriceContext,
        input_tokens: u64,
    ) -> Result<Vec<RateInForce>> {
        let mut rates = self.in_force(at, context)?;
        rates.input_tokens = input_tokens;
        rates.list()
    }

    /// The rates in force, or an error where a pair of `context` has no price.
    pub(super) fn in_force(&self, at: Timestamp, context: &PriceContext) -> Result<Rates<'c>> {
        if let Some((name, value)) = self.unpriced(at, context).next() {
            return Err(self.unpriced_pair(name, value));
        }
        if self.model.rates_at(at).is_empty() {
            return Err(self.error("the price list names the model without a rate"));
        }
        self.known_in_force(at, context)
    }

    /// The rates in force, if any; pairs of `context` without a price change nothing.
    pub(super) fn known_in_force(
        &self,
        at: Timestamp,
        context: &PriceContext,
    ) -> Result<Rates<'c>> {
        let mut rates = Rates::standard(self.model.rates_at(at));
        rates.minimums = self.model.minimums();
        if context.is_standard() {
            return Ok(rates);
        }
        for variant in self.variants().iter().filter(|variant| variant.applies(at, context)) {
            match &variant.effect {
                Effect::Rates(table) => rates.overrides.push(table),
                Effect::Multiply(factor) => {
                    rates.factor = Some(match rates.factor {
                        None => *factor,
                        Some(other) => other.times(*factor).ok_or_else(rate_out_of_range)?,
                    });
                }
            }
        }
        Ok(rates)
    }

    /// An error of kind [`ErrorKind::Unpriced`] that says of which entry.
    pub(super) fn error(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Unpriced, message)
            .with("provider", self.provider.id())
            .with("model", self.model.id())
            .hinted("`octorato prices update` fetches newer prices")
    }

    /// The variants that count: a provider that resells a model has not promised any.
    fn variants(&self) -> &'c [Variant] {
        match self.matched.provider {
            ProviderMatch::Fallback => &[],
            _ => &self.model.variants,
        }
    }

    /// The values of a name of the price context that some variant wants.
    pub(super) fn values_of(&self, name: &str) -> Vec<&'c str> {
        self.variants().iter().filter_map(|variant| variant.value_of(name)).collect()
    }

    /// The error about a pair of a context that [`Self::unpriced`] gave.
    fn unpriced_pair(&self, name: &str, value: &str) -> Error {
        let error = self.error(format!("no price for `{name}={value}`"));
        if self.variants().iter().any(|variant| variant.names((name, value))) {
            return error.hinted("the price list has it only at another time, or with other pairs");
        }
        error
    }
}

pub(super) fn rate_out_of_range() -> Error {
    Error::new(ErrorKind::Overflow, "rate out of range")
}

/// The rates in force for one request.
#[derive(Clone)]
pub(super) struct Rates<'c> {
    standard: &'c RateTable,
    /// Tables that come first, in order.
    overrides: Vec<&'c RateTable>,
    /// What token rates are multiplied with.
    factor: Option<Rate>,
    /// What the operator agreed to.
    pub(super) terms: Option<Box<Terms<'c>>>,
    /// How much is charged at least where any was used.
    pub(super) minimums: &'c [(Unit, u64)],
    /// The size of the request, which chooses the tier of all rates.
    pub(super) input_tokens: u64,
}

impl<'c> Rates<'c> {
    /// The rates of a table as they are.
    pub(super) fn standard(standard: &'c RateTable) -> Self {
        Self {
            standard,
            overrides: Vec::new(),
            factor: None,
            terms: None,
            minimums: &[],
            input_tokens: 0,
        }
    }

    /// The same under agreements.
    pub(super) fn under(mut self, terms: Terms<'c>) -> Self {
        self.terms = Some(Box::new(terms));
        self
    }

    /// Whether the size of the request matters.
    pub(super) fn has_tiers(&self) -> bool {
        self.standard.has_tiers()
            || self.overrides.iter().any(|table| table.has_tiers())
            || self.terms.as_ref().is_some_and(|terms| terms.has_tiers())
    }

    /// The numbers of input tokens above which a rate changes.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = u64> {
        let agreed = self.terms.iter().flat_map(|terms| terms.tables());
        let tables = self.overrides.iter().copied().chain([self.standard]).chain(agreed);
        let mut all: Vec<u64> = tables.flat_map(RateTable::thresholds).collect();
        all.sort_unstable();
        all.dedup();
        all.into_iter()
    }

    /// The rates that units have themselves, in the order of units.
    fn list(&self) -> Result<Vec<RateInForce>> {
        let mut list = Vec::new();
        for &unit in Unit::ALL {
            if let Some(rate) = self.own(unit)? {
                let per = Per::of(unit).count();
                list.push(RateInForce { unit, rate: rate.to_decimal(), per });
            }
        }
        Ok(list)
    }

    /// The rate that `unit` has itself: the most specific of those that are its own.
    pub(super) fn own(&self, unit: Unit) -> Result<Option<Rate>> {
        self.first_of(unit, own_keys(unit))
    }

    /// The rate of `unit`, else that of the unit as which it is charged.
    pub(super) fn of(&self, unit: Unit) -> Result<Option<Rate>> {
        self.first_of(unit, KeySet::MAX)
    }

    /// Whether `reasoning` has a rate apart from that of the output that includes it.
    pub(super) fn prices_apart(&self, reasoning: Unit) -> bool {
        let apart = own_keys(reasoning) | PriceKey::Reasoning.bit();
        self.keys() & apart != 0
    }

    /// The keys that have a rate.
    pub(super) fn keys(&self) -> KeySet {
        let agreed = self.terms.as_ref().map_or(0, |terms| terms.keys());
        let listed = self.overrides.iter().fold(self.standard.keys(), |all, t| all | t.keys());
        listed | agreed
    }

    /// The rate of the most specific key of `unit` that has one and is in `among`; of several the
    /// dearest.
    #[inline]
    fn first_of(&self, unit: Unit, among: KeySet) -> Result<Option<Rate>> {
        let is_as_listed =
            self.terms.is_none() && self.overrides.is_empty() && self.factor.is_none();
        if is_as_listed { Ok(self.listed(unit, among)) } else { self.changed(unit, among) }
    }

    /// The same where nothing changes the rates of the list.
    #[inline]
    fn listed(&self, unit: Unit, among: KeySet) -> Option<Rate> {
        let among = among & self.standard.keys();
        let keys = charged_as(unit).iter().map(|set| set & among).find(|set| *set != 0)?;
        if keys.is_power_of_two() {
            let key = PriceKey::ALL.get(keys.trailing_zeros() as usize)?;
            return self.standard.get(*key).map(|tiered| tiered.at(self.input_tokens));
        }
        let rates = keys_of(keys).filter_map(|key| self.rate(key));
        rates.reduce(|a, b| if b.exceeds(a) { b } else { a })
    }

    /// The same where something does.
    fn changed(&self, unit: Unit, among: KeySet) -> Result<Option<Rate>> {
        if let Some(terms) = &self.terms {
            return Ok(self.agreed(terms, unit, among)?.map(|(rate, _)| rate));
        }
        let among = among & self.keys();
        let Some(keys) = charged_as(unit).iter().map(|set| set & among).find(|set| *set != 0)
        else {
            return Ok(None);
        };
        let rates = keys_of(keys).filter_map(|key| self.rate(key));
        let dearest = rates.reduce(|a, b| if b.exceeds(a) { b } else { a });
        dearest.map(|rate| self.multiplied(unit, rate)).transpose()
    }

    /// A list rate with what a variant multiplies it with.
    pub(super) fn multiplied(&self, unit: Unit, rate: Rate) -> Result<Rate> {
        match self.factor {
            Some(factor) if unit.kind() != UnitKind::Count => {
                rate.times(factor).ok_or_else(rate_out_of_range)
            }
            _ => Ok(rate),
        }
    }

    /// The rate of the list under `key` for the size of the request.
    pub(super) fn rate(&self, key: PriceKey) -> Option<Rate> {
        let mut tables = self.overrides.iter().copied().chain([self.standard]);
        tables.find_map(|table| table.get(key)).map(|tiered| tiered.at(self.input_tokens))
    }
}

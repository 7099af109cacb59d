//! What was agreed with a provider: rates of its own for some units, or per cent off the list.

use std::fmt::{self, Write};

use octorato_core::{Currency, Error, ErrorKind, PriceContext, ProviderId, Result, Unit};
use rust_decimal::Decimal;

use super::rate::Rate;
use super::rate_card::{RateCard, rate_of};
use super::scope::{Days, Fit, ModelPattern, same_provider};

/// Rates that a provider agreed to instead of those of its list.
///
/// - Only the units that the contract names are changed; the others keep the list's rates.
/// - Tiers are the contract's own: without any, its rate is that of requests of every size.
/// - It applies to requests of exactly the way of processing that [`Self::when`] says. Without one
///   it is about standard requests: a batch or a priority request has its list price, until a
///   contract with `processing=batch` says otherwise. What was agreed for one way of processing
///   was not agreed for another.
/// - Of several that fit, the most specific one has the unit: a whole name before the beginning of
///   one, the name as written before the entry's id, a longer beginning before a shorter one.
/// - A rate in another currency is converted by the exchange rate of the request's UTC day. The
///   product, as that of a rate and a discount, is exact to 24 decimals; more are rounded, half to
///   even.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// With whom: who bills, by the id in the price list.
    pub provider: ProviderId,
    /// The models that it is about.
    pub model: ModelPattern,
    /// The agreed rates.
    pub rates: RateCard,
    /// The currency of the rates.
    pub currency: Currency,
    /// The way of processing that it is about; empty for standard requests.
    pub when: PriceContext,
    /// The UTC days on which it is in force.
    pub days: Days,
    /// The operator's words for it, shown as evidence.
    pub note: Option<String>,
}

impl Contract {
    /// The units for which neither this contract nor `other` would be the more specific one.
    pub fn conflicts_with(&self, other: &Self) -> Vec<Unit> {
        if !same_provider(&self.provider, &other.provider)
            || self.model != other.model
            || self.when != other.when
            || !self.days.overlaps(&other.days)
        {
            return Vec::new();
        }
        self.rates.units().filter(|unit| other.rates.get(*unit).is_some()).collect()
    }

    pub(super) fn canonical(&self, text: &mut String) -> fmt::Result {
        let Self { provider, model, currency, when, days, .. } = self;
        write!(text, "contract {provider:?} {:?} {currency} {days:?}", model.as_str())?;
        for (name, value) in when.iter() {
            write!(text, " {name:?}:{value:?}")?;
        }
        self.rates.canonical(text)
    }
}

/// How people read it: the note, else what it is about.
impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(note) = &self.note {
            return f.pad(note);
        }
        write!(f, "contract with {} for {}", self.provider, self.model)?;
        if !self.when.is_standard() {
            write!(f, ", {}", self.when)?;
        }
        if self.days == Days::ALWAYS { Ok(()) } else { write!(f, ", {}", self.days) }
    }
}

/// Per cent off the list price.
///
/// A discount is about the list: a unit whose rate a contract sets has none. It is about every way
/// of processing. Of several that fit, one applies, the most specific: first by the model (as
/// contracts are), then one that names the unit before one that names none. They never add up or
/// multiply; two that are as specific as each other are an error when they are read.
///
/// A unit without a list rate of its own is discounted as the unit that it is charged as, unless
/// the discount names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    provider: ProviderId,
    models: Vec<ModelPattern>,
    units: Vec<Unit>,
    pct: Decimal,
    /// What list rates are multiplied with.
    factor: Rate,
    days: Days,
    note: Option<String>,
}

impl Discount {
    /// `pct` per cent, from 0 to 100 with at most 8 decimals, off every price of a provider.
    ///
    /// ```
    /// use octorato_finops::price::Discount;
    ///
    /// let discount = Discount::new("anthropic".into(), "12.5".parse()?)?;
    /// assert_eq!(discount.to_string(), "12.5 % off anthropic");
    /// assert!(Discount::new("anthropic".into(), "-5".parse()?).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(provider: ProviderId, pct: Decimal) -> Result<Self> {
        let refuse = || {
            Error::new(ErrorKind::InvalidArgument, format!("not a discount: `{pct}` per cent"))
                .hinted("write per cent from 0 to 100, with at most 8 decimals")
        };
        if pct < Decimal::ZERO || pct > Decimal::ONE_HUNDRED {
            return Err(refuse());
        }
        let rest = Decimal::ONE_HUNDRED.checked_sub(pct).ok_or_else(refuse)?;
        let factor =
            rest.checked_mul(Decimal::new(1, 2)).filter(|factor| factor.normalize().scale() <= 10);
        let factor = factor.and_then(|factor| rate_of(factor).ok()).ok_or_else(refuse)?;
        Ok(Self {
            provider,
            models: Vec::new(),
            units: Vec::new(),
            pct,
            factor,
            days: Days::ALWAYS,
            note: None,
        })
    }

    /// The same on these models alone; none means all.
    #[must_use]
    pub fn on_models(mut self, models: Vec<ModelPattern>) -> Self {
        self.models = models;
        self
    }

    /// The same on these units alone; none means all.
    #[must_use]
    pub fn on_units(mut self, units: Vec<Unit>) -> Self {
        self.units = units;
        self
    }

    /// The same on these UTC days alone.
    #[must_use]
    pub fn on_days(mut self, days: Days) -> Self {
        self.days = days;
        self
    }

    /// The same with the operator's words for it.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Whose prices are lower: who bills, by the id in the price list.
    pub fn provider(&self) -> &ProviderId {
        &self.provider
    }

    pub(super) fn provider_mut(&mut self) -> &mut ProviderId {
        &mut self.provider
    }

    /// The models; none means all.
    pub fn models(&self) -> &[ModelPattern] {
        &self.models
    }

    /// The units; none means all.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Per cent off.
    pub fn pct(&self) -> Decimal {
        self.pct
    }

    /// The UTC days.
    pub fn days(&self) -> Days {
        self.days
    }

    /// The operator's words for it.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// Whether neither this discount nor `other` would be the more specific one somewhere.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let same_models = if self.models.is_empty() || other.models.is_empty() {
            self.models.is_empty() && other.models.is_empty()
        } else {
            self.models.iter().any(|model| other.models.contains(model))
        };
        let same_units = if self.units.is_empty() || other.units.is_empty() {
            self.units.is_empty() && other.units.is_empty()
        } else {
            self.units.iter().any(|unit| other.units.contains(unit))
        };
        same_provider(&self.provider, &other.provider)
            && same_models
            && same_units
            && self.days.overlaps(&other.days)
    }

    pub(super) fn factor(&self) -> Rate {
        self.factor
    }

    /// How well it fits a model of its provider.
    pub(super) fn fit(&self, name: &str, entry: &str) -> Option<Fit> {
        if self.models.is_empty() {
            return Some(Fit::PROVIDER);
        }
        self.models.iter().filter_map(|model| model.fit(name, entry)).max()
    }

    /// Whether the unit is named.
    pub(super) fn names(&self, unit: Unit) -> bool {
        self.units.contains(&unit)
    }

    pub(super) fn canonical(&self, text: &mut String) -> fmt::Result {
        let Self { provider, models, units, pct, days, .. } = self;
        write!(text, "discount {provider:?} {} {days:?}", pct.normalize())?;
        let mut models: Vec<_> = models.iter().map(ModelPattern::as_str).collect();
        models.sort_unstable();
        models.dedup();
        let mut units: Vec<_> = units.iter().map(|unit| unit.name()).collect();
        units.sort_unstable();
        units.dedup();
        write!(text, " {models:?} {units:?}")
    }
}

/// How people read it: the note, else what it is about.
impl fmt::Display for Discount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(note) = &self.note {
            return f.pad(note);
        }
        write!(f, "{} % off {}", self.pct.normalize(), self.provider)?;
        let models: Vec<_> = self.models.iter().map(ModelPattern::as_str).collect();
        if !models.is_empty() {
            write!(f, " {}", models.join(", "))?;
        }
        let units: Vec<_> = self.units.iter().map(|unit| unit.name()).collect();
        if !units.is_empty() {
            write!(f, " ({})", units.join(", "))?;
        }
        if self.days == Days::ALWAYS { Ok(()) } else { write!(f, ", {}", self.days) }
    }
}

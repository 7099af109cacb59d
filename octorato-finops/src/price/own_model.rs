//! Models that no price list has: fine-tunes, and those that the operator runs.

use std::fmt::{self, Write};

use octorato_core::{Currency, Error, ErrorKind, ProviderId, Result};
use rust_decimal::Decimal;

use super::rate::Rate;
use super::rate_card::{RateCard, rate_of};
use super::scope::{Days, ModelPattern, same_provider};

/// A model with prices of the operator's own, which come before those of the price list.
///
/// Its list cost is what these prices make. One name may have several prices on different days; on
/// a day without one it has no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnModel {
    /// Who runs it: any word.
    pub provider: ProviderId,
    /// Its names.
    pub model: ModelPattern,
    /// What it costs.
    pub price: OwnPrice,
    /// The UTC days on which it costs that.
    pub days: Days,
}

/// What an own model costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnPrice {
    /// These rates, for standard requests only: another way of processing has no price.
    Rates {
        /// The rates.
        rates: RateCard,
        /// Their currency, converted by the exchange rate of the request's UTC day.
        currency: Currency,
    },
    /// The rates of an entry of the price list, its tiers and variants included.
    Like(Like),
}

/// The prices of another model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Like {
    /// The provider of the price list.
    pub provider: ProviderId,
    /// The model; the list must have it and not only one that resembles it.
    pub model: String,
    times: Option<Rate>,
}

impl Like {
    /// The prices of `model`.
    pub fn new(provider: ProviderId, model: impl Into<String>) -> Self {
        Self { provider, model: model.into(), times: None }
    }

    /// Reads `provider/model`.
    ///
    /// ```
    /// use octorato_finops::price::Like;
    ///
    /// let like = Like::parse("openrouter/openai/gpt-4o")?;
    /// assert_eq!((like.provider.as_str(), &*like.model), ("openrouter", "openai/gpt-4o"));
    /// assert!(Like::parse("gpt-4o").is_err());
    /// # Ok::<(), octorato_core::Error>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self> {
        match text.split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Self::new(provider.into(), model))
            }
            _ => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("not a provider and a model: `{text}`"),
            )
            .hinted("write both, such as `openai/gpt-4o`")),
        }
    }

    /// The same with every rate, of tokens and of all else, times `factor`, which is not negative.
    pub fn times(mut self, factor: Decimal) -> Result<Self> {
        self.times = Some(rate_of(factor)?);
        Ok(self)
    }

    /// What every rate is multiplied with; nothing where they are the other model's own.
    pub fn multiplier(&self) -> Option<Decimal> {
        self.times.map(Rate::to_decimal)
    }

    pub(super) fn factor(&self) -> Option<Rate> {
        self.times
    }
}

impl OwnModel {
    /// Whether it and `other` would both be the price of one name on some day.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        same_provider(&self.provider, &other.provider)
            && self.model == other.model
            && self.days.overlaps(&other.days)
    }

    pub(super) fn canonical(&self, text: &mut String) -> fmt::Result {
        let Self { provider, model, price, days } = self;
        write!(text, "model {provider:?} {:?} {days:?}", model.as_str())?;
        match price {
            OwnPrice::Rates { rates, currency } => {
                write!(text, " {currency}")?;
                rates.canonical(text)
            }
            OwnPrice::Like(Like { provider, model, times }) => {
                write!(text, " like {provider:?} {model:?}")?;
                times.map_or(Ok(()), |times| write!(text, " times {}", times.to_decimal()))
            }
        }
    }
}

//! What a worst case needs to know of a price, of a list or of a price book.

use jiff::Timestamp;
use octorato_core::{PriceContext, Result};

use super::super::model_price::{ModelPrice, Rates};
use super::super::table::Model;
use super::HORIZON;

/// What has rates of which a bound is made: a model of a list, or one of a price book.
pub(in super::super) trait Bounded<'c> {
    /// How much it reads and writes at most within [`HORIZON`] from `at`.
    fn limits(&self, at: Timestamp) -> Limits<'c>;
    /// The values of a name of the price context that some variant wants.
    fn values_of(&self, name: &str) -> Vec<&'c str>;
    /// The instants within [`HORIZON`] from `at` from which other rates may be in force.
    fn instants(&self, at: Timestamp) -> Vec<Timestamp>;
    /// The rates of the list; an error of kind [`Unpriced`](octorato_core::ErrorKind::Unpriced) where it has none for a pair
    /// of the context.
    fn list(&self, at: Timestamp, context: &PriceContext) -> Result<Rates<'c>>;
    /// What was agreed instead; nothing where nothing was.
    fn agreed(
        &self,
        list: &Rates<'c>,
        at: Timestamp,
        context: &PriceContext,
    ) -> Result<Option<Rates<'c>>>;
}

/// How much a model reads and writes at most, as far as it is known.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Limits<'c> {
    /// The entry of the price list.
    pub(in super::super) model: Option<&'c Model>,
    /// Whether the entry is the very model's, and not that of a similar one.
    pub(in super::super) is_exact: bool,
    /// Whether it searches without being offered a tool.
    pub(in super::super) searches_by_itself: bool,
}

impl<'c> Bounded<'c> for ModelPrice<'c> {
    fn limits(&self, _: Timestamp) -> Limits<'c> {
        Limits {
            model: Some(self.model()),
            is_exact: self.matched().exact,
            searches_by_itself: self.list().id() == "perplexity",
        }
    }

    fn values_of(&self, name: &str) -> Vec<&'c str> {
        self.values_of(name)
    }

    fn instants(&self, at: Timestamp) -> Vec<Timestamp> {
        let mut instants = vec![at];
        instants.extend(self.model().turns(at, horizon(at)));
        instants
    }

    fn list(&self, at: Timestamp, context: &PriceContext) -> Result<Rates<'c>> {
        self.in_force(at, context)
    }

    fn agreed(&self, _: &Rates<'c>, _: Timestamp, _: &PriceContext) -> Result<Option<Rates<'c>>> {
        Ok(None)
    }
}

/// The last instant by which a request that is sent at `at` may be dated.
pub(in super::super) fn horizon(at: Timestamp) -> Timestamp {
    at.saturating_add(HORIZON).unwrap_or(Timestamp::MAX)
}

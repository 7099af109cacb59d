//! What a worst case needs to know of a price, of a list or of a price book.

use jiff::Timestamp;
use octorato_core::{PriceContext, Result};

use super::super::Catalog;
use super::super::certainty::Reason;
use super::super::model_price::{ModelPrice, Rates};
use super::super::request::acts_alone;
use super::super::table::Model;
use super::{HORIZON, SKEW};

/// What has rates of which a bound is made: a model of a list, or one of a price book.
pub(in super::super) trait Bounded<'c> {
    /// How much it reads and writes at most from [`SKEW`] before `at` until [`HORIZON`] after it.
    fn limits(&self, at: Timestamp) -> Limits<'c>;
    /// The values of a name of the price context that some variant wants.
    fn values_of(&self, name: &str) -> Vec<&'c str>;
    /// Whether this is known to be the name of a model with another price.
    fn is_other(&self, model: &str) -> bool;
    /// The instants from [`SKEW`] before `at` until [`HORIZON`] after it from which other rates may
    /// be in force.
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
    /// Why its name alone says that there is no bound.
    pub(in super::super) acts_alone: Option<&'static str>,
}

impl<'c> Bounded<'c> for ModelPrice<'c> {
    fn limits(&self, _: Timestamp) -> Limits<'c> {
        Limits {
            model: Some(self.model()),
            is_exact: self.matched().exact,
            searches_by_itself: self.list().id() == "perplexity",
            acts_alone: alone(self),
        }
    }

    fn is_other(&self, model: &str) -> bool {
        let (provider, name) = (Some(self.provider().id()), model.trim().to_lowercase());
        let own = &self.matched().name;
        if **own == *name {
            return false;
        }
        // A name that is not known may be that of a deployment.
        let Ok(found) = Catalog::builtin().find(provider, &name) else { return false };
        let is = |price: &ModelPrice<'_>| {
            (price.list().id(), price.model().id()) == (found.list().id(), found.model().id())
        };
        // By the same entry of the catalog, if this price is of another one.
        let is_same =
            is(self) || Catalog::builtin().find(provider, own).is_ok_and(|price| is(&price));
        !is_same || (self.matched().exact && !found.matched().exact)
    }

    fn values_of(&self, name: &str) -> Vec<&'c str> {
        self.values_of(name)
    }

    fn instants(&self, at: Timestamp) -> Vec<Timestamp> {
        let mut instants = vec![earliest(at)];
        instants.extend(self.model().turns(earliest(at), horizon(at)));
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

/// The first instant by which a request that is sent at `at` may be dated.
pub(in super::super) fn earliest(at: Timestamp) -> Timestamp {
    at.saturating_sub(SKEW).unwrap_or(Timestamp::MIN)
}

/// Why the names of a price say that there is no bound.
fn alone(price: &ModelPrice<'_>) -> Option<&'static str> {
    if matches!(price.matched().reason, Reason::Routed | Reason::WebSearch) {
        return Some("the name of the model asks for a search, or for a host with other prices");
    }
    [price.model().id(), price.model().name(), &price.matched().name]
        .into_iter()
        .map(|name| name.to_lowercase().replace(' ', "-"))
        .find_map(|name| acts_alone(Some(price.list().id()), &name))
}

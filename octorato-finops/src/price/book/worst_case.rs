//! The most that a request can cost by the operator's own prices.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use octorato_core::{PriceContext, Result};

use super::super::model_price::{ModelPrice, Rates};
use super::super::request::Request;
use super::super::scope::utc_day;
use super::super::worst_case::{Bounded, Limits, WorstCase, earliest, horizon, worst_case};
use super::{Base, BookPrice};

impl<'b> BookPrice<'b> {
    /// The most that `request` can cost if it is sent at `at`, at list price and as it was agreed:
    /// neither [`Priced::list`](super::Priced::list) nor
    /// [`Priced::contracted`](super::Priced::contracted) of the request is more, even where a
    /// contract is dearer than the list, ends, or begins within [`HORIZON`](super::super::HORIZON),
    /// which may also bring another exchange rate.
    ///
    /// Otherwise it is [`ModelPrice::worst_case`]. An own model that is priced like another has
    /// that one's limits, as a model that resembles it has; of one with rates of its own no limit
    /// is known, so its output is bounded by the request alone.
    ///
    /// Fails like [`ModelPrice::worst_case`], and with
    /// [`ErrorKind::Unpriced`](octorato_core::ErrorKind::Unpriced) where an exchange rate is missing
    /// and where an own model has no price on one of the days.
    ///
    /// ```
    /// use octorato_finops::price::{Contract, Days, Overlays, PriceBook, RateCard, Request};
    ///
    /// let mut rates = RateCard::new();
    /// rates.set(octorato_core::Unit::Output, "20".parse()?)?; // dearer than the list's 15
    /// let contract = Contract {
    ///     provider: "anthropic".into(),
    ///     model: octorato_finops::price::ModelPattern::new("claude-sonnet-4-5")?,
    ///     rates,
    ///     currency: octorato_core::Currency::USD,
    ///     when: Default::default(),
    ///     days: Days::ALWAYS,
    ///     note: None,
    /// };
    /// let book = PriceBook::on_builtin(Overlays { contracts: vec![contract], ..Overlays::default() })?;
    /// let body = serde_json::json!({"max_tokens": 1000, "messages": [
    ///     {"role": "user", "content": "Hello"}]});
    /// let request = Request::from_body("anthropic", None, &body)?;
    /// let price = book.find(Some("anthropic"), "claude-sonnet-4-5")?;
    /// let worst = price.worst_case("2026-11-20T12:00:00Z".parse()?, &request)?;
    /// let bound = worst.bound().expect("text with a limit has a bound");
    /// assert_eq!(bound.amount().to_string(), "0.023279"); // 1,093 x 3 and 1,000 x 20
    /// assert!(bound.is_agreed());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn worst_case(&self, at: Timestamp, request: &Request) -> Result<WorstCase> {
        worst_case(self, at, request)
    }

    /// The entries of the price list that it can be priced as.
    fn entries(&self) -> impl Iterator<Item = &ModelPrice<'b>> {
        let (listed, eras) = match &self.base {
            Base::Listed(price) => (Some(price), &[][..]),
            Base::Own(own) => (None, &own.eras[..]),
        };
        listed.into_iter().chain(eras.iter().filter_map(|(_, like)| like.as_ref()))
    }
}

impl<'b> Bounded<'b> for BookPrice<'b> {
    fn limits(&self, at: Timestamp) -> Limits<'b> {
        let own = match &self.base {
            Base::Listed(price) => return price.limits(at),
            Base::Own(own) => own,
        };
        let searches_by_itself = self.entries().any(|price| price.limits(at).searches_by_itself);
        let (first, last) = (own.era(utc_day(earliest(at))), own.era(utc_day(horizon(at))));
        let model = first.zip(last).and_then(|((first, like), (last, _))| {
            like.as_ref().filter(|_| std::ptr::eq(*first, *last)).map(ModelPrice::model)
        });
        let acts_alone = self.entries().find_map(|price| price.limits(at).acts_alone);
        Limits { model, is_exact: false, searches_by_itself, acts_alone }
    }

    fn is_other(&self, model: &str) -> bool {
        match self.book.find(Some(self.provider()), model) {
            Ok(other) => match (&self.base, &other.base) {
                (Base::Listed(price), Base::Listed(_)) => price.is_other(model),
                _ => other.entry() != self.entry(),
            },
            Err(_) => false,
        }
    }

    fn values_of(&self, name: &str) -> Vec<&'b str> {
        self.entries().flat_map(|price| price.values_of(name)).collect()
    }

    fn instants(&self, at: Timestamp) -> Vec<Timestamp> {
        let first = earliest(at);
        let mut instants = vec![first];
        instants.extend(self.entries().flat_map(|price| price.model().turns(first, horizon(at))));
        // Agreements, own models and exchange rates change at midnight.
        let tomorrow = utc_day(first).checked_add(1.day()).ok();
        let midnight = tomorrow.and_then(|day| day.to_zoned(TimeZone::UTC).ok());
        instants
            .extend(midnight.map(|zoned| zoned.timestamp()).filter(|next| *next <= horizon(at)));
        instants
    }

    fn list(&self, at: Timestamp, context: &PriceContext) -> Result<Rates<'b>> {
        if let Base::Listed(price) = &self.base {
            return price.in_force(at, context);
        }
        if let Some((name, value)) = self.unpriced(at, context).iter().next() {
            return Err(self.error(format!("no price for `{name}={value}`")));
        }
        self.list_rates(at, context)
    }

    fn agreed(
        &self,
        list: &Rates<'b>,
        at: Timestamp,
        context: &PriceContext,
    ) -> Result<Option<Rates<'b>>> {
        self.agreed_rates(list, at, context)
    }
}

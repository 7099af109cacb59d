//! A price list with the operator's own prices on top of it.

mod agreements;
mod worst_case;

use std::fmt;
use std::sync::{Arc, LazyLock, OnceLock};

use jiff::Timestamp;
use jiff::civil::Date;
use octorato_core::{Error, ErrorKind, PriceContext, ProviderId, Result, Usage};

use super::catalog::Catalog;
use super::certainty::MatchPolicy;
use super::charge::{Charge, charge_at};
use super::contract::{Contract, Discount};
use super::lookup::provider_spelled;
use super::model_price::{ModelPrice, Rates};
use super::overlays::{Overlays, SimilarModels};
use super::own_model::{Like, OwnModel, OwnPrice};
use super::priced::{Agreement, Applied, Priced};
use super::scope::{Fit, utc_day};
use super::terms::{Decided, Terms};

/// Which prices made an amount: the BLAKE3 hash of a snapshot's id and of all the operator's own
/// prices. Equal ids mean equal amounts; the order of entries and notes do not count.
///
/// Shown as the first 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PriceBookId(blake3::Hash);

impl PriceBookId {
    /// All 64 hexadecimal digits.
    pub fn full(&self) -> String {
        self.0.to_hex().to_string()
    }
}

impl fmt::Display for PriceBookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_hex()[..16])
    }
}

/// A price list with the operator's own prices on top of it.
///
/// ```
/// use octorato_core::{PriceContext, Unit, Usage};
/// use octorato_finops::price::{Discount, Overlays, PriceBook};
///
/// let discount = Discount::new("anthropic".into(), "12.5".parse()?)?;
/// let overlays = Overlays { discounts: vec![discount], ..Overlays::default() };
/// let book = PriceBook::on_builtin(overlays)?;
/// let price = book.find(Some("anthropic"), "claude-sonnet-4-5")?;
/// let usage = Usage::new().with(Unit::Input, 100_000);
/// let priced = price.charge(&usage, "2026-11-20T12:00:00Z".parse()?, &PriceContext::standard())?;
/// assert_eq!(priced.list().usd().to_string(), "0.3");
/// assert_eq!(priced.contracted().usd().to_string(), "0.2625");
/// assert_eq!(priced.applied()[0].to_string(), "12.5 % off anthropic");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PriceBook {
    catalog: Arc<Catalog>,
    overlays: Overlays,
    id: OnceLock<PriceBookId>,
}

impl PriceBook {
    /// The built-in price list alone.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<PriceBook> = LazyLock::new(|| PriceBook {
            catalog: Catalog::shared(),
            overlays: Overlays::default(),
            id: OnceLock::new(),
        });
        &BUILTIN
    }

    /// The built-in price list and the operator's own prices.
    pub fn on_builtin(overlays: Overlays) -> Result<Self> {
        Self::new(Catalog::shared(), overlays)
    }

    /// A price list and the operator's own prices.
    ///
    /// Providers may be written in any case and in any spelling that the list knows, such as
    /// `bedrock`; [`Self::overlays`] has their ids.
    ///
    /// Fails with [`ErrorKind::InvalidArgument`] where two entries contradict each other, where a
    /// plan has no seats or homes, a negative fee or a relative home, where a currency has no exchange rate at all, and where a model is priced like one that the list
    /// does not have.
    pub fn new(catalog: Arc<Catalog>, overlays: Overlays) -> Result<Self> {
        let overlays = overlays.settled(&catalog);
        overlays.check()?;
        let book = Self { catalog, overlays, id: OnceLock::new() };
        for model in &book.overlays.models {
            if let OwnPrice::Like(like) = &model.price {
                book.like(like).map_err(|error| {
                    Error::new(ErrorKind::InvalidArgument, error.to_string())
                        .with("own model", &model.model)
                })?;
            }
        }
        Ok(book)
    }

    /// The price list.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The operator's own prices.
    pub fn overlays(&self) -> &Overlays {
        &self.overlays
    }

    /// Which prices these are.
    pub fn id(&self) -> PriceBookId {
        *self.id.get_or_init(|| {
            let snapshot = self.catalog().snapshot().full();
            let text = format!("octorato prices 1\n{snapshot}\n{}", self.overlays.canonical());
            PriceBookId(blake3::hash(text.as_bytes()))
        })
    }

    /// The price of a model: the operator's own where there is one, else that of the price list.
    ///
    /// Of own models the one with the most specific name wins; without a provider, the name must
    /// be that of one provider only. A provider may be asked for by any spelling that the list
    /// knows (`bedrock` for `aws`), and an own model may be written with any. Fails with [`ErrorKind::Unpriced`] like [`Catalog::find`], and
    /// where the list only resembles the name and [`SimilarModels::Refuse`] was chosen.
    pub fn find(&self, provider: Option<&str>, model: &str) -> Result<BookPrice<'_>> {
        let name = model.trim().to_lowercase();
        if let Some(own) = self.own(provider, &name)? {
            return Ok(self.price(Base::Own(own), name));
        }
        let policy = match self.overlays.similar_models {
            SimilarModels::Price => MatchPolicy::Any,
            SimilarModels::Refuse => MatchPolicy::ExactOnly,
        };
        let price = self.catalog().find_with(provider, model, policy)?;
        Ok(self.price(Base::Listed(price), name))
    }

    /// The most specific own model of this name, on all its days.
    fn own(&self, provider: Option<&str>, name: &str) -> Result<Option<Own<'_>>> {
        let asked = provider.map(|provider| provider.trim().to_lowercase());
        let spelled = asked.as_ref().and_then(|asked| provider_spelled(asked));
        // Of names that say as much, that of the provider as it was asked for.
        let fits = |own: &OwnModel| {
            let fit = own.model.fit(name, name)?;
            let Some(asked) = &asked else { return Some((fit, false)) };
            let theirs = own.provider.as_str().to_lowercase();
            let is_asked = theirs == *asked;
            let is_theirs = is_asked || spelled.is_some() && provider_spelled(&theirs) == spelled;
            is_theirs.then_some((fit, is_asked))
        };
        let models = &self.overlays.models;
        let Some(best) = models.iter().filter_map(fits).max() else { return Ok(None) };
        let eras: Vec<&OwnModel> = models.iter().filter(|own| fits(own) == Some(best)).collect();
        let first = eras[0];
        if let Some(other) = eras.iter().find(|own| own.provider != first.provider) {
            let both = format!("{} and {}", first.provider, other.provider);
            return Err(Error::new(
                ErrorKind::Unpriced,
                format!("two providers have an own model `{name}`: {both}"),
            )
            .hinted("name the provider"));
        }
        let mut like = Vec::new();
        for own in &eras {
            like.push(match &own.price {
                OwnPrice::Like(like) => Some(self.like(like)?),
                OwnPrice::Rates { .. } => None,
            });
        }
        Ok(Some(Own { eras: eras.into_iter().zip(like).collect() }))
    }

    /// The entry that a model is priced like.
    fn like(&self, like: &Like) -> Result<ModelPrice<'_>> {
        let price = self.catalog().find(Some(like.provider.as_str()), &like.model)?;
        if price.matched().exact {
            return Ok(price);
        }
        Err(Error::new(
            ErrorKind::Unpriced,
            format!("the price list only has a model that resembles `{}`", like.model),
        )
        .with("resembles", price.model().id()))
    }

    /// With the agreements about the model, the most specific first.
    fn price<'b>(&'b self, base: Base<'b>, name: String) -> BookPrice<'b> {
        let mut price =
            BookPrice { book: self, base, name, contracts: Vec::new(), discounts: Vec::new() };
        let (provider, entry) = (price.provider().to_lowercase(), price.entry().to_lowercase());
        let is_theirs = |other: &ProviderId| other.as_str().to_lowercase() == provider;
        let contracts = self.overlays.contracts.iter().enumerate();
        price.contracts = sorted(
            contracts
                .filter(|(_, contract)| is_theirs(&contract.provider))
                .filter_map(|(at, contract)| {
                    let fit = contract.model.fit(&price.name, &entry)?;
                    Some(((fit, false), at, contract))
                })
                .collect(),
        );
        let discounts = self.overlays.discounts.iter().enumerate();
        price.discounts = sorted(
            discounts
                .filter(|(_, discount)| is_theirs(discount.provider()))
                .filter_map(|(at, discount)| {
                    let fit = discount.fit(&price.name, &entry)?;
                    Some(((fit, !discount.units().is_empty()), at, discount))
                })
                .collect(),
        );
        price
    }
}

/// The most specific first.
fn sorted<T>(mut found: Vec<((Fit, bool), usize, &T)>) -> Vec<(usize, &T)> {
    found.sort_by_key(|(fit, at, _)| (std::cmp::Reverse(*fit), *at));
    found.into_iter().map(|(_, at, entry)| (at, entry)).collect()
}

/// A model's price in a [`PriceBook`], with the agreements about it.
///
/// Finding it costs string comparisons; callers keep it and charge many requests with it.
#[derive(Clone, Debug)]
pub struct BookPrice<'b> {
    book: &'b PriceBook,
    base: Base<'b>,
    /// The model as it was written, in lower case.
    name: String,
    contracts: Vec<(usize, &'b Contract)>,
    discounts: Vec<(usize, &'b Discount)>,
}

#[derive(Clone, Debug)]
enum Base<'b> {
    Listed(ModelPrice<'b>),
    Own(Own<'b>),
}

/// The prices of an own model, and what each is like; there is at least one.
#[derive(Clone, Debug)]
struct Own<'b> {
    eras: Vec<(&'b OwnModel, Option<ModelPrice<'b>>)>,
}

impl<'b> Own<'b> {
    /// The price of a day.
    fn era(&self, day: Date) -> Option<&(&'b OwnModel, Option<ModelPrice<'b>>)> {
        self.eras.iter().find(|(model, _)| model.days.contains(day))
    }
}

impl<'b> BookPrice<'b> {
    /// Who bills.
    pub fn provider(&self) -> &'b str {
        match &self.base {
            Base::Listed(price) => price.provider().id(),
            Base::Own(own) => own.eras[0].0.provider.as_str(),
        }
    }

    /// What the model is priced as: an entry's id, or the name of an own model as it is declared.
    pub fn entry(&self) -> &'b str {
        match &self.base {
            Base::Listed(price) => price.model().id(),
            Base::Own(own) => own.eras[0].0.model.as_str(),
        }
    }

    /// The entry of the price list; nothing for an own model.
    pub fn listed(&self) -> Option<&ModelPrice<'b>> {
        match &self.base {
            Base::Listed(price) => Some(price),
            Base::Own(_) => None,
        }
    }

    /// Whether the price is the very model's, and not that of one that it only resembles.
    pub fn is_exact(&self) -> bool {
        self.listed().is_none_or(|price| price.matched().exact)
    }

    /// What `usage` costs at `at`, at list price and as it was agreed with the provider.
    ///
    /// Fails like [`ModelPrice::charge`]: an agreement changes prices, and what has no list price
    /// has no agreed one. Also fails with [`ErrorKind::Unpriced`] where an exchange rate is missing
    /// and where an own model has no price on the day.
    pub fn charge(&self, usage: &Usage, at: Timestamp, context: &PriceContext) -> Result<Priced> {
        let priced = self.charge_known(usage, at, context)?;
        let ignored = priced.list.ignored();
        if ignored.is_empty() {
            return Ok(priced);
        }
        if let Base::Listed(price) = &self.base {
            price.in_force(at, context)?;
        }
        let unit = ignored.units.first().map(|(unit, _)| unit.to_string());
        let pair = ignored.context.iter().next().map(|(name, value)| format!("{name}={value}"));
        Err(self.error(format!("no price for `{}`", pair.or(unit).unwrap_or_default())))
    }

    /// Like [`Self::charge`], but pairs of `context` and units without a price are left out of
    /// account and named in [`Charge::ignored`]: see [`ModelPrice::charge_known`].
    pub fn charge_known(
        &self,
        usage: &Usage,
        at: Timestamp,
        context: &PriceContext,
    ) -> Result<Priced> {
        let ignored = self.unpriced(at, context);
        let mut known = PriceContext::standard();
        for (name, value) in context.iter().filter(|(name, _)| ignored.get(name).is_none()) {
            known.set(name, value);
        }
        let rates = self.list_rates(at, &known)?;
        let agreed = self.agreed_rates(&rates, at, &known)?;
        let list = charge_at(usage, rates, ignored.clone())?;
        let Some(agreed) = agreed else {
            return Ok(Priced { list, contracted: None, applied: Vec::new() });
        };
        let contracted = charge_at(usage, agreed.clone(), ignored)?;
        let applied = self.applied(&agreed, &contracted)?;
        Ok(Priced { list, contracted: Some(contracted), applied })
    }

    /// The pairs of `context` for which there is no price at `at`.
    fn unpriced(&self, at: Timestamp, context: &PriceContext) -> PriceContext {
        let mut unpriced = PriceContext::standard();
        if context.is_standard() {
            return unpriced;
        }
        let listed = match &self.base {
            Base::Listed(price) => Some(price),
            Base::Own(own) => own.era(utc_day(at)).and_then(|(_, like)| like.as_ref()),
        };
        let mut add = |(name, value): (&str, &str)| unpriced.set(name, value);
        match listed {
            Some(price) => price.unpriced(at, context).for_each(&mut add),
            None => context.iter().for_each(&mut add),
        }
        unpriced
    }

    /// The list rates of a request; pairs of `context` without a price change nothing.
    fn list_rates(&self, at: Timestamp, context: &PriceContext) -> Result<Rates<'b>> {
        let own = match &self.base {
            Base::Listed(price) => return price.known_in_force(at, context),
            Base::Own(own) => own,
        };
        let day = utc_day(at);
        match own.era(day).map(|(model, like)| (&model.price, like)) {
            Some((OwnPrice::Like(like), Some(price))) => {
                let terms = Terms { times: like.factor(), ..Terms::default() };
                Ok(price.known_in_force(at, context)?.under(terms))
            }
            Some((OwnPrice::Rates { rates, currency }, _)) => {
                let times = self.book.overlays.fx.rate(*currency, day)?;
                let terms = Terms { times, ..Terms::default() };
                Ok(Rates::standard(rates.table()).under(terms))
            }
            _ => Err(self.error(format!("no price on {day}"))),
        }
    }

    /// The list rates of a request under the agreements in force; nothing where none is.
    fn agreed_rates(
        &self,
        list: &Rates<'b>,
        at: Timestamp,
        context: &PriceContext,
    ) -> Result<Option<Rates<'b>>> {
        if self.contracts.is_empty() && self.discounts.is_empty() {
            return Ok(None);
        }
        let day = utc_day(at);
        let mut contracts = Vec::new();
        for &(index, contract) in &self.contracts {
            if contract.days.contains(day) && contract.when == *context {
                let exchange = self.book.overlays.fx.rate(contract.currency, day)?;
                contracts.push((index, contract, exchange));
            }
        }
        let mut discounts = self.discounts.clone();
        discounts.retain(|(_, discount)| discount.days().contains(day));
        if contracts.is_empty() && discounts.is_empty() {
            return Ok(None);
        }
        let times = list.terms.as_ref().and_then(|terms| terms.times);
        let terms = Terms { times, contracts, discounts };
        Ok(Some(list.clone().under(terms)))
    }

    /// Which agreements decided the lines of a charge.
    fn applied(&self, rates: &Rates<'_>, charge: &Charge) -> Result<Vec<Applied>> {
        let mut applied: Vec<(Decided, Applied)> = Vec::new();
        for line in charge.lines() {
            let Some(decided) = rates.decided_by(line.unit())? else { continue };
            if let Some((_, known)) = applied.iter_mut().find(|(other, _)| *other == decided) {
                known.units.push(line.unit());
                continue;
            }
            let overlays = &self.book.overlays;
            let (kind, index, text) = match decided {
                Decided::Contract(at) => {
                    (Agreement::Contract, at, overlays.contracts[at].to_string())
                }
                Decided::Discount(at) => {
                    (Agreement::Discount, at, overlays.discounts[at].to_string())
                }
            };
            applied.push((decided, Applied { kind, index, units: vec![line.unit()], text }));
        }
        applied.sort_by_key(|(decided, _)| *decided);
        Ok(applied.into_iter().map(|(_, applied)| applied).collect())
    }

    fn error(&self, message: String) -> Error {
        if let Base::Listed(price) = &self.base {
            return price.error(message);
        }
        Error::new(ErrorKind::Unpriced, message)
            .with("provider", self.provider())
            .with("own model", self.entry())
            .hinted("add what is missing to `models` in prices.yaml")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::{Days, ModelPattern};

    #[test]
    fn an_own_model_is_found_by_any_spelling_of_its_provider() {
        let own = |provider: &str, model: &str| OwnModel {
            provider: provider.into(),
            model: ModelPattern::new(model).unwrap(),
            price: OwnPrice::Like(Like::new("openai".into(), "gpt-4o")),
            days: Days::ALWAYS,
        };
        let models = vec![
            own("aws", "a"),
            own("vertex_ai", "v"),
            own("bedrock", "b"),
            own("aws", "b"),
            own("openai.local", "gpt-4o"),
            own("openai-local", "gpt-4o"),
        ];
        let book = PriceBook::on_builtin(Overlays { models, ..Overlays::default() }).unwrap();
        let found = |provider, model| {
            let price = book.find(Some(provider), model).unwrap();
            (price.provider(), price.listed().is_none())
        };
        assert_eq!(found("Bedrock", "a"), ("aws", true));
        assert_eq!(found("google", "v"), ("vertex_ai", true));
        assert_eq!(found("bedrock", "b"), ("bedrock", true));
        assert_eq!(found("aws", "b"), ("aws", true));
        // A name that only looks like a provider's is another one.
        assert_eq!(found("openai", "gpt-4o"), ("openai", false));
    }

    #[test]
    fn a_refused_name_says_why_and_how_to_allow_it() {
        let overlays = Overlays { similar_models: SimilarModels::Refuse, ..Overlays::default() };
        let book = PriceBook::on_builtin(overlays).unwrap();
        let error = book.find(None, "gemini-3.8-flash-cyber").unwrap_err();
        assert_eq!(
            error.to_string(),
            "no certain price for model: `gemini-3.8-flash-cyber`, provider: `google`, \
             only resembles: `gemini-3.8-flash`, \
             why: `only a pattern of the price list matches the name`"
        );
        assert!(error.hint().unwrap().contains("`similar_models: price`"));
    }
}

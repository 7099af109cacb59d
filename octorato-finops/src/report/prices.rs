//! Prices by what the logs call a model, and the evidence of which were used.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use octorato_core::{ModelId, ProviderId, UsageEvent};

use crate::price::{BookPrice, MatchRule, ModelPrice, PriceBook, Priced, ProviderMatch};

/// How a model of the logs was found among the prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceMatch {
    /// The model as the logs name it.
    pub model: ModelId,
    /// Whose price it is.
    pub provider: ProviderId,
    /// Whether the provider was inferred from the model's name, since the logs name none.
    pub provider_inferred: bool,
    /// The price list's entry, or the operator's own model.
    pub priced_as: String,
    /// The rule of the price list that matched; nothing for an own model.
    pub rule: Option<MatchRule>,
    /// Whether the name fits the entry in full, save for a date.
    pub exact: bool,
    /// The contracts and discounts that decided a rate of any event, as they are called.
    pub agreements: Vec<String>,
    /// The plans that covered any event.
    pub plans: Vec<String>,
}

/// Prices by what the logs call a model, each looked up once.
pub(crate) struct Prices<'b> {
    book: &'b PriceBook,
    numbers: HashMap<(Option<ProviderId>, ModelId), usize>,
    found: Vec<Entry<'b>>,
}

struct Entry<'b> {
    model: ModelId,
    /// Whether the logs name the provider.
    names_provider: bool,
    price: Found<'b>,
    agreements: BTreeSet<String>,
    plans: BTreeSet<usize>,
}

/// A price, or why there is none.
#[derive(Clone)]
pub(crate) struct Found<'b> {
    number: usize,
    price: Result<Arc<BookPrice<'b>>, Arc<str>>,
}

impl<'b> Found<'b> {
    /// The price, where there is one.
    pub(crate) fn price(&self) -> Option<&BookPrice<'b>> {
        self.price.as_deref().ok()
    }

    /// What an event costs, or why that is not known.
    pub(crate) fn charge(&self, event: &UsageEvent) -> Result<Priced, Arc<str>> {
        let price = self.price.as_ref().map_err(Clone::clone)?;
        let priced = price.charge(&event.usage, event.at, &event.context);
        priced.map_err(|error| error.to_string().into())
    }

    /// Whether it is the very model's.
    pub(super) fn is_exact(&self) -> bool {
        self.price().is_some_and(BookPrice::is_exact)
    }
}

impl<'b> Prices<'b> {
    pub(crate) fn new(book: &'b PriceBook) -> Self {
        Self { book, numbers: HashMap::new(), found: Vec::new() }
    }

    /// The price of an event's model.
    pub(crate) fn of(&mut self, event: &UsageEvent) -> Found<'b> {
        let key = (event.provider.clone(), event.model.clone());
        if let Some(&number) = self.numbers.get(&key) {
            return self.found[number].price.clone();
        }
        let (provider, model) = &key;
        let price = if model.as_str().is_empty() {
            Err("the record names no model".into())
        } else {
            let found = self.book.find(provider.as_ref().map(ProviderId::as_str), model.as_str());
            found.map(Arc::new).map_err(|error| error.to_string().into())
        };
        let number = self.found.len();
        let price = Found { number, price };
        self.found.push(Entry {
            model: model.clone(),
            names_provider: provider.is_some(),
            price: price.clone(),
            agreements: BTreeSet::new(),
            plans: BTreeSet::new(),
        });
        self.numbers.insert(key, number);
        price
    }

    /// Keeps what decided the cost of an event.
    pub(super) fn used(&mut self, found: &Found<'_>, priced: &Priced, plan: Option<usize>) {
        let entry = &mut self.found[found.number];
        for applied in priced.applied() {
            let name = applied.to_string();
            if !entry.agreements.contains(&name) {
                entry.agreements.insert(name);
            }
        }
        entry.plans.extend(plan);
    }

    /// The evidence, in the order of models.
    pub(super) fn matches(self) -> Vec<PriceMatch> {
        let plans = &self.book.overlays().plans;
        let mut matches: Vec<PriceMatch> = self
            .found
            .into_iter()
            .filter_map(|entry| {
                let price = entry.price.price.ok()?;
                let matched = price.listed().map(ModelPrice::matched);
                let provider_inferred = match matched {
                    Some(matched) => matched.provider == ProviderMatch::InferredFromModel,
                    None => !entry.names_provider,
                };
                Some(PriceMatch {
                    model: entry.model,
                    provider: price.provider().into(),
                    provider_inferred,
                    priced_as: price.entry().to_owned(),
                    rule: matched.map(|matched| matched.rule),
                    exact: price.is_exact(),
                    agreements: entry.agreements.into_iter().collect(),
                    plans: entry.plans.into_iter().map(|at| plans[at].id.clone()).collect(),
                })
            })
            .collect();
        matches.sort_by(|a, b| (&a.model, &a.provider).cmp(&(&b.model, &b.provider)));
        matches
    }
}

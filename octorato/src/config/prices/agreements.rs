//! Contracts and discounts.

use std::collections::BTreeSet;

use octorato_core::{PriceContext, ProviderId, Span, Unit};
use octorato_finops::price::{Contract, Discount, ModelPattern, OwnPrice, ProviderMatch};

use super::super::fields::{Fields, list};
use super::super::scalars::{decimal, text, words};
use super::super::yaml::{Node, Value};
use super::keys;
use super::reader::Reader;

impl Reader<'_, '_, '_> {
    /// Contracts of which no two have the same unit for the same work.
    pub(super) fn contracts(&mut self, items: &[Node]) {
        let mut places: Vec<Span> = Vec::new();
        for item in items {
            let Some((contract, at)) = self.contract(item) else { continue };
            let known = self.overlays.contracts.iter().zip(&places);
            let units = known.map(|(other, place)| (contract.conflicts_with(other), *place));
            if let Some((units, first)) = units.into_iter().find(|(units, _)| !units.is_empty()) {
                let names: Vec<String> = units.iter().map(|unit| format!("`{unit}`")).collect();
                let what = format!("second contract for {} of the same days", names.join(", "));
                self.findings.conflict(at, &what, first);
                continue;
            }
            self.overlays.contracts.push(contract);
            places.push(at);
        }
    }

    fn contract(&mut self, item: &Node) -> Option<(Contract, Span)> {
        let fields = Fields::known(item, "a contract", keys::CONTRACT, self.findings)?;
        let provider = fields.require("provider", self.findings);
        let provider = provider.and_then(|node| self.known_provider(node));
        let model_node = fields.require("model", self.findings);
        let model =
            model_node.and_then(|node| self.known_pattern(node, "`model`", provider.as_ref()));
        let rates = fields.require("rates", self.findings);
        let rates = rates.and_then(|node| self.rates(node, "a contract"));
        let currency = self.currency(&fields, item);
        let days = self.days(&fields);
        let when = match fields.get("when") {
            Some(node) => self.way(node),
            None => Some(PriceContext::standard()),
        };
        let note = self.note(&fields);
        let (provider, model) = (provider?, model?);
        if let Some((node, way)) = fields.get("when").zip(when.as_ref()) {
            self.sold_way(node.span, way, &provider, &model);
        }
        let contract = Contract {
            provider,
            model,
            rates: rates?,
            currency: currency?,
            when: when?,
            days: days?,
            note,
        };
        Some((contract, model_node?.span))
    }

    /// Warns where no model that a contract is about is sold in this way.
    fn sold_way(
        &mut self,
        at: Span,
        way: &PriceContext,
        provider: &ProviderId,
        pattern: &ModelPattern,
    ) {
        let entries = self.ways_of(provider, pattern);
        let is_sold = |ways: &Vec<(&str, &str)>| way.iter().all(|pair| ways.contains(&pair));
        if entries.is_empty() || entries.iter().any(is_sold) {
            return;
        }
        let pair = |(name, value): (&str, &str)| format!("{name}={value}");
        let known: BTreeSet<String> = entries.into_iter().flatten().map(pair).collect();
        let known: Vec<String> = known.into_iter().collect();
        let unsold = way.iter().map(pair).find(|way| !known.contains(way));
        let asked = unsold.unwrap_or_else(|| way.to_string());
        self.findings.idle_way(at, &asked, &known);
    }

    /// The ways of processing of each model that the list, or the operator, has under such a name.
    fn ways_of(&self, provider: &ProviderId, pattern: &ModelPattern) -> Vec<Vec<(&str, &str)>> {
        let listed = |provider: &str, model: &str| {
            let price = self.catalog.find(Some(provider), model).ok()?;
            // Who resells a model has promised none.
            let is_resold = price.matched().provider == ProviderMatch::Fallback;
            Some(if is_resold { Vec::new() } else { price.model().ways().collect() })
        };
        let stem = pattern.as_str().trim_end_matches('*');
        let own = self.overlays.models.iter().filter(|own| {
            let name = own.model.as_str().trim_end_matches('*');
            own.provider == *provider && (pattern.matches(name) || own.model.matches(stem))
        });
        let mut ways: Vec<_> = own
            .map(|own| match &own.price {
                OwnPrice::Rates { .. } => Vec::new(),
                OwnPrice::Like(like) => {
                    listed(like.provider.as_str(), &like.model).unwrap_or_default()
                }
            })
            .collect();
        if pattern.is_one_name() {
            ways.extend(listed(provider.as_str(), stem));
        } else {
            let models = self.catalog.models(provider.as_str()).unwrap_or_default();
            let models = models.iter().filter(|model| pattern.matches(model.id()));
            ways.extend(models.map(|model| model.ways().collect()));
        }
        ways
    }

    /// A way of processing, such as `processing: batch`.
    fn way(&mut self, node: &Node) -> Option<PriceContext> {
        let fields = Fields::any(node, "`when`", self.findings)?;
        let mut way = PriceContext::standard();
        for entry in fields.entries() {
            let value = words(entry.value, &format!("`{}`", entry.name), self.findings)?;
            way.set(entry.name, value);
        }
        Some(way)
    }

    /// Discounts of which one is the most specific wherever several fit.
    pub(super) fn discounts(&mut self, items: &[Node]) {
        let mut places: Vec<Span> = Vec::new();
        for item in items {
            let Some((discount, at)) = self.discount(item) else { continue };
            let mut known = self.overlays.discounts.iter().zip(&places);
            let first = known.find(|(other, _)| discount.conflicts_with(other)).map(|(_, at)| *at);
            if let Some(first) = first {
                let what = format!("second discount, no more specific: {discount}");
                self.findings.conflict(at, &what, first);
                continue;
            }
            self.overlays.discounts.push(discount);
            places.push(at);
        }
    }

    fn discount(&mut self, item: &Node) -> Option<(Discount, Span)> {
        let fields = Fields::known(item, "a discount", keys::DISCOUNT, self.findings)?;
        let provider_node = fields.require("provider", self.findings);
        let provider = provider_node.and_then(|node| self.known_provider(node));
        let models = fields.get("models").map(|node| {
            let items = self.some(node, "`models`");
            let patterns = items
                .iter()
                .map(|item| self.known_pattern(item, "an item of `models`", provider.as_ref()));
            let patterns = patterns.collect();
            self.unrepeated(items, patterns, ModelPattern::as_str)
        });
        let units = fields.get("units").map(|node| {
            let items = self.some(node, "`units`");
            let units = items.iter().map(|item| self.unit(item)).collect();
            self.unrepeated(items, units, |unit| unit.name())
        });
        let pct_node = fields.require("pct", self.findings);
        let pct = pct_node.and_then(|node| decimal(node, "pct", self.findings));
        let days = self.days(&fields);
        let note = self.note(&fields);
        let (provider_node, pct_node, pct) = (provider_node?, pct_node?, pct?);
        let discount = Discount::new(provider?, pct);
        let discount = discount.map_err(|error| self.findings.bad_rate(pct_node, &error)).ok()?;
        let mut discount = discount.on_days(days?);
        if let Some(models) = models {
            discount = discount.on_models(models?);
        }
        if let Some(units) = units {
            discount = discount.on_units(units?);
        }
        if let Some(note) = note {
            discount = discount.noted(note);
        }
        Some((discount, provider_node.span))
    }

    /// The items of a list that is not empty: none could mean all or nothing.
    fn some<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        if matches!(&node.value, Value::List(items) if items.is_empty()) {
            self.findings.empty_list(node, what);
        }
        list(node, what, self.findings)
    }

    /// All of the items, where each could be read and none stands there twice.
    fn unrepeated<T: PartialEq>(
        &mut self,
        nodes: &[Node],
        items: Vec<Option<T>>,
        name: impl Fn(&T) -> &str,
    ) -> Option<Vec<T>> {
        let mut known: Vec<T> = Vec::new();
        let mut is_whole = true;
        for (node, item) in nodes.iter().zip(items) {
            match item {
                Some(item) if known.contains(&item) => {
                    self.findings.repeated(node, name(&item));
                    is_whole = false;
                }
                Some(item) => known.push(item),
                None => is_whole = false,
            }
        }
        is_whole.then_some(known)
    }

    fn unit(&mut self, node: &Node) -> Option<Unit> {
        let name = text(node, "an item of `units`", self.findings)?;
        let unit = Unit::from_name(name).filter(|unit| *unit != Unit::WebFetches);
        if unit.is_none() {
            self.findings.unknown_unit(node, name);
        }
        unit
    }
}

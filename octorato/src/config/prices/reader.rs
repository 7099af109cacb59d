//! The tree of a `prices.yaml` as a price book.

use std::sync::Arc;

use octorato_core::{Currency, ProviderId, Span, Unit};
use octorato_finops::price::{
    Catalog, Days, Fx, Model, ModelPattern, Overlays, PriceBook, Provider, RateCard, SimilarModels,
};
use rust_decimal::Decimal;

use super::super::fields::{Fields, list};
use super::super::findings::Findings;
use super::super::nearest::nearest;
use super::super::scalars::{count, currency, date, decimal, plain_date, text, words};
use super::super::yaml::{Node, Value};
use super::{Lists, keys};
use crate::snapshots::CURRENT;

/// Reads a tree; what it cannot read is in the findings and missing in the book.
pub(super) struct Reader<'f, 's, 'h> {
    pub(super) findings: &'f mut Findings<'s>,
    pub(super) home: Option<&'h str>,
    pub(super) catalog: Arc<Catalog>,
    /// The currency of amounts that name none, and where it is written.
    currency: (Currency, Option<Span>),
    pub(super) overlays: Overlays,
}

impl<'f, 's, 'h> Reader<'f, 's, 'h> {
    /// Reads the whole file.
    pub(super) fn read(
        node: &Node,
        home: Option<&'h str>,
        lists: Lists<'_>,
        findings: &'f mut Findings<'s>,
    ) -> Option<PriceBook> {
        let file = match node.value {
            Value::Null => None,
            _ => Some(Fields::known(node, "the file", keys::FILE, findings)?),
        };
        let snapshot = file.as_ref().and_then(|file| file.get("snapshot"));
        let name = match snapshot {
            // The digits of an id may happen to look like a number.
            Some(node) if matches!(node.value, Value::Number) => node.raw(findings.source()),
            Some(node) => words(node, "`snapshot`", findings)?,
            None => CURRENT,
        };
        let at = snapshot.map_or(node.span, |node| node.span);
        let catalog = lists(name).map_err(|error| findings.bad_snapshot(at, &error)).ok()?;
        let overlays = Overlays::default();
        let mut reader =
            Reader { findings, home, catalog, currency: (Currency::USD, None), overlays };
        if let Some(file) = &file {
            reader.file(file);
        }
        let Reader { findings, catalog, overlays, .. } = reader;
        // What two entries say together was checked with their places; here it is made certain.
        match PriceBook::new(catalog, overlays) {
            Ok(book) => Some(book),
            Err(error) => {
                if findings.is_usable() {
                    findings.bad_rate(node, &error);
                }
                None
            }
        }
    }

    fn file(&mut self, file: &Fields<'_>) {
        if let Some(node) = file.get("similar_models") {
            self.similar_models(node);
        }
        if let Some(node) = file.get("fx") {
            self.fx(node);
        }
        if let Some(node) = file.get("currency")
            && let Some(code) = currency(node, self.findings)
        {
            self.currency = (code, Some(node.span));
        }
        // Own models first: what was agreed may be about them.
        if let Some(node) = file.get("models") {
            let items = list(node, "`models`", self.findings);
            self.own_models(items);
        }
        if let Some(node) = file.get("contracts") {
            let items = list(node, "`contracts`", self.findings);
            self.contracts(items);
        }
        if let Some(node) = file.get("discounts") {
            let items = list(node, "`discounts`", self.findings);
            self.discounts(items);
        }
        if let Some(node) = file.get("plans") {
            let items = list(node, "`plans`", self.findings);
            self.plans(items);
        }
    }

    fn similar_models(&mut self, node: &Node) {
        let Some(choice) = text(node, "`similar_models`", self.findings) else { return };
        self.overlays.similar_models = match choice {
            "price" => SimilarModels::Price,
            "refuse" => SimilarModels::Refuse,
            _ => return self.findings.bad_choice(node, choice),
        };
    }

    fn fx(&mut self, node: &Node) {
        let Some(currencies) = Fields::any(node, "`fx`", self.findings) else { return };
        let mut fx = Fx::default();
        for entry in currencies.entries() {
            let code = currency(entry.key, self.findings);
            let Some(rates) = Fields::any(entry.value, "an exchange rate", self.findings) else {
                continue;
            };
            for entry in rates.entries() {
                let Some(from) = plain_date(entry.name) else {
                    self.findings.bad_date(entry.key, entry.name);
                    continue;
                };
                let rate = decimal(entry.value, entry.name, self.findings);
                if let Some((code, rate)) = code.zip(rate)
                    && let Err(error) = fx.set(code, from, rate)
                {
                    self.findings.bad_exchange_rate(entry.value.span, &error);
                }
            }
        }
        self.overlays.fx = fx;
    }

    /// A provider that a price list or an own model has.
    pub(super) fn known_provider(&mut self, node: &Node) -> Option<ProviderId> {
        let name = words(node, "`provider`", self.findings)?;
        let id = name.trim().to_lowercase();
        let own = self.overlays.models.iter().map(|model| model.provider.as_str());
        let listed = self.catalog.providers().iter().map(Provider::id);
        let known: Vec<&str> = listed.chain(own).collect();
        if known.contains(&&*id) {
            return Some(id.as_str().into());
        }
        if let Some(provider) = self.catalog.provider_spelled(&id) {
            return Some(provider.id().into());
        }
        self.findings.unknown_provider(node, name, &known);
        None
    }

    /// A model's name, or the beginning of names.
    pub(super) fn pattern(&mut self, node: &Node, what: &str) -> Option<ModelPattern> {
        let text = words(node, what, self.findings)?;
        ModelPattern::new(text).map_err(|error| self.findings.bad_model(node, &error)).ok()
    }

    /// The same, with a warning where nothing has such a name.
    pub(super) fn known_pattern(
        &mut self,
        node: &Node,
        what: &str,
        provider: Option<&ProviderId>,
    ) -> Option<ModelPattern> {
        let pattern = self.pattern(node, what)?;
        if let Some(provider) = provider
            && !self.is_known(provider, &pattern)
        {
            let models = self.catalog.models(provider.as_str()).unwrap_or_default();
            let near = nearest(pattern.as_str(), models.iter().map(Model::id));
            self.findings.unknown_model(node, pattern.as_str(), near);
        }
        Some(pattern)
    }

    fn is_known(&self, provider: &ProviderId, pattern: &ModelPattern) -> bool {
        let own = self.overlays.models.iter().filter(|own| own.provider == *provider);
        if own.map(|own| own.model.as_str()).any(|name| {
            let stem = name.trim_end_matches('*');
            pattern.matches(stem) || pattern.as_str().trim_end_matches('*').starts_with(stem)
        }) {
            return true;
        }
        if pattern.is_one_name() {
            return self.catalog.find(Some(provider.as_str()), pattern.as_str()).is_ok();
        }
        let has = |list: &str| {
            let models = self.catalog.models(list).unwrap_or_default();
            models.iter().any(|model| pattern.matches(model.id()))
        };
        // A provider may sell what stands in the list of another.
        has(provider.as_str()) || self.catalog.providers().iter().any(|list| has(list.id()))
    }

    /// The days of an entry, from the keys `from` and `until`.
    pub(super) fn days(&mut self, fields: &Fields<'_>) -> Option<Days> {
        let (from, until) = (fields.get("from"), fields.get("until"));
        let from = from.map(|node| date(node, "from", self.findings));
        let last = until.map(|node| date(node, "until", self.findings));
        if from == Some(None) || last == Some(None) {
            return None;
        }
        let days = Days::new(from.flatten(), last.flatten());
        days.map_err(|error| {
            if let Some(node) = until {
                self.findings.date_order(node, &error);
            }
        })
        .ok()
    }

    /// The operator's words for an entry.
    pub(super) fn note(&mut self, fields: &Fields<'_>) -> Option<String> {
        let note = words(fields.get("note")?, "`note`", self.findings)?;
        Some(note.to_owned())
    }

    /// The currency of an entry, else that of the file; it has an exchange rate.
    pub(super) fn currency(&mut self, fields: &Fields<'_>, entry: &Node) -> Option<Currency> {
        let (currency, at) = match fields.get("currency") {
            Some(node) => (currency(node, self.findings)?, node.span),
            None => (self.currency.0, self.currency.1.unwrap_or(entry.span)),
        };
        if self.overlays.fx.knows(currency) {
            return Some(currency);
        }
        self.findings.no_exchange_rate(at, currency);
        None
    }

    /// Rates by unit; `what` is the entry in words. Nothing where any of them cannot be read.
    pub(super) fn rates(&mut self, node: &Node, what: &str) -> Option<RateCard> {
        let fields = Fields::any(node, "`rates`", self.findings)?;
        if fields.entries().is_empty() {
            self.findings.no_rate(node, what);
            return None;
        }
        let mut card = RateCard::new();
        let mut is_whole = true;
        for entry in fields.entries() {
            let unit = Unit::from_name(entry.name).filter(|unit| *unit != Unit::WebFetches);
            if unit.is_none() {
                self.findings.unknown_unit(entry.key, entry.name);
            }
            let rate = self.rate(entry.value, entry.name);
            let Some((unit, (base, tiers))) = unit.zip(rate) else {
                is_whole = false;
                continue;
            };
            if let Err(error) = card.set_tiered(unit, base, &tiers) {
                self.findings.bad_rate(entry.value, &error);
                is_whole = false;
            }
        }
        is_whole.then_some(card)
    }

    /// A rate, or a base rate with tiers.
    fn rate(&mut self, node: &Node, name: &str) -> Option<(Decimal, Vec<(u64, Decimal)>)> {
        if !matches!(node.value, Value::Map(_)) {
            return decimal(node, name, self.findings).map(|rate| (rate, Vec::new()));
        }
        let fields = Fields::known(node, "a rate", keys::RATE, self.findings)?;
        let base = fields.require("base", self.findings);
        let base = base.and_then(|node| decimal(node, "base", self.findings));
        let items = fields.require("tiers", self.findings)?;
        let mut tiers: Vec<(u64, Decimal)> = Vec::new();
        let mut is_whole = true;
        for item in list(items, "`tiers`", self.findings) {
            let tier = self.tier(item);
            is_whole &= tier.is_some();
            let Some((above, rate)) = tier else { continue };
            if tiers.last().is_some_and(|(before, _)| above <= *before) {
                self.findings.bad_tiers(item, "tiers are not in ascending order");
                is_whole = false;
            }
            tiers.push((above, rate));
        }
        base.filter(|_| is_whole).map(|base| (base, tiers))
    }

    fn tier(&mut self, node: &Node) -> Option<(u64, Decimal)> {
        let fields = Fields::known(node, "a tier", keys::TIER, self.findings)?;
        let above = fields.require("above", self.findings);
        let rate = fields.require("rate", self.findings);
        let above = above.and_then(|node| count(node, "above", self.findings));
        let rate = rate.and_then(|node| decimal(node, "rate", self.findings));
        above.zip(rate)
    }
}

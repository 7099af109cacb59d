//! Models that no price list has.

use octorato_core::Span;
use octorato_finops::price::{Like, OwnModel, OwnPrice};

use super::super::fields::Fields;
use super::super::scalars::{decimal, words};
use super::super::yaml::Node;
use super::keys;
use super::reader::Reader;

impl Reader<'_, '_, '_> {
    /// Own models, one price of each name on a day.
    pub(super) fn own_models(&mut self, items: &[Node]) {
        let mut places: Vec<Span> = Vec::new();
        for item in items {
            let Some((model, at)) = self.own_model(item) else { continue };
            let mut known = self.overlays.models.iter().zip(&places);
            let first = known.find(|(other, _)| model.conflicts_with(other)).map(|(_, at)| *at);
            if let Some(first) = first {
                let what = format!("second price of one model on the same days: `{}`", model.model);
                self.findings.conflict(at, &what, first);
                continue;
            }
            self.overlays.models.push(model);
            places.push(at);
        }
    }

    fn own_model(&mut self, node: &Node) -> Option<(OwnModel, Span)> {
        let fields = Fields::known(node, "an own model", keys::MODEL, self.findings)?;
        let provider = fields.require("provider", self.findings);
        let provider = provider.and_then(|node| words(node, "`provider`", self.findings));
        let model_node = fields.require("model", self.findings);
        let model = model_node.and_then(|node| self.pattern(node, "`model`"));
        let price = match (fields.get("rates"), fields.get("like")) {
            (Some(rates), None) => self.own_rates(&fields, rates, node),
            (None, Some(like)) => self.like(&fields, like),
            (Some(_), Some(like)) => {
                let hint = "keep `rates` or `like`";
                self.findings.bad_own_price(like.span, "two prices of one model", hint);
                None
            }
            (None, None) => {
                let at = model_node.map_or(node.span, |node| node.span);
                let hint = "add `rates: { … }`, or `like: provider/model`";
                self.findings.bad_own_price(at, "own model without a price", hint);
                None
            }
        };
        let days = self.days(&fields);
        let provider = provider?.trim().to_lowercase().as_str().into();
        let model = OwnModel { provider, model: model?, price: price?, days: days? };
        Some((model, model_node?.span))
    }

    fn own_rates(&mut self, fields: &Fields<'_>, rates: &Node, entry: &Node) -> Option<OwnPrice> {
        if let Some(times) = fields.get("times") {
            let hint = "multiply the rates, or use `like`";
            self.findings.bad_own_price(times.span, "`times` without `like`", hint);
        }
        let rates = self.rates(rates, "an own model");
        let currency = self.currency(fields, entry);
        Some(OwnPrice::Rates { rates: rates?, currency: currency? })
    }

    /// A model of the price list, which has it under that very name.
    fn like(&mut self, fields: &Fields<'_>, node: &Node) -> Option<OwnPrice> {
        if let Some(currency) = fields.get("currency") {
            let hint = "remove it: the prices of the list are in US dollars";
            self.findings.bad_own_price(currency.span, "`currency` beside `like`", hint);
        }
        let times = fields.get("times").map(|node| (node, decimal(node, "times", self.findings)));
        let text = words(node, "`like`", self.findings)?;
        let refuse = |error: octorato_core::Error, findings: &mut super::Findings<'_>| {
            let hint = error.hint().unwrap_or("write `provider/model`").to_owned();
            findings.bad_own_price(node.span, &error.to_string(), &hint);
        };
        let like = Like::parse(text).map_err(|error| refuse(error, self.findings)).ok()?;
        let found = self.catalog.find(Some(like.provider.as_str()), &like.model);
        match found {
            Err(error) => {
                refuse(error, self.findings);
                return None;
            }
            Ok(price) if !price.matched().exact => {
                let message = format!("no model of that very name: `{text}`");
                let hint = format!("the list has `{}/{}`", price.list().id(), price.model().id());
                self.findings.bad_own_price(node.span, &message, &hint);
                return None;
            }
            Ok(_) => {}
        }
        match times {
            None => Some(OwnPrice::Like(like)),
            Some((node, times)) => {
                let like = like.times(times?);
                like.map(OwnPrice::Like).map_err(|error| self.findings.bad_rate(node, &error)).ok()
            }
        }
    }
}

//! Subscriptions.

use octorato_core::Span;
use octorato_finops::price::Plan;

use super::super::fields::{Fields, list};
use super::super::roots;
use super::super::scalars::{count, money, text, words};
use super::super::yaml::Node;
use super::keys;
use super::reader::Reader;

impl Reader<'_, '_, '_> {
    /// Plans, one for each agent's home on a day.
    pub(super) fn plans(&mut self, items: &[Node]) {
        let mut places: Vec<Span> = Vec::new();
        for item in items {
            let Some((plan, at)) = self.plan(item) else { continue };
            let mut known = self.overlays.plans.iter().zip(&places);
            let first = known.find(|(other, _)| plan.conflicts_with(other)).map(|(_, at)| *at);
            if let Some(first) = first {
                let what = format!("second plan of one name or for one home: `{}`", plan.id);
                self.findings.conflict(at, &what, first);
                continue;
            }
            self.overlays.plans.push(plan);
            places.push(at);
        }
    }

    fn plan(&mut self, item: &Node) -> Option<(Plan, Span)> {
        let fields = Fields::known(item, "a plan", keys::PLAN, self.findings)?;
        let id_node = fields.require("id", self.findings);
        let id = id_node.and_then(|node| words(node, "`id`", self.findings));
        let provider = fields.require("provider", self.findings);
        let provider = provider.and_then(|node| self.known_provider(node));
        let currency = self.currency(&fields, item);
        let monthly = fields.require("monthly", self.findings);
        let monthly = monthly
            .zip(currency)
            .and_then(|(node, currency)| money(node, "monthly", currency, self.findings));
        let seats = match fields.get("seats") {
            Some(node) => self.seats(node),
            None => Some(1),
        };
        let days = self.days(&fields);
        let homes = fields.get("homes").map(|node| {
            let items = list(node, "`homes`", self.findings);
            let homes: Vec<_> = items.iter().map(|item| self.home_folder(item)).collect();
            homes.into_iter().collect::<Option<Vec<String>>>()
        });
        if let Some((currency, days)) = currency.zip(days)
            && let Some(first) = self.overlays.fx.first_day(currency)
            && days.from().is_none_or(|from| from < first)
        {
            let at = fields.get("from").or(fields.get("monthly")).map_or(item.span, |n| n.span);
            self.findings.late_exchange_rate(at, currency, first);
            return None;
        }
        let (id_node, id) = (id_node?, id?);
        if homes.as_ref().is_none_or(|homes| homes.as_ref().is_some_and(Vec::is_empty)) {
            self.findings.idle_plan(id_node.span, id);
            return None;
        }
        let plan = Plan {
            id: id.to_owned(),
            provider: provider?,
            monthly: monthly?,
            seats: seats?,
            days: days?,
            homes: homes??,
        };
        Some((plan, id_node.span))
    }

    fn seats(&mut self, node: &Node) -> Option<u32> {
        let seats = count(node, "seats", self.findings)?;
        let fitting = u32::try_from(seats).ok().filter(|seats| *seats > 0);
        if fitting.is_none() {
            self.findings.bad_amount(node, "seats", &seats.to_string(), "write 1 or more");
        }
        fitting
    }

    /// The home folder of an agent.
    fn home_folder(&mut self, node: &Node) -> Option<String> {
        let written = text(node, "an item of `homes`", self.findings)?;
        roots::resolve(written, self.home)
            .map_err(|fault| self.findings.bad_folder(node, "home", written, fault))
            .ok()
    }
}

//! What a budget and the default have in common: cap, period, conditions, tiers.

use jiff::tz::TimeZone;
use octorato_core::{Currency, Span};
use octorato_finops::budget::{
    Action, Basis, Budget, Cycle, Percent, Scope, Selector, Selectors, Tier, Tiers,
};

use super::super::fields::{Fields, list};
use super::super::scalars::{decimal, money, text, words};
use super::super::yaml::{Node, Value};
use super::keys;
use super::reader::Reader;

/// A budget without its zone.
pub(super) struct Body {
    pub(super) budget: Budget,
    /// The zone that it names.
    pub(super) zone: Option<TimeZone>,
}

impl Reader<'_, '_, '_> {
    /// Reads all keys but the scope; `what` is the map in words.
    pub(super) fn body(
        &mut self,
        fields: &Fields<'_>,
        at: Span,
        what: &'static str,
        scope: Scope,
    ) -> Option<Body> {
        let name = fields.get("name").map(|node| words(node, "`name`", self.findings));
        let matching = match fields.get("match") {
            Some(node) => self.matching(node),
            None => Some(Selectors::default()),
        };
        let (cap_node, cycle) = self.cap(fields, at, what);
        let cap = cap_node.and_then(|(node, key)| money(node, key, Currency::USD, self.findings));
        let cycle = match (cycle, fields.get("anchor")) {
            (Some(cycle), Some(node)) => self.anchored(cycle, node),
            (cycle, _) => cycle,
        };
        let zone = fields.get("timezone").map(|node| self.zone(node));
        let tiers = self.tiers(fields, at, what);
        let basis = fields.get("basis").map(|node| (self.basis(node), node.span));
        let shadow = fields.get("shadow").map(|node| (self.truth(node, "shadow"), node.span));
        let sinks = fields.get("sinks").map(|node| self.sinks_named(node));
        let (Some((node, _)), Some(tiers)) = (cap_node, tiers) else { return None };
        if let Some((Some(Basis::Allocated), at)) = basis
            && tiers.has_hard_stop()
        {
            self.findings.allocated_hard_stop(at);
        }
        if let Some((Some(true), at)) = shadow
            && !tiers.has_hard_stop()
        {
            self.findings.idle_trial(at);
        }
        let budget = Budget::new(scope, cycle?, cap?, tiers);
        let budget = budget.map_err(|error| self.findings.bad_cap(node, &error)).ok()?;
        let mut budget = budget.matching(matching?);
        if let Some(name) = name {
            budget = budget.named(name?);
        }
        if let Some((basis, _)) = basis {
            budget = budget.on_basis(basis?);
        }
        if let Some((shadow, _)) = shadow {
            budget = budget.in_shadow(shadow?);
        }
        if let Some(sinks) = sinks {
            budget = budget.telling(sinks?);
        }
        let zone = match zone {
            Some(zone) => Some(zone?),
            None => None,
        };
        Some(Body { budget, zone })
    }

    /// Where the cap is, with its key, and the period without its first day.
    fn cap<'n>(
        &mut self,
        fields: &Fields<'n>,
        at: Span,
        what: &'static str,
    ) -> (Option<(&'n Node, &'static str)>, Option<Cycle>) {
        let period = fields.get("period");
        let cycle = period.and_then(|node| self.cycle(node));
        match (fields.get("monthly_usd_cap"), fields.get("usd_cap")) {
            (Some(monthly), None) => {
                let of_month = matches!(cycle, None | Some(Cycle::Monthly(_)));
                if let Some(node) = period.filter(|_| !of_month) {
                    let name = node.raw(self.findings.source()).to_owned();
                    self.findings.cap_of_a_month(node, &name);
                }
                let cycle = if period.is_some() { cycle } else { Some(Cycle::MONTHLY) };
                (Some((monthly, "monthly_usd_cap")), cycle.filter(|_| of_month))
            }
            (None, Some(cap)) => {
                if period.is_none() {
                    self.findings.missing_key(at, what, "period");
                }
                (Some((cap, "usd_cap")), cycle)
            }
            (Some(_), Some(second)) => {
                self.findings.second_cap(second);
                (None, None)
            }
            (None, None) => {
                self.findings.missing_key(at, what, "monthly_usd_cap");
                (None, None)
            }
        }
    }

    fn cycle(&mut self, node: &Node) -> Option<Cycle> {
        let name = words(node, "`period`", self.findings)?;
        let cycle = Cycle::from_name(name);
        if cycle.is_none() {
            self.findings.bad_period(node, name);
        }
        cycle
    }

    /// The same period from another first day.
    fn anchored(&mut self, cycle: Cycle, node: &Node) -> Option<Cycle> {
        let raw = match &node.value {
            Value::Text(text) => text.as_str(),
            Value::Number => node.raw(self.findings.source()),
            _ => {
                self.findings.wrong_type(node, "`anchor`", "a day");
                return None;
            }
        };
        cycle.starting(raw).map_err(|error| self.findings.bad_anchor(node, &error)).ok()
    }

    fn zone(&mut self, node: &Node) -> Option<TimeZone> {
        let name = text(node, "`timezone`", self.findings)?;
        let zone = TimeZone::get(name).ok();
        if zone.is_none() {
            self.findings.unknown_zone(node, name);
        }
        zone
    }

    fn matching(&mut self, node: &Node) -> Option<Selectors> {
        let fields = Fields::any(node, "`match`", self.findings)?;
        if matches!(&node.value, Value::Map(entries) if entries.is_empty()) {
            self.findings.empty_match(node);
            return None;
        }
        let mut selectors = Selectors::default();
        let mut is_whole = true;
        for entry in fields.entries() {
            let selector = Selector::from_name(entry.name);
            if selector.is_none() {
                self.findings.unknown_selector(entry.key, entry.name);
            }
            let value = words(entry.value, &format!("`{}`", entry.name), self.findings);
            let Some((selector, value)) = selector.zip(value) else {
                is_whole = false;
                continue;
            };
            match selectors.clone().with(selector, value) {
                Ok(more) => selectors = more,
                Err(error) => {
                    self.findings.bad_selector(entry.value, &error);
                    is_whole = false;
                }
            }
        }
        is_whole.then_some(selectors)
    }

    fn tiers(&mut self, fields: &Fields<'_>, at: Span, what: &'static str) -> Option<Tiers> {
        let breach = fields.get("action_on_breach").map(|node| (node, self.action(node)));
        let grace = fields.get("grace_pct").map(|node| (node, self.grace(node)));
        let tiers = fields.get("tiers").map(|node| (node, self.list_of_tiers(node)));
        if breach.is_none()
            && tiers.as_ref().is_none_or(|(_, tiers)| tiers.as_ref().is_some_and(Vec::is_empty))
        {
            self.findings.missing_key(at, what, "action_on_breach");
            return None;
        }
        let (breach_at, breach) = match breach {
            Some((node, action)) => (Some(node.span), Some(action?)),
            None => (None, None),
        };
        let (grace_at, grace) = match grace {
            Some((node, grace)) => (Some(node.span), Some(grace?)),
            None => (None, None),
        };
        let tiers = match tiers {
            Some((_, tiers)) => tiers?,
            None => Vec::new(),
        };
        let stop = tiers.iter().find(|(tier, _)| tier.action == Action::HardStop);
        if let (Some((_, stop)), Some(at)) = (stop, grace_at) {
            let line = self.findings.line(*stop);
            let hint = format!("the tier in line {line} is the limit; remove `grace_pct`");
            self.findings.unclear_tiers(at, "a grace beside a tier that is the hard stop", &hint);
            return None;
        }
        if let (Some(_), Some(Action::HardStop), Some(at)) = (stop, breach, breach_at) {
            let hint = "keep the tier, or `action_on_breach`";
            self.findings.unclear_tiers(at, "a second hard stop", hint);
            return None;
        }
        let breach_pct = grace.unwrap_or(Percent::HUNDRED);
        let twice = breach.and_then(|_| tiers.iter().find(|(tier, _)| tier.at == breach_pct));
        if let Some((_, at)) = twice {
            let message = format!("a tier where `action_on_breach` is: `{breach_pct}`");
            self.findings.unclear_tiers(*at, &message, "remove one of the two");
            return None;
        }
        let list = tiers.into_iter().map(|(tier, _)| tier).collect();
        match Tiers::new(breach, grace, list) {
            Ok(tiers) => Some(tiers),
            Err(error) => {
                self.findings.unclear_tiers(
                    at,
                    &error.to_string(),
                    error.hint().unwrap_or_default(),
                );
                None
            }
        }
    }

    fn action(&mut self, node: &Node) -> Option<Action> {
        let name = text(node, "an action", self.findings)?;
        let action = Action::from_name(name);
        if action.is_none() {
            self.findings.bad_action(node, name);
        }
        action
    }

    fn percent(&mut self, node: &Node, key: &str) -> Option<Percent> {
        let pct = decimal(node, key, self.findings)?;
        Percent::new(pct).map_err(|error| self.findings.bad_percent(node, &error)).ok()
    }

    fn grace(&mut self, node: &Node) -> Option<Percent> {
        let grace = self.percent(node, "grace_pct")?;
        if grace < Percent::HUNDRED {
            self.findings.small_grace(node, &grace.to_string());
            return None;
        }
        Some(grace)
    }

    /// Tiers of which no two are at one place and one at most is the hard stop, with their places.
    fn list_of_tiers(&mut self, node: &Node) -> Option<Vec<(Tier, Span)>> {
        let mut tiers: Vec<(Tier, Span)> = Vec::new();
        let mut is_whole = matches!(node.value, Value::List(_));
        for item in list(node, "`tiers`", self.findings) {
            let Some((tier, at)) = self.tier(item) else {
                is_whole = false;
                continue;
            };
            if let Some((_, first)) = tiers.iter().find(|(other, _)| other.at == tier.at) {
                let line = self.findings.line(*first);
                let message = format!("two tiers at one place: `{}`", tier.at);
                self.findings.unclear_tiers(at, &message, &format!("the first is in line {line}"));
                is_whole = false;
            }
            let is_stop = |tier: &Tier| tier.action == Action::HardStop;
            if is_stop(&tier)
                && let Some((first, _)) = tiers.iter().find(|(other, _)| is_stop(other))
            {
                let hint = format!("the one at {} is the limit already; keep one", first.at);
                self.findings.unclear_tiers(at, "a second hard stop", &hint);
                is_whole = false;
            }
            tiers.push((tier, at));
        }
        is_whole.then_some(tiers)
    }

    fn tier(&mut self, node: &Node) -> Option<(Tier, Span)> {
        let fields = Fields::known(node, "a tier", keys::TIER, self.findings)?;
        let at_node = fields.require("at_pct", self.findings);
        let action = fields.require("action", self.findings);
        let at = at_node.and_then(|node| self.percent(node, "at_pct"));
        let action = action.and_then(|node| self.action(node));
        Some((Tier { at: at?, action: action? }, at_node?.span))
    }
}

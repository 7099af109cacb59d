//! All that the operator's own prices say, and one text for equal overlays.

use octorato_core::{Currency, Error, ErrorKind, ProviderId, Result};

use super::catalog::Catalog;
use super::contract::{Contract, Discount};
use super::fx::Fx;
use super::own_model::{OwnModel, OwnPrice};
use super::plan::Plan;
use super::scope::plain_provider;

/// What becomes of a name that the price list only resembles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SimilarModels {
    /// It has the price of what it resembles, and is marked.
    #[default]
    Price,
    /// It has no price.
    Refuse,
}

/// The operator's own prices, on top of a price list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlays {
    /// What becomes of names that the list only resembles.
    pub similar_models: SimilarModels,
    /// Exchange rates.
    pub fx: Fx,
    /// Per cent off the list.
    pub discounts: Vec<Discount>,
    /// Agreed rates.
    pub contracts: Vec<Contract>,
    /// Models that no list has.
    pub models: Vec<OwnModel>,
    /// Subscriptions.
    pub plans: Vec<Plan>,
}

impl Overlays {
    /// The same with the providers as `catalog` spells them: in lower case, and `aws` for
    /// `bedrock`, unless an own model's provider is called so.
    pub(super) fn settled(mut self, catalog: &Catalog) -> Self {
        for model in &mut self.models {
            model.provider = plain_provider(&model.provider);
        }
        let own: Vec<ProviderId> = self.models.iter().map(|own| own.provider.clone()).collect();
        let settle = |provider: &mut ProviderId| {
            *provider = plain_provider(provider);
            if !own.contains(provider)
                && let Some(known) = catalog.provider_spelled(provider.as_str())
            {
                *provider = known.id().into();
            }
        };
        self.contracts.iter_mut().for_each(|contract| settle(&mut contract.provider));
        self.discounts.iter_mut().for_each(|discount| settle(discount.provider_mut()));
        self.plans.iter_mut().for_each(|plan| settle(&mut plan.provider));
        self
    }

    /// Checks what the types do not say: that plans make sense, that no two entries contradict
    /// each other, and that each currency has an exchange rate.
    pub(super) fn check(&self) -> Result<()> {
        let twice = |kind: &str, first: &dyn std::fmt::Display| {
            Err(Error::new(ErrorKind::InvalidArgument, format!("{kind}: `{first}`"))
                .hinted("give them different days, models or units"))
        };
        self.plans.iter().try_for_each(Plan::check)?;
        if let Some(empty) = self.contracts.iter().find(|contract| contract.rates.is_empty()) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("a contract without a rate: `{empty}`"),
            )
            .hinted("give it the rate of a unit"));
        }
        for (at, contract) in self.contracts.iter().enumerate() {
            if self.contracts[..at].iter().any(|other| !contract.conflicts_with(other).is_empty()) {
                return twice("two contracts for the same units and days", contract);
            }
        }
        for (at, discount) in self.discounts.iter().enumerate() {
            if self.discounts[..at].iter().any(|other| discount.conflicts_with(other)) {
                return twice("two discounts of which neither is more specific", discount);
            }
        }
        for (at, model) in self.models.iter().enumerate() {
            if self.models[..at].iter().any(|other| model.conflicts_with(other)) {
                return twice("two prices of one model on the same days", &model.model);
            }
        }
        for (at, plan) in self.plans.iter().enumerate() {
            if self.plans[..at].iter().any(|other| plan.conflicts_with(other)) {
                return twice("two plans for the same work", &plan.id);
            }
        }
        let late = |plan: &&Plan| {
            let first = self.fx.first_day(plan.monthly.currency());
            first.is_some_and(|first| plan.days.from().is_none_or(|from| from < first))
        };
        if let Some(plan) = self.plans.iter().find(late) {
            let currency = plan.monthly.currency();
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("a plan begins before the first exchange rate of `{currency}`"),
            )
            .with("plan", &plan.id)
            .hinted("say from which day it is in force, or add an exchange rate of that day"));
        }
        match self.currencies().find(|currency| !self.fx.knows(*currency)) {
            Some(currency) => Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("no exchange rate of currency: `{currency}`"),
            )
            .hinted("say what one unit is worth in US dollars, and from which day on")),
            None => Ok(()),
        }
    }

    /// The currencies of all amounts.
    fn currencies(&self) -> impl Iterator<Item = Currency> + '_ {
        let contracts = self.contracts.iter().map(|contract| contract.currency);
        let models = self.models.iter().filter_map(|model| match &model.price {
            OwnPrice::Rates { currency, .. } => Some(*currency),
            OwnPrice::Like(_) => None,
        });
        contracts.chain(models).chain(self.plans.iter().map(|plan| plan.monthly.currency()))
    }

    /// Lines that are equal for overlays that give equal amounts: in order, without notes.
    pub(super) fn canonical(&self) -> String {
        let mut lines = vec![format!("similar {:?}", self.similar_models)];
        lines.extend(
            self.fx
                .iter()
                .map(|(code, from, usd)| format!("fx {code} {from} {}", usd.to_decimal())),
        );
        let mut add = |write: &dyn Fn(&mut String) -> std::fmt::Result| {
            let mut line = String::new();
            let _ = write(&mut line); // writing to a text cannot fail
            lines.push(line);
        };
        self.discounts.iter().for_each(|entry| add(&|line| entry.canonical(line)));
        self.contracts.iter().for_each(|entry| add(&|line| entry.canonical(line)));
        self.models.iter().for_each(|entry| add(&|line| entry.canonical(line)));
        self.plans.iter().for_each(|entry| add(&|line| entry.canonical(line)));
        lines.sort_unstable();
        lines.join("\n")
    }
}

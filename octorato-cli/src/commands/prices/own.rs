//! What of `prices.yaml` is about a model.

use octorato::core::Result;
use octorato::finops::price::{
    BookPrice, Catalog, Contract, Discount, ModelPattern, OwnModel, OwnPrice, PriceBook, RateCard,
};
use octorato::snapshots::CURRENT;
use serde_json::{Value, json};

use crate::args::{Global, PricesOf};
use crate::printer::Printer;

/// What is about one model, each in words.
pub(super) struct Own {
    /// Its price is the operator's own and comes before that of the list.
    pub(super) models: Vec<String>,
    pub(super) contracts: Vec<String>,
    pub(super) discounts: Vec<String>,
    /// What else makes a request's price another than the list that is shown.
    pub(super) notes: Vec<String>,
}

impl Own {
    /// What is about the model that is asked for; nothing where another snapshot is meant, with
    /// which nothing is priced.
    pub(super) fn of(
        global: &Global,
        args: &PricesOf,
        list: &Catalog,
        printer: &mut Printer,
    ) -> Result<Self> {
        let mut own = Self { models: vec![], contracts: vec![], discounts: vec![], notes: vec![] };
        if args.snapshot != CURRENT {
            return Ok(own);
        }
        let book: PriceBook = super::super::price_book(global, printer)?;
        let (used, shown) = (book.catalog().snapshot(), list.snapshot());
        if used != shown {
            own.notes
                .push(format!("prices.yaml has requests priced by snapshot {used}, not {shown}"));
        }
        match book.find(args.provider.as_deref(), &args.model) {
            Ok(price) => own.take(&price),
            // Where the list has the model, why it is refused all the same.
            Err(error) => {
                if list.find(args.provider.as_deref(), &args.model).is_ok() {
                    own.notes.push(format!("requests have no price: {error}"));
                }
            }
        }
        Ok(own)
    }

    fn take(&mut self, price: &BookPrice<'_>) {
        self.models = price.own_models().map(model).collect();
        self.contracts = price.contracts().map(contract).collect();
        self.discounts = price.discounts().map(discount).collect();
    }

    /// Lines with a heading each.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let models = self.models.iter().map(|line| ("own", line.as_str()));
        let contracts = self.contracts.iter().map(|line| ("contract", line.as_str()));
        let discounts = self.discounts.iter().map(|line| ("discount", line.as_str()));
        models.chain(contracts).chain(discounts)
    }

    /// As a part of a document; nothing where there is nothing.
    pub(super) fn document(&self) -> Option<Value> {
        let Self { models, contracts, discounts, notes } = self;
        let is_empty = self.lines().next().is_none() && notes.is_empty();
        (!is_empty).then(|| {
            json!({
                "models": models, "contracts": contracts, "discounts": discounts, "notes": notes,
            })
        })
    }
}

fn model(model: &OwnModel) -> String {
    let what = match &model.price {
        OwnPrice::Rates { rates, currency } => {
            format!("{} in {currency}", rates_of(rates))
        }
        OwnPrice::Like(like) => {
            let times = like.multiplier().map(|times| format!(" x {times}")).unwrap_or_default();
            format!("like {}/{}{times}", like.provider, like.model)
        }
    };
    line(&format!("{}'s {}: {what}", model.provider, model.model), &model.days.to_string(), None)
}

fn contract(contract: &Contract) -> String {
    let Contract { model, rates, currency, when, days, note, .. } = contract;
    let when = if when.is_standard() { String::new() } else { format!(" with {when}") };
    let what = format!("{model}{when}: {} in {currency}", rates_of(rates));
    line(&what, &days.to_string(), note.as_deref())
}

fn discount(discount: &Discount) -> String {
    let models: Vec<_> = discount.models().iter().map(ModelPattern::as_str).collect();
    let units: Vec<_> = discount.units().iter().map(|unit| unit.name()).collect();
    let models = if models.is_empty() { "all models".to_owned() } else { models.join(", ") };
    let units = if units.is_empty() { String::new() } else { format!(" ({})", units.join(", ")) };
    let what = format!("{models}: {} % off{units}", discount.pct().normalize());
    line(&what, &discount.days().to_string(), discount.note())
}

fn line(what: &str, days: &str, note: Option<&str>) -> String {
    let days = if days.is_empty() { String::new() } else { format!(", {days}") };
    let note = note.map(|note| format!(", {note}")).unwrap_or_default();
    format!("{what}{days}{note}")
}

/// `input 4.5, cache_read 0.45 (above 200,000: 0.9)`
fn rates_of(rates: &RateCard) -> String {
    let rate = |unit| {
        let base = rates.base(unit)?;
        let tiers: Vec<_> =
            rates.tiers(unit).map(|(at, rate)| format!("above {at}: {rate}")).collect();
        let tiers =
            if tiers.is_empty() { String::new() } else { format!(" ({})", tiers.join(", ")) };
        Some(format!("{unit} {base}{tiers}"))
    };
    rates.units().filter_map(rate).collect::<Vec<_>>().join(", ")
}

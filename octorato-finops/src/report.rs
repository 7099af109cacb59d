//! Usage events summed up: by arm, client, model, day and whatever else was asked for.
//!
//! Every sum is a sum of booked amounts, so that rows always add up to the total, to the last
//! digit. Spend that belongs to nobody and usage without a price are lines like any other and are
//! shown apart as well; neither is ever dropped or guessed.

mod dimension;
mod json;
mod sums;

pub use dimension::Dimension;
pub use sums::{Ratio, Sums};

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use octorato_core::{
    ArmId, Arms, Attribution, AttributionReason, ClientId, ModelId, Period, ProviderId, Result,
    UsageEvent,
};

use crate::attribute::Resolver;
use crate::logs::{Finding, Reading, Stats};
use crate::price::{Catalog, MatchRule, ModelPrice, ProviderMatch};

use self::dimension::Labels;

/// What to sum up.
#[derive(Clone, Debug)]
pub struct Query {
    /// The columns that rows are told apart by; none gives the total alone.
    pub by: Vec<Dimension>,
    /// Events outside of it are left out.
    pub period: Period,
    /// Only this arm.
    pub arm: Option<ArmId>,
    /// Only the arms of this client.
    pub client: Option<ClientId>,
}

impl Query {
    /// Everything, by arm.
    ///
    /// ```
    /// use jiff::tz::TimeZone;
    /// use octorato_core::Period;
    /// use octorato_finops::report::{Dimension, Query};
    ///
    /// let zone = TimeZone::get("America/Mexico_City")?;
    /// let query = Query { period: Period::month("2026-10", &zone)?, ..Query::all(&zone) };
    /// assert_eq!(query.by, [Dimension::Arm]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn all(zone: &jiff::tz::TimeZone) -> Self {
        Self { by: vec![Dimension::Arm], period: Period::all(zone), arm: None, client: None }
    }
}

/// A summary of usage and its list cost in USD.
#[derive(Clone, Debug)]
pub struct Report {
    /// The time that it covers.
    pub period: Period,
    /// The columns that rows are told apart by.
    pub by: Vec<Dimension>,
    /// The rows; within each column, time runs forward and all else from dear to cheap.
    pub rows: Vec<Row>,
    /// The sum of the rows.
    pub total: Sums,
    /// The part that belongs to no arm; it is in the rows and in the total too.
    pub unattributed: Sums,
    /// What each rule of attribution decided.
    pub reasons: BTreeMap<AttributionReason, Sums>,
    /// Usage without a price, by model and reason.
    pub unpriced: Vec<Unpriced>,
    /// How each model was found in the price catalog.
    pub prices: Vec<PriceMatch>,
    /// The snapshot that all prices are from.
    pub snapshot: String,
    /// Lines and files that were not counted.
    pub skipped: Vec<Finding>,
    /// Lines that were counted with a repair.
    pub repaired: Vec<Finding>,
    /// What was read, of all clients; nothing in a report on one arm or client.
    pub reading: Option<Stats>,
}

/// One row of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// One label per column of [`Report::by`]; nothing where the events have none, as the arm of
    /// unattributed spend.
    pub key: Vec<Option<Arc<str>>>,
    /// The sums of the row's events.
    pub sums: Sums,
}

/// Usage for which there is no price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpriced {
    /// Who bills, where known.
    pub provider: Option<ProviderId>,
    /// The model as the logs name it.
    pub model: ModelId,
    /// Why there is no price.
    pub reason: String,
    /// What was used; the list cost is unknown.
    pub sums: Sums,
}

/// How a model of the logs was found in the price catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceMatch {
    /// The model as the logs name it.
    pub model: ModelId,
    /// Whose price it is.
    pub provider: ProviderId,
    /// Whether the provider was inferred from the model's name, since the logs name none.
    pub provider_inferred: bool,
    /// The catalog's entry.
    pub priced_as: String,
    /// The rule that matched.
    pub rule: MatchRule,
    /// Whether the name fits the entry in full, save for a date.
    pub exact: bool,
}

/// Sums up what was read.
///
/// The answer depends on nothing but its arguments: not on the clock, not on the order of files.
pub fn report(
    reading: &Reading,
    arms: &Arms,
    resolver: &mut Resolver<'_>,
    catalog: &Catalog,
    query: &Query,
) -> Result<Report> {
    let attributions = resolver.resolve(&reading.events);
    let mut prices = Prices { catalog, known: HashMap::new() };
    let mut labels = Labels::new(&query.period);
    let mut rows: HashMap<Vec<Option<Arc<str>>>, Sums> = HashMap::new();
    let mut unpriced: BTreeMap<(Option<ProviderId>, ModelId, String), Sums> = BTreeMap::new();
    let mut total = Sums::default();
    let mut unattributed = Sums::default();
    let mut reasons = BTreeMap::new();

    for (event, attribution) in reading.events.iter().zip(&attributions) {
        let client = attribution.arm.as_ref().and_then(|arm| arms.arm(arm)).map(|arm| &arm.client);
        if !query.period.contains(event.at) || !query.wants(attribution, client) {
            continue;
        }
        let price = prices.of(event);
        let charge = price.as_ref().map_err(Clone::clone).and_then(|price| {
            let charge = price.charge(&event.usage, event.at, &event.context);
            charge.map_err(|error| Arc::from(error.to_string()))
        });
        let provider = match &price {
            Ok(price) => Some(price.provider().id().into()),
            Err(_) => event.provider.clone(),
        };
        let mut key = Vec::with_capacity(query.by.len());
        for dimension in &query.by {
            key.push(match dimension {
                Dimension::Client => client.map(Into::into),
                Dimension::Provider => provider.as_ref().map(Into::into),
                Dimension::Project => resolver.project(event),
                other => labels.of(*other, event, attribution)?,
            });
        }
        let is_exact = price.as_ref().is_ok_and(|price| price.matched().exact);
        let counted = charge.as_ref().ok().map(|charge| (charge, is_exact));
        rows.entry(key).or_default().count(event, counted)?;
        total.count(event, counted)?;
        if attribution.arm.is_none() {
            unattributed.count(event, counted)?;
        }
        let decided: &mut Sums = reasons.entry(attribution.reason).or_default();
        decided.count(event, counted)?;
        if let Err(reason) = charge {
            let key = (provider, event.model.clone(), reason.to_string());
            unpriced.entry(key).or_default().count(event, None)?;
        }
    }

    let mut unpriced: Vec<Unpriced> = unpriced
        .into_iter()
        .map(|((provider, model, reason), sums)| Unpriced { provider, model, reason, sums })
        .collect();
    unpriced.sort_by_key(|row| std::cmp::Reverse(row.sums.usage.tokens()));
    // Whose the unread lines are is not known: a report on one client names no file of another.
    let is_scoped = query.arm.is_some() || query.client.is_some();
    let told = |finding: &Finding| Finding {
        examples: if is_scoped { Vec::new() } else { finding.examples.clone() },
        ..finding.clone()
    };
    Ok(Report {
        period: query.period.clone(),
        by: query.by.clone(),
        rows: sorted(rows, &query.by)?,
        total,
        unattributed,
        reasons,
        unpriced,
        prices: prices.matches(),
        snapshot: catalog.snapshot().to_string(),
        skipped: reading.findings.skipped().map(told).collect(),
        repaired: reading.findings.repaired().map(told).collect(),
        reading: (!is_scoped).then_some(reading.stats),
    })
}

impl Query {
    fn wants(&self, attribution: &Attribution, client: Option<&ClientId>) -> bool {
        self.arm.as_ref().is_none_or(|arm| attribution.arm.as_ref() == Some(arm))
            && self.client.as_ref().is_none_or(|wanted| client == Some(wanted))
    }
}

/// Prices by what the logs call a model, each looked up once.
struct Prices<'c> {
    catalog: &'c Catalog,
    known: HashMap<(Option<ProviderId>, ModelId), Result<ModelPrice<'c>, Arc<str>>>,
}

impl<'c> Prices<'c> {
    fn of(&mut self, event: &UsageEvent) -> Result<ModelPrice<'c>, Arc<str>> {
        let key = (event.provider.clone(), event.model.clone());
        let look_up = |(provider, model): &(Option<ProviderId>, ModelId)| {
            if model.as_str().is_empty() {
                return Err("the record names no model".into());
            }
            let provider = provider.as_ref().map(ProviderId::as_str);
            let found = self.catalog.find(provider, model.as_str());
            found.map_err(|error| error.to_string().into())
        };
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = look_up(&key);
        self.known.insert(key, found.clone());
        found
    }

    fn matches(self) -> Vec<PriceMatch> {
        let mut matches: Vec<PriceMatch> = self
            .known
            .into_iter()
            .filter_map(|((_, model), price)| {
                let price = price.ok()?;
                let matched = price.matched();
                Some(PriceMatch {
                    model,
                    provider: price.provider().id().into(),
                    provider_inferred: matched.provider == ProviderMatch::InferredFromModel,
                    priced_as: price.model().id().to_owned(),
                    rule: matched.rule,
                    exact: matched.exact,
                })
            })
            .collect();
        matches.sort_by(|a, b| (&a.model, &a.provider).cmp(&(&b.model, &b.provider)));
        matches
    }
}

/// Rows column by column: time forward, all else from dear to cheap, what is nobody's last.
fn sorted(rows: HashMap<Vec<Option<Arc<str>>>, Sums>, by: &[Dimension]) -> Result<Vec<Row>> {
    // What each group of rows with the same first columns costs.
    let mut groups: HashMap<Vec<Option<Arc<str>>>, Sums> = HashMap::new();
    for (key, sums) in &rows {
        for columns in 1..=key.len() {
            groups.entry(key[..columns].to_vec()).or_default().add(sums)?;
        }
    }
    let mut rows: Vec<Row> = rows.into_iter().map(|(key, sums)| Row { key, sums }).collect();
    rows.sort_by(|a, b| {
        for (column, dimension) in by.iter().enumerate() {
            if a.key[column] == b.key[column] {
                continue;
            }
            let nameless = if dimension.nameless_is_last() {
                a.key[column].is_none().cmp(&b.key[column].is_none())
            } else {
                Ordering::Equal
            };
            let by_name = a.key[column].cmp(&b.key[column]);
            if dimension.is_time() {
                return nameless.then(by_name);
            }
            let rank = |row: &Row| groups.get(&row.key[..=column]).map(Sums::rank);
            return nameless.then(rank(b).cmp(&rank(a))).then(by_name);
        }
        Ordering::Equal
    });
    Ok(rows)
}

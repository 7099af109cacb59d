//! Usage events summed up: by arm, client, model, day and whatever else was asked for.
//!
//! Every sum is a sum of booked amounts, so that rows always add up to the total, to the last
//! digit. Spend that belongs to nobody and usage without a price are lines like any other and are
//! shown apart as well; neither is ever dropped or guessed.

mod booked;
mod bookings;
mod clients;
mod dimension;
mod json;
mod prices;
mod restated;
mod shares;
mod sums;
mod tally;

pub use booked::report_booked;
pub use bookings::Bookings;
pub use clients::Uncharged;
pub use dimension::Dimension;
pub use prices::PriceMatch;
pub(crate) use prices::Prices;
pub use shares::{PlanMonth, Share, Shares};
pub use sums::{Corrected, Ratio, Sums};

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use octorato_core::{
    ArmId, Arms, Attribution, AttributionReason, ClientId, ModelId, Period, ProviderId, Result,
};

use crate::attribute::Resolver;
use crate::logs::{Finding, Reading, Stats};
use crate::price::{Overlays, PriceBook};
use crate::recost::Corrections;

use self::restated::Restated;
use self::tally::{Cost, Line, Parts, Tallied, Tally};

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

/// A summary of usage and what it costs: at list price, as it was agreed with the provider, with
/// the fees of plans, and to the client.
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
    /// The snapshot and the operator's own prices together, by their content.
    pub price_book: String,
    /// Whether there are any prices of the operator's own.
    pub has_own_prices: bool,
    /// What each plan cost in each month, and how much of it nobody's work has a share in; nothing
    /// in a report on one arm or client.
    pub plans: Vec<PlanMonth>,
    /// Requests that should have been charged to a client and could not be.
    pub uncharged: Vec<Uncharged>,
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

/// Sums up what was read.
///
/// The answer depends on nothing but its arguments: not on the clock, not on the order of files.
///
/// - An event under a plan has its list cost as a shadow price, and as allocated cost its share of
///   the plan's fee for the month. The shares are those of the whole month and of everything that
///   was read, whatever the query asks for, so that parts of a month add up to it. Months are those
///   of the period's zone.
/// - The allocated cost of any other event is its contracted cost.
/// - Corrections of the amounts that the book says are summed up beside the costs, never in them.
/// - A client billed at cost plus is charged the contracted cost of each event and the markup on
///   it; other clients have no charge per event.
pub fn report(
    reading: &Reading,
    arms: &Arms,
    resolver: &mut Resolver<'_>,
    book: &PriceBook,
    corrections: &Corrections,
    query: &Query,
) -> Result<Report> {
    let attributions = resolver.resolve(&reading.events);
    let mut prices = Prices::new(book);
    let shares = Shares::of(reading, resolver.disk(), book, &query.period)?;
    let restated = Restated::new(corrections, book, &reading.events)?;
    let mut tally = Tally::new(query, arms, &book.overlays().fx);
    for (at, (event, attribution)) in reading.events.iter().zip(&attributions).enumerate() {
        if !tally.wants(event.at, attribution) {
            continue;
        }
        let found = prices.of(event);
        let cost = found.charge(event);
        let share = shares.of_event(at);
        if let Ok(cost) = &cost {
            prices.used(&found, cost, share.map(|share| share.plan));
        }
        tally.add(Line {
            event,
            attribution,
            at: event.at,
            provider: match found.price() {
                Some(price) => Some(price.provider().into()),
                None => event.provider.clone(),
            },
            project: if query.by.contains(&Dimension::Project) {
                resolver.project(event)
            } else {
                None
            },
            cost: cost.as_ref().map_err(Clone::clone).map(|cost| {
                let contracted = cost.contracted().booked();
                Cost {
                    list: cost.list().booked(),
                    parts: Parts::Charged(cost.list()),
                    contracted,
                    allocated: share.map_or(contracted, |share| share.amount),
                    cache_saved: cost.list().caching_saved(),
                    is_exact: found.is_exact(),
                }
            }),
            corrected: restated.of(at),
        })?;
    }
    let sums = tally.finish()?;
    // Whose the unread lines are is not known: a report on one client names no file of another.
    let is_scoped = query.is_scoped();
    let told = |finding: &Finding| Finding {
        examples: if is_scoped { Vec::new() } else { finding.examples.clone() },
        ..finding.clone()
    };
    Ok(Report {
        skipped: reading.findings.skipped().map(told).collect(),
        repaired: reading.findings.repaired().map(told).collect(),
        reading: (!is_scoped).then_some(reading.stats),
        ..Report::new(query, book, sums, prices.matches(), shares)
    })
}

impl Report {
    /// A report that says nothing of what was read.
    fn new(
        query: &Query,
        book: &PriceBook,
        sums: Tallied,
        prices: Vec<PriceMatch>,
        shares: Shares,
    ) -> Self {
        let Tallied { rows, unpriced, total, unattributed, reasons, uncharged } = sums;
        Self {
            period: query.period.clone(),
            by: query.by.clone(),
            rows,
            total,
            unattributed,
            reasons,
            unpriced,
            prices,
            snapshot: book.catalog().snapshot().to_string(),
            price_book: book.id().to_string(),
            has_own_prices: *book.overlays() != Overlays::default(),
            plans: if query.is_scoped() { Vec::new() } else { shares.into_months() },
            uncharged,
            skipped: Vec::new(),
            repaired: Vec::new(),
            reading: None,
        }
    }
}

impl Query {
    /// Whether it is on one arm or client, to whom nothing of the others is said.
    fn is_scoped(&self) -> bool {
        self.arm.is_some() || self.client.is_some()
    }

    pub(crate) fn wants(&self, attribution: &Attribution, client: Option<&ClientId>) -> bool {
        self.arm.as_ref().is_none_or(|arm| attribution.arm.as_ref() == Some(arm))
            && self.client.as_ref().is_none_or(|wanted| client == Some(wanted))
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

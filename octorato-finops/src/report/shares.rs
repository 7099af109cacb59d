//! The monthly closing of plans: each fee shared by the work that it covered.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use octorato_core::{Civil, Currency, Money, Period, ProviderId, Result, UsageEvent};

use super::prices::Prices;
use crate::attribute::{Disk, FolderPath};
use crate::logs::Reading;
use crate::price::{Plan, PriceBook, allocate};

/// What a plan cost in a month, and who has a share in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanMonth {
    /// The plan.
    pub plan: String,
    /// The month, such as `2026-10`.
    pub month: String,
    /// How many requests were made under it.
    pub events: u64,
    /// What they would have cost at list price: the shadow price.
    pub list_cost: Money,
    /// The fee in US dollars, for the days of the month that are in the plan.
    pub fee: Money,
    /// The part of the fee that requests have a share in.
    pub allocated: Money,
    /// The rest: all of the fee in a month without any list cost.
    pub residual: Money,
}

/// An event's share of a plan's fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The plan, by its place in [`Overlays::plans`](crate::price::Overlays::plans).
    pub plan: usize,
    /// The share, in US dollars.
    pub amount: Money,
}

/// The shares of all events that were read.
#[derive(Debug, Default)]
pub struct Shares {
    by_event: HashMap<usize, Share>,
    months: Vec<PlanMonth>,
}

/// The events of one plan in one month.
#[derive(Default)]
struct Covered {
    events: u64,
    /// The places of those with a price, and their list cost.
    places: Vec<usize>,
    weights: Vec<Money>,
}

/// A request that a plan may cover.
pub(super) struct Covers<'e> {
    pub(super) event: &'e UsageEvent,
    /// Who bills.
    pub(super) provider: Option<ProviderId>,
    /// Its list cost, where it has a price.
    pub(super) list: Option<Money>,
}

impl Shares {
    /// Closes every month between the first and the last event that was read; those that `period`
    /// touches are kept to be shown. Months are civil months of its zone.
    pub fn of(
        reading: &Reading,
        disk: &dyn Disk,
        book: &PriceBook,
        period: &Period,
    ) -> Result<Self> {
        if book.overlays().plans.is_empty() {
            return Ok(Self::default());
        }
        // Of its own: a report on one client says nothing of the models of others.
        let mut prices = Prices::new(book);
        let covers: Vec<Covers<'_>> = reading
            .events
            .iter()
            .map(|event| {
                let found = prices.of(event);
                Covers {
                    event,
                    provider: match found.price() {
                        Some(price) => Some(price.provider().into()),
                        None => event.provider.clone(),
                    },
                    list: found.charge(event).ok().map(|priced| priced.list().booked()),
                }
            })
            .collect();
        Self::closed(&covers, disk, book, period)
    }

    /// The same of requests whose list cost is known already.
    pub(super) fn closed(
        requests: &[Covers<'_>],
        disk: &dyn Disk,
        book: &PriceBook,
        period: &Period,
    ) -> Result<Self> {
        let overlays = book.overlays();
        let span = requests.iter().map(|request| request.event.at);
        let Some((first, last)) = span.clone().min().zip(span.max()) else {
            return Ok(Self::default());
        };
        if overlays.plans.is_empty() {
            return Ok(Self::default());
        }
        let day = |at| period.zone().to_datetime(at).date();
        let mut homes = Homes::new(&overlays.plans, disk);
        let mut covered: BTreeMap<(usize, Date), Covered> = BTreeMap::new();
        for (at, Covers { event, provider, list }) in requests.iter().enumerate() {
            let date = day(event.at);
            let provider = provider.as_ref().map(ProviderId::as_str);
            let Some(plan) = homes.plan(event, provider, date) else { continue };
            let covered = covered.entry((plan, date.first_of_month())).or_default();
            covered.events += 1;
            if let Some(list) = list {
                covered.places.push(at);
                covered.weights.push(*list);
            }
        }
        let mut shares = Self::default();
        let nothing = Covered::default();
        for (at, plan) in overlays.plans.iter().enumerate() {
            let mut month = day(first).first_of_month();
            while month <= day(last) {
                if let Some(fee) = plan.fee(month, &overlays.fx)? {
                    let covered = covered.get(&(at, month)).unwrap_or(&nothing);
                    let closed = allocate(fee, &covered.weights)?;
                    for (&event, amount) in covered.places.iter().zip(closed.shares) {
                        shares.by_event.insert(event, Share { plan: at, amount });
                    }
                    let civil = Civil::Month.of_date(month, period.zone())?;
                    if overlap(period, &civil) {
                        shares.months.push(PlanMonth {
                            plan: plan.id.clone(),
                            month: civil.label().to_owned(),
                            events: covered.events,
                            list_cost: Money::sum(Currency::USD, covered.weights.iter().copied())?,
                            fee,
                            allocated: fee.checked_sub(closed.residual)?,
                            residual: closed.residual,
                        });
                    }
                }
                let Ok(next) = month.checked_add(jiff::Span::new().months(1)) else { break };
                month = next;
            }
        }
        Ok(shares)
    }

    /// The share of the event at this place of [`Reading::events`]; nothing where no plan covers
    /// it, and where it has no price.
    pub fn of_event(&self, at: usize) -> Option<Share> {
        self.by_event.get(&at).copied()
    }

    /// The months that the period touches, plan by plan.
    pub(super) fn into_months(self) -> Vec<PlanMonth> {
        self.months
    }
}

fn overlap(a: &Period, b: &Period) -> bool {
    let starts_in_time =
        |a: &Period, b: &Period| a.start().zip(b.end()).is_none_or(|(start, end)| start < end);
    starts_in_time(a, b) && starts_in_time(b, a)
}

/// Which plan's home a transcript lies in.
struct Homes<'p> {
    plans: &'p [Plan],
    list: Vec<Home>,
    disk: &'p dyn Disk,
    /// The homes around each transcript, the deepest first.
    around: HashMap<Arc<Path>, Vec<usize>>,
}

/// A home of a plan, as it is written and with links followed.
struct Home {
    plan: usize,
    written: FolderPath,
    real: Option<FolderPath>,
}

impl<'p> Homes<'p> {
    fn new(plans: &'p [Plan], disk: &'p dyn Disk) -> Self {
        let of_plan = |(plan, entry): (usize, &'p Plan)| {
            entry.homes.iter().map(move |home| Home {
                plan,
                written: FolderPath::new(home),
                real: disk.real_path(home).map(|real| FolderPath::new(&real)),
            })
        };
        let mut homes: Vec<Home> = plans.iter().enumerate().flat_map(of_plan).collect();
        homes.sort_by_key(|home| std::cmp::Reverse(home.written.depth()));
        Self { plans, list: homes, disk, around: HashMap::new() }
    }

    /// The plan of the deepest home around an event's transcript that is in force on the day and
    /// covers the provider.
    fn plan(&mut self, event: &UsageEvent, provider: Option<&str>, day: Date) -> Option<usize> {
        let file = &event.evidence.file;
        if !self.around.contains_key(file) {
            let around = self.around(file);
            self.around.insert(file.clone(), around);
        }
        let provider = provider?;
        self.around.get(file)?.iter().copied().find(|&plan| {
            let plan = &self.plans[plan];
            plan.days.contains(day) && plan.provider.as_str() == provider
        })
    }

    fn around(&self, file: &Path) -> Vec<usize> {
        let written = file.to_str().map(FolderPath::new);
        let real = self.disk.absolute(file).map(|real| FolderPath::new(&real));
        let lies_in = |home: &&Home| {
            let holds = |home: Option<&FolderPath>, file: &Option<FolderPath>| {
                home.zip(file.as_ref()).is_some_and(|(home, file)| home.contains(file))
            };
            holds(Some(&home.written), &written) || holds(home.real.as_ref(), &real)
        };
        self.list.iter().filter(lies_in).map(|home| home.plan).collect()
    }
}

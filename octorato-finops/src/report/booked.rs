//! A report on what a ledger has booked: the amounts are those of the time of booking.

use jiff::Timestamp;
use octorato_core::{ArmId, Arms, Currency, Money, Result};

use super::bookings::{Amount, Booked, Bookings};
use super::prices::Prices;
use super::shares::{Covers, Shares};
use super::sums::Corrected;
use super::tally::{Cost, Line, Parts, Tally};
use super::{Query, Report};
use crate::attribute::Disk;
use crate::price::PriceBook;

/// Sums up what a ledger has booked.
///
/// It differs from a report on logs in three ways. Owners and amounts are those that were booked:
/// neither a later price nor a later edit of `arms.yaml` changes them. A request counts in the
/// period to which it was posted, which is that of its date unless that month was closed. And what
/// was corrected or adjusted since is part of the costs, in the period to which that was posted.
///
/// The list cost of an arm in a period is what a budget over that arm and period has spent, to the
/// last digit. The book tells whose plans covered what, exchange rates, and by which units an
/// amount is made up; where it has another price by now, the amount is shown in one piece.
pub fn report_booked(
    bookings: &Bookings,
    arms: &Arms,
    disk: &dyn Disk,
    book: &PriceBook,
    query: &Query,
) -> Result<Report> {
    let mut prices = Prices::new(book);
    let nothing = Money::zero(Currency::USD);
    let covers: Vec<Covers<'_>> = bookings
        .requests
        .iter()
        .map(|request| {
            let found = prices.of(&request.event);
            Covers {
                event: &request.event,
                provider: match found.price() {
                    Some(price) => Some(price.provider().into()),
                    None => request.event.provider.clone(),
                },
                list: request.is_priced.then_some(request.told),
            }
        })
        .collect();
    let shares = Shares::closed(&covers, disk, book, &query.period)?;
    let mut prices = Prices::new(book);
    let mut tally = Tally::new(query, arms, &book.overlays().fx);
    for (at, (request, covered)) in bookings.requests.iter().zip(&covers).enumerate() {
        let (own, rest) = request.own_and_rest()?;
        if tally.wants(request.posted, &request.attribution) {
            let found = prices.of(&request.event);
            let share = shares.of_event(at);
            let charged = found.charge(&request.event).ok();
            let charged = charged.filter(|priced| priced.list().booked() == request.told);
            if let Some(priced) = &charged {
                prices.used(&found, priced, share.map(|share| share.plan));
            }
            // What was corrected since is nobody's discount and in no plan.
            let since = own.checked_sub(request.told)?;
            let contracted = request.contracted.unwrap_or(request.told);
            let allocated = share.map_or(contracted, |share| share.amount);
            let cost = Cost {
                list: own,
                parts: charged.as_ref().map_or(Parts::Unknown, |it| Parts::Charged(it.list())),
                contracted: contracted.checked_add(since)?,
                allocated: allocated.checked_add(since)?,
                cache_saved: charged.as_ref().map_or(Some(nothing), |it| it.list().caching_saved()),
                is_exact: found.is_exact(),
            };
            tally.add(Line {
                event: &request.event,
                attribution: &request.attribution,
                at: request.posted,
                provider: covered.provider.clone(),
                project: request.project.clone(),
                cost: request.is_priced.then_some(cost).ok_or_else(|| NO_PRICE.into()),
                corrected: Corrected::NOTHING,
            })?;
        }
        for Amount { attribution, posted, spent } in rest {
            if tally.wants(posted, &attribution) {
                let line = Line {
                    event: &request.event,
                    attribution: &attribution,
                    at: posted,
                    provider: covered.provider.clone(),
                    project: request.project.clone(),
                    cost: Err(NO_PRICE.into()),
                    corrected: Corrected::NOTHING,
                };
                tally.adjust(&line, spent)?;
            }
        }
    }
    let sums = tally.finish()?;
    Ok(Report::new(query, book, sums, prices.matches(), shares))
}

/// Why a request of a ledger has no cost.
const NO_PRICE: &str = "it had no price when it was booked";

impl Booked {
    /// What is booked of the request where it counts, and what is booked of it elsewhere: in other
    /// periods, and with owners from whom it was taken for another period's sake.
    fn own_and_rest(&self) -> Result<(Money, Vec<Amount>)> {
        let mut own = Money::zero(Currency::USD);
        let mut rest: Vec<Amount> = Vec::new();
        for Amount { attribution, posted, spent } in &self.amounts {
            let is = |arm: &Option<ArmId>, at: Timestamp| *arm == attribution.arm && at == *posted;
            if is(&self.attribution.arm, self.posted) {
                own = own.checked_add(*spent)?;
            } else if let Some(known) =
                rest.iter_mut().find(|known| is(&known.attribution.arm, known.posted))
            {
                known.spent = known.spent.checked_add(*spent)?;
            } else {
                let (attribution, posted, spent) = (attribution.clone(), *posted, *spent);
                rest.push(Amount { attribution, posted, spent });
            }
        }
        rest.retain(|amount| !amount.spent.is_zero());
        Ok((own, rest))
    }
}

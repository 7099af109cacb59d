//! Sums of events, and what follows from them.

use std::collections::BTreeMap;
use std::fmt;

use octorato_core::{Currency, Money, Precision, Result, Unit, UnitKind, Usage, UsageEvent};

use super::clients::Charged;
use super::tally::Cost;

/// The sums of some events. Amounts are in USD, save the clients' charges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// How many requests.
    pub events: u64,
    /// How many of them have no price; their tokens are in `usage`, but in no amount.
    pub unpriced_events: u64,
    /// What the events without a price consumed; it is in `usage` too.
    pub unpriced_usage: Usage,
    /// How many of them are priced as a model that their own only resembles.
    pub inexact_events: u64,
    /// How many of them were not counted by the provider to the end.
    pub estimated_events: u64,
    /// What was consumed.
    pub usage: Usage,
    /// How many events of clients billed at cost plus have a cost and are missing from what these
    /// clients are charged, since there is no exchange rate of their day.
    pub uncharged_events: u64,
    /// What was restated under other prices, beside the costs.
    pub corrections: Corrected,
    list_cost: Money,
    contracted_cost: Money,
    allocated_cost: Money,
    /// Nothing where that of some request is out of range.
    cache_saved: Option<Money>,
    costs: [Money; Unit::COUNT],
    unsplit: Money,
    client_charges: BTreeMap<Currency, Money>,
}

/// What corrections add to costs; they are in no cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// How many requests were restated.
    pub events: u64,
    /// How many requests have corrections that do not hold: the amounts that they correct are not
    /// those of this report, nor are those that they led to.
    pub stale: u64,
    /// What is to be added to the list cost.
    pub list_cost: Money,
    /// What is to be added to the contracted cost.
    pub contracted_cost: Money,
}

impl Corrected {
    /// Nothing was restated.
    pub(super) const NOTHING: Self = Self {
        events: 0,
        stale: 0,
        list_cost: Money::zero(Currency::USD),
        contracted_cost: Money::zero(Currency::USD),
    };

    /// Adds other corrections.
    pub(super) fn add(&mut self, other: &Self) -> Result<()> {
        self.events += other.events;
        self.stale += other.stale;
        self.list_cost = self.list_cost.checked_add(other.list_cost)?;
        self.contracted_cost = self.contracted_cost.checked_add(other.contracted_cost)?;
        Ok(())
    }
}

/// What one event costs, and what its client is charged for it.
pub(super) struct Costs<'c> {
    pub(super) cost: Cost<'c>,
    pub(super) charged: Charged,
}

impl Default for Sums {
    fn default() -> Self {
        let nothing = Money::zero(Currency::USD);
        Self {
            events: 0,
            unpriced_events: 0,
            unpriced_usage: Usage::new(),
            inexact_events: 0,
            estimated_events: 0,
            usage: Usage::new(),
            uncharged_events: 0,
            corrections: Corrected::NOTHING,
            list_cost: nothing,
            contracted_cost: nothing,
            allocated_cost: nothing,
            cache_saved: Some(nothing),
            costs: [nothing; Unit::COUNT],
            unsplit: nothing,
            client_charges: BTreeMap::new(),
        }
    }
}

impl Sums {
    /// The sum of the priced events' booked amounts; nothing where no event has a price.
    pub fn list_cost(&self) -> Option<Money> {
        self.has_price().then_some(self.list_cost)
    }

    /// The cost as it was agreed with the providers; nothing where no event has a price.
    pub fn contracted_cost(&self) -> Option<Money> {
        self.has_price().then_some(self.contracted_cost)
    }

    /// The shares of plans' fees of the events under a plan, and the contracted cost of the others;
    /// nothing where no event has a price.
    pub fn allocated_cost(&self) -> Option<Money> {
        self.has_price().then_some(self.allocated_cost)
    }

    /// What clients billed at cost plus are charged, by currency.
    pub fn client_charges(&self) -> impl Iterator<Item = Money> + '_ {
        self.client_charges.values().copied()
    }

    /// What clients billed at cost plus are charged in a currency; nothing where none is.
    pub fn client_charge(&self, currency: Currency) -> Option<Money> {
        self.client_charges.get(&currency).copied()
    }

    /// The part of the list cost of which it is not known by which units it was made: what a
    /// ledger corrected or adjusted, or booked at other prices than those of now, or as the worst
    /// case. In a report on logs it is nothing.
    pub fn unsplit_cost(&self) -> Money {
        self.unsplit
    }

    /// The part of the list cost that `unit` makes. The parts, with [`Self::unsplit_cost`], add up
    /// to the whole.
    pub fn cost(&self, unit: Unit) -> Money {
        self.costs[unit as usize]
    }

    /// The units that cost something.
    pub fn costs(&self) -> impl Iterator<Item = (Unit, Money)> + '_ {
        Unit::ALL.iter().map(|&unit| (unit, self.cost(unit))).filter(|(_, cost)| !cost.is_zero())
    }

    /// What the same tokens would have cost without a cache, less what they cost; below zero
    /// where writing the cache cost more than reading it saved.
    pub fn cache_saved(&self) -> Option<Money> {
        self.cache_saved.filter(|_| self.has_price())
    }

    /// The share of the tokens read that came from a cache.
    pub fn cache_hit_rate(&self) -> Option<Ratio> {
        Ratio::new(self.usage.cache_read_tokens(), self.usage.input_tokens())
    }

    /// The share that this has in the tokens of `whole`.
    pub fn share_of_tokens(&self, whole: &Self) -> Option<Ratio> {
        Ratio::new(self.usage.tokens(), whole.usage.tokens())
    }

    /// The share that this has in the list cost of `whole`.
    pub fn share_of_cost(&self, whole: &Self) -> Option<Ratio> {
        let part = u128::try_from(self.list_cost()?.pico()).ok()?;
        Ratio::new(part, u128::try_from(whole.list_cost()?.pico()).ok()?)
    }

    /// Adds other sums.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.events += other.events;
        self.unpriced_events += other.unpriced_events;
        self.unpriced_usage.add(&other.unpriced_usage)?;
        self.inexact_events += other.inexact_events;
        self.estimated_events += other.estimated_events;
        self.usage.add(&other.usage)?;
        self.uncharged_events += other.uncharged_events;
        self.corrections.add(&other.corrections)?;
        self.list_cost = self.list_cost.checked_add(other.list_cost)?;
        self.contracted_cost = self.contracted_cost.checked_add(other.contracted_cost)?;
        self.allocated_cost = self.allocated_cost.checked_add(other.allocated_cost)?;
        for charge in other.client_charges() {
            self.charge_client(charge)?;
        }
        self.save(other.cache_saved);
        self.unsplit = self.unsplit.checked_add(other.unsplit)?;
        for (mine, theirs) in self.costs.iter_mut().zip(other.costs) {
            *mine = mine.checked_add(theirs)?;
        }
        Ok(())
    }

    /// Adds one event, with its costs where it has a price.
    pub(super) fn count(&mut self, event: &UsageEvent, costs: Option<&Costs<'_>>) -> Result<()> {
        self.events += 1;
        self.estimated_events += u64::from(event.precision != Precision::Exact);
        self.usage.add(&event.usage)?;
        let Some(costs) = costs else {
            self.unpriced_events += 1;
            self.unpriced_usage.add(&event.usage)?;
            return Ok(());
        };
        let Costs { cost, charged } = costs;
        self.inexact_events += u64::from(!cost.is_exact);
        self.uncharged_events += u64::from(charged.is_missing);
        self.list_cost = self.list_cost.checked_add(cost.list)?;
        self.contracted_cost = self.contracted_cost.checked_add(cost.contracted)?;
        self.allocated_cost = self.allocated_cost.checked_add(cost.allocated)?;
        self.save(cost.cache_saved);
        let mut rest = cost.list;
        cost.parts.each(|unit, part| {
            let sum = &mut self.costs[unit as usize];
            *sum = sum.checked_add(part)?;
            rest = rest.checked_sub(part)?;
            Ok(())
        })?;
        self.unsplit = self.unsplit.checked_add(rest)?;
        charged.amount.map_or(Ok(()), |charge| self.charge_client(charge))
    }

    /// Adds to what a request cost that is counted elsewhere.
    pub(super) fn adjust(&mut self, amount: Money, charged: &Charged) -> Result<()> {
        self.uncharged_events += u64::from(charged.is_missing);
        self.list_cost = self.list_cost.checked_add(amount)?;
        self.contracted_cost = self.contracted_cost.checked_add(amount)?;
        self.allocated_cost = self.allocated_cost.checked_add(amount)?;
        self.unsplit = self.unsplit.checked_add(amount)?;
        charged.amount.map_or(Ok(()), |charge| self.charge_client(charge))
    }

    /// Adds what caching saved, a statistic that has no room for all amounts.
    fn save(&mut self, saved: Option<Money>) {
        let both = self.cache_saved.zip(saved);
        self.cache_saved = both.and_then(|(mine, other)| mine.checked_add(other).ok());
    }

    fn charge_client(&mut self, charge: Money) -> Result<()> {
        let currency = charge.currency();
        let sum = self.client_charges.entry(currency).or_insert(Money::zero(currency));
        *sum = sum.checked_add(charge)?;
        Ok(())
    }

    /// What decides the order of rows: amounts first, then tokens.
    pub(super) fn rank(&self) -> (i128, u128) {
        (self.list_cost.pico(), self.usage.tokens())
    }

    fn has_price(&self) -> bool {
        self.events == 0 || self.unpriced_events < self.events
    }

    /// The cost of all units of a kind that `pick` accepts.
    pub fn cost_where(&self, pick: impl Fn(Unit) -> bool) -> Result<Money> {
        let picked = self.costs().filter(|(unit, _)| pick(*unit)).map(|(_, cost)| cost);
        Money::sum(Currency::USD, picked)
    }

    /// The cost of everything that is no token: searches, requests, pages.
    pub fn tool_cost(&self) -> Result<Money> {
        self.cost_where(|unit| unit.kind() == UnitKind::Count)
    }
}

/// A share: two integers, so that nothing is rounded before it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    part: u128,
    whole: u128,
}

impl Ratio {
    /// `part` of `whole`; nothing where there is no whole.
    pub fn new(part: u128, whole: u128) -> Option<Self> {
        (whole > 0).then_some(Self { part, whole })
    }

    /// Per cent with one decimal, rounded half up, such as `96.1`; an amount that is not nothing
    /// never reads `0.0`, and one that is not all never `100.0`.
    pub fn percent(self) -> String {
        let tenths = self.scaled(1000);
        let tenths = match tenths {
            0 if self.part > 0 => return "<0.1".to_owned(),
            1000.. if self.part < self.whole => 999,
            tenths => tenths,
        };
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    fn scaled(self, scale: u128) -> u128 {
        // Large amounts lose digits that no share of four places shows.
        let shift = (self.whole.ilog2()).saturating_sub(96);
        let (part, whole) = (self.part >> shift, self.whole >> shift);
        (part * scale + whole / 2) / whole
    }
}

/// Four decimals, as in JSON: `0.9612`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scaled = self.scaled(10_000);
        f.pad(&format!("{}.{:04}", scaled / 10_000, scaled % 10_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_only_when_shown() {
        let ratio = |part, whole| Ratio::new(part, whole).unwrap();
        assert_eq!(ratio(9612, 10_000).to_string(), "0.9612");
        assert_eq!(ratio(2, 3).to_string(), "0.6667");
        assert_eq!(ratio(2, 3).percent(), "66.7");
        assert_eq!(ratio(1, 1_000_000).percent(), "<0.1");
        assert_eq!(ratio(999_999, 1_000_000).percent(), "99.9");
        assert_eq!(ratio(0, 5).percent(), "0.0");
        assert_eq!(ratio(5, 5).percent(), "100.0");
        assert_eq!(ratio(1 << 120, 1 << 121).to_string(), "0.5000");
        assert_eq!(Ratio::new(0, 0), None);
    }
}

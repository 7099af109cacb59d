//! What has been said of a request's cost: by a book, and by corrections of it.

use octorato_core::{Currency, Money, ProviderId, Result, Unit, UsageEvent};

use super::correction::{Before, Classes, Correction};
use crate::price::PriceBook;

/// What has been said of the cost of a request, or of some that look the same.
#[derive(Clone)]
pub(super) struct Stated {
    requests: u64,
    /// How many of them have a price.
    pub(super) priced: i64,
    classes: [Money; Unit::COUNT],
    pub(super) contracted: Money,
}

impl Stated {
    /// What a book says.
    pub(super) fn by(book: &PriceBook, events: &[&UsageEvent]) -> Result<Self> {
        let nothing = Money::zero(Currency::USD);
        let mut stated = Self {
            requests: events.len() as u64,
            priced: 0,
            classes: [nothing; Unit::COUNT],
            contracted: nothing,
        };
        for event in events {
            let provider = event.provider.as_ref().map(ProviderId::as_str);
            let priced = book
                .find(provider, event.model.as_str())
                .and_then(|price| price.charge(&event.usage, event.at, &event.context));
            let Ok(priced) = priced else { continue };
            stated.priced += 1;
            for line in priced.list().lines() {
                stated.add_class(line.unit(), line.booked())?;
            }
            let contracted = priced.contracted().booked();
            stated.contracted = stated.contracted.checked_add(contracted)?;
        }
        Ok(stated)
    }

    /// What a correction corrects.
    pub(super) fn of(before: &Before) -> Result<Self> {
        let nothing = Money::zero(Currency::USD);
        let mut stated = Self {
            requests: before.requests,
            priced: i64::try_from(before.priced).unwrap_or(i64::MAX),
            classes: [nothing; Unit::COUNT],
            contracted: before.contracted,
        };
        for &(unit, amount) in &before.list {
            stated.add_class(unit, amount)?;
        }
        Ok(stated)
    }

    /// The same as a correction says it.
    pub(super) fn before(&self) -> Before {
        Before {
            requests: self.requests,
            priced: u64::try_from(self.priced).unwrap_or_default(),
            list: self.classes(),
            contracted: self.contracted,
        }
    }

    /// The list cost by class.
    pub(super) fn classes(&self) -> Classes {
        let classes = Unit::ALL.iter().map(|&unit| (unit, self.classes[unit as usize]));
        classes.filter(|(_, amount)| !amount.is_zero()).collect()
    }

    /// Adds the list part of a correction.
    pub(super) fn add_list(&mut self, correction: &Correction) -> Result<()> {
        self.priced = self.priced.saturating_add(correction.priced);
        for &(unit, amount) in &correction.classes {
            self.add_class(unit, amount)?;
        }
        Ok(())
    }

    /// Adds the contracted part of a correction.
    pub(super) fn add_contracted(&mut self, correction: &Correction) -> Result<()> {
        self.contracted = self.contracted.checked_add(correction.contracted_cost)?;
        Ok(())
    }

    fn add_class(&mut self, unit: Unit, amount: Money) -> Result<()> {
        let class = &mut self.classes[unit as usize];
        *class = class.checked_add(amount)?;
        Ok(())
    }

    /// Whether nothing has been said.
    pub(super) fn is_nothing(&self) -> bool {
        self.priced == 0 && self.contracted.is_zero() && self.classes.iter().all(|c| c.is_zero())
    }

    /// What is to be added to `other` so that its list cost becomes this one's.
    pub(super) fn less(&self, other: &Self) -> Result<Classes> {
        let mut differences = Vec::new();
        for &unit in Unit::ALL {
            let at = unit as usize;
            let difference = self.classes[at].checked_sub(other.classes[at])?;
            if !difference.is_zero() {
                differences.push((unit, difference));
            }
        }
        Ok(differences)
    }
}

//! The corrections that were made, and which of them hold for what a book says.

use std::collections::HashMap;

use octorato_core::{Currency, Money, Result, UsageEvent};

use super::correction::{Before, Correction};
use super::event_key::EventKey;
use super::stated::Stated;
use crate::price::PriceBook;

/// The corrections that were made, by request.
#[derive(Clone, Debug, Default)]
pub struct Corrections(HashMap<EventKey, Vec<Correction>>);

/// The corrections of one request, or of all that look the same, beside what a book says of it.
#[derive(Clone, Debug)]
pub struct Standing<'c> {
    /// Each with what of it holds.
    pub made: Vec<Held<'c>>,
    /// What is to be added to the list cost, in USD: the sum of the list parts that hold.
    pub list_cost: Money,
    /// What is to be added to the contracted cost, in USD: the sum of the parts that hold.
    pub contracted_cost: Money,
    /// Whether what was corrected is neither what the book says now, nor has the book come to say
    /// what the corrections led to: they are of other prices.
    pub is_stale: bool,
}

/// What of a correction holds.
#[derive(Clone, Copy, Debug)]
pub struct Held<'c> {
    /// The correction.
    pub correction: &'c Correction,
    /// Whether the book says the list cost that it corrects.
    pub list: bool,
    /// Whether the book says the contracted cost that it corrects.
    pub contracted: bool,
}

impl Standing<'_> {
    /// Whether any of them holds.
    pub fn holds(&self) -> bool {
        self.made.iter().any(|held| held.list || held.contracted)
    }
}

impl Corrections {
    /// All of some corrections, in any order: what they add up to does not depend on it.
    pub fn new(made: impl IntoIterator<Item = Correction>) -> Self {
        let mut by_event: HashMap<EventKey, Vec<Correction>> = HashMap::new();
        for correction in made {
            by_event.entry(correction.event.clone()).or_default().push(correction);
        }
        Self(by_event)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one of this request.
    pub(crate) fn has(&self, event: &EventKey) -> bool {
        self.0.contains_key(event)
    }

    /// Those of the requests that look the same, which are `events`, beside what a book says;
    /// nothing where there is none.
    pub fn standing(
        &self,
        events: &[&UsageEvent],
        book: &PriceBook,
    ) -> Result<Option<Standing<'_>>> {
        let Some(first) = events.first().filter(|_| !self.is_empty()) else { return Ok(None) };
        match self.0.get(&EventKey::from(*first)) {
            Some(made) => Ok(Some(standing(made, &Stated::by(book, events)?)?)),
            None => Ok(None),
        }
    }

    /// What was said of a request: what the book says, which is `said`, and the corrections of it.
    pub(super) fn add_to(&self, event: &EventKey, said: &Stated) -> Result<Stated> {
        let mut stated = said.clone();
        let now = said.before();
        for correction in self.0.get(event).into_iter().flatten() {
            if correction.holds_for_list(&now) {
                stated.add_list(correction)?;
            }
            if correction.holds_for_contracted(&now) {
                stated.add_contracted(correction)?;
            }
        }
        Ok(stated)
    }
}

fn standing<'c>(made: &'c [Correction], said: &Stated) -> Result<Standing<'c>> {
    let now = said.before();
    let made: Vec<Held<'_>> = made
        .iter()
        .map(|correction| Held {
            correction,
            list: correction.holds_for_list(&now),
            contracted: correction.holds_for_contracted(&now),
        })
        .collect();
    let nothing = Money::zero(Currency::USD);
    let (mut list_cost, mut contracted_cost) = (nothing, nothing);
    for held in &made {
        if held.list {
            list_cost = list_cost.checked_add(held.correction.list_cost()?)?;
        }
        if held.contracted {
            contracted_cost = contracted_cost.checked_add(held.correction.contracted_cost)?;
        }
    }
    let is_stale = is_stale(&made, &now, false)? || is_stale(&made, &now, true)?;
    Ok(Standing { made, list_cost, contracted_cost, is_stale })
}

/// Whether one part of some corrections, the list part or the contracted one, has no meaning any
/// more: there is something to add, none of it holds, and the book does not say the result itself.
fn is_stale(made: &[Held<'_>], now: &Before, contracted: bool) -> Result<bool> {
    let holds = |held: &Held<'_>| if contracted { held.contracted } else { held.list };
    let is_empty = |correction: &Correction| {
        if contracted {
            correction.contracted_cost.is_zero()
        } else {
            correction.classes.is_empty() && correction.priced == 0
        }
    };
    if made.iter().any(holds) || made.iter().all(|held| is_empty(held.correction)) {
        return Ok(false);
    }
    for held in made {
        // Corrections of the same amounts add up to one result.
        let before = &held.correction.before;
        let mut result = Stated::of(before)?;
        for other in made.iter().map(|held| held.correction) {
            if contracted && other.holds_for_contracted(before) {
                result.add_contracted(other)?;
            } else if !contracted && other.holds_for_list(before) {
                result.add_list(other)?;
            }
        }
        let result = result.before();
        let is_said = if contracted {
            result.contracted == now.contracted
        } else {
            (result.priced, &result.list) == (now.priced, &now.list)
        };
        if is_said && result.requests == now.requests {
            return Ok(false);
        }
    }
    Ok(true)
}

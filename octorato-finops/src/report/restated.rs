//! What corrections add to the requests of a report.

use std::collections::HashMap;

use octorato_core::{Result, UsageEvent};

use super::sums::Corrected;
use crate::price::PriceBook;
use crate::recost::{Corrections, EventKey};

/// What corrections add to requests, by the place of the event that has them.
pub(super) struct Restated(HashMap<usize, Corrected>);

impl Restated {
    /// The corrections of all that was read, whatever the report selects of it: of requests that
    /// look the same, the first has the corrections of all, in a report on its arm and in no other.
    pub(super) fn new(
        corrections: &Corrections,
        book: &PriceBook,
        events: &[UsageEvent],
    ) -> Result<Self> {
        let mut by_event = HashMap::new();
        if corrections.is_empty() {
            return Ok(Self(by_event));
        }
        let mut alike: HashMap<EventKey, (usize, Vec<&UsageEvent>)> = HashMap::new();
        for (at, event) in events.iter().enumerate() {
            let key = EventKey::from(event);
            if corrections.has(&key) {
                alike.entry(key).or_insert_with(|| (at, Vec::new())).1.push(event);
            }
        }
        for (at, events) in alike.into_values() {
            let Some(standing) = corrections.standing(&events, book)? else { continue };
            let corrected = Corrected {
                events: u64::from(standing.holds()),
                stale: u64::from(standing.is_stale),
                list_cost: standing.list_cost,
                contracted_cost: standing.contracted_cost,
            };
            by_event.insert(at, corrected);
        }
        Ok(Self(by_event))
    }

    /// What is to be added to the costs of the event at this place.
    pub(super) fn of(&self, at: usize) -> Corrected {
        self.0.get(&at).copied().unwrap_or(Corrected::NOTHING)
    }
}

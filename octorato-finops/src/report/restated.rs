//! What corrections add to the requests of a report.

use std::collections::HashSet;

use octorato_core::{Result, UsageEvent};

use super::sums::Corrected;
use crate::price::PriceBook;
use crate::recost::{Corrections, EventKey};

/// The corrections of one book's amounts, each told once.
pub(super) struct Restated<'c> {
    corrections: &'c Corrections,
    /// The id of the book, all digits; empty where there is no correction at all.
    book: String,
    told: HashSet<EventKey>,
}

impl<'c> Restated<'c> {
    pub(super) fn new(corrections: &'c Corrections, book: &PriceBook) -> Self {
        let book = if corrections.is_empty() { String::new() } else { book.id().full() };
        Self { corrections, book, told: HashSet::new() }
    }

    /// What is to be added to the costs of a request; of requests that look the same, the first
    /// has the corrections of all.
    pub(super) fn of(&mut self, event: &UsageEvent) -> Result<Corrected> {
        let mut corrected = Corrected::NOTHING;
        if self.corrections.is_empty() {
            return Ok(corrected);
        }
        let mut made = self.corrections.of(event, &self.book).peekable();
        if made.peek().is_none() || !self.told.insert(EventKey::from(event)) {
            return Ok(corrected);
        }
        corrected.events = 1;
        for correction in made {
            corrected.list_cost = corrected.list_cost.checked_add(correction.list_cost()?)?;
            corrected.contracted_cost =
                corrected.contracted_cost.checked_add(correction.contracted_cost)?;
        }
        Ok(corrected)
    }
}

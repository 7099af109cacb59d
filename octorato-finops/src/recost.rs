//! Old requests restated under other prices: corrections beside what was said, never in its place.
//!
//! A report prices requests by one [`PriceBook`]. When newer prices turn out to be right for the
//! past as well, [`recost`] says for each request what changes. Each [`Correction`] has the amounts
//! that it corrects and names both books, so that the amount before, the amount after and the reason
//! stay visible. It holds as long as the report says the amounts that it corrects.

mod correction;
mod corrections;
mod event_key;
mod requests;
mod stated;

use octorato_core::{Arms, Result};

pub use self::correction::{Before, Classes, Correction};
pub use self::corrections::{Corrections, Held, Standing};
pub use self::event_key::EventKey;
pub use self::requests::alike;

use self::requests::requests;
use self::stated::Stated;
use crate::attribute::Resolver;
use crate::logs::Reading;
use crate::price::PriceBook;
use crate::report::Query;

/// What a restatement changes.
#[derive(Clone, Debug, Default)]
pub struct Recost {
    /// One per request whose amount is another.
    pub corrections: Vec<Correction>,
    /// How many requests stay as they are.
    pub unchanged: u64,
    /// How many requests have a price by the present book and would have none: they stay as they
    /// are, since no price is no amount.
    pub lost: u64,
    /// How many requests have no price by either book.
    pub unpriced: u64,
}

/// Restates the requests that `query` selects, which were priced by `from` and corrected by
/// `earlier`, under the prices of `to`. Restating twice changes nothing the second time.
///
/// A price that only an earlier correction gave is taken back where `to` has none either.
pub fn recost(
    reading: &Reading,
    arms: &Arms,
    resolver: &mut Resolver<'_>,
    (from, to): (&PriceBook, &PriceBook),
    earlier: &Corrections,
    query: &Query,
) -> Result<Recost> {
    let attributions = resolver.resolve(&reading.events);
    let (from_id, to_id) = (from.id().full(), to.id().full());
    let mut recost = Recost::default();
    for (event, arm, events) in requests(reading, &attributions, arms, query) {
        let said = Stated::by(from, &events)?;
        let stated = earlier.add_to(&event, &said)?;
        let after = Stated::by(to, &events)?;
        if after.priced < said.priced {
            recost.lost += 1;
            continue;
        }
        if after.priced == 0 && stated.is_nothing() {
            recost.unpriced += 1;
            continue;
        }
        let classes = after.less(&stated)?;
        let contracted_cost = after.contracted.checked_sub(stated.contracted)?;
        let priced = after.priced.saturating_sub(stated.priced);
        if classes.is_empty() && contracted_cost.is_zero() && priced == 0 {
            recost.unchanged += 1;
            continue;
        }
        recost.corrections.push(Correction {
            event,
            arm: arm.cloned(),
            from: from_id.clone(),
            to: to_id.clone(),
            before: said.before(),
            priced,
            classes,
            contracted_cost,
            reason: None,
        });
    }
    Ok(recost)
}

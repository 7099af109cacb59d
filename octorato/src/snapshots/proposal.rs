//! Newer prices, read and compared before they are taken.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::Result;
use octorato_finops::price::import::{Format, Imported, Inherited, Origin, import, inherit};
use octorato_finops::price::{Diff, SnapshotId, diff};
use rust_decimal::Decimal;

use super::{CURRENT, Snapshots};
use crate::fetch;

/// Where the newest prices of genai-prices are.
pub const NEWEST_PRICES: &str =
    "https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json";

/// Newer prices that could be taken; nothing is changed yet.
#[derive(Debug)]
pub struct Proposal {
    /// The prices, with what of their source was not understood.
    pub imported: Imported,
    /// What they keep of the current ones, since their source does not tell it.
    pub inherited: Inherited,
    /// The snapshot that is current.
    pub before: SnapshotId,
    /// What changes at the time of asking.
    pub diff: Diff,
    /// Whether anything differs at all, at whatever time: rates, names or limits.
    pub is_news: bool,
}

impl Snapshots {
    /// Reads a price list and compares it with the current snapshot, as of `now`.
    ///
    /// What the list's format cannot say (token limits, multipliers of regions and speeds) is kept
    /// from the current snapshot, for the models that both have.
    pub fn propose(&self, text: &str, format: Option<Format>, now: Timestamp) -> Result<Proposal> {
        let made = now.to_zoned(TimeZone::UTC).date();
        let origin = Origin { version: made.to_string(), made };
        let current = self.open(CURRENT)?;
        let imported = import(text, format, &origin)?;
        let (imported, inherited) = inherit(imported, &current)?;
        let diff = diff(&current, &imported.catalog, now)?;
        // The first line says when and whence; the others are the prices.
        let prices = |text: &str| text.split_once('\n').map(|(_, prices)| prices.to_owned());
        let is_news = prices(&imported.text) != prices(current.text());
        Ok(Proposal { imported, inherited, before: *current.snapshot(), diff, is_news })
    }

    /// Fetches a price list and compares it with the current snapshot, as of `now`.
    pub fn fetch(&self, url: &str, format: Option<Format>, now: Timestamp) -> Result<Proposal> {
        self.propose(&fetch::text(url)?, format, now)
    }

    /// Takes the proposed prices: keeps them, and takes new prices from them from now on.
    pub fn take(&self, proposal: &Proposal) -> Result<SnapshotId> {
        let id = self.keep(&proposal.imported.text)?;
        self.make_current(&id.full())?;
        Ok(id)
    }
}

impl Proposal {
    /// Whether a person should look at it first: a rate changes by more than `percent`, or a model
    /// loses its price.
    pub fn is_large(&self, percent: u32) -> bool {
        self.diff.largest_change_pct() > Decimal::from(percent) || self.losses() > 0
    }

    /// How many models lose their price, or a rate of theirs.
    pub fn losses(&self) -> usize {
        let lost = self.diff.changed.iter().filter(|change| change.after.is_none()).count();
        self.diff.removed.len() + lost
    }
}

//! Newer prices, read and compared before they are taken.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::{Error, ErrorKind, Result};
use octorato_finops::price::import::{Format, Imported, Inherited, Origin, import, inherit};
use octorato_finops::price::{Diff, RateChange, SnapshotId, diff};
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
    /// What changes, at whatever time.
    pub diff: Diff,
    /// Whether anything differs at all: rates, names, limits, or how providers are found.
    pub is_news: bool,
}

impl Snapshots {
    /// Reads a price list and compares it with the current snapshot, as of `now`.
    ///
    /// What the list's format cannot say (token limits, multipliers of regions and speeds, prices of
    /// the past) is kept from the current snapshot, for the models that both have. A list without
    /// any rate is refused.
    pub fn propose(&self, text: &str, format: Option<Format>, now: Timestamp) -> Result<Proposal> {
        let made = now.to_zoned(TimeZone::UTC).date();
        let origin = Origin { version: made.to_string(), made };
        let current = self.open(CURRENT)?;
        let imported = import(text, format, &origin)?;
        if imported.priced == 0 {
            let models = imported.models;
            let why = format!("the price list has no rate at all, of {models} models");
            return Err(Error::new(ErrorKind::Data, why)
                .with("format", imported.format)
                .hinted("the prices stay as they are"));
        }
        let (imported, inherited) = inherit(imported, &current)?;
        let diff = diff(&current, &imported.catalog, now)?;
        let is_news =
            prices(&imported.text) != prices(current.text()) || !diff.providers.is_empty();
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

/// The models' lines; the first one says when and whence, and how providers are found.
fn prices(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, prices)| prices)
}

/// What a person should look at before prices are taken, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Doubts {
    /// Rates that change by more than was allowed, at any time.
    pub large: usize,
    /// Models and rates that are lost, and names that find nothing any more.
    pub lost: usize,
    /// Names that find another entry.
    pub renamed: usize,
    /// Rates that models have not had.
    pub new: usize,
    /// Rates of the past, by which amounts were reported already.
    pub past: usize,
    /// Limits that shrink, and minimums that grow.
    pub limits: usize,
    /// Providers whose names find others.
    pub providers: usize,
}

impl Proposal {
    /// Whether a person should look at it first; see [`Self::doubts`].
    pub fn is_large(&self, percent: u32) -> bool {
        self.doubts(percent) != Doubts::default()
    }

    /// What a person should look at first, where rates may change by `percent` without a question.
    pub fn doubts(&self, percent: u32) -> Doubts {
        let Diff { removed, changed, limits, names, providers, .. } = &self.diff;
        let most = Decimal::from(percent);
        let is_large = |pct: Decimal| pct.abs() > most;
        let count = |pick: &dyn Fn(&RateChange) -> bool| {
            changed.iter().filter(|change| pick(change)).count()
        };
        Doubts {
            large: count(&|change| change.change_pct().is_some_and(is_large)),
            lost: removed.len()
                + count(&|change| change.after.is_none())
                + names.iter().filter(|name| name.after.is_none()).count(),
            renamed: names.iter().filter(|name| name.after.is_some()).count(),
            new: count(&|change| change.before.is_none()),
            past: count(&|change| change.changes_past),
            limits: limits.iter().filter(|limit| limit.is_tighter()).count(),
            providers: providers.iter().filter(|change| change.is_about_names()).count(),
        }
    }
}

//! Old requests restated under the prices of another snapshot.

use std::path::PathBuf;

use octorato_core::Result;
use octorato_finops::logs::Reading;
use octorato_finops::price::PriceBook;
use octorato_finops::recost::{Corrections, Recost, recost};
use octorato_finops::report::Query;

use crate::Workspace;
use crate::corrections;
use crate::snapshots::Snapshots;

impl Workspace {
    /// What the requests that `query` selects would cost by the prices of another snapshot, with
    /// the operator's own prices as they are. Changes nothing.
    pub fn recost(&self, reading: &Reading, query: &Query, snapshot: &str) -> Result<Recost> {
        self.recost_after(&self.corrections, reading, query, snapshot)
    }

    /// Like [`Self::recost`], and keeps the corrections beside the amounts that they correct; says
    /// where, unless there is none to keep. No amount changes in place.
    pub fn keep_recost(
        &mut self,
        reading: &Reading,
        query: &Query,
        snapshot: &str,
        reason: Option<&str>,
    ) -> Result<(Recost, Option<PathBuf>)> {
        let folder = corrections::folder(self.places());
        // Whoever restates at this moment waits, and then knows of these.
        let lock = corrections::lock(&folder)?;
        self.corrections = corrections::load(&folder)?;
        let mut recost = self.recost_after(&self.corrections, reading, query, snapshot)?;
        for correction in &mut recost.corrections {
            correction.reason = reason.map(str::to_owned);
        }
        if recost.corrections.is_empty() {
            return Ok((recost, None));
        }
        let file = corrections::keep(&folder, &recost.corrections, &lock)?;
        self.corrections = corrections::load(&folder)?;
        Ok((recost, Some(file)))
    }

    fn recost_after(
        &self,
        earlier: &Corrections,
        reading: &Reading,
        query: &Query,
        snapshot: &str,
    ) -> Result<Recost> {
        self.check(query)?;
        let catalog = Snapshots::of(self.places()).open(snapshot)?;
        let to = PriceBook::new(catalog, self.prices().overlays().clone())?;
        let books = (self.prices(), &to);
        recost(reading, self.arms(), &mut self.resolver()?, books, earlier, query)
    }
}

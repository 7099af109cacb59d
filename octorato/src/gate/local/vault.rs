//! The ledger, opened when it is needed.

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Money, Result};
use octorato_finops::budget::SpendPath;
use octorato_finops::ledger::{Ask, Verdict};

use crate::config::places::Places;
use crate::gate::compiled::{self, Compiled};
use crate::gate::decide::Imported;
use crate::gate::protocol::HookEvent;

/// The ledger of one operator, for one hook.
pub(in crate::gate) struct Vault {
    places: Places,
    /// Whether the configuration is another than at the last hook.
    has_changed: bool,
}

#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "there is no store yet")]
impl Vault {
    pub(super) fn new(places: &Places, has_changed: bool) -> Self {
        Self { places: places.clone(), has_changed }
    }

    /// Books what the session's transcripts have gained.
    pub(super) fn import(&mut self, compiled: &Compiled, _: &HookEvent) -> Result<Imported> {
        if std::mem::take(&mut self.has_changed) {
            compiled::keep(&self.places, compiled);
        }
        Ok(Imported::default())
    }

    /// How it stands with calls.
    pub(super) fn check(&mut self, _: &Compiled, _: &[Ask]) -> Result<Vec<Verdict>> {
        Err(Error::new(ErrorKind::Unavailable, "no store yet"))
    }

    /// Whether a call of a model without a price is refused.
    pub(super) fn refuses_unpriced(&mut self, _: &Compiled, _: &SpendPath) -> Result<bool> {
        Ok(true)
    }

    /// The most that the request of a hook can cost.
    pub(super) fn worst_case(
        &mut self,
        _: &HookEvent,
        _: &[u8],
        _: Timestamp,
    ) -> Result<Option<Money>> {
        Ok(None)
    }
}

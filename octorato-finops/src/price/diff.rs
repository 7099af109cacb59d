//! What changes between two snapshots of prices: rates at any time, names, limits, providers.

mod eras;
mod names;
mod providers;
pub(super) mod steps;

use std::collections::BTreeMap;

use jiff::Timestamp;
use octorato_core::Result;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::catalog::Catalog;
use super::import::snapshot::{Model, Snapshot};

/// What changes between two snapshots, in the order of providers, models, conditions and rates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// Models that only the later snapshot has.
    pub added: Vec<ModelName>,
    /// Models that only the earlier snapshot has.
    pub removed: Vec<ModelName>,
    /// Rates of models that both have, at any time.
    pub changed: Vec<RateChange>,
    /// Token limits, and minimums per request, of models that both have.
    pub limits: Vec<LimitChange>,
    /// Names of the earlier snapshot that find another entry, or none though theirs is there.
    pub names: Vec<NameChange>,
    /// How providers are described and found.
    pub providers: Vec<ProviderChange>,
}

/// A model of a price list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ModelName {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
}

/// Before, at or after the time of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tense {
    /// It was so, and is over.
    Past,
    /// It is so on the day of asking, perhaps at another hour.
    Now,
    /// It will be so.
    Later,
}

/// A rate that one snapshot has otherwise than the other, for as long as both stay the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RateChange {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// The condition, such as `processing=batch`; nothing for the standard price.
    pub when: Option<String>,
    /// The price key, such as `input_mtok`, or [`MULTIPLY`].
    pub rate: String,
    /// Above how many input tokens, if any.
    pub above: Option<u64>,
    /// From when; nothing where it is from the beginning.
    pub from: Option<Timestamp>,
    /// Until when; nothing where no end is known.
    pub until: Option<Timestamp>,
    /// At which time of the UTC day, such as `16:30-00:30`; nothing where it is all day.
    pub daily: Option<String>,
    /// Whether that is over, now, or to come.
    pub tense: Tense,
    /// Whether it began before the day of asking: amounts of that time are other ones.
    pub changes_past: bool,
    /// US dollars in the earlier snapshot, for as many units as the key says.
    pub before: Option<Decimal>,
    /// US dollars in the later snapshot.
    pub after: Option<Decimal>,
}

/// A limit of a model that one snapshot has otherwise than the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LimitChange {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
    /// `context_window`, `max_input` or `max_output`, in tokens, or `minimum` and the unit of which
    /// so many are charged at least.
    pub limit: String,
    /// In the earlier snapshot; nothing where it is not known.
    pub before: Option<u64>,
    /// In the later snapshot.
    pub after: Option<u64>,
}

/// A name that finds another entry than before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct NameChange {
    /// The provider that is named beside it; nothing where none is.
    pub provider: Option<String>,
    /// The name: an id or a text of a rule of the earlier snapshot.
    pub name: String,
    /// What it finds in the earlier snapshot.
    pub before: ModelName,
    /// What it finds in the later one, if anything.
    pub after: Option<ModelName>,
}

/// A provider that is described otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProviderChange {
    /// The provider's id.
    pub provider: String,
    /// `added`, `removed`, `order`, or the field of the header that differs, such as
    /// `provider_match`.
    pub what: String,
}

/// The [`RateChange::rate`] of a factor of all token rates; 1 where a condition has the standard
/// price.
pub const MULTIPLY: &str = "multiply";

impl Diff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.limits.is_empty()
            && self.names.is_empty()
            && self.providers.is_empty()
    }

    /// Leaves out what is of another provider.
    pub fn retain_provider(&mut self, id: &str) {
        self.added.retain(|model| model.provider == id);
        self.removed.retain(|model| model.provider == id);
        self.changed.retain(|change| change.provider == id);
        self.limits.retain(|change| change.provider == id);
        self.names.retain(|change| {
            let found = change.after.iter().chain([&change.before]);
            change.provider.as_deref() == Some(id) || found.into_iter().any(|m| m.provider == id)
        });
        self.providers.retain(|change| change.provider == id);
    }

    /// By how many per cent the rate changes that changes most, up or down, at whatever time,
    /// rounded up to hundredths; [`Decimal::MAX`] where something free gets a price.
    ///
    /// A rate that only one snapshot has is not counted: see [`RateChange::change_pct`].
    ///
    /// ```
    /// use octorato_finops::price::{Catalog, diff};
    ///
    /// let catalog = Catalog::builtin();
    /// let diff = diff(catalog, catalog, "2026-11-20T12:00:00Z".parse()?)?;
    /// assert!(diff.is_empty());
    /// assert_eq!(diff.largest_change_pct().to_string(), "0");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn largest_change_pct(&self) -> Decimal {
        let sizes = self.changed.iter().filter_map(RateChange::change_pct).map(|pct| pct.abs());
        sizes.max().unwrap_or_default()
    }
}

impl RateChange {
    /// By how many per cent the rate changes, rounded away from zero to hundredths;
    /// [`Decimal::MAX`] where it was free or the number is out of range. Nothing where only one
    /// snapshot has it: the unit is then charged as another one, or not at all.
    pub fn change_pct(&self) -> Option<Decimal> {
        let (before, after) = (self.before?, self.after?);
        if before == after {
            return Some(Decimal::ZERO);
        }
        let pct = after
            .checked_sub(before)
            .and_then(|change| change.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(before))
            .unwrap_or(Decimal::MAX);
        Some(pct.round_dp_with_strategy(2, RoundingStrategy::AwayFromZero).normalize())
    }
}

impl LimitChange {
    /// Whether less is allowed than before, or more is charged at least.
    pub fn is_tighter(&self) -> bool {
        match (self.before, self.after) {
            (before, after) if self.limit.starts_with(MINIMUM) => after > before,
            (Some(before), after) => after.is_none_or(|after| after < before),
            (None, _) => false,
        }
    }
}

/// How a [`LimitChange::limit`] of the other kind begins.
const MINIMUM: &str = "minimum ";

impl ProviderChange {
    /// Whether other requests can be found to be the provider's.
    pub fn is_about_names(&self) -> bool {
        matches!(
            &*self.what,
            "provider_match" | "model_match" | "fallback_model_providers" | "order"
        )
    }
}

/// Compares the prices of two snapshots at all times; `at` tells past, present and future apart.
///
/// Rates are compared as a request would be charged by them: a tier that begins elsewhere is a
/// change above its threshold. Fails with [`ErrorKind::Data`](octorato_core::ErrorKind::Data) where
/// a list has more eras or names than can be compared in a reasonable time.
pub fn diff(before: &Catalog, after: &Catalog, at: Timestamp) -> Result<Diff> {
    let (old, new) = (Snapshot::parse(before.text())?, Snapshot::parse(after.text())?);
    let (earlier, later) = (by_name(&old), by_name(&new));
    let missing = |from: &ByName<'_>, other: &ByName<'_>| -> Vec<ModelName> {
        let gone = from.keys().filter(|key| !other.contains_key(*key));
        gone.map(|key| ModelName { provider: key.0.to_owned(), model: key.1.to_owned() }).collect()
    };
    let (added, removed) = (missing(&later, &earlier), missing(&earlier, &later));
    let (mut changed, mut limits) = (Vec::new(), Vec::new());
    for (&(provider, id, nth), old) in &earlier {
        let Some(new) = later.get(&(provider, id, nth)) else { continue };
        let name = ModelName { provider: provider.to_owned(), model: id.to_owned() };
        eras::compare(&name, (old, new), at, &mut changed)?;
        compare_limits(&name, old, new, &mut limits);
    }
    let names = names::compare((before, &old), (after, &new), &removed)?;
    let providers = providers::compare(&old.header.providers, &new.header.providers)?;
    Ok(Diff { added, removed, changed, limits, names, providers })
}

/// Models by provider and id, and which of that id it is.
type ByName<'s> = BTreeMap<(&'s str, &'s str, usize), &'s Model>;

fn by_name(snapshot: &Snapshot) -> ByName<'_> {
    let mut models = ByName::new();
    for list in &snapshot.lists {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for model in &list.models {
            let nth = seen.entry(&model.id).or_default();
            models.insert((&*list.id, &*model.id, *nth), model);
            *nth += 1;
        }
    }
    models
}

fn compare_limits(name: &ModelName, old: &Model, new: &Model, found: &mut Vec<LimitChange>) {
    let mut tell = |limit: String, before: Option<u64>, after: Option<u64>| {
        if before != after {
            let ModelName { provider, model } = name.clone();
            found.push(LimitChange { provider, model, limit, before, after });
        }
    };
    tell("context_window".to_owned(), old.context_window, new.context_window);
    tell("max_input".to_owned(), old.max_input, new.max_input);
    tell("max_output".to_owned(), old.max_output, new.max_output);
    let units: std::collections::BTreeSet<_> =
        old.minimums.keys().chain(new.minimums.keys()).collect();
    for unit in units {
        let of = |model: &Model| model.minimums.get(unit).copied();
        tell(format!("{MINIMUM}{unit}"), of(old), of(new));
    }
}

#[cfg(test)]
mod tests;

//! What changes between two snapshots of prices.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Serialize;

use super::catalog::Catalog;
use super::import::snapshot::{Constraint, Model, Rate, Snapshot, Variant};

/// What changes between two snapshots, in the order of providers, models, conditions and rates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Diff {
    /// Models that only the later snapshot has.
    pub added: Vec<ModelName>,
    /// Models that only the earlier snapshot has.
    pub removed: Vec<ModelName>,
    /// Rates of models that both have.
    pub changed: Vec<RateChange>,
}

/// A model of a price list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ModelName {
    /// The provider's id.
    pub provider: String,
    /// The model's id.
    pub model: String,
}

/// A rate that one snapshot has otherwise than the other.
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
    /// US dollars in the earlier snapshot, for as many units as the key says.
    pub before: Option<Decimal>,
    /// US dollars in the later snapshot.
    pub after: Option<Decimal>,
}

/// The [`RateChange::rate`] of a factor of all token rates; 1 where a condition has the standard
/// price.
pub const MULTIPLY: &str = "multiply";

impl Diff {
    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// By how many per cent the rate changes that changes most, up or down, rounded up to
    /// hundredths; [`Decimal::MAX`] where something free gets a price.
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

/// Compares the prices of two snapshots that are in force at `at`.
///
/// Rates are compared as a request would be charged by them: a tier that begins elsewhere is a
/// change above its threshold. Other spellings of a model's name, limits and prices of another time
/// are not compared.
pub fn diff(before: &Catalog, after: &Catalog, at: Timestamp) -> Result<Diff> {
    let (before, after) = (Snapshot::parse(before.text())?, Snapshot::parse(after.text())?);
    let (before, after) = (by_name(&before), by_name(&after));
    let missing = |from: &ByName<'_>, other: &ByName<'_>| -> Vec<ModelName> {
        let gone = from.keys().filter(|key| !other.contains_key(*key));
        gone.map(|key| ModelName { provider: key.0.to_owned(), model: key.1.to_owned() }).collect()
    };
    let mut changed = Vec::new();
    for (&(provider, model, nth), old) in &before {
        let Some(new) = after.get(&(provider, model, nth)) else { continue };
        compare(&in_force(old, at)?, &in_force(new, at)?, |when, rate, above, before, after| {
            let (provider, model) = (provider.to_owned(), model.to_owned());
            let when = when.map(str::to_owned);
            let rate = rate.to_owned();
            changed.push(RateChange { provider, model, when, rate, above, before, after });
        });
    }
    Ok(Diff { added: missing(&after, &before), removed: missing(&before, &after), changed })
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

/// A rate and its tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Steps {
    base: Decimal,
    tiers: BTreeMap<u64, Decimal>,
}

impl Steps {
    /// The rate just above a threshold, or below any.
    fn above(&self, threshold: Option<u64>) -> Decimal {
        let crossed = threshold.and_then(|above| self.tiers.range(..=above).next_back());
        crossed.map_or(self.base, |(_, rate)| *rate)
    }
}

/// Rates by condition, none for the standard price, then by price key.
type InForce<'s> = BTreeMap<Option<String>, BTreeMap<&'s str, Steps>>;

/// The rates of a model that are in force at `at`, read as the catalog reads them: the last era
/// that is in force, else the first; of variants the first that has a rate, and all factors.
fn in_force(model: &Model, at: Timestamp) -> Result<InForce<'_>> {
    let mut rates = InForce::new();
    let mut chosen = model.prices.first();
    for era in &model.prices {
        if admits(era.constraint.as_ref(), at)? {
            chosen = Some(era);
        }
    }
    let standard = rates.entry(None).or_default();
    for (key, rate) in chosen.iter().flat_map(|era| &era.rates) {
        standard.insert(key, steps(rate)?);
    }
    for variant in &model.variants {
        if admits(variant.constraint.as_ref(), at)? {
            let known = rates.entry(Some(condition(variant))).or_default();
            for (key, rate) in variant.rates.iter().flatten() {
                known.entry(key).or_insert(steps(rate)?);
            }
            let standard = variant.rates.as_ref().is_some_and(BTreeMap::is_empty);
            let factor = variant.multiply.as_deref().or_else(|| standard.then_some("1"));
            if let Some(factor) = factor {
                let base = decimal(factor)?;
                let both = |other: &Steps| other.base.checked_mul(base).ok_or(factor);
                let base = known.get(MULTIPLY).map_or(Ok(base), both).map_err(damaged)?;
                known.insert(MULTIPLY, Steps { base, tiers: BTreeMap::new() });
            }
        }
    }
    Ok(rates)
}

fn admits(constraint: Option<&Constraint>, at: Timestamp) -> Result<bool> {
    let Some(constraint) = constraint else { return Ok(true) };
    let read = constraint.read();
    read.map(|constraint| constraint.admits(at)).ok_or_else(|| damaged(format!("{constraint:?}")))
}

/// `processing=batch`, or several pairs with a comma between them.
fn condition(variant: &Variant) -> String {
    let pairs: Vec<_> =
        variant.when.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}

fn steps(rate: &Rate) -> Result<Steps> {
    Ok(match rate {
        Rate::Flat(base) => Steps { base: decimal(base)?, tiers: BTreeMap::new() },
        Rate::Tiered { base, tiers } => Steps {
            base: decimal(base)?,
            tiers: tiers
                .iter()
                .map(|tier| Ok((tier.above, decimal(&tier.rate)?)))
                .collect::<Result<_>>()?,
        },
    })
}

fn decimal(text: &str) -> Result<Decimal> {
    Decimal::from_str_exact(text).map(|rate| rate.normalize()).map_err(|_| damaged(text))
}

fn damaged(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Data, "the price catalog is damaged").with("rate", what.into())
}

/// Tells every rate that is not the same on both sides.
fn compare(
    old: &InForce<'_>,
    new: &InForce<'_>,
    mut tell: impl FnMut(Option<&str>, &str, Option<u64>, Option<Decimal>, Option<Decimal>),
) {
    let conditions: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    for when in conditions {
        let (old, new) = (old.get(when), new.get(when));
        let keys: BTreeSet<_> = [old, new].into_iter().flatten().flat_map(BTreeMap::keys).collect();
        for key in keys {
            let (old, new) = (old.and_then(|old| old.get(key)), new.and_then(|new| new.get(key)));
            let sides = || [old, new].into_iter().flatten();
            let tiers: BTreeSet<u64> =
                sides().flat_map(|steps| steps.tiers.keys().copied()).collect();
            for above in std::iter::once(None).chain(tiers.into_iter().map(Some)) {
                let (before, after) =
                    (old.map(|old| old.above(above)), new.map(|new| new.above(above)));
                if before != after {
                    tell(when.as_deref(), key, above, before, after);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog(models: &str) -> Catalog {
        Catalog::parse(format!(
            concat!(
                r#"{{"schema":1,"source":"s","version":"1","licence":"MIT","made":"2026-01-01","#,
                r#""normalised":0,"providers":[{{"id":"p","name":"P","api_pattern":"p"}}]}}"#,
                "\n",
                r#"{{"id":"p","models":[{}]}}"#,
                "\n"
            ),
            models.replace('\n', "")
        ))
        .unwrap()
    }

    fn model(id: &str, rates: &str, rest: &str) -> String {
        format!(
            r#"{{"id":"{id}","match":{{"equals":"{id}"}},"prices":[{{"rates":{{{rates}}}}}]{rest}}}"#
        )
    }

    fn between(before: &str, after: &str) -> Diff {
        let at = "2026-11-20T12:00:00Z".parse().unwrap();
        diff(&catalog(before), &catalog(after), at).unwrap()
    }

    /// `[when] rate [> above]: before -> after (pct)`, a line per change.
    fn told(diff: &Diff) -> Vec<String> {
        let text = |value: Option<Decimal>| value.map_or("none".to_owned(), |v| v.to_string());
        let line = |change: &RateChange| {
            format!(
                "{}{}{}: {} -> {} ({})",
                change.when.as_ref().map_or(String::new(), |when| format!("[{when}] ")),
                change.rate,
                change.above.map_or(String::new(), |above| format!(" > {above}")),
                text(change.before),
                text(change.after),
                text(change.change_pct()),
            )
        };
        diff.changed.iter().map(line).collect()
    }

    #[test]
    fn models_come_and_go() {
        let (a, b) = (model("a", "", ""), model("b", "", ""));
        let found = between(&format!("{a},{a}"), &format!("{a},{b}"));
        let names = |models: &[ModelName]| -> Vec<String> {
            models.iter().map(|name| format!("{}/{}", name.provider, name.model)).collect()
        };
        assert_eq!(names(&found.added), ["p/b"]);
        assert_eq!(names(&found.removed), ["p/a"]);
        assert_eq!((found.changed.len(), found.largest_change_pct()), (0, Decimal::ZERO));
    }

    #[test]
    fn rates_are_compared_by_value() {
        let found = between(
            &model("a", r#""input_mtok":"3","output_mtok":"15.0","requests_kcount":"5""#, ""),
            &model("a", r#""input_mtok":"2","output_mtok":"15","cache_read_mtok":"0.2""#, ""),
        );
        assert_eq!(
            told(&found),
            [
                "cache_read_mtok: none -> 0.2 (none)",
                "input_mtok: 3 -> 2 (-33.34)",
                "requests_kcount: 5 -> none (none)"
            ]
        );
        assert_eq!(found.largest_change_pct().to_string(), "33.34");
    }

    #[test]
    fn what_was_free_changes_most() {
        let found = between(
            &model("a", r#""input_mtok":"0""#, ""),
            &model("a", r#""input_mtok":"0.0001""#, ""),
        );
        assert_eq!(found.largest_change_pct(), Decimal::MAX);
        let found = between(
            &model("a", r#""input_mtok":"0.00000000000000000001""#, ""),
            &model("a", r#""input_mtok":"9000000000000000000""#, ""),
        );
        assert_eq!(found.largest_change_pct(), Decimal::MAX);
    }

    #[test]
    fn tiers_are_compared_by_what_a_request_would_cost() {
        let tiers = |base: &str, tiers: &[(u64, &str)]| {
            let tiers: Vec<_> = tiers
                .iter()
                .map(|(above, rate)| format!(r#"{{"above":{above},"rate":"{rate}"}}"#))
                .collect();
            let tiers = tiers.join(",");
            model("a", &format!(r#""input_mtok":{{"base":"{base}","tiers":[{tiers}]}}"#), "")
        };
        let found = between(&tiers("1", &[(200, "2")]), &tiers("1", &[(200, "2"), (300, "2.5")]));
        assert_eq!(told(&found), ["input_mtok > 300: 2 -> 2.5 (25)"]);
        let found = between(&tiers("1", &[(200, "2")]), &tiers("1", &[(300, "2")]));
        assert_eq!(told(&found), ["input_mtok > 200: 2 -> 1 (-50)"]);
        let found = between(&tiers("1", &[]), &model("a", r#""input_mtok":"1""#, ""));
        assert!(found.is_empty());
    }

    #[test]
    fn conditions_are_compared_each_for_itself() {
        let variants = |list: &str| model("a", "", &format!(r#","variants":[{list}]"#));
        let batch = r#"{"when":{"processing":"batch"},"rates":{"input_mtok":"1"}}"#;
        let fast = r#"{"when":{"speed":"fast"},"multiply":"6"}"#;
        let plain = r#"{"when":{"speed":"fast"},"rates":{}}"#;
        let two = r#"{"when":{"speed":"fast","route":"eu"},"rates":{"input_mtok":"9"}}"#;
        let found = between(
            &variants(&format!("{batch},{fast}")),
            &variants(&format!("{},{plain},{two}", batch.replace(r#""1""#, r#""1.5""#))),
        );
        assert_eq!(
            told(&found),
            [
                "[processing=batch] input_mtok: 1 -> 1.5 (50)",
                "[route=eu,speed=fast] input_mtok: none -> 9 (none)",
                "[speed=fast] multiply: 6 -> 1 (-83.34)"
            ]
        );
    }

    #[test]
    fn only_what_is_in_force_is_compared() {
        let eras = |late: &str| {
            format!(
                r#"{{"id":"a","match":{{"equals":"a"}},"prices":[{{"rates":{{"input_mtok":"1"}}}},
                {{"constraint":{{"start_date":"{late}"}},"rates":{{"input_mtok":"2"}}}}]}}"#
            )
        };
        assert!(between(&eras("2027-01-01"), &eras("2027-02-01")).is_empty());
        let found = between(&eras("2026-01-01"), &eras("2027-02-01"));
        assert_eq!(told(&found), ["input_mtok: 2 -> 1 (-50)"]);
    }

    #[test]
    fn a_list_does_not_differ_from_itself() {
        let catalog = Catalog::builtin();
        for at in ["2024-01-01T00:00:00Z", "2026-11-20T17:00:00Z", "2030-01-01T03:00:00Z"] {
            assert!(diff(catalog, catalog, at.parse().unwrap()).unwrap().is_empty());
        }
    }
}

//! The rates of one model in two snapshots, compared at all times.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use octorato_core::{Error, ErrorKind, Result};
use rust_decimal::Decimal;

use super::steps::{Steps, damaged, decimal};
use super::{MULTIPLY, ModelName, RateChange, Tense};
use crate::price::import::snapshot::{Constraint as Written, Model, Rates, Variant};
use crate::price::table::Constraint;

/// At how many times two models are compared at most: days on which rates begin, times hours. The
/// known lists need 8.
const MOST_TIMES: usize = 1_000;

const SECONDS_PER_DAY: i64 = 86_400;

/// A condition, a price key and a threshold.
type Key = (Option<String>, String, Option<u64>);

/// A rate in both snapshots.
type Pair = (Option<Decimal>, Option<Decimal>);

/// Adds what differs between two models of one name, which were read from snapshots.
pub(super) fn compare(
    name: &ModelName,
    (old, new): (&Model, &Model),
    at: Timestamp,
    found: &mut Vec<RateChange>,
) -> Result<()> {
    if old.prices == new.prices && old.variants == new.variants {
        return Ok(());
    }
    let (old, new) = (Prices::read(old)?, Prices::read(new)?);
    let constraints = || old.constraints().chain(new.constraints());
    let mut days: BTreeSet<i64> = constraints().filter_map(Constraint::from).collect();
    let mut hours: BTreeSet<i64> =
        constraints().filter_map(Constraint::daily).flat_map(|(from, to)| [from, to]).collect();
    hours.insert(0);
    if (days.len() + 1).saturating_mul(hours.len()) > MOST_TIMES {
        let why = format!("rates that change more than {MOST_TIMES} times");
        return Err(Error::new(ErrorKind::Data, why)
            .with("model", format!("{}/{}", name.provider, name.model)));
    }
    let today = at.as_second().div_euclid(SECONDS_PER_DAY) * SECONDS_PER_DAY;
    let hours: Vec<i64> = hours.into_iter().collect();
    let first = days.first().map_or(today, |first| first - SECONDS_PER_DAY);
    days.insert(first);
    let days: Vec<i64> = days.into_iter().collect();
    let mut changes: BTreeMap<Key, Vec<RateChange>> = BTreeMap::new();
    for (nth, &day) in days.iter().enumerate() {
        // The first day stands for all before the next one.
        let from = (nth > 0).then_some(day);
        let until = days.get(nth + 1).copied();
        for (key, pairs) in day_of(day, &hours, &old, &new)? {
            let known = changes.entry(key.clone()).or_default();
            for (daily, (before, after)) in runs(&hours, &pairs) {
                let from_time = from.map(instant).transpose()?;
                let until = until.map(instant).transpose()?;
                let goes_on = known.iter_mut().find(|change| {
                    from_time.is_some()
                        && change.until == from_time
                        && (change.before, change.after) == (before, after)
                        && change.daily == daily
                });
                if let Some(change) = goes_on {
                    change.until = until;
                    continue;
                }
                let (when, rate, above) = key.clone();
                let ModelName { provider, model } = name.clone();
                known.push(RateChange {
                    provider,
                    model,
                    when,
                    rate,
                    above,
                    from: from_time,
                    until,
                    daily,
                    tense: Tense::Now,
                    changes_past: from.is_none_or(|from| from < today),
                    before,
                    after,
                });
            }
        }
    }
    for mut change in changes.into_values().flatten() {
        change.tense = if change.until.is_some_and(|until| until.as_second() <= today) {
            Tense::Past
        } else if change.from.is_some_and(|from| from.as_second() > today) {
            Tense::Later
        } else {
            Tense::Now
        };
        found.push(change);
    }
    Ok(())
}

fn instant(second: i64) -> Result<Timestamp> {
    Timestamp::from_second(second).map_err(|_| damaged(format!("{second} s")))
}

/// What differs on a day, at each of the hours from which something may differ.
fn day_of(
    day: i64,
    hours: &[i64],
    old: &Prices,
    new: &Prices,
) -> Result<BTreeMap<Key, Vec<Option<Pair>>>> {
    let mut found: BTreeMap<Key, Vec<Option<Pair>>> = BTreeMap::new();
    for (nth, hour) in hours.iter().enumerate() {
        let at = instant(day + hour)?;
        let (old, new) = (old.in_force(at)?, new.in_force(at)?);
        let rates: BTreeSet<_> = old.keys().chain(new.keys()).collect();
        for rate in rates {
            let (old, new) = (old.get(rate), new.get(rate));
            let sides = || [old, new].into_iter().flatten();
            let tiers: BTreeSet<u64> =
                sides().flat_map(|steps| steps.tiers.keys().copied()).collect();
            for above in std::iter::once(None).chain(tiers.into_iter().map(Some)) {
                let pair = (old.map(|old| old.above(above)), new.map(|new| new.above(above)));
                if pair.0 != pair.1 {
                    let (when, key) = rate.clone();
                    let pairs = found.entry((when, key, above)).or_default();
                    pairs.resize(hours.len(), None);
                    pairs[nth] = Some(pair);
                }
            }
        }
    }
    Ok(found)
}

/// Hours that follow one another with the same difference, around midnight too.
fn runs(hours: &[i64], pairs: &[Option<Pair>]) -> Vec<(Option<String>, Pair)> {
    if let Some(pair) = pairs.first().copied().flatten()
        && pairs.iter().all(|other| *other == Some(pair))
    {
        return vec![(None, pair)];
    }
    let mut runs: Vec<(i64, i64, Pair)> = Vec::new();
    for (nth, pair) in pairs.iter().enumerate() {
        let Some(pair) = *pair else { continue };
        let (from, to) = (hours[nth], hours.get(nth + 1).copied().unwrap_or(SECONDS_PER_DAY));
        match runs.last_mut() {
            Some((_, until, last)) if *until == from && *last == pair => *until = to,
            _ => runs.push((from, to, pair)),
        }
    }
    if runs.len() > 1
        && let (Some(first), Some(last)) = (runs.first().copied(), runs.last().copied())
        && (first.0, last.1, first.2) == (0, SECONDS_PER_DAY, last.2)
    {
        runs.remove(0);
        if let Some(last) = runs.last_mut() {
            last.1 = first.1;
        }
    }
    let time = |second: i64| format!("{:02}:{:02}", second / 3600 % 24, second / 60 % 60);
    let text = |(from, to, pair)| (Some(format!("{}-{}", time(from), time(to))), pair);
    runs.into_iter().map(text).collect()
}

/// Rates by key.
type Table = Vec<(String, Steps)>;

/// All rates of a model, read once.
struct Prices {
    eras: Vec<(Option<Constraint>, Table)>,
    variants: Vec<(Option<Constraint>, String, Effect)>,
}

enum Effect {
    Rates(Table),
    Multiply(Decimal),
}

impl Prices {
    fn read(model: &Model) -> Result<Self> {
        let mut eras = Vec::new();
        for era in &model.prices {
            eras.push((constraint(era.constraint.as_ref())?, read(&era.rates)?));
        }
        let mut variants = Vec::new();
        for variant in &model.variants {
            let effect = match (&variant.rates, &variant.multiply) {
                (Some(table), None) if table.is_empty() => Effect::Multiply(Decimal::ONE),
                (Some(table), _) => Effect::Rates(read(table)?),
                (None, Some(factor)) => Effect::Multiply(decimal(factor)?),
                (None, None) => Effect::Multiply(Decimal::ONE),
            };
            variants.push((constraint(variant.constraint.as_ref())?, condition(variant), effect));
        }
        Ok(Self { eras, variants })
    }

    fn constraints(&self) -> impl Iterator<Item = &Constraint> {
        let eras = self.eras.iter().filter_map(|(constraint, _)| constraint.as_ref());
        eras.chain(self.variants.iter().filter_map(|(constraint, ..)| constraint.as_ref()))
    }

    /// The rates that are in force, by condition and key, read as the catalog reads them: the last
    /// era that is in force, else the first; of variants the first that has a rate, and all factors.
    fn in_force(&self, at: Timestamp) -> Result<BTreeMap<(Option<String>, String), Steps>> {
        let admits = |constraint: &Option<Constraint>| {
            constraint.as_ref().is_none_or(|constraint| constraint.admits(at))
        };
        let mut rates = BTreeMap::new();
        let era = self.eras.iter().rev().find(|era| admits(&era.0)).or(self.eras.first());
        for (key, steps) in era.into_iter().flat_map(|era| &era.1) {
            rates.insert((None, key.clone()), steps.clone());
        }
        for (_, when, effect) in self.variants.iter().filter(|variant| admits(&variant.0)) {
            match effect {
                Effect::Rates(table) => {
                    for (key, steps) in table {
                        let key = (Some(when.clone()), key.clone());
                        rates.entry(key).or_insert_with(|| steps.clone());
                    }
                }
                Effect::Multiply(factor) => {
                    let known = rates
                        .entry((Some(when.clone()), MULTIPLY.to_owned()))
                        .or_insert_with(|| Steps::flat(Decimal::ONE));
                    let both = known.base.checked_mul(*factor);
                    known.base = both.ok_or_else(|| damaged(factor.to_string()))?.normalize();
                }
            }
        }
        Ok(rates)
    }
}

fn read(rates: &Rates) -> Result<Table> {
    rates.iter().map(|(key, rate)| Ok((key.clone(), Steps::read(rate)?))).collect()
}

fn constraint(written: Option<&Written>) -> Result<Option<Constraint>> {
    let Some(written) = written else { return Ok(None) };
    written.read().map(Some).ok_or_else(|| damaged(format!("{written:?}")))
}

/// `processing=batch`, or several pairs with a comma between them.
fn condition(variant: &Variant) -> String {
    let pairs: Vec<_> =
        variant.when.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join(",")
}

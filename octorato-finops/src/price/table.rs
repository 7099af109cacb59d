//! The prices of one model, as they stand in a catalog: eras, times of day, tiers, variants.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato_core::{PriceContext, Unit};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::key::{KeySet, PriceKey};
use super::matching::Rule;
use super::rate::{Rate, Tiered};

/// A model in a price list.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    id: Id,
    name: Option<Box<str>>,
    #[serde(rename = "match")]
    pub(super) rule: Rule,
    context_window: Option<u64>,
    max_input: Option<u64>,
    max_output: Option<u64>,
    #[serde(default)]
    deprecated: bool,
    prices: Box<[Era]>,
    #[serde(default)]
    minimums: Minimums,
    #[serde(default)]
    pub(super) variants: Box<[Variant]>,
}

/// The id of a model, as it is written and in small letters, in which names are compared.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(from = "Box<str>")]
struct Id {
    written: Box<str>,
    /// None where it is written so.
    small: Option<Box<str>>,
}

impl From<Box<str>> for Id {
    fn from(written: Box<str>) -> Self {
        let small = written.to_lowercase();
        Self { small: (*small != *written).then(|| small.into()), written }
    }
}

/// The least that is charged, by unit.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(try_from = "std::collections::BTreeMap<Box<str>, u64>")]
struct Minimums(Box<[(Unit, u64)]>);

impl TryFrom<std::collections::BTreeMap<Box<str>, u64>> for Minimums {
    type Error = String;
    fn try_from(map: std::collections::BTreeMap<Box<str>, u64>) -> Result<Self, String> {
        let known = |(name, least): (Box<str>, u64)| match Unit::from_name(&name) {
            Some(unit) => Ok((unit, least)),
            None => Err(format!("a minimum of an unknown unit: `{name}`")),
        };
        map.into_iter().map(known).collect::<Result<_, _>>().map(Self)
    }
}

impl Model {
    /// The id in the price list, such as `claude-opus-4-8`.
    pub fn id(&self) -> &str {
        &self.id.written
    }

    /// The id in small letters.
    pub(super) fn small_id(&self) -> &str {
        self.id.small.as_deref().unwrap_or(&self.id.written)
    }

    /// The name for people; the id where there is none.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id.written)
    }

    /// How many tokens the model can read and write in one request, where it is known.
    pub fn context_window(&self) -> Option<u64> {
        self.context_window
    }

    /// How many tokens the model reads at most in one request, where it is known: the largest
    /// number that is said of any name of this entry.
    pub fn max_input(&self) -> Option<u64> {
        self.max_input
    }

    /// How many tokens the model writes at most in one answer, reasoning included, where it is
    /// known: the largest number that is said of any name of this entry.
    pub fn max_output(&self) -> Option<u64> {
        self.max_output
    }

    /// How much of a unit is charged at least in each request that uses any of it: Groq bills ten
    /// seconds of sound for a shorter one. What is priced as a kind of the unit counts with it.
    pub fn minimums(&self) -> &[(Unit, u64)] {
        &self.minimums.0
    }

    /// The ways of processing that have prices of their own at some time, such as `processing` and
    /// `batch`, each pair for itself.
    pub fn ways(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.variants.iter().flat_map(|variant| &*variant.when);
        pairs.map(|(name, value)| (&**name, &**value))
    }

    /// Whether the provider has retired the model.
    pub fn is_deprecated(&self) -> bool {
        self.deprecated
    }

    /// The standard rates at `at`: the last entry that is in force, else the first.
    pub(super) fn rates_at(&self, at: Timestamp) -> &RateTable {
        static NONE: RateTable = RateTable::EMPTY;
        self.prices
            .iter()
            .rev()
            .find(|era| era.constraint.as_ref().is_none_or(|constraint| constraint.admits(at)))
            .or(self.prices.first())
            .map_or(&NONE, |era| &era.rates)
    }

    /// The instants after `after` and not after `until` at which rates come into force or end.
    pub(super) fn turns(&self, after: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        let eras = self.prices.iter().map(|era| &era.constraint);
        let variants = self.variants.iter().map(|variant| &variant.constraint);
        let constraints = eras.chain(variants).flatten();
        let mut turns: Vec<i64> =
            constraints.flat_map(|constraint| constraint.turns(after.as_second(), until)).collect();
        turns.sort_unstable();
        turns.dedup();
        turns
            .into_iter()
            .filter_map(|second| Timestamp::from_second(second).ok())
            .filter(|at| after < *at && *at <= until)
            .collect()
    }
}

/// Rates and when they are in force.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Era {
    constraint: Option<Constraint>,
    rates: RateTable,
}

/// When rates are in force; both conditions where there are two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constraint {
    /// From midnight UTC of this date, in seconds since 1970.
    from: Option<i64>,
    /// From the first second of the UTC day until the second, past midnight where it is earlier.
    daily: Option<(i64, i64)>,
}

const SECONDS_PER_DAY: i64 = 86_400;

impl Constraint {
    /// The second since 1970 from which it admits, where it has one: midnight UTC of a day.
    pub(super) fn from(&self) -> Option<i64> {
        self.from
    }

    /// The seconds of the UTC day from and until which it admits, where it has them.
    pub(super) fn daily(&self) -> Option<(i64, i64)> {
        self.daily
    }

    /// Whether `at` is inside.
    pub(super) fn admits(&self, at: Timestamp) -> bool {
        let second = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
        let in_day = |(start, end): (i64, i64)| {
            let time = second.rem_euclid(SECONDS_PER_DAY);
            if start <= end { start <= time && time < end } else { start <= time || time < end }
        };
        self.from.is_none_or(|from| second >= from) && self.daily.is_none_or(in_day)
    }

    /// The seconds from `after`, on its day and up to the day of `until`, at which it begins or
    /// ends to admit.
    fn turns(&self, after: i64, until: Timestamp) -> Vec<i64> {
        let mut turns: Vec<i64> = self.from.into_iter().collect();
        if let Some((start, end)) = self.daily {
            let days =
                after.div_euclid(SECONDS_PER_DAY)..=until.as_second().div_euclid(SECONDS_PER_DAY);
            turns
                .extend(days.flat_map(|day| [start, end].map(|time| day * SECONDS_PER_DAY + time)));
        }
        turns
    }
}

impl<'de> Deserialize<'de> for Constraint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Text {
            start_date: Option<Date>,
            start_time: Option<Box<str>>,
            end_time: Option<Box<str>>,
        }
        let text = Text::deserialize(deserializer)?;
        let from = match text.start_date {
            Some(date) => {
                let midnight = date.to_zoned(TimeZone::UTC).map_err(D::Error::custom)?;
                Some(midnight.timestamp().as_second())
            }
            None => None,
        };
        let daily = match (text.start_time, text.end_time) {
            (Some(start), Some(end)) => Some((second_of_day(&start)?, second_of_day(&end)?)),
            (None, None) => None,
            _ => return Err(D::Error::custom("a time of day without its start or its end")),
        };
        Ok(Self { from, daily })
    }
}

/// Reads `HH:MM:SSZ`.
fn second_of_day<E: serde::de::Error>(text: &str) -> Result<i64, E> {
    let refuse = || E::custom(format!("not a time of day in UTC such as 00:30:00Z: `{text}`"));
    let time = text.strip_suffix('Z').ok_or_else(refuse)?;
    let time: jiff::civil::Time = time.parse().map_err(|_| refuse())?;
    Ok((i64::from(time.hour()) * 60 + i64::from(time.minute())) * 60 + i64::from(time.second()))
}

/// Other rates under a condition that the caller knows, such as `processing=batch`.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    when: Box<[(Box<str>, Box<str>)]>,
    constraint: Option<Constraint>,
    pub(super) effect: Effect,
}

/// What a variant changes.
#[derive(Clone, Debug)]
pub(super) enum Effect {
    /// These rates instead of the standard ones of the same units; none means the standard ones.
    Rates(RateTable),
    /// All token rates times this.
    Multiply(Rate),
}

impl Variant {
    /// Whether it is in force at `at` for `context`.
    pub(super) fn applies(&self, at: Timestamp, context: &PriceContext) -> bool {
        self.when.iter().all(|(name, value)| context.get(name) == Some(&**value))
            && self.constraint.as_ref().is_none_or(|constraint| constraint.admits(at))
    }

    /// The value that its condition wants under this name.
    pub(super) fn value_of(&self, name: &str) -> Option<&str> {
        self.when.iter().find_map(|(known, value)| (**known == *name).then_some(&**value))
    }

    /// Whether its condition names this pair.
    pub(super) fn names(&self, pair: (&str, &str)) -> bool {
        self.when.iter().any(|(name, value)| (&**name, &**value) == pair)
    }
}

impl<'de> Deserialize<'de> for Variant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Text {
            when: std::collections::BTreeMap<Box<str>, Box<str>>,
            constraint: Option<Constraint>,
            rates: Option<RateTable>,
            multiply: Option<Rate>,
        }
        let text = Text::deserialize(deserializer)?;
        let effect = match (text.rates, text.multiply) {
            (Some(rates), None) => Effect::Rates(rates),
            (None, Some(factor)) => Effect::Multiply(factor),
            _ => return Err(D::Error::custom("a variant has either `rates` or `multiply`")),
        };
        if text.when.is_empty() {
            return Err(D::Error::custom("a variant without a condition"));
        }
        Ok(Self { when: text.when.into_iter().collect(), constraint: text.constraint, effect })
    }
}

/// Rates by key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RateTable {
    rates: Vec<(PriceKey, Tiered)>,
    keys: KeySet,
    tiered: bool,
}

impl RateTable {
    /// No rate.
    pub(super) const EMPTY: Self = Self { rates: Vec::new(), keys: 0, tiered: false };

    /// Adds the rate under a key that has none yet.
    pub(super) fn push(&mut self, key: PriceKey, rate: Tiered) {
        self.tiered |= rate.has_tiers();
        self.rates.insert(self.place(key), (key, rate));
        self.keys |= key.bit();
    }

    /// The keys with their rates.
    pub(super) fn iter(&self) -> impl Iterator<Item = (PriceKey, &Tiered)> {
        self.rates.iter().map(|(key, rate)| (*key, rate))
    }

    /// The rate under `key`.
    pub(super) fn get(&self, key: PriceKey) -> Option<&Tiered> {
        if self.keys & key.bit() == 0 {
            return None;
        }
        self.rates.get(self.place(key)).map(|(_, rate)| rate)
    }

    /// Where the rate of a key stands: rates are in the order of their keys.
    fn place(&self, key: PriceKey) -> usize {
        (self.keys & (key.bit() - 1)).count_ones() as usize
    }

    /// The keys that have a rate.
    pub(super) fn keys(&self) -> KeySet {
        self.keys
    }

    /// Whether there is no rate at all.
    pub(super) fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// The numbers of input tokens above which a rate changes.
    pub(super) fn thresholds(&self) -> impl Iterator<Item = u64> {
        self.rates.iter().flat_map(|(_, rate)| rate.thresholds())
    }

    /// Whether any rate depends on the size of the request.
    pub(super) fn has_tiers(&self) -> bool {
        self.tiered
    }
}

impl<'de> Deserialize<'de> for RateTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rates;
        impl<'de> Visitor<'de> for Rates {
            type Value = RateTable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from price keys such as `input_mtok` to rates")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RateTable, A::Error> {
                let mut table = RateTable::EMPTY;
                while let Some((key, rate)) = map.next_entry::<PriceKey, Tiered>()? {
                    if table.get(key).is_some() {
                        return Err(A::Error::custom(format!("two rates for `{}`", key.name())));
                    }
                    table.push(key, rate);
                }
                let scale = table.rates.iter().map(|(_, rate)| rate.scale()).max();
                for (_, rate) in &mut table.rates {
                    rate.align(scale.unwrap_or_default());
                }
                Ok(table)
            }
        }
        deserializer.deserialize_map(Rates)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn constraint(json: &str) -> Constraint {
        serde_json::from_str(json).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_start_date_begins_at_midnight_utc() {
        let from = constraint(r#"{"start_date":"2026-08-17"}"#);
        assert!(!from.admits(at("2026-08-16T23:59:59.999999999Z")));
        assert!(from.admits(at("2026-08-17T00:00:00Z")));
        assert!(from.admits(at("2026-08-16T19:00:00-05:00")));
    }

    #[test]
    fn a_time_of_day_is_half_open_and_may_wrap_midnight() {
        let day = constraint(r#"{"start_time":"00:30:00Z","end_time":"16:30:00Z"}"#);
        let night = constraint(r#"{"start_time":"16:30:00Z","end_time":"00:30:00Z"}"#);
        for (time, in_day) in [
            ("00:29:59.9", false),
            ("00:30:00", true),
            ("16:29:59.9", true),
            ("16:30:00", false),
            ("23:59:59", false),
            ("00:00:00", false),
        ] {
            let at = at(&format!("2026-11-20T{time}Z"));
            assert_eq!(day.admits(at), in_day, "{time}");
            assert_eq!(night.admits(at), !in_day, "{time}");
        }
        assert!(!day.admits(at("1969-12-31T16:30:00.5Z")));
        assert!(day.admits(at("1969-12-31T16:29:59.5Z")));
    }

    #[test]
    fn a_damaged_table_is_refused() {
        for text in [
            r#"{"input_mtok":"1","input_mtok":"2"}"#,
            r#"{"input_ktok":"1"}"#,
            r#"{"input_mtok":1}"#,
            r#"{"input_mtok":"-1"}"#,
        ] {
            assert!(serde_json::from_str::<RateTable>(text).is_err(), "{text}");
        }
        for text in [
            r#"{"start_time":"00:30:00Z"}"#,
            r#"{"start_time":"00:30:00","end_time":"01:00:00"}"#,
            r#"{"end_date":"2026-01-01"}"#,
        ] {
            assert!(serde_json::from_str::<Constraint>(text).is_err(), "{text}");
        }
        for text in [
            r#"{"when":{},"rates":{}}"#,
            r#"{"when":{"speed":"fast"}}"#,
            r#"{"when":{"speed":"fast"},"rates":{},"multiply":"2"}"#,
        ] {
            assert!(serde_json::from_str::<Variant>(text).is_err(), "{text}");
        }
    }
}

//! The prices before a list that knows none but its own day's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use octorato_core::{Error, ErrorKind, Result};

use super::inherit::Inherited;
use super::snapshot::{Constraint, Era, Model, Rates, Variant};
use crate::price::diff::steps::Steps;

/// What the rates of two lists are on a day.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreement {
    /// Every rate that both have is equal, and there is one.
    Equal,
    /// They are not, or there is none.
    Other,
}

/// Keeps what `old` says of the time before `day`, on which the rates of `model` begin.
///
/// Where every rate that both have is equal on that day, nothing begins but rates that are new, and
/// rates that the new list does not have are kept, since such lists leave some out.
pub(super) fn keep(
    model: &mut Model,
    old: &Model,
    day: Date,
    inherited: &mut Inherited,
) -> Result<()> {
    if !old.has_rates() {
        return Ok(());
    }
    let agreement = standard(model, old, day, inherited)?;
    variants(model, old, day, agreement, inherited)
}

fn standard(
    model: &mut Model,
    old: &Model,
    day: Date,
    inherited: &mut Inherited,
) -> Result<Agreement> {
    let is_plain = matches!(&model.prices[..], [Era { constraint: None, .. }]);
    let mut is_equal = true;
    let (mut shared, mut extra, mut kept) = (0_usize, Rates::new(), Rates::new());
    for at in hours(day, &[&old.prices, &model.prices])? {
        let (before, after) = (in_force(&old.prices, at)?, in_force(&model.prices, at)?);
        for (key, rate) in after {
            match before.get(key) {
                Some(other) if same(rate, other)? => shared += 1,
                Some(_) => is_equal = false,
                None => {
                    extra.insert(key.clone(), rate.clone());
                }
            }
        }
        kept.extend(
            before
                .iter()
                .filter(|(key, _)| !after.contains_key(*key))
                .map(|(key, rate)| (key.clone(), rate.clone())),
        );
    }
    if is_equal && shared > 0 && (is_plain || extra.is_empty()) {
        inherited.rates += kept.len();
        model.prices = if extra.is_empty() {
            old.prices.clone()
        } else {
            let mut eras = until(&old.prices, day)?;
            eras.extend(beginning(&old.prices, day, &extra)?);
            eras
        };
        return Ok(Agreement::Equal);
    }
    let mut eras = until(&old.prices, day)?;
    eras.extend(beginning(&model.prices, day, &Rates::new())?);
    model.prices = eras;
    inherited.begun += 1;
    Ok(Agreement::Other)
}

fn variants(
    model: &mut Model,
    old: &Model,
    day: Date,
    standard: Agreement,
    inherited: &mut Inherited,
) -> Result<()> {
    let mut groups: BTreeMap<BTreeMap<String, String>, (Vec<Variant>, Vec<Variant>)> =
        BTreeMap::new();
    for variant in &old.variants {
        groups.entry(variant.when.clone()).or_default().0.push(variant.clone());
    }
    for variant in std::mem::take(&mut model.variants) {
        groups.entry(variant.when.clone()).or_default().1.push(variant);
    }
    let mut first = Vec::new();
    let mut keeps: Vec<BTreeMap<String, String>> = Vec::new();
    for (when, (before, after)) in groups {
        let begun = |after: Vec<Variant>| after.into_iter().map(|variant| since(variant, day));
        if before.is_empty() {
            first.extend(begun(after));
        } else if after.is_empty() {
            // A factor is what such lists cannot say; a rate may have gone with the others.
            let rates: usize = before.iter().flat_map(|v| &v.rates).map(|r| r.len().max(1)).sum();
            if rates == 0 {
                inherited.multipliers += before.len();
                keeps.push(when);
            } else if standard == Agreement::Equal {
                inherited.rates += rates;
                keeps.push(when);
            } else {
                inherited.repriced += 1;
            }
        } else if same_variants(&before, &after)? {
            keeps.push(when);
        } else {
            let (Some(earlier), Some(later)) = (table(&before, day)?, table(&after, day)?) else {
                inherited.repriced += 1;
                first.extend(after);
                continue;
            };
            let is_equal = later.iter().try_fold(true, |equal, (key, rate)| {
                let other = earlier.get(key).map(|other| same(rate, other)).transpose()?;
                Ok::<_, Error>(equal && other.unwrap_or(true))
            })?;
            let is_shared = later.keys().any(|key| earlier.contains_key(key));
            let missing = earlier.keys().filter(|key| !later.contains_key(*key)).count();
            if missing > 0 && !(is_equal && is_shared) {
                inherited.repriced += 1;
                first.extend(after);
                continue;
            }
            // Rates that the new list does not have are found in the old one.
            inherited.rates += missing;
            if !is_equal || later.keys().any(|key| !earlier.contains_key(key)) {
                first.extend(begun(after));
            }
            keeps.push(when);
        }
    }
    let kept = old.variants.iter().filter(|variant| keeps.contains(&variant.when));
    first.extend(kept.cloned());
    model.variants = first;
    Ok(())
}

/// The rates of a condition on a day; nothing where they depend on the hour, or multiply others.
fn table(variants: &[Variant], day: Date) -> Result<Option<Rates>> {
    let at = midnight(day)?;
    let mut rates = Rates::new();
    for variant in variants {
        let Some(table) = variant.rates.as_ref().filter(|table| !table.is_empty()) else {
            return Ok(None);
        };
        if let Some(constraint) = &variant.constraint {
            if constraint.start_time.is_some() {
                return Ok(None);
            }
            if !admits(Some(constraint), at)? {
                continue;
            }
        }
        for (key, rate) in table {
            rates.entry(key.clone()).or_insert_with(|| rate.clone());
        }
    }
    Ok(Some(rates))
}

fn same_variants(some: &[Variant], others: &[Variant]) -> Result<bool> {
    if some.len() != others.len() {
        return Ok(false);
    }
    for (one, other) in some.iter().zip(others) {
        let is_same = one.constraint == other.constraint
            && one.multiply == other.multiply
            && match (&one.rates, &other.rates) {
                (Some(rates), Some(others)) => {
                    rates.len() == others.len()
                        && rates.iter().try_fold(true, |equal, (key, rate)| {
                            let other = others.get(key).map(|other| same(rate, other));
                            Ok::<_, Error>(equal && other.transpose()?.unwrap_or(false))
                        })?
                }
                (None, None) => true,
                _ => false,
            };
        if !is_same {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The same from a day on.
fn since(variant: Variant, day: Date) -> Variant {
    let constraint = Some(from_day(variant.constraint.as_ref(), day));
    Variant { constraint, ..variant }
}

/// The eras that begin before a day. What is in force where no era is stays so.
fn until(eras: &[Era], day: Date) -> Result<Vec<Era>> {
    let mut kept = Vec::new();
    for (nth, era) in eras.iter().enumerate() {
        if start(era)?.is_none_or(|start| start < day) {
            kept.push(era.clone());
        } else if nth == 0 {
            kept.push(Era { constraint: None, rates: era.rates.clone() });
        }
    }
    Ok(kept)
}

/// The eras from a day on, with more rates where they have none of these.
fn beginning(eras: &[Era], day: Date, extra: &Rates) -> Result<Vec<Era>> {
    let whole = Constraint { start_date: None, start_time: None, end_time: None };
    let with = |constraint: Option<&Constraint>, rates: &Rates| {
        let mut all = extra.clone();
        all.extend(rates.clone());
        Era { constraint: Some(from_day(constraint, day)), rates: all }
    };
    // Of all that are in force the whole day, the last one counts.
    let mut base = None;
    for (nth, era) in eras.iter().enumerate() {
        let is_daily = era.constraint.as_ref().is_some_and(|known| known.start_time.is_some());
        if !is_daily && start(era)?.is_none_or(|start| start <= day) {
            base = Some(nth);
        }
    }
    let mut begun = Vec::new();
    if let (None, Some(first)) = (base, eras.first()) {
        begun.push(with(Some(&whole), &first.rates));
    }
    let rest = eras.iter().skip(base.unwrap_or_default());
    begun.extend(rest.map(|era| with(era.constraint.as_ref(), &era.rates)));
    Ok(begun)
}

/// The same condition, on a day at the earliest.
fn from_day(constraint: Option<&Constraint>, day: Date) -> Constraint {
    let day = day.to_string();
    match constraint {
        // Days are written as year, month, day, which sorts as they follow.
        Some(Constraint { start_date, start_time, end_time }) => Constraint {
            start_date: Some(start_date.clone().map_or(day.clone(), |start| start.max(day))),
            start_time: start_time.clone(),
            end_time: end_time.clone(),
        },
        None => Constraint { start_date: Some(day), start_time: None, end_time: None },
    }
}

fn start(era: &Era) -> Result<Option<Date>> {
    let written = era.constraint.as_ref().and_then(|constraint| constraint.start_date.as_ref());
    let read = |text: &String| text.parse().map_err(|_| damaged(text));
    written.map(read).transpose()
}

/// The instants of a day, in UTC, at which rates may begin or end.
fn hours(day: Date, lists: &[&[Era]]) -> Result<Vec<Timestamp>> {
    let midnight = midnight(day)?;
    let mut hours = vec![0];
    for era in lists.iter().copied().flatten() {
        let Some(constraint) = &era.constraint else { continue };
        let read = constraint.read().ok_or_else(|| damaged(&format!("{constraint:?}")))?;
        hours.extend(read.daily().into_iter().flat_map(|(from, to)| [from, to]));
    }
    hours.sort_unstable();
    hours.dedup();
    let at = |second: i64| Timestamp::from_second(midnight.as_second() + second);
    hours.into_iter().map(|hour| at(hour).map_err(|_| damaged(&day.to_string()))).collect()
}

fn midnight(day: Date) -> Result<Timestamp> {
    let midnight = day.to_zoned(TimeZone::UTC).map_err(|_| damaged(&day.to_string()))?;
    Ok(midnight.timestamp())
}

/// The rates at an instant, as the catalog reads them: the last era in force, else the first.
fn in_force(eras: &[Era], at: Timestamp) -> Result<&Rates> {
    static NONE: Rates = Rates::new();
    let mut chosen = eras.first();
    for era in eras {
        if admits(era.constraint.as_ref(), at)? {
            chosen = Some(era);
        }
    }
    Ok(chosen.map_or(&NONE, |era| &era.rates))
}

fn admits(constraint: Option<&Constraint>, at: Timestamp) -> Result<bool> {
    let Some(constraint) = constraint else { return Ok(true) };
    let read = constraint.read().ok_or_else(|| damaged(&format!("{constraint:?}")))?;
    Ok(read.admits(at))
}

fn same(rate: &super::snapshot::Rate, other: &super::snapshot::Rate) -> Result<bool> {
    Ok(rate == other || Steps::read(rate)? == Steps::read(other)?)
}

fn damaged(what: &str) -> Error {
    Error::new(ErrorKind::Data, "the price catalog is damaged").with("at", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(prices: &str, variants: &str) -> Model {
        let text = format!(
            r#"{{"id":"m","match":{{"equals":"m"}},"prices":[{prices}],"variants":[{variants}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    /// The eras and variants as JSON, without quotation marks, and what is said of them.
    fn kept(old: (&str, &str), new: (&str, &str)) -> (String, String, Inherited) {
        let (old, mut new) = (model(old.0, old.1), model(new.0, new.1));
        let mut inherited = Inherited::default();
        keep(&mut new, &old, "2026-11-23".parse().unwrap(), &mut inherited).unwrap();
        let text = |value: String| value.replace('"', "");
        (
            text(serde_json::to_string(&new.prices).unwrap()),
            text(serde_json::to_string(&new.variants).unwrap()),
            inherited,
        )
    }

    const OLD: &str = r#"{"rates":{"input_mtok":"2"}},
        {"constraint":{"start_date":"2026-01-01"},"rates":{"input_mtok":"3","output_mtok":"9"}},
        {"constraint":{"start_date":"2027-01-01"},"rates":{"input_mtok":"4"}}"#;
    const BEFORE: &str = "{rates:{input_mtok:2}},{constraint:{start_date:2026-01-01},\
        rates:{input_mtok:3,output_mtok:9}}";
    const PLANNED: &str = ",{constraint:{start_date:2027-01-01},rates:{input_mtok:4}}";

    #[test]
    fn other_rates_begin_on_the_day_of_the_list() {
        let (prices, _, inherited) = kept((OLD, ""), (r#"{"rates":{"input_mtok":"5"}}"#, ""));
        let begun = ",{constraint:{start_date:2026-11-23},rates:{input_mtok:5}}";
        assert_eq!(prices, format!("[{BEFORE}{begun}]"));
        assert_eq!(inherited, Inherited { begun: 1, ..Inherited::default() });
    }

    #[test]
    fn no_rate_at_all_begins_on_the_day_too() {
        let (prices, ..) = kept((OLD, ""), (r#"{"rates":{}}"#, ""));
        let begun = ",{constraint:{start_date:2026-11-23},rates:{}}";
        assert_eq!(prices, format!("[{BEFORE}{begun}]"));
    }

    #[test]
    fn equal_rates_begin_nothing_and_rates_that_are_left_out_are_kept() {
        let batch = r#"{"when":{"processing":"batch"},"rates":{"input_mtok":"1"}}"#;
        let (prices, variants, inherited) =
            kept((OLD, batch), (r#"{"rates":{"input_mtok":"3.0"}}"#, ""));
        assert_eq!(prices, format!("[{BEFORE}{PLANNED}]"));
        assert_eq!(variants, "[{when:{processing:batch},rates:{input_mtok:1}}]");
        assert_eq!(inherited, Inherited { rates: 2, ..Inherited::default() });
        // Of other prices, nobody knows the batch price.
        let (_, variants, inherited) = kept((OLD, batch), (r#"{"rates":{"input_mtok":"5"}}"#, ""));
        assert_eq!((&*variants, inherited.repriced), ("[]", 1));
    }

    #[test]
    fn new_rates_begin_on_the_day_beside_those_that_go_on() {
        let new = r#"{"rates":{"input_mtok":"3","cache_read_mtok":"1"}}"#;
        let (prices, _, inherited) = kept((OLD, ""), (new, ""));
        let begun = ",{constraint:{start_date:2026-11-23},\
            rates:{cache_read_mtok:1,input_mtok:3,output_mtok:9}}\
            ,{constraint:{start_date:2027-01-01},rates:{cache_read_mtok:1,input_mtok:4}}";
        assert_eq!(prices, format!("[{BEFORE}{begun}]"));
        assert_eq!(inherited.rates, 1);
    }

    #[test]
    fn a_list_that_is_taken_twice_begins_nothing_the_second_time() {
        let new = r#"{"rates":{"input_mtok":"5"}}"#;
        let (prices, ..) = kept((OLD, ""), (new, ""));
        let quoted = r#"{"rates":{"input_mtok":"2"}},{"constraint":{"start_date":"2026-01-01"},
            "rates":{"input_mtok":"3","output_mtok":"9"}},
            {"constraint":{"start_date":"2026-11-23"},"rates":{"input_mtok":"5"}}"#;
        let (again, _, inherited) = kept((quoted, ""), (new, ""));
        assert_eq!((again, inherited), (prices, Inherited::default()));
    }

    #[test]
    fn times_of_day_go_on_as_they_were() {
        let hours = |start: &str, end: &str, rate: &str| {
            format!(
                r#"{{"constraint":{{"start_time":"{start}:00Z","end_time":"{end}:00Z"}},
                "rates":{{"input_mtok":"{rate}"}}}}"#
            )
        };
        let old = [hours("00:30", "16:30", "2"), hours("16:30", "00:30", "1")].join(",");
        let (prices, _, inherited) = kept((&old, ""), (&old, ""));
        assert_eq!((prices.matches("start_date").count(), inherited), (0, Inherited::default()));
        let (prices, ..) = kept((&old, ""), (r#"{"rates":{"input_mtok":"2"}}"#, ""));
        assert!(prices.ends_with(",{constraint:{start_date:2026-11-23},rates:{input_mtok:2}}]"));
    }

    #[test]
    fn conditions_begin_on_the_day_before_those_that_they_replace() {
        let batch = |input: &str| {
            format!(r#"{{"when":{{"processing":"batch"}},"rates":{{"input_mtok":"{input}"}}}}"#)
        };
        let new = r#"{"rates":{"input_mtok":"5"}}"#;
        let (_, variants, inherited) = kept((OLD, &batch("1")), (new, &batch("2")));
        assert_eq!(
            variants,
            "[{when:{processing:batch},constraint:{start_date:2026-11-23},rates:{input_mtok:2}},\
             {when:{processing:batch},rates:{input_mtok:1}}]"
        );
        assert_eq!(inherited.repriced, 0);
        let fast = |factor: &str| format!(r#"{{"when":{{"speed":"fast"}},"multiply":"{factor}"}}"#);
        let (_, variants, inherited) = kept((OLD, &fast("2")), (new, &fast("3")));
        assert_eq!((&*variants, inherited.repriced), ("[{when:{speed:fast},multiply:3}]", 1));
        let (_, variants, inherited) = kept((OLD, &fast("2")), (new, ""));
        assert_eq!((&*variants, inherited.multipliers), ("[{when:{speed:fast},multiply:2}]", 1));
    }
}

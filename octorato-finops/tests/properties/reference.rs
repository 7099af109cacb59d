//! A second, slow reading of the price list: JSON values, whole fractions, sets of words.
//!
//! It shares no code with the engine and no idea of how to do it: what a unit is charged as comes
//! from the words of its name, amounts are integers of one fixed fraction of a dollar.

use std::collections::{BTreeMap, BTreeSet};

use octorato_core::{Unit, UnitKind, Usage};
use serde_json::Value;

/// Amounts are integers of one over this: ninths, for rates per hour, of 10^-25 dollars.
pub(crate) const FRACTION: i128 = 9 * 10_i128.pow(25);

const CATALOG: &str = include_str!("../../data/prices.jsonl");

/// A model of the price list.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) provider: String,
    pub(crate) id: String,
    json: Value,
}

/// What the reference says of a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// In [`FRACTION`]s of a dollar, and whether anything was asked for that has no price.
    Price { amount: i128, caching_saved: i128, complete: bool },
    /// No rate at all.
    NoRates,
    /// More reasoning than output.
    Contradiction,
}

/// Every model of the built-in price list.
pub(crate) fn entries() -> Vec<Entry> {
    let list = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let provider = line["id"].as_str().unwrap().to_owned();
        let Value::Array(models) = line["models"].take() else { panic!("no models") };
        models.into_iter().map(move |json| Entry {
            provider: provider.clone(),
            id: json["id"].as_str().unwrap().to_owned(),
            json,
        })
    };
    CATALOG.lines().skip(1).flat_map(list).collect()
}

impl Entry {
    fn eras(&self) -> &[Value] {
        self.json["prices"].as_array().unwrap()
    }

    fn variants(&self) -> &[Value] {
        self.json.get("variants").map_or(&[], |variants| variants.as_array().unwrap())
    }

    /// Its id and the texts of its rule.
    pub(crate) fn names(&self) -> Vec<&str> {
        fn texts<'j>(rule: &'j Value, into: &mut Vec<&'j str>) {
            match rule {
                Value::String(text) => into.push(text),
                Value::Array(rules) => rules.iter().for_each(|rule| texts(rule, into)),
                Value::Object(rules) => rules.values().for_each(|rule| texts(rule, into)),
                _ => {}
            }
        }
        let mut names = vec![self.id.as_str()];
        texts(&self.json["match"], &mut names);
        names
    }

    /// Every map of rates, of all times and variants.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &serde_json::Map<String, Value>> {
        let all = self.eras().iter().chain(self.variants());
        all.filter_map(|part| part.get("rates").and_then(Value::as_object))
    }

    /// Every threshold of its tiers.
    pub(crate) fn thresholds(&self) -> BTreeSet<u64> {
        let rates = self.tables().flat_map(serde_json::Map::values);
        let tiers = rates.filter_map(|rate| rate.get("tiers")).flat_map(|t| t.as_array().unwrap());
        tiers.map(|tier| tier["above"].as_u64().unwrap()).collect()
    }

    /// The dates at which anything changes.
    pub(crate) fn dates(&self) -> BTreeSet<&str> {
        let constraints = self.eras().iter().chain(self.variants());
        constraints.filter_map(|part| part["constraint"]["start_date"].as_str()).collect()
    }

    /// Every pair that a variant asks for.
    pub(crate) fn pairs(&self) -> BTreeSet<(&str, &str)> {
        let when = self.variants().iter().flat_map(|variant| variant["when"].as_object().unwrap());
        when.map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    }

    /// Whether there is more to it than a rate in and a rate out.
    pub(crate) fn is_intricate(&self) -> bool {
        let plain = ["input_mtok", "output_mtok", "cache_read_mtok"];
        let known = |key: &String| plain.contains(&key.as_str());
        self.eras().len() > 1
            || !self.variants().is_empty()
            || !self.thresholds().is_empty()
            || self.tables().any(|table| !table.keys().all(known))
    }

    /// What is short of a minimum, as more of the first unit that was used of its kind.
    fn missing(&self, usage: &Usage) -> Vec<(Unit, u64)> {
        let minimums = self.json["minimums"].as_object().into_iter().flatten();
        minimums
            .filter_map(|(name, least)| {
                let whole = words_of_unit(Unit::from_name(name).unwrap());
                let kinds = || usage.iter().filter(|(u, _)| whole.is_subset(&words_of_unit(*u)));
                let used: u64 = kinds().map(|(_, n)| n).sum();
                Some((kinds().next()?.0, least.as_u64().unwrap().saturating_sub(used)))
            })
            .collect()
    }

    /// The price of `usage` at `second` since 1970, or why there is none. `resold` is whether
    /// another provider sells the model.
    pub(crate) fn price(
        &self,
        usage: &Usage,
        second: i64,
        context: &BTreeMap<String, String>,
        resold: bool,
    ) -> Answer {
        let eras = self.eras();
        let Some(era) = eras.iter().rfind(|era| admits(era, second)).or(eras.first()) else {
            return Answer::NoRates;
        };
        let mut rates: BTreeMap<&str, &Value> = BTreeMap::new();
        let (mut factor, mut factor_scale) = (1, 0);
        let mut unheard: BTreeSet<&str> = context.keys().map(String::as_str).collect();
        for variant in self.variants() {
            let when = variant["when"].as_object().unwrap();
            let holds = when.iter().all(|(k, v)| context.get(k).map(String::as_str) == v.as_str());
            if resold || !holds || !admits(variant, second) {
                continue;
            }
            unheard.retain(|name| !when.contains_key(*name));
            if let Some(multiply) = variant.get("multiply") {
                let (digits, scale) = decimal(multiply);
                factor *= digits;
                factor_scale += scale;
            } else {
                for (key, rate) in variant["rates"].as_object().unwrap() {
                    rates.entry(key).or_insert(rate);
                }
            }
        }
        let standard = era["rates"].as_object().unwrap();
        if standard.is_empty() {
            return Answer::NoRates;
        }
        for (key, rate) in standard {
            rates.entry(key).or_insert(rate);
        }

        let total: u128 = usage
            .iter()
            .filter(|(u, _)| u.kind() == UnitKind::InputTokens)
            .map(|(_, n)| u128::from(n))
            .sum();
        let priced: Vec<(Words, &str, &Value)> =
            rates.iter().map(|(key, rate)| (words_of_key(key), *key, *rate)).collect();
        // US dollars for one, as an integer of fractions.
        let one = |(_, key, rate): &(Words, &str, &Value)| {
            let (digits, scale) = decimal(tier(rate, total));
            let per = match key.rsplit_once('_').unwrap().1 {
                "mtok" | "mchars" => 1_000_000,
                "kcount" | "kpages" => 1_000,
                "hours" => 3_600,
                other => panic!("per what is `{other}`"),
            };
            let (digits, scale) = if key.ends_with("_mtok") {
                (digits * factor, scale + factor_scale)
            } else {
                (digits, scale)
            };
            let (one, by) = (FRACTION / per, 10_i128.pow(scale));
            assert_eq!((FRACTION % per, one % by), (0, 0), "{key} {rate} needs a finer fraction");
            digits * (one / by)
        };
        // The priced unit with the most words, all of which are the unit's own.
        let nearest = |unit: &Words| {
            priced.iter().filter(|(key, ..)| key.is_subset(unit)).max_by_key(|(key, ..)| key.len())
        };
        let mut counts: BTreeMap<Unit, u64> = usage.iter().collect();
        counts.remove(&Unit::WebFetches);
        if nearest(&words_of_unit(Unit::Requests)).is_some() {
            counts.entry(Unit::Requests).or_insert(1);
        } else {
            counts.remove(&Unit::Requests);
        }
        let is_priced = |&(unit, _): &(Unit, u64)| nearest(&words_of_unit(unit)).is_some();
        for (unit, missing) in self.missing(usage).into_iter().filter(is_priced) {
            *counts.entry(unit).or_default() += missing;
        }
        // Reasoning is charged inside of its output, unless it has a rate.
        for (unit, count) in usage.iter() {
            let mut words = words_of_unit(unit);
            if !words.contains("reasoning") {
                continue;
            }
            if nearest(&words).is_none_or(|(key, ..)| !key.contains("reasoning")) {
                counts.remove(&unit);
                continue;
            }
            words.remove("reasoning");
            let whole = Unit::ALL.iter().find(|whole| words_of_unit(**whole) == words).unwrap();
            let Some(rest) = usage[*whole].checked_sub(count) else { return Answer::Contradiction };
            counts.insert(*whole, rest);
        }
        counts.retain(|_, count| *count > 0);

        let (mut amount, mut caching_saved, mut complete) = (0, 0, unheard.is_empty());
        for (unit, count) in counts {
            let words = words_of_unit(unit);
            let Some(found) = nearest(&words) else {
                complete = false;
                continue;
            };
            amount += i128::from(count) * one(found);
            if words.contains("cache") {
                let without: Words =
                    words.iter().copied().filter(|word| !CACHE.contains(word)).collect();
                let plain = nearest(&without).unwrap_or(found);
                caching_saved += i128::from(count) * (one(plain) - one(found));
            }
        }
        Answer::Price { amount, caching_saved, complete }
    }
}

/// A unit as the words of its name: one whose words are all in another's is more general.
type Words = BTreeSet<&'static str>;

/// The words that are about the cache.
const CACHE: [&str; 5] = ["cache", "read", "write", "5m", "1h"];

fn words_of_key(key: &str) -> Words {
    let (name, per) = key.rsplit_once('_').unwrap();
    let mut words: Words = name.split('_').map(word).collect();
    match per {
        "mtok" => {
            words.insert("tokens");
            if words.contains("cache") {
                words.insert("input");
            }
        }
        "hours" => drop(words.insert("seconds")),
        "kpages" => drop(words.insert("pages")),
        "mchars" => drop(words.insert("characters")),
        "kcount" => {}
        other => panic!("per what is `{other}`"),
    }
    words
}

fn words_of_unit(unit: Unit) -> Words {
    let mut words: Words = unit.name().split('_').map(word).collect();
    match unit.kind() {
        UnitKind::InputTokens => words.extend(["tokens", "input"]),
        UnitKind::OutputTokens => words.extend(["tokens", "output"]),
        _ if words.contains("pages") => drop(words.insert("input")),
        _ if words.contains("messages") => words.extend(["input", "text"]),
        _ => {}
    }
    words
}

/// The same word, for ever.
fn word(text: &str) -> &'static str {
    const KNOWN: &[&str] = &[
        "1h",
        "5m",
        "annotated",
        "audio",
        "cache",
        "characters",
        "citation",
        "code",
        "compute",
        "document",
        "executions",
        "fetches",
        "image",
        "input",
        "messages",
        "output",
        "pages",
        "pixels",
        "read",
        "reasoning",
        "requests",
        "rerank",
        "searches",
        "seconds",
        "social",
        "storage",
        "text",
        "tool",
        "video",
        "web",
        "write",
    ];
    KNOWN.iter().find(|known| **known == text).unwrap_or_else(|| panic!("new word `{text}`"))
}

/// The rate of a request that reads `total` tokens.
fn tier(rate: &Value, total: u128) -> &Value {
    let Some(tiers) = rate.get("tiers") else { return rate };
    let crossed = tiers.as_array().unwrap().iter();
    let crossed = crossed.filter(|tier| total > u128::from(tier["above"].as_u64().unwrap()));
    crossed.max_by_key(|tier| tier["above"].as_u64()).map_or(&rate["base"], |tier| &tier["rate"])
}

/// The digits of a decimal and how many of them are behind its point.
fn decimal(value: &Value) -> (i128, u32) {
    let text = value.as_str().unwrap();
    let places = text.split_once('.').map_or(0, |(_, behind)| behind.len());
    (text.replace('.', "").parse().unwrap(), u32::try_from(places).unwrap())
}

/// Whether the constraint of an era or a variant, if it has one, admits this second.
fn admits(part: &Value, second: i64) -> bool {
    let constraint = &part["constraint"];
    let after = |date: &str| {
        let day: jiff::civil::Date = date.parse().unwrap();
        let days = day.since((jiff::Unit::Day, jiff::civil::date(1970, 1, 1))).unwrap();
        second.div_euclid(86_400) >= i64::from(days.get_days())
    };
    let in_day = |start: &str, end: &str| {
        let time = second.rem_euclid(86_400);
        let now = format!("{:02}:{:02}:{:02}Z", time / 3600, time / 60 % 60, time % 60);
        let (since, until) = (start <= now.as_str(), now.as_str() < end);
        if start <= end { since && until } else { since || until }
    };
    constraint["start_date"].as_str().is_none_or(after)
        && match (constraint["start_time"].as_str(), constraint["end_time"].as_str()) {
            (Some(start), Some(end)) => in_day(start, end),
            _ => true,
        }
}

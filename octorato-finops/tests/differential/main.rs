//! The engine against the genai-prices crate, from whose data the built-in catalog was made: one
//! counts in doubles, the other in decimals, and each difference that is not of that has a name.
//!
//! `PROPTEST_CASES` asks for more cases.
#![allow(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "the other engine counts in doubles"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod matching;

use std::collections::{BTreeMap, BTreeSet};

use genai_prices::{Calculator, ErrorKind as TheirKind, PriceRequest, UsageKey};
use jiff::Timestamp;
use octorato_core::{ErrorKind, PriceContext, Unit, UnitKind, Usage};
use octorato_finops::price::{Catalog, Charge, ModelPrice, Step};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// How two answers relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Relation {
    /// The double is the one nearest to the decimal.
    SameToTheBit,
    /// The doubles were rounded on the way; the sums are the same.
    SameButForRounding,
    /// A unit without a price: refused here, left out there. What is left is the same.
    UnitLeftOut,
    /// A pair of the context without a price: refused here, ignored there.
    VariantLeftOut,
    /// No rate for anything that was used: refused here, free there.
    NoRatesAreFree,
    /// The supplement has a multiplier that the source lacks.
    Supplement,
    /// More requests than one: each has its fee here, all have one there.
    RequestsCounted,
    /// More reasoning than output of its kind: refused here, there only where the total is less.
    MoreReasoningThanOutput,
}

impl Relation {
    const ALL: [Self; 8] = [
        Self::SameToTheBit,
        Self::SameButForRounding,
        Self::UnitLeftOut,
        Self::VariantLeftOut,
        Self::NoRatesAreFree,
        Self::Supplement,
        Self::RequestsCounted,
        Self::MoreReasoningThanOutput,
    ];
}

/// The words of a usage key or a unit: a key counts every unit that has all of its words.
fn words(name: &str) -> BTreeSet<&str> {
    name.split('_').filter(|word| !matches!(*word, "tokens" | "text")).collect()
}

fn words_of_unit(unit: Unit) -> BTreeSet<&'static str> {
    let mut words = words(unit.name());
    match unit.kind() {
        UnitKind::InputTokens => words.extend(["input"]),
        UnitKind::OutputTokens => words.extend(["output"]),
        _ if words.contains("pages") || words.contains("messages") => words.extend(["input"]),
        _ => {}
    }
    words
}

/// The usage keys that count something else than text apart.
const KEYS: &[UsageKey] = &[
    UsageKey::AUDIO_SECONDS,
    UsageKey::CACHE_AUDIO_READ_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_1H_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_5M_TOKENS,
    UsageKey::CACHE_AUDIO_WRITE_TOKENS,
    UsageKey::CACHE_IMAGE_READ_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_1H_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_5M_TOKENS,
    UsageKey::CACHE_IMAGE_WRITE_TOKENS,
    UsageKey::CACHE_READ_TOKENS,
    UsageKey::CACHE_VIDEO_READ_TOKENS,
    UsageKey::CACHE_VIDEO_WRITE_1H_TOKENS,
    UsageKey::CACHE_VIDEO_WRITE_5M_TOKENS,
    UsageKey::CACHE_VIDEO_WRITE_TOKENS,
    UsageKey::CACHE_WRITE_1H_TOKENS,
    UsageKey::CACHE_WRITE_5M_TOKENS,
    UsageKey::CACHE_WRITE_TOKENS,
    UsageKey::CODE_EXECUTIONS,
    UsageKey::INPUT_ANNOTATED_DOCUMENT_PAGES,
    UsageKey::INPUT_AUDIO_SECONDS,
    UsageKey::INPUT_AUDIO_TOKENS,
    UsageKey::INPUT_AUDIO_TOOL_TOKENS,
    UsageKey::INPUT_CHARACTERS,
    UsageKey::INPUT_DOCUMENT_PAGES,
    UsageKey::INPUT_IMAGE_TOKENS,
    UsageKey::INPUT_IMAGE_TOOL_TOKENS,
    UsageKey::INPUT_PIXELS,
    UsageKey::INPUT_TEXT_MESSAGES,
    UsageKey::INPUT_TOKENS,
    UsageKey::INPUT_TOOL_TOKENS,
    UsageKey::INPUT_VIDEO_TOKENS,
    UsageKey::INPUT_VIDEO_TOOL_TOKENS,
    UsageKey::OUTPUT_AUDIO_CITATION_TOKENS,
    UsageKey::OUTPUT_AUDIO_REASONING_TOKENS,
    UsageKey::OUTPUT_AUDIO_SECONDS,
    UsageKey::OUTPUT_AUDIO_TOKENS,
    UsageKey::OUTPUT_CITATION_TOKENS,
    UsageKey::OUTPUT_IMAGE_CITATION_TOKENS,
    UsageKey::OUTPUT_IMAGE_REASONING_TOKENS,
    UsageKey::OUTPUT_IMAGE_TOKENS,
    UsageKey::OUTPUT_REASONING_TOKENS,
    UsageKey::OUTPUT_TOKENS,
    UsageKey::OUTPUT_VIDEO_CITATION_TOKENS,
    UsageKey::OUTPUT_VIDEO_REASONING_TOKENS,
    UsageKey::OUTPUT_VIDEO_TOKENS,
    UsageKey::RERANK_SEARCHES,
    UsageKey::SOCIAL_SEARCHES,
    UsageKey::STORAGE_SEARCHES,
    UsageKey::WEB_SEARCHES,
];

/// For each key the units that it counts.
fn counted() -> Vec<(UsageKey, Vec<Unit>)> {
    let units_of = |key: &UsageKey| {
        let mut wanted = words(key.as_str());
        if wanted.contains("cache") {
            wanted.insert("input");
        }
        let token = key.as_str().ends_with("_tokens");
        // Reasoning is inside of the output already.
        let apart = wanted.contains("reasoning");
        let counts = |unit: &&Unit| {
            let own = words_of_unit(**unit);
            token == (unit.kind() != UnitKind::Count)
                && apart == own.contains("reasoning")
                && wanted.is_subset(&own)
        };
        Unit::ALL.iter().filter(counts).copied().collect()
    };
    KEYS.iter().map(|key| (key.clone(), units_of(key))).collect()
}

/// A request.
struct Asked<'a> {
    price: &'a ModelPrice<'static>,
    name: &'static str,
    usage: Usage,
    at: Timestamp,
    pairs: BTreeMap<&'static str, &'static str>,
}

fn context(pairs: &BTreeMap<&str, &str>) -> PriceContext {
    let mut context = PriceContext::standard();
    for (name, value) in pairs {
        context.set(name, value);
    }
    context
}

fn near(ours: &Charge, theirs: f64) -> Option<Relation> {
    let nearest: f64 = ours.usd().to_string().parse().unwrap();
    if nearest.to_bits() == theirs.to_bits() {
        Some(Relation::SameToTheBit)
    } else {
        ((nearest - theirs).abs() <= 1e-12 * nearest.abs().max(theirs.abs()))
            .then_some(Relation::SameButForRounding)
    }
}

/// The pairs of the supplement, by model of Anthropic.
fn supplement() -> BTreeSet<(String, String, String)> {
    let text = include_str!("../../data/supplement.json");
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut pairs = BTreeSet::new();
    for variant in json["variants"].as_array().unwrap() {
        assert_eq!(variant["provider"], "anthropic");
        for model in variant["models"].as_array().unwrap() {
            for (name, value) in variant["when"].as_object().unwrap() {
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                pairs.insert((text(model), name.clone(), text(value)));
            }
        }
    }
    pairs
}

struct Judge {
    calculator: &'static Calculator,
    counted: Vec<(UsageKey, Vec<Unit>)>,
    supplement: BTreeSet<(String, String, String)>,
}

impl Judge {
    fn new() -> Self {
        Self { calculator: Calculator::bundled(), counted: counted(), supplement: supplement() }
    }

    /// How the answers relate; an error says that it has no name.
    fn relation(&self, asked: &Asked<'_>) -> Result<Relation, String> {
        let Asked { price, name, usage, at, pairs } = asked;
        let provider = price.provider().id();
        let key = |(key, units): &(UsageKey, Vec<Unit>)| {
            let sum: u64 = units.iter().map(|&unit| usage[unit]).sum();
            (key.clone(), sum as f64)
        };
        let their_usage: genai_prices::Usage = self.counted.iter().map(key).collect();
        let mut request = PriceRequest::new(name, &their_usage)
            .with_provider_id(provider)
            .with_timestamp(std::time::SystemTime::from(*at));
        for (name, value) in pairs {
            request = request.with_price_context(name, value);
        }
        let theirs = self.calculator.calculate(&request);
        let context = context(pairs);
        let ours = price.charge(usage, *at, &context);
        let known = price.charge_known(usage, *at, &context);
        let differ = || Err(format!("{ours:?}\nknown {known:?}\ntheirs {theirs:?}"));

        let theirs = match &theirs {
            Ok(theirs) if theirs.model_id != price.model().id() => return differ(),
            Ok(theirs) => theirs.total_price,
            Err(error) if error.kind() == TheirKind::InvalidUsage => {
                return match &known {
                    Err(ours) if ours.kind() == ErrorKind::InvalidUsage => {
                        Ok(Relation::SameToTheBit)
                    }
                    _ => differ(),
                };
            }
            Err(_) => return differ(),
        };
        let model = price.model().id();
        let supplemented = |(name, value): (&&str, &&str)| {
            provider == "anthropic"
                && self.supplement.contains(&(model.into(), (*name).into(), (*value).into()))
        };
        let contradicts =
            |unit: &Unit| unit.part_of().is_some_and(|whole| usage[*unit] > usage[whole]);
        match (&ours, &known) {
            (Ok(charge), _) if near(charge, theirs).is_some() => Ok(near(charge, theirs).unwrap()),
            (Ok(charge), _) if pairs.iter().any(supplemented) && nearest(charge) > theirs => {
                Ok(Relation::Supplement)
            }
            (_, Ok(known)) if usage[Unit::Requests] > 1 && nearest(known) > theirs => {
                Ok(Relation::RequestsCounted)
            }
            (Err(error), Ok(known)) if error.kind() == ErrorKind::Unpriced => {
                let supplemented = pairs.iter().any(supplemented);
                if supplemented && nearest(known) > theirs {
                    return Ok(Relation::Supplement);
                }
                if near(known, theirs).is_none() {
                    return differ();
                }
                if known.lines().is_empty() {
                    Ok(Relation::NoRatesAreFree)
                } else if known.ignored().context.is_standard() {
                    Ok(Relation::UnitLeftOut)
                } else {
                    Ok(Relation::VariantLeftOut)
                }
            }
            (_, Err(error))
                if error.kind() == ErrorKind::InvalidUsage && Unit::ALL.iter().any(contradicts) =>
            {
                Ok(Relation::MoreReasoningThanOutput)
            }
            _ => differ(),
        }
    }
}

fn nearest(charge: &Charge) -> f64 {
    charge.usd().to_string().parse().unwrap()
}

fn usage() -> impl Strategy<Value = Usage> {
    const COMMON: &[Unit] =
        &[Unit::Input, Unit::CacheRead, Unit::CacheWrite5m, Unit::CacheWrite1h, Unit::Output];
    let unit = prop_oneof![5 => select(COMMON), 1 => select(Unit::ALL)];
    let count = prop_oneof![
        0_u64..20,
        0_u64..300_000,
        (select(&[128_000_u64, 200_000, 272_000][..]), 0_u64..3).prop_map(|(n, d)| n + d - 1),
        0_u64..1_000_000_000,
    ];
    proptest::collection::vec((unit, count), 0..7)
        .prop_map(|counts| counts.iter().fold(Usage::new(), |all, &(unit, n)| all.with(unit, n)))
}

/// Every pair of the price list, and others.
const PAIRS: &[(&str, &str)] = &[
    ("processing", "batch"),
    ("service_tier", "priority"),
    ("service_tier", "flex"),
    ("service_tier", "fast"),
    ("service_tier", "default"),
    ("speed", "fast"),
    ("speed", "standard"),
    ("inference_geo", "us"),
    ("route", "mistral/eu"),
    ("search_type", "web"),
    ("search_type", "fast"),
    ("mood", "good"),
];

/// Dates at which many prices change.
const DATES: &[&str] =
    &["2025-06-10", "2026-01-05", "2026-10-12", "2026-10-14", "2026-12-01", "2027-01-01"];

fn instant() -> impl Strategy<Value = Timestamp> {
    let midnight =
        |date: &str| format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap().as_second();
    let random = 1_690_000_000_i64..1_820_000_000;
    let edge = (select(DATES), -2_i64..2).prop_map(move |(date, by)| midnight(date) + by);
    (prop_oneof![random, edge], 0..1_000_000_000)
        .prop_map(|(second, nano)| Timestamp::new(second, nano).unwrap())
}

/// A model, and the pairs that it has a price for.
struct Listed {
    price: ModelPrice<'static>,
    name: &'static str,
    pairs: Vec<(&'static str, &'static str)>,
}

/// Every model that its own id finds by a rule of the list, as the other engine does.
fn models() -> Vec<Listed> {
    let late: Timestamp = "2027-02-01T12:00:00Z".parse().unwrap();
    let listed = |provider, name| {
        let price = Catalog::builtin().find(Some(provider), name).ok()?;
        let matched = price.matched();
        if *matched.name != *name.to_lowercase() || matched.steps.contains(&Step::EntryId) {
            return None;
        }
        let priced = |&pair: &(&str, &str)| {
            let context = context(&BTreeMap::from([pair]));
            !context.is_standard() && price.unpriced(late, &context).next().is_none()
        };
        let pairs = PAIRS.iter().copied().filter(priced).collect();
        Some(Listed { price, name, pairs })
    };
    let providers = Calculator::bundled().providers();
    let names =
        providers.flat_map(|provider| provider.models().map(move |m| (provider.id(), m.id())));
    names.filter_map(|(provider, name)| listed(provider, name)).collect()
}

#[test]
fn both_engines_agree_wherever_doubles_can() {
    let (judge, models) = (Judge::new(), models());
    let intricate: Vec<_> = models.iter().filter(|m| !m.pairs.is_empty()).collect();
    // The ones about which something is said above.
    let special = ["whisper-large-v3", "sonar-deep-research", "sonar", "claude-opus-4-8"];
    let special: Vec<_> = models.iter().filter(|listed| special.contains(&listed.name)).collect();
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let one = (any::<[Index; 3]>(), 0..8, usage(), 0_u64..12, instant());
    let mut runner = TestRunner::deterministic();
    let mut tally: BTreeMap<Relation, u32> = BTreeMap::new();
    let mut wrong = Vec::new();
    for case in 0..cases {
        let ([model, own, any], kind, mut usage, few, at) =
            one.new_tree(&mut runner).unwrap().current();
        // Each model once, then at random.
        let listed = match (models.get(case), kind) {
            (Some(listed), _) => listed,
            (None, 0..3) => intricate[model.index(intricate.len())],
            (None, 3) => special[model.index(special.len())],
            (None, _) => &models[model.index(models.len())],
        };
        let mut pairs = BTreeMap::new();
        if kind % 2 == 0 && !listed.pairs.is_empty() {
            pairs.extend([listed.pairs[own.index(listed.pairs.len())]]);
        }
        if kind == 5 {
            pairs.extend([PAIRS[any.index(PAIRS.len())]]);
        }
        if kind == 3 {
            usage.set(Unit::AudioSeconds, few);
            usage.set(Unit::Reasoning, usage[Unit::Output] / 2 + few);
        }
        let Listed { price, name, .. } = listed;
        if kind < 6
            && let Ok(known) = price.charge_known(&usage, at, &context(&pairs))
            && !known.lines().is_empty()
        {
            // Without what has no price, so that most are charged.
            for &(unit, _) in &known.ignored().units {
                usage.set(unit, 0);
            }
        }
        let asked = Asked { price, name, usage, at, pairs };
        match judge.relation(&asked) {
            Ok(relation) => *tally.entry(relation).or_default() += 1,
            Err(why) => {
                let Asked { price, name, usage, at, pairs } = &asked;
                let provider = price.provider().id();
                wrong.push(format!("{provider}/{name} {usage:?} {at} {pairs:?}:\n{why}"));
            }
        }
    }
    eprintln!("{tally:#?}");
    let shown = wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} of {cases} differ without a name:\n{shown}", wrong.len());
    for relation in Relation::ALL {
        assert!(tally.contains_key(&relation), "no case of {relation:?}: is its name needed?");
    }
    let same = tally[&Relation::SameToTheBit] + tally[&Relation::SameButForRounding];
    assert!(u64::from(same) * 2 > cases as u64, "{same} of {cases} agree");
}

/// Which of the cases beside the workspace the doubles print as another text than the exact
/// decimal, which is what the engine prints for all of them (see `price_cases.rs`).
#[test]
fn doubles_print_other_digits() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/price_cases.json");
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return eprintln!("skipped: no price cases: {error}"),
    };
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let prints_another = |case: &&serde_json::Value| {
        let usage = case["usage"].as_object().unwrap().iter();
        let usage: genai_prices::Usage =
            usage.map(|(key, count)| (key.as_str(), count.as_u64().unwrap() as f64)).collect();
        let at: Timestamp = case["timestamp"].as_str().unwrap().parse().unwrap();
        let mut request = PriceRequest::new(case["model"].as_str().unwrap(), &usage)
            .with_provider_id(case["provider"].as_str().unwrap())
            .with_timestamp(std::time::SystemTime::from(at));
        for (name, value) in case["context"].as_object().unwrap() {
            request = request.with_price_context(name, value.as_str().unwrap());
        }
        let price = Calculator::bundled().calculate(&request).unwrap().total_price;
        price.to_string() != case["expected_usd"].as_str().unwrap()
    };
    let other = cases.iter().filter(prints_another).count();
    assert_eq!((other, cases.len()), (263, 809));
}

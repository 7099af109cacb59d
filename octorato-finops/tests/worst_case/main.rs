//! No usage that a request allows costs more than its worst case. `PROPTEST_CASES` asks for more.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod bodies;
mod books;
mod forms;
mod json;
mod traps;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use octorato_core::{ErrorKind, Money, PriceContext, Unit, UnitKind, Usage};
use octorato_finops::price::{
    CacheWrites, Catalog, HORIZON, Media, Modality, ModelPrice, ProviderMatch, Request, WorstCase,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngAlgorithm, TestError, TestRng, TestRunner};

/// Every model that its id finds.
static MODELS: LazyLock<Vec<ModelPrice<'static>>> = LazyLock::new(|| {
    let catalog = Catalog::builtin();
    let mut models = Vec::new();
    for provider in catalog.providers() {
        for model in catalog.models(provider.id()).unwrap() {
            let Ok(price) = catalog.find(Some(provider.id()), model.id()) else { continue };
            if std::ptr::eq(price.model(), model) {
                models.push(price);
            }
        }
    }
    for name in ["gpt-5.4", "gpt-4o", "claude-opus-4-8"] {
        let resold = catalog.find(Some("azure"), name).unwrap();
        assert_eq!(resold.matched().provider, ProviderMatch::Fallback);
        models.push(resold);
    }
    models
});

/// Those with tiers, dates, variants or uncommon units, as far as their rates show it.
static INTRICATE: LazyLock<Vec<usize>> = LazyLock::new(|| {
    let times: Vec<Timestamp> =
        ["2024-06-01T12:00:00Z", "2026-11-20T00:10:00Z", "2026-11-20T17:00:00Z"]
            .iter()
            .map(|at| at.parse().unwrap())
            .collect();
    let standard = PriceContext::standard();
    let rates = |price: &ModelPrice<'_>, at, tokens| price.rates_at(at, &standard, tokens).ok();
    let is_intricate = |price: &ModelPrice<'_>| {
        times.iter().any(|at| rates(price, *at, 0) != rates(price, times[1], 10_000_000))
            || rates(price, times[1], 0).is_some_and(|rates| rates.len() > 4)
            || !offered(price, times[1]).is_empty()
    };
    (0..MODELS.len()).filter(|&at| is_intricate(&MODELS[at])).collect()
});

const PAIRS: &[(&str, &str)] = &[
    ("processing", "batch"),
    ("service_tier", "flex"),
    ("service_tier", "priority"),
    ("service_tier", "fast"),
    ("speed", "fast"),
    ("inference_geo", "us"),
    ("search_type", "fast"),
    ("search_type", "web"),
    ("route", "mistral/eu"),
];

fn context_of(pairs: &[(&str, &str)]) -> PriceContext {
    let mut context = PriceContext::standard();
    for (name, value) in pairs {
        context.set(name, value);
    }
    context
}

/// The pairs that a model has a price for, each alone.
fn offered(price: &ModelPrice<'_>, at: Timestamp) -> Vec<(&'static str, &'static str)> {
    let is_priced =
        |pair: &(&str, &str)| price.unpriced(at, &context_of(&[*pair])).next().is_none();
    PAIRS.iter().copied().filter(is_priced).collect()
}

/// One model, one request, and draws for some usages of it.
#[derive(Clone, Debug)]
struct Case {
    model: Index,
    is_intricate: bool,
    at: Timestamp,
    text_bytes: u64,
    media: Vec<(Modality, u64)>,
    hidden: bool,
    rounds: u64,
    answers: u64,
    max_output: Option<u64>,
    extra_output: u64,
    output: Option<Vec<Modality>>,
    searches: u64,
    seconds: u64,
    cache_writes: CacheWrites,
    /// Which offered pairs are asked for, and which names the provider chooses.
    asked: u16,
    chosen: u16,
    draws: Vec<Draw>,
}

/// How one usage is drawn from what a request allows.
#[derive(Clone, Debug)]
struct Draw {
    /// After the start, or before it, in milliseconds.
    after: i64,
    /// Of which all input is, if `whole`, else how it is split.
    whole: bool,
    input: [u64; 8],
    output: [u64; 8],
    context: u16,
    /// How much of each limit is used, in 1/1000.
    part: u64,
    index: Index,
}

fn cases() -> impl Strategy<Value = Case> {
    let modality =
        select(vec![Modality::Image, Modality::Audio, Modality::Video, Modality::Document]);
    let second = 1_704_067_200_i64..1_798_761_600; // 2024 to 2026
    let at = prop_oneof![
        second.clone().prop_map(|second| Timestamp::from_second(second).unwrap()),
        // An hour before midnight or a time of day at which prices change, until some minutes after.
        (second, select(vec![0_i64, 1_800, 59_400, 3_600, 14_400]), -3_600_i64..=300).prop_map(
            |(second, time, before)| {
                let midnight = second - second % 86_400;
                Timestamp::from_second(midnight + time + before).unwrap()
            }
        ),
    ];
    let bits = || any::<u16>();
    let weights = || prop::array::uniform8(prop_oneof![Just(0_u64), 0_u64..1_000]);
    let part = prop_oneof![3 => Just(1_000_u64), 1 => 0_u64..=1_000];
    let draw = (
        prop_oneof![Just(0_i64), Just(-300_000), Just(3_600_000), -300_000_i64..=3_600_000],
        any::<bool>(),
        weights(),
        weights(),
        bits(),
        part,
        any::<Index>(),
    )
        .prop_map(|(after, whole, input, output, context, part, index)| Draw {
            after,
            whole,
            input,
            output,
            context,
            part,
            index,
        });
    let size = prop_oneof![0_u64..2_000, 0_u64..300_000, 0_u64..3_000_000];
    let what = (
        size,
        prop::collection::vec((modality.clone(), 0_u64..20_000), 0..3),
        prop::bool::weighted(0.1),
        prop_oneof![4 => Just(1_u64), 1 => 1_u64..12],
        prop_oneof![3 => Just(1_u64), 1 => 1_u64..8],
        prop::option::weighted(0.7, 0_u64..200_000),
        prop_oneof![3 => Just(0_u64), 1 => 0_u64..5_000],
    );
    let more = (
        prop::option::of(prop::collection::vec(modality, 0..2)),
        0_u64..20,
        0_u64..7_200,
        select(vec![CacheWrites::None, CacheWrites::FiveMinutes, CacheWrites::Any]),
        prop_oneof![Just(0_u16), bits()],
        bits(),
    );
    let draws = prop::collection::vec(draw, 6);
    (any::<Index>(), any::<bool>(), at, what, more, draws).prop_map(
        |(model, is_intricate, at, what, more, draws)| {
            let (text_bytes, media, hidden, rounds, answers, max_output, extra_output) = what;
            let (output, searches, seconds, cache_writes, asked, chosen) = more;
            Case {
                model,
                is_intricate,
                at,
                text_bytes,
                media,
                hidden,
                rounds,
                answers,
                max_output,
                extra_output,
                output,
                searches,
                seconds,
                cache_writes,
                asked,
                chosen,
                draws,
            }
        },
    )
}

impl Case {
    fn price(&self) -> &'static ModelPrice<'static> {
        if self.is_intricate {
            &MODELS[*self.model.get(&INTRICATE)]
        } else {
            self.model.get(&MODELS)
        }
    }

    /// At most one pair of each name.
    fn asked(&self) -> Vec<(&'static str, &'static str)> {
        let mut asked: Vec<(&str, &str)> = Vec::new();
        for (at, pair) in offered(self.price(), self.at).into_iter().enumerate() {
            if has(self.asked, at) && asked.iter().all(|(name, _)| *name != pair.0) {
                asked.push(pair);
            }
        }
        asked
    }

    /// Whether the provider chooses the value of this name.
    fn chooses(&self, name: &str) -> bool {
        PAIRS.iter().enumerate().any(|(at, pair)| has(self.chosen, at) && pair.0 == name)
    }

    fn request(&self) -> Request {
        let mut request = Request::text(self.text_bytes);
        request.media = self
            .media
            .iter()
            .map(|&(modality, tokens)| Media { modality, tokens: Some(tokens) })
            .collect();
        if self.hidden {
            request.hidden.push("a conversation".into());
        }
        request.rounds = Some(self.rounds);
        request.answers = self.answers;
        request.max_output = self.max_output;
        request.extra_output = self.extra_output;
        request.output.clone_from(&self.output);
        request.cache_writes = self.cache_writes;
        request.context = context_of(&self.asked());
        for name in PAIRS.iter().map(|(name, _)| *name).filter(|name| self.chooses(name)) {
            request.provider_chooses.push(name.into());
        }
        // What any model may be charged for; a request says so of what it can cause.
        for unit in [Unit::DocumentPages, Unit::AnnotatedDocumentPages, Unit::Messages] {
            request.counts.push((unit, Some(self.searches)));
        }
        for unit in [Unit::AudioSeconds, Unit::InputAudioSeconds, Unit::OutputAudioSeconds] {
            request.counts.push((unit, Some(self.seconds)));
        }
        for unit in [Unit::WebSearches, Unit::StorageSearches] {
            request.counts.push((unit, Some(self.searches)));
        }
        // A limit on what has no price would be refused; this property is about what has one.
        let rates = self.price().rates_at(self.at, &request.context, 0).unwrap_or_default();
        let hours = |unit: Unit| unit.name().contains("audio_seconds");
        request.counts.retain(|(unit, _)| {
            rates.iter().any(|rate| rate.unit == *unit)
                || (hours(*unit) && rates.iter().any(|rate| rate.unit == Unit::AudioSeconds))
        });
        request
    }

    /// A usage within what the request allows, with its time and context.
    fn usage(&self, draw: &Draw, request: &Request) -> (Usage, Timestamp, PriceContext) {
        let model = self.price().model();
        let window = model.context_window().max(model.max_input()).unwrap_or(0);
        let mut input = request.text_bytes + request.overhead_tokens;
        input += request.media.iter().filter_map(|media| media.tokens).sum::<u64>();
        input += if self.hidden { window } else { 0 };
        let most = self.max_output.or(model.max_output()).unwrap_or(window) + self.extra_output;
        let of = |limit: u64| limit * draw.part / 1_000;
        let mut usage = Usage::new();
        self.split(of(input * self.rounds), UnitKind::InputTokens, draw, &mut usage);
        self.split(of(most * self.rounds * self.answers), UnitKind::OutputTokens, draw, &mut usage);
        for unit in Unit::ALL.iter().filter(|unit| unit.part_of().is_some()) {
            let whole = usage[unit.part_of().unwrap()];
            usage.set(*unit, whole * draw.output[*unit as usize % 8].min(1_000) / 1_000);
        }
        for (unit, most) in &request.counts {
            usage.set(*unit, of(most.unwrap()));
        }
        usage.set(Unit::InputCharacters, 0);
        if self
            .price()
            .rates_at(self.at, &request.context, 0)
            .is_ok_and(|rates| rates.iter().any(|rate| rate.unit == Unit::InputCharacters))
        {
            usage.set(Unit::InputCharacters, of(self.text_bytes));
        }
        let at = self.at + SignedDuration::from_millis(draw.after);
        (usage, at, self.context(draw, at))
    }

    /// Puts tokens into the units that the request allows.
    fn split(&self, total: u64, kind: UnitKind, draw: &Draw, usage: &mut Usage) {
        let reads = |modality: Modality| {
            self.hidden
                || self.media.iter().any(|(known, _)| {
                    *known == modality
                        || *known == Modality::Video
                        || (*known == Modality::Document && modality == Modality::Image)
                })
        };
        let writes =
            |modality| self.output.as_ref().is_none_or(|output| output.contains(&modality));
        let allows = |unit: &Unit| {
            let name = unit.name();
            let modal = [
                ("audio", Modality::Audio),
                ("image", Modality::Image),
                ("video", Modality::Video),
            ];
            let modal = modal.iter().find(|(word, _)| name.contains(word)).map(|(_, m)| *m);
            let fits = modal.is_none_or(|m| match kind {
                UnitKind::InputTokens => reads(m),
                _ => writes(m),
            });
            let caches = match self.cache_writes {
                CacheWrites::None => !unit.is_cache_write(),
                CacheWrites::FiveMinutes => !name.contains("1h"),
                CacheWrites::Any => true,
            };
            unit.kind() == kind && unit.part_of().is_none() && fits && caches
        };
        let units: Vec<Unit> = Unit::ALL.iter().copied().filter(allows).collect();
        if draw.whole {
            usage.set(*draw.index.get(&units), total);
            return;
        }
        let weights = if kind == UnitKind::InputTokens { &draw.input } else { &draw.output };
        let sum: u64 = units.iter().map(|unit| weights[*unit as usize % 8]).sum();
        if sum == 0 {
            usage.set(units[0], total);
            return;
        }
        for unit in units {
            let share =
                u128::from(total) * u128::from(weights[unit as usize % 8]) / u128::from(sum);
            usage.set(unit, u64::try_from(share).unwrap());
        }
    }

    /// Some of what is asked for, and something of what the provider may choose, as far as there is
    /// a price for it.
    fn context(&self, draw: &Draw, at: Timestamp) -> PriceContext {
        let mut pairs = Vec::new();
        for (bit, pair) in self.asked().into_iter().enumerate() {
            if has(draw.context, bit) {
                pairs.push(pair);
            }
        }
        for (bit, pair) in PAIRS.iter().enumerate() {
            if has(draw.context, bit) && self.chooses(pair.0) {
                pairs.retain(|(name, _)| *name != pair.0);
                pairs.push(*pair);
            }
        }
        loop {
            let context = context_of(&pairs);
            let Some(unpriced) = self.price().unpriced(at, &context).next() else { return context };
            pairs.retain(|pair| *pair != unpriced);
        }
    }
}

fn has(bits: u16, at: usize) -> bool {
    bits >> (at % 16) & 1 == 1
}

#[derive(Default)]
struct Seen {
    models: RefCell<BTreeSet<usize>>,
    compared: Cell<u32>,
    tight: Cell<u32>,
}

/// Compares every draw of a case with `bound`, if it has one.
fn check(
    case: &Case,
    seen: &Seen,
    bound: impl Fn(&ModelPrice<'_>, &Request, Money) -> Money,
) -> Result<(), TestCaseError> {
    let price = case.price();
    let request = case.request();
    let worst = match price.worst_case(case.at, &request) {
        Ok(WorstCase::Bounded(worst)) => worst,
        Ok(WorstCase::Unbounded(_)) => return Ok(()),
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::Unpriced, "{}", error);
            return Ok(());
        }
    };
    let sum: rust_decimal::Decimal = worst.terms().iter().map(|term| term.amount).sum();
    let pico = rust_decimal::Decimal::try_from_i128_with_scale(worst.amount().pico(), 12).unwrap();
    // Hours may leave the decimals, so each of the terms may be half a unit of the 28th place off.
    prop_assert!(pico + rust_decimal::Decimal::new(1, 15) >= sum, "{:?}", worst);
    let limit = bound(price, &request, worst.amount());
    for draw in &case.draws {
        let (usage, at, context) = case.usage(draw, &request);
        assert!(at <= case.at + HORIZON);
        match price.charge(&usage, at, &context) {
            Ok(charge) => {
                seen.compared.set(seen.compared.get() + 1);
                seen.models.borrow_mut().insert(std::ptr::from_ref(price.model()) as usize);
                if charge.booked().pico() * 2 >= limit.pico() {
                    seen.tight.set(seen.tight.get() + 1);
                }
                prop_assert!(
                    charge.booked().pico() <= limit.pico(),
                    "{} {}: {:?} at {} in {:?} costs {}, the bound is {}",
                    price.list().id(),
                    price.model().id(),
                    usage,
                    at,
                    context,
                    charge.booked(),
                    limit
                );
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Unpriced, "{}", error),
        }
    }
    Ok(())
}

fn runner(cases: u32) -> TestRunner {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 500,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn no_usage_within_the_limits_costs_more_than_the_worst_case() {
    let seen = Seen::default();
    if let Err(error) =
        runner(4_500).run(&cases(), |case| check(&case, &seen, |_, _, amount| amount))
    {
        panic!("{error}");
    }
    let (models, compared) = (seen.models.borrow().len(), seen.compared.get());
    eprintln!("{compared} prices of {models} models, {} at least half the bound", seen.tight.get());
    if std::env::var_os("PROPTEST_CASES").is_none() {
        assert!(models > 500, "{models} models");
        assert!(compared > 20_000, "{compared} prices");
        assert!(seen.tight.get() * 4 > compared, "the bound is far from what can happen");
    }
}

/// The bound if all input cost what plain input costs at the start, and so for output.
fn plain(price: &ModelPrice<'_>, case_at: Timestamp, request: &Request) -> Money {
    let model = price.model();
    let window = model.context_window().max(model.max_input()).unwrap_or(0);
    let mut input = request.text_bytes + request.overhead_tokens;
    input += request.media.iter().filter_map(|media| media.tokens).sum::<u64>();
    input += if request.hidden.is_empty() { 0 } else { window };
    let most = request.max_output.or(model.max_output()).unwrap_or(window) + request.extra_output;
    let rounds = request.rounds.unwrap();
    let mut usage = Usage::new()
        .with(Unit::Input, input * rounds)
        .with(Unit::Output, most * rounds * request.answers);
    for (unit, most) in &request.counts {
        usage.set(*unit, most.unwrap());
    }
    price.charge_known(&usage, case_at, &PriceContext::standard()).unwrap().booked()
}

#[test]
fn a_bound_from_plain_rates_does_not_hold() {
    let seen = Seen::default();
    let failed = runner(2_000).run(&cases(), |case| {
        check(&case, &seen, |price, request, _| plain(price, case.at, request))
    });
    assert!(matches!(failed, Err(TestError::Fail(..))), "the property cannot tell a bad bound");
}

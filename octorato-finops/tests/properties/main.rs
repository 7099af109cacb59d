//! What holds of every price of the built-in catalog, on random models, usage, times and
//! contexts. `PROPTEST_CASES` asks for more cases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use octorato_core::{Currency, ErrorKind, Money, PriceContext, Unit, UnitKind, Usage};
use octorato_finops::price::{Catalog, Charge, ChargeLine, ModelPrice, ProviderMatch};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rust_decimal::Decimal;

use reference::{Answer, Entry, FRACTION};

/// A model of the catalog, as the reference and as the engine have it.
#[derive(Debug)]
struct Listed {
    entry: Entry,
    price: ModelPrice<'static>,
}

/// Every model that its id finds, or a text of its rule.
static LIST: LazyLock<Vec<Listed>> = LazyLock::new(|| {
    let entries = reference::entries();
    let all = entries.len();
    let find = |entry: &Entry| {
        entry.names().into_iter().find_map(|name| {
            let price = Catalog::builtin().find(Some(&entry.provider), name).ok()?;
            let own = price.model().id() == entry.id && price.list().id() == entry.provider;
            own.then_some(price)
        })
    };
    let listed: Vec<_> = entries
        .into_iter()
        .filter_map(|entry| find(&entry).map(|price| Listed { entry, price }))
        .collect();
    assert!(listed.len() * 100 > all * 98, "{} of {all} models are reached", listed.len());
    listed
});

/// Those with tiers, dates, variants or uncommon units.
static INTRICATE: LazyLock<Vec<usize>> =
    LazyLock::new(|| which(|listed| listed.entry.is_intricate()));

/// Those with tiers.
static TIERED: LazyLock<Vec<usize>> =
    LazyLock::new(|| which(|listed| !listed.entry.thresholds().is_empty()));

/// Every pair that a variant of any model asks for, and some of which nobody has heard.
static PAIRS: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    let pairs: BTreeSet<_> = LIST.iter().flat_map(|listed| listed.entry.pairs()).collect();
    pairs.into_iter().chain([("service_tier", "platinum"), ("mood", "good")]).collect()
});

fn which(pick: impl Fn(&Listed) -> bool) -> Vec<usize> {
    (0..LIST.len()).filter(|&at| pick(&LIST[at])).collect()
}

/// As many cases as asked for in the environment, else `count`.
fn cases(count: u32) -> ProptestConfig {
    let mut config = ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = count;
    }
    config
}

/// Any model, more often one with more than two rates.
fn model() -> impl Strategy<Value = &'static Listed> {
    prop_oneof![1 => 0..LIST.len(), 3 => select(&**INTRICATE)].prop_map(|at| &LIST[at])
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0_u64..20,
        4 => 0_u64..300_000,
        2 => (select(&[32_000_u64, 128_000, 200_000, 272_000][..]), 0_u64..3).prop_map(|(n, d)| n + d - 1),
        1 => 0_u64..10_000_000_000,
    ]
}

/// The common units, and at times any other.
fn unit() -> impl Strategy<Value = Unit> {
    const COMMON: &[Unit] =
        &[Unit::Input, Unit::CacheRead, Unit::CacheWrite5m, Unit::CacheWrite1h, Unit::Output];
    prop_oneof![3 => select(COMMON), 1 => select(Unit::ALL)]
}

fn usage() -> impl Strategy<Value = Usage> {
    proptest::collection::vec((unit(), count()), 0..7)
        .prop_map(|counts| counts.iter().fold(Usage::new(), |all, &(unit, n)| all.with(unit, n)))
}

/// A time near which a price of the model changes, or any other of four years.
fn instant(listed: &'static Listed) -> impl Strategy<Value = Timestamp> {
    let from: Timestamp = "2023-06-01T00:00:00Z".parse().unwrap();
    let random = (0_i64..4 * 366 * 86_400, 0_i32..1_000_000_000);
    (random, any::<Index>(), -2_i64..2, any::<bool>()).prop_map(
        move |((second, nano), at, by, near)| {
            let dates = listed.entry.dates();
            let second = match dates.iter().nth(at.index(dates.len().max(1))) {
                Some(date) if near => {
                    format!("{date}T00:00:00Z").parse::<Timestamp>().unwrap().as_second() + by
                }
                _ => from.as_second() + second,
            };
            Timestamp::new(second, nano).unwrap()
        },
    )
}

/// None, one or two pairs, more often those of the model.
fn pairs(listed: &'static Listed) -> impl Strategy<Value = BTreeMap<String, String>> {
    let pair = (any::<bool>(), any::<Index>()).prop_map(move |(own, at)| {
        let own_pairs: Vec<_> = listed.entry.pairs().into_iter().collect();
        let from = if own && !own_pairs.is_empty() { &own_pairs } else { &*PAIRS };
        let (name, value) = from[at.index(from.len())];
        (name.to_owned(), value.to_owned())
    });
    prop_oneof![Just(0), Just(0), Just(1), Just(1), Just(2)]
        .prop_flat_map(move |many| proptest::collection::vec(pair.clone(), many))
        .prop_map(|pairs| pairs.into_iter().collect())
}

/// A request.
#[derive(Clone)]
struct Asked {
    listed: &'static Listed,
    usage: Usage,
    at: Timestamp,
    pairs: BTreeMap<String, String>,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { listed, usage, at, pairs } = self;
        write!(f, "{}/{} {usage:?} {at} {pairs:?}", listed.entry.provider, listed.entry.id)
    }
}

impl Asked {
    fn context(&self) -> PriceContext {
        let mut context = PriceContext::standard();
        for (name, value) in &self.pairs {
            context.set(name, value);
        }
        context
    }

    fn charge(&self) -> octorato_core::Result<Charge> {
        self.charge_for(&self.usage)
    }

    fn charge_for(&self, usage: &Usage) -> octorato_core::Result<Charge> {
        self.listed.price.charge(usage, self.at, &self.context())
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    model().prop_flat_map(|listed| {
        (usage(), instant(listed), pairs(listed)).prop_map(move |(usage, at, pairs)| Asked {
            listed,
            usage,
            at,
            pairs,
        })
    })
}

/// The same with only what the model has a price for, so that most are charged.
fn priced() -> impl Strategy<Value = Asked> {
    asked().prop_map(|mut asked| {
        let context = asked.context();
        let unpriced: Vec<_> = asked
            .listed
            .price
            .unpriced(asked.at, &context)
            .map(|(name, _)| name.to_owned())
            .collect();
        asked.pairs.retain(|name, _| !unpriced.contains(name));
        if let Ok(known) = asked.listed.price.charge_known(&asked.usage, asked.at, &context) {
            for &(unit, _) in &known.ignored().units {
                asked.usage.set(unit, 0);
            }
        }
        asked
    })
}

/// A decimal as an integer of 10^-28.
fn in_28ths(amount: Decimal) -> i128 {
    amount.mantissa() * 10_i128.pow(28 - amount.scale())
}

/// Rounded half to even.
fn rounded(numerator: i128, denominator: i128) -> i128 {
    let (floor, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    match (2 * rest).cmp(&denominator) {
        std::cmp::Ordering::Less => floor,
        std::cmp::Ordering::Equal => floor + floor.rem_euclid(2),
        std::cmp::Ordering::Greater => floor + 1,
    }
}

/// Whether the engine's amounts are those of the reference, to the last digit of the exact.
fn check_amounts(charge: &Charge, amount: i128, caching_saved: i128) -> Result<(), TestCaseError> {
    let pico = FRACTION / 10_i128.pow(12);
    prop_assert_eq!(charge.booked().pico(), rounded(amount, pico));
    prop_assert_eq!(charge.caching_saved().map(Money::pico), Some(rounded(caching_saved, pico)));
    prop_assert_eq!(charge.is_exact(), amount % 9 == 0);
    if charge.is_exact() {
        let usd = charge.usd();
        let places = 25_u32.checked_sub(usd.scale()).expect("no more places than the rates have");
        prop_assert_eq!(usd.mantissa() * 10_i128.pow(places), amount / 9);
    } else if let Some(exact) = amount.checked_mul(10_i128.pow(3)) {
        let exact = rounded(exact, 9);
        // 28 digits, at most 28 of them behind the point.
        let unit_in_the_last_place = exact.abs() / 10_i128.pow(27) + 1;
        prop_assert!((in_28ths(charge.usd()) - exact).abs() <= unit_in_the_last_place);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn the_engine_agrees_with_a_slow_reading_of_the_rules(asked in asked()) {
        let resold = asked.listed.price.matched().provider == ProviderMatch::Fallback;
        let answer = asked.listed.entry.price(&asked.usage, floor_second(asked.at), &asked.pairs, resold);
        let known = asked.listed.price.charge_known(&asked.usage, asked.at, &asked.context());
        match (answer, asked.charge(), known) {
            (Answer::Price { amount, caching_saved, complete: true }, charge, known) => {
                let charge = charge.unwrap();
                check_amounts(&charge, amount, caching_saved)?;
                prop_assert_eq!(charge, known.unwrap());
            }
            (Answer::Price { amount, caching_saved, complete: false }, charge, known) => {
                prop_assert_eq!(charge.unwrap_err().kind(), ErrorKind::Unpriced);
                let known = known.unwrap();
                prop_assert!(!known.ignored().is_empty());
                check_amounts(&known, amount, caching_saved)?;
            }
            (Answer::NoRates, charge, known) => {
                prop_assert_eq!(charge.unwrap_err().kind(), ErrorKind::Unpriced);
                prop_assert!(known.unwrap().lines().is_empty());
            }
            (Answer::Contradiction, charge, known) => {
                prop_assert!(charge.is_err());
                prop_assert_eq!(known.unwrap_err().kind(), ErrorKind::InvalidUsage);
            }
        }
    }
}

fn floor_second(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond().div_euclid(1_000_000_000)).unwrap()
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn the_classes_add_up_to_the_total(asked in priced()) {
        let Ok(charge) = asked.charge() else { return Ok(()) };
        let booked = Money::sum(Currency::USD, charge.lines().iter().map(ChargeLine::booked)).unwrap();
        prop_assert_eq!(booked, charge.booked());
        let sum: Decimal = charge.lines().iter().map(ChargeLine::amount).sum();
        if charge.lines().iter().any(|line| line.per() == 3600) {
            // Only a rate per hour has no exact decimal; then each line is off by half a digit.
            prop_assert!((in_28ths(sum) - in_28ths(charge.usd())).abs() <= 1 + in_28ths(sum).abs() / 10_i128.pow(26));
        } else {
            prop_assert!(charge.is_exact());
            prop_assert_eq!(sum, charge.usd());
        }
        for line in charge.lines() {
            prop_assert!(line.amount() >= Decimal::ZERO && line.booked().pico() >= 0);
            prop_assert!(line.count() > 0);
        }
    }

    /// One more of anything never costs less: a token of any class, a search, a page, a second.
    ///
    /// Reasoning is no class of its own but a part of the output. Telling that a token of the
    /// output was reasoning moves it to the rate of reasoning, which one model of the list has
    /// cheaper. What holds there: one more token of output *and* reasoning never costs less.
    #[test]
    fn more_never_costs_less(asked in priced(), unit in unit(), more in count()) {
        let mut larger = asked.usage;
        larger.set(unit, larger[unit] + more);
        if let Some(whole) = unit.part_of() {
            larger.set(whole, larger[whole] + more);
        }
        let (Ok(less), Ok(more)) = (asked.charge(), asked.charge_for(&larger)) else { return Ok(()) };
        prop_assert!(less.usd() <= more.usd(), "{} > {}", less.usd(), more.usd());
        prop_assert!(less.booked() <= more.booked());
    }

    /// Twice the usage is twice the price, unless its size decides the rates, there is a least that
    /// is charged, or a fee is charged once for a request that is not counted.
    #[test]
    fn without_tiers_the_price_is_in_proportion(asked in priced(), times in 1_u64..1_000) {
        let rates = |size| asked.listed.price.rates_at(asked.at, &asked.context(), size);
        let (Ok(small), Ok(large)) = (rates(0), rates(u64::MAX)) else { return Ok(()) };
        prop_assume!(small == large && asked.listed.price.model().minimums().is_empty());
        let fee = small.iter().any(|rate| rate.unit == Unit::Requests);
        let usage = if fee { asked.usage.with(Unit::Requests, 1) } else { asked.usage };
        let many = usage.iter().fold(Usage::new(), |all, (unit, n)| all.with(unit, n * times));
        let (Ok(one), Ok(many)) = (asked.charge_for(&usage), asked.charge_for(&many)) else {
            return Ok(());
        };
        if one.is_exact() && many.is_exact() {
            prop_assert_eq!(one.usd() * Decimal::from(times), many.usd());
        }
    }

    #[test]
    fn the_order_in_which_usage_was_counted_is_nothing(
        asked in priced(),
        parts in proptest::collection::vec((any::<Index>(), 0_u64..1 << 20), 0..10),
    ) {
        // Take the usage apart, put it together the other way round.
        let mut rest = asked.usage;
        let mut taken = Vec::new();
        for (unit, count) in parts {
            let unit = Unit::ALL[unit.index(Unit::COUNT)];
            let count = count.min(rest[unit]);
            rest.set(unit, rest[unit] - count);
            taken.push(Usage::new().with(unit, count));
        }
        let mut again = Usage::new();
        for part in taken.iter().rev().chain([&rest]) {
            again.add(part)?;
        }
        let mut backwards = Usage::new();
        for &unit in Unit::ALL.iter().rev() {
            backwards.set(unit, asked.usage[unit]);
        }
        let (first, second, third) =
            (asked.charge(), asked.charge_for(&again), asked.charge_for(&backwards));
        prop_assert_eq!(first.as_ref().ok(), second.as_ref().ok());
        prop_assert_eq!(first.as_ref().ok(), third.as_ref().ok());
    }

    #[test]
    fn what_is_shown_reads_back_equal(asked in priced()) {
        let Ok(charge) = asked.charge() else { return Ok(()) };
        let shown = charge.usd().to_string();
        prop_assert!(shown.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'), "{}", shown);
        prop_assert!(!shown.contains('.') || !shown.ends_with(['0', '.']), "{}", shown);
        prop_assert_eq!(shown.parse::<Decimal>().unwrap(), charge.usd());
        let booked = charge.booked();
        prop_assert_eq!(Money::parse(&booked.to_string(), Currency::USD).unwrap(), booked);
        for line in charge.lines() {
            prop_assert_eq!(line.amount().to_string().parse::<Decimal>().unwrap(), line.amount());
        }
    }

    /// The sum of all input tokens, of whatever class, chooses the tier of every class.
    #[test]
    fn a_tier_is_chosen_by_the_total_input(
        at in any::<Index>(),
        cached in 0_u64..=100,
        written in 0_u64..=100,
        output in 0_u64..10_000,
        threshold in any::<Index>(),
    ) {
        let listed = &LIST[TIERED[at.index(TIERED.len())]];
        let thresholds: Vec<_> = listed.entry.thresholds().into_iter().collect();
        let edge = thresholds[threshold.index(thresholds.len())];
        let noon: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        let standard = PriceContext::standard();
        for total in [edge - 1, edge, edge + 1] {
            let read = total / 2 * cached / 100;
            let write = total / 2 * written / 100;
            let usage = Usage::new()
                .with(Unit::Input, total - read - write)
                .with(Unit::CacheRead, read)
                .with(Unit::CacheWrite5m, write)
                .with(Unit::Output, output);
            prop_assert_eq!(usage.input_tokens(), u128::from(total));
            let charge = listed.price.charge_known(&usage, noon, &standard)?;
            let rates = listed.price.rates_at(noon, &standard, total)?;
            for line in charge.lines() {
                if let Some(own) = rates.iter().find(|rate| rate.unit == line.unit()) {
                    prop_assert_eq!(line.rate(), own.rate, "{} at {}", line.unit(), total);
                }
            }
        }
        // The edge itself is below the cliff.
        let rates = |total| listed.price.rates_at(noon, &standard, total);
        prop_assert_eq!(rates(edge)?, rates(edge - 1)?);
        prop_assert_eq!(rates(edge + 1)?, rates(edge + 2)?);
    }
}

#[test]
fn every_tier_of_the_list_is_dearer_than_the_one_below() {
    let mut tiered = 0;
    for listed in LIST.iter() {
        for (key, rate) in listed.entry.tables().flatten() {
            let Some(tiers) = rate.get("tiers") else { continue };
            let rates = [&rate["base"]]
                .into_iter()
                .chain(tiers.as_array().unwrap().iter().map(|t| &t["rate"]));
            let rates: Vec<Decimal> =
                rates.map(|rate| rate.as_str().unwrap().parse().unwrap()).collect();
            assert!(rates.is_sorted(), "{} {key}: {rates:?}", listed.entry.id);
            tiered += 1;
        }
    }
    assert!(tiered > 100, "{tiered}");
    assert!(Unit::ALL.iter().any(|unit| unit.kind() == UnitKind::Count));
}

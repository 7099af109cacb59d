//! The same with the operator's own prices: contracts dearer and cheaper than the list, discounts,
//! own models, exchange rates; and what only they can bring, one test each.

use std::cell::Cell;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use octorato_core::{Currency, ErrorKind, PriceContext, Unit, UnitKind};
use octorato_finops::price::{
    BookPrice, Bound, Catalog, Contract, Days, Discount, Fx, Like, ModelPattern, Overlays,
    OwnModel, OwnPrice, PriceBook, RateCard, Request, WorstCase,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestError;
use rust_decimal::Decimal;

use super::{Case, cases, context_of, has, offered, runner};

/// One random rate: the unit, its rate in 1/1000, and its tiers.
type RandomRate = (Index, u32, Vec<(u64, u32)>);

/// A contract before it is known what it is about.
#[derive(Clone, Debug)]
struct RandomContract {
    rates: Vec<RandomRate>,
    /// Which offered pairs it is for.
    when: u16,
    days: u8,
    is_euro: bool,
    is_prefix: bool,
}

#[derive(Clone, Debug)]
struct RandomDiscount {
    pct: u32,
    units: Vec<Index>,
    days: u8,
}

#[derive(Clone, Debug)]
enum RandomModel {
    Listed,
    Like(Option<u32>),
    Rates(Vec<RandomRate>, bool),
}

#[derive(Clone, Debug)]
struct Own {
    contracts: Vec<RandomContract>,
    discounts: Vec<RandomDiscount>,
    model: RandomModel,
    /// US dollars for a euro today and tomorrow, in 1/1000.
    euro: (u32, u32),
}

fn own() -> impl Strategy<Value = Own> {
    let milli = || prop_oneof![3 => 0_u32..20_000, 1 => 0_u32..200_000];
    let tiers = prop::collection::btree_map(0_u64..400_000, milli(), 0..3)
        .prop_map(|tiers| tiers.into_iter().collect::<Vec<_>>());
    let rate = (any::<Index>(), milli(), tiers);
    let rates = || prop::collection::vec(rate.clone(), 1..5);
    let contract = (rates(), prop_oneof![Just(0_u16), any::<u16>()], 0_u8..6, any::<bool>());
    let contract =
        (contract, any::<bool>()).prop_map(|((rates, when, days, is_euro), is_prefix)| {
            RandomContract { rates, when, days, is_euro, is_prefix }
        });
    let discount = (0_u32..=100, prop::collection::vec(any::<Index>(), 0..3), 0_u8..6)
        .prop_map(|(pct, units, days)| RandomDiscount { pct, units, days });
    let model = prop_oneof![
        3 => Just(RandomModel::Listed),
        2 => prop::option::of(0_u32..5_000).prop_map(RandomModel::Like),
        1 => (rates(), any::<bool>()).prop_map(|(rates, euro)| RandomModel::Rates(rates, euro)),
    ];
    (
        prop::collection::vec(contract, 0..5),
        prop::collection::vec(discount, 0..3),
        model,
        (500_u32..3_000, 500_u32..3_000),
    )
        .prop_map(|(contracts, discounts, model, euro)| Own {
            contracts,
            discounts,
            model,
            euro,
        })
}

fn thousandth(count: u32) -> Decimal {
    Decimal::new(count.into(), 3)
}

/// Units that have rates, tokens more often than what is counted.
fn unit(index: Index) -> Unit {
    let tokens = [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite5m];
    let common = tokens.iter().cycle().take(24).copied();
    let all = Unit::ALL.iter().copied().filter(|unit| *unit != Unit::WebFetches);
    *index.get(&common.chain(all).collect::<Vec<_>>())
}

fn card(rates: &[RandomRate], is_allowed: impl Fn(Unit) -> bool) -> RateCard {
    let mut card = RateCard::new();
    for (index, rate, tiers) in rates {
        let tiers: Vec<_> = tiers.iter().map(|(at, rate)| (*at, thousandth(*rate))).collect();
        if is_allowed(unit(*index)) {
            let _ = card.set_tiered(unit(*index), thousandth(*rate), &tiers);
        }
    }
    card
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Days that may end today or begin tomorrow.
fn days(choice: u8, at: Timestamp) -> Days {
    let today = day_of(at);
    let tomorrow = today.checked_add(1.day()).unwrap();
    match choice {
        0 => Days::new(None, Some(today)).unwrap(),
        1 => Days::new(Some(tomorrow), None).unwrap(),
        2 => Days::new(Some(today), Some(today)).unwrap(),
        _ => Days::ALWAYS,
    }
}

impl Own {
    /// The book, and the provider and name to ask for.
    fn book(&self, case: &Case) -> Option<(PriceBook, String, String)> {
        let price = case.price();
        let (provider, name) = match &self.model {
            RandomModel::Listed => {
                (price.provider().id().to_owned(), price.model().id().to_owned())
            }
            _ => ("acme-gpu".to_owned(), "tuned-7b".to_owned()),
        };
        let mut overlays = Overlays::default();
        let euro = Currency::new("EUR").unwrap();
        let mut fx = Fx::default();
        fx.set(euro, "2020-01-01".parse().unwrap(), thousandth(self.euro.0)).unwrap();
        let tomorrow = day_of(case.at).checked_add(1.day()).unwrap();
        fx.set(euro, tomorrow, thousandth(self.euro.1)).unwrap();
        overlays.fx = fx;
        let own = match &self.model {
            RandomModel::Listed => None,
            RandomModel::Like(times) => {
                let like = Like::new(price.provider().id().into(), price.model().id());
                Some(OwnPrice::Like(match times {
                    Some(times) => like.times(thousandth(*times)).unwrap(),
                    None => like,
                }))
            }
            RandomModel::Rates(rates, is_euro) => {
                let currency = if *is_euro { euro } else { Currency::USD };
                let is_token = |unit: Unit| unit.kind() != UnitKind::Count;
                Some(OwnPrice::Rates { rates: card(rates, is_token), currency })
            }
        };
        if let Some(own) = own {
            let model = ModelPattern::new("tuned-*").unwrap();
            let (provider, price) = (provider.as_str().into(), own);
            overlays.models.push(OwnModel { provider, model, price, days: Days::ALWAYS });
        }
        let offered = offered(price, case.at);
        let priced = price.rates_at(case.at, &PriceContext::standard(), 0).unwrap_or_default();
        // A rate for what the list does not count makes requests unbounded.
        let is_allowed = |unit: Unit| {
            unit.kind() != UnitKind::Count
                || unit == Unit::Requests
                || priced.iter().any(|rate| rate.unit == unit)
        };
        for random in &self.contracts {
            let mut when: Vec<(&str, &str)> = Vec::new();
            for (bit, pair) in offered.iter().enumerate() {
                if has(random.when, bit) && when.iter().all(|(name, _)| *name != pair.0) {
                    when.push(*pair);
                }
            }
            let stem: String = name.chars().take(3).collect();
            let pattern = if random.is_prefix { format!("{stem}*") } else { name.clone() };
            let contract = Contract {
                provider: provider.as_str().into(),
                model: ModelPattern::new(&pattern).unwrap(),
                rates: card(&random.rates, is_allowed),
                currency: if random.is_euro { euro } else { Currency::USD },
                when: context_of(&when),
                days: days(random.days, case.at),
                note: None,
            };
            if overlays.contracts.iter().all(|other| contract.conflicts_with(other).is_empty()) {
                overlays.contracts.push(contract);
            }
        }
        for random in &self.discounts {
            let discount = Discount::new(provider.as_str().into(), random.pct.into()).unwrap();
            let discount = discount.on_units(random.units.iter().copied().map(unit).collect());
            let discount = discount.on_days(days(random.days, case.at));
            if overlays.discounts.iter().all(|other| !discount.conflicts_with(other)) {
                overlays.discounts.push(discount);
            }
        }
        let book = PriceBook::new(Catalog::shared(), overlays).ok()?;
        Some((book, provider, name))
    }
}

#[derive(Default)]
struct Seen {
    compared: Cell<u32>,
    dearer: Cell<u32>,
    cheaper: Cell<u32>,
    own: Cell<u32>,
    tight: Cell<u32>,
    long: Cell<u32>,
}

fn add(cell: &Cell<u32>, is_so: bool) {
    cell.set(cell.get() + u32::from(is_so));
}

/// Compares every draw with `bound` of the price, at list price and as agreed.
fn check(
    case: &Case,
    own: &Own,
    seen: &Seen,
    bound: impl Fn(&BookPrice<'_>, &Request) -> octorato_core::Result<WorstCase>,
) -> Result<(), TestCaseError> {
    let Some((book, provider, name)) = own.book(case) else { return Ok(()) };
    let price = book.find(Some(&provider), &name).unwrap();
    let mut request = case.request();
    if matches!(own.model, RandomModel::Rates(..)) {
        request.counts.clear();
    }
    let worst = match bound(&price, &request) {
        Ok(WorstCase::Bounded(worst)) => worst,
        Ok(WorstCase::Unbounded(_)) => return Ok(()),
        Err(error) => {
            // A list has rates of 16 decimals, which times a discount have too many.
            let is_long = error.to_string() == "rate out of range";
            prop_assert!(is_long || error.kind() == ErrorKind::Unpriced, "{}", error);
            add(&seen.long, is_long);
            return Ok(());
        }
    };
    for draw in &case.draws {
        let (usage, at, context) = case.usage(draw, &request);
        let priced = price.charge_known(&usage, at, &context);
        let priced = priced.map_err(|error| {
            TestCaseError::fail(format!("{provider} {name} {usage:?}: {error}"))
        })?;
        let (list, agreed) = (priced.list().booked(), priced.contracted().booked());
        add(&seen.compared, true);
        add(&seen.dearer, agreed.pico() > list.pico());
        add(&seen.cheaper, agreed.pico() < list.pico());
        add(&seen.own, price.listed().is_none());
        add(&seen.tight, agreed.pico().max(list.pico()) * 2 >= worst.amount().pico());
        prop_assert!(
            agreed.pico().max(list.pico()) <= worst.amount().pico(),
            "{:?} {:?} at {} in {:?} costs {} by the list, {} as agreed; the bound is {:?}",
            price.entry(),
            usage,
            at,
            context,
            list,
            agreed,
            worst
        );
    }
    Ok(())
}

#[test]
fn no_usage_costs_more_than_the_worst_case_by_any_contract_or_own_model() {
    let seen = Seen::default();
    let outcome = runner(4_500).run(&(cases(), own()), |(case, own)| {
        check(&case, &own, &seen, |price, request| price.worst_case(case.at, request))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let Seen { compared, dearer, cheaper, own, tight, long } = &seen;
    let all = [compared, dearer, cheaper, own, tight, long].map(Cell::get);
    let [compared, dearer, cheaper, own, tight, long] = all;
    eprintln!(
        "{compared} prices, {dearer} dearer and {cheaper} cheaper than the list, {own} of own \
         models, {tight} at least half the bound; {long} rates out of range"
    );
    if std::env::var_os("PROPTEST_CASES").is_none() {
        assert!(compared > 10_000 && dearer > 2_000 && cheaper > 2_000 && own > 2_000, "{all:?}");
        assert!(tight * 5 > compared, "the bound is far from what can happen");
    }
}

#[test]
fn the_worst_case_of_the_list_alone_does_not_hold() {
    let seen = Seen::default();
    let failed = runner(2_000).run(&(cases(), own()), |(case, own)| {
        check(&case, &own, &seen, |price, request| match price.listed() {
            Some(listed) => listed.worst_case(case.at, request),
            None => Ok(WorstCase::Unbounded(Vec::new())),
        })
    });
    assert!(matches!(failed, Err(TestError::Fail(..))), "the property cannot tell a bad bound");
}

const NOON: &str = "2026-11-20T12:00:00Z";
const LATE: &str = "2026-11-20T23:30:00Z";

fn contract(unit: Unit, rate: &str) -> Contract {
    let mut rates = RateCard::new();
    rates.set(unit, rate.parse().unwrap()).unwrap();
    Contract {
        provider: "anthropic".into(),
        model: ModelPattern::new("claude-sonnet-4-5").unwrap(),
        rates,
        currency: Currency::USD,
        when: PriceContext::standard(),
        days: Days::ALWAYS,
        note: None,
    }
}

fn request() -> Request {
    let mut request = Request::text(0);
    (request.overhead_tokens, request.max_output) = (0, Some(1_000_000));
    request
}

/// The bound of Sonnet's output, a million tokens that list at 15, under the overlays.
fn bound(overlays: Overlays, at: &str, request: &Request) -> Bound {
    let book = PriceBook::new(Catalog::shared(), overlays).unwrap();
    let price = book.find(Some("anthropic"), "claude-sonnet-4-5").unwrap();
    match price.worst_case(at.parse().unwrap(), request).unwrap() {
        WorstCase::Bounded(bound) => bound,
        WorstCase::Unbounded(reasons) => panic!("{reasons:?}"),
    }
}

fn contracts(contracts: Vec<Contract>) -> Overlays {
    Overlays { contracts, ..Overlays::default() }
}

#[test]
fn a_dearer_contract_counts_and_a_cheaper_one_does_not() {
    let cost = |rate| {
        let bound = bound(contracts(vec![contract(Unit::Output, rate)]), NOON, &request());
        (bound.amount().to_string(), bound.is_agreed())
    };
    assert_eq!(cost("20"), ("20".into(), true));
    assert_eq!(cost("10"), ("15".into(), false));
    let discount = Discount::new("anthropic".into(), Decimal::ONE_HUNDRED).unwrap();
    let off = Overlays { discounts: vec![discount], ..Overlays::default() };
    assert_eq!(bound(off, NOON, &request()).amount().to_string(), "15");
}

#[test]
fn what_begins_at_midnight_counts_for_what_is_sent_before() {
    let mut later = contract(Unit::Output, "20");
    later.days = Days::new(Some("2026-11-21".parse().unwrap()), None).unwrap();
    let cost = |at| bound(contracts(vec![later.clone()]), at, &request()).amount().to_string();
    assert_eq!((cost(NOON), cost(LATE)), ("15".into(), "20".into()));
    let euro = Currency::new("EUR").unwrap();
    let mut fx = Fx::default();
    fx.set(euro, "2026-01-01".parse().unwrap(), Decimal::ONE).unwrap();
    fx.set(euro, "2026-11-21".parse().unwrap(), Decimal::TWO).unwrap();
    let mut in_euro = contract(Unit::Output, "20");
    in_euro.currency = euro;
    let cost = |at| {
        let overlays = Overlays { fx: fx.clone(), ..contracts(vec![in_euro.clone()]) };
        bound(overlays, at, &request()).amount().to_string()
    };
    assert_eq!((cost(NOON), cost(LATE)), ("20".into(), "40".into()));
}

#[test]
fn a_tier_of_a_contract_is_crossed_and_its_way_of_processing_is_reached() {
    let mut tiered = contract(Unit::CacheRead, "0");
    tiered.rates.set_tiered(Unit::Output, Decimal::ZERO, &[(9_999, 30.into())]).unwrap();
    let cost = |bytes, asked: &Request| {
        let asked = Request { text_bytes: bytes, ..asked.clone() };
        let bound = bound(contracts(vec![tiered.clone()]), NOON, &asked);
        bound.terms().iter().find(|term| term.unit == Unit::Output).unwrap().amount.to_string()
    };
    assert_eq!((cost(9_999, &request()), cost(10_000, &request())), ("15".into(), "30".into()));
    let mut batch = contract(Unit::Output, "40");
    batch.when.set("processing", "batch");
    let mut asked = request();
    let cost =
        |asked: &Request| bound(contracts(vec![batch.clone()]), NOON, asked).amount().to_string();
    assert_eq!(cost(&asked), "15");
    asked.provider_chooses.push("processing".into());
    assert_eq!(cost(&asked), "40");
    asked.provider_chooses.clear();
    asked.context.set("processing", "batch");
    assert_eq!(cost(&asked), "40");
}

#[test]
fn an_own_model_has_the_limits_of_what_it_is_like_or_none() {
    let own = |price| {
        let model = ModelPattern::new("tuned").unwrap();
        let model = OwnModel { provider: "acme".into(), model, price, days: Days::ALWAYS };
        let overlays = Overlays { models: vec![model], ..Overlays::default() };
        PriceBook::new(Catalog::shared(), overlays).unwrap()
    };
    let worst = |book: &PriceBook, request: &Request| {
        let price = book.find(Some("acme"), "tuned").unwrap();
        price.worst_case(NOON.parse().unwrap(), request).unwrap()
    };
    let unlimited = Request { max_output: None, ..request() };
    let like = Like::new("anthropic".into(), "claude-sonnet-4-5").times(Decimal::TWO).unwrap();
    let like = own(OwnPrice::Like(like));
    assert_eq!(worst(&like, &request()).bound().unwrap().amount().to_string(), "30");
    let catalog = Arc::clone(&Catalog::shared());
    let listed = catalog.find(Some("anthropic"), "claude-sonnet-4-5").unwrap();
    let window = listed.model().context_window().max(listed.model().max_input());
    let most = worst(&like, &unlimited).bound().map(Bound::max_output_tokens);
    assert_eq!(most, window.max(listed.model().max_output()));
    let mut rates = RateCard::new();
    rates.set(Unit::Output, 3.into()).unwrap();
    let rates = own(OwnPrice::Rates { rates, currency: Currency::USD });
    assert_eq!(worst(&rates, &request()).bound().unwrap().amount().to_string(), "3");
    assert!(worst(&rates, &unlimited).reasons()[0].contains("max_tokens"));
    let mut flex = request();
    flex.context.set("service_tier", "flex");
    let price = rates.find(Some("acme"), "tuned").unwrap();
    let error = price.worst_case(NOON.parse().unwrap(), &flex).unwrap_err();
    assert_eq!(error.to_string().split(',').next(), Some("no price for `service_tier=flex`"));
}

#[test]
fn an_exchange_rate_that_is_missing_is_an_error_and_no_bound() {
    let euro = Currency::new("EUR").unwrap();
    let mut fx = Fx::default();
    fx.set(euro, "2026-11-21".parse().unwrap(), Decimal::ONE).unwrap();
    let mut agreed = contract(Unit::Output, "20");
    agreed.currency = euro;
    let overlays = Overlays { fx, ..contracts(vec![agreed]) };
    let book = PriceBook::new(Catalog::shared(), overlays).unwrap();
    let price = book.find(Some("anthropic"), "claude-sonnet-4-5").unwrap();
    let error = price.worst_case(NOON.parse().unwrap(), &request()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unpriced);
    // Even where another way of processing is asked for: the provider may fall back to standard.
    let mut batch = request();
    batch.context.set("processing", "batch");
    assert!(price.worst_case(NOON.parse().unwrap(), &batch).is_err());
    assert!(price.worst_case("2026-11-21T00:05:00Z".parse().unwrap(), &batch).is_ok());
}

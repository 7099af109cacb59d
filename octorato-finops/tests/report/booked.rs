//! Reports on what a ledger has booked.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use octorato_core::{
    ArmId, Arms, Attribution, Civil, Currency, DecisionId, Money, Period, Unit, Usage, UsageEvent,
};
use octorato_finops::attribute::{NoDisk, Pins, Resolver};
use octorato_finops::budget::{Action, Budget, Cycle, InForce, Policy, Scope, SpendPath, Tiers};
use octorato_finops::ledger::{
    Append, Clock, Close, Correct, Ledger, MemoryLedger, Metered, Operation, Origin, Reassign,
    Reference, SourceKey, Tick, fresh_decision,
};
use octorato_finops::logs::Reading;
use octorato_finops::price::PriceBook;
use octorato_finops::report::{Bookings, Dimension, Query, Report, report_booked};
use proptest::prelude::*;

use super::{any_event, arms, billed_arms, event, own_prices, report_with};

/// A clock that stands at the end of the events' time.
struct Late;

impl Clock for Late {
    fn tick(&self) -> Tick {
        Tick { wall: "2027-01-15T12:00:00Z".parse().unwrap(), uptime: None }
    }
}

/// Books events as `sync` does, each under a key of its own.
fn book(events: &[UsageEvent], arms: &Arms, prices: &PriceBook) -> MemoryLedger<Late> {
    let ledger = MemoryLedger::new(Late);
    book_in(&ledger, events, arms, prices);
    ledger
}

fn book_in(ledger: &dyn Ledger, events: &[UsageEvent], arms: &Arms, prices: &PriceBook) {
    let mut resolver = Resolver::new(arms, Pins::default(), &NoDisk).unwrap();
    let attributions = resolver.resolve(events);
    let append = |(number, (event, attribution)): (usize, (&UsageEvent, &Attribution))| {
        let found = prices.find(
            event.provider.as_ref().map(octorato_core::ProviderId::as_str),
            event.model.as_str(),
        );
        let charge = found.and_then(|price| price.charge(&event.usage, event.at, &event.context));
        let amount = charge.as_ref().ok().map(|priced| priced.list().booked());
        let contracted = charge.as_ref().ok().map(|priced| priced.contracted().booked());
        let contracted = contracted.filter(|contracted| Some(*contracted) != amount);
        let arm = attribution.arm.as_ref();
        Operation::Append(Append {
            source: key(number),
            at: event.at,
            path: Arc::new(SpendPath {
                client: arm.map(|arm| arms.arm(arm).unwrap().client.clone()),
                arm: arm.cloned(),
                ..SpendPath::default()
            }),
            amount,
            size: event.usage.tokens(),
            request: None,
            metered: Some(Arc::new(Metered {
                provider: event.provider.clone(),
                model: event.model.clone(),
                usage: event.usage,
                context: event.context.clone(),
                book: prices.id().to_string().into(),
            })),
            origin: Some(Arc::new(Origin::of(event, attribution.reason, contracted))),
        })
    };
    let appends: Vec<_> = events.iter().zip(&attributions).enumerate().map(append).collect();
    commit(ledger, &appends);
}

fn key(number: usize) -> SourceKey {
    SourceKey { reader: "claude-code".into(), key: number.to_string().into() }
}

fn commit(ledger: &dyn Ledger, operations: &[Operation]) {
    for answer in ledger.commit(operations).unwrap() {
        answer.unwrap();
    }
}

fn booked_report(ledger: &dyn Ledger, arms: &Arms, book: &PriceBook, query: &Query) -> Report {
    report_booked(&Bookings::of(ledger).unwrap(), arms, &NoDisk, book, query).unwrap()
}

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn month(label: &str, by: &[Dimension]) -> Query {
    let period = Period::month(label, &TimeZone::UTC).unwrap();
    Query { by: by.to_vec(), period, arm: None, client: None }
}

/// 200,000 output tokens: one dollar at 5 USD a million.
fn dollar(at: &str, arm: &str) -> UsageEvent {
    let usage = Usage::new().with(Unit::Output, 200_000);
    event(at, "claude-haiku-4-5", &format!("/w/{arm}"), usage)
}

fn cost(report: &Report, arm: &str) -> Option<Money> {
    let row = report.rows.iter().find(|row| row.key[0].as_deref() == Some(arm))?;
    row.sums.list_cost()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What was booked and what the logs say are one: every row, every sum, to the last digit.
    #[test]
    fn a_ledger_and_its_logs_give_the_same_report(
        mut events in prop::collection::vec(any_event(), 0..40),
        by in prop::sample::subsequence(
            &[Dimension::Arm, Dimension::Client, Dimension::Model, Dimension::Month, Dimension::Reason][..],
            0..4,
        ),
        has_own_prices: bool,
    ) {
        events.sort_by_key(|event| event.at);
        events.retain(|event| event.usage.tokens() > 0);
        let own = own_prices("2026-10-12");
        let prices = if has_own_prices { &own } else { PriceBook::builtin() };
        let arms = billed_arms();
        let ledger = book(&events, &arms, prices);
        let query = Query { by, ..Query::all(&TimeZone::UTC) };
        let booked = booked_report(&ledger, &arms, prices, &query);
        let reading = Reading { events, ..Reading::default() };
        let logged = report_with(prices, &arms, &reading, &query);
        prop_assert_eq!(booked.rows, logged.rows);
        prop_assert_eq!(booked.total, logged.total);
        prop_assert_eq!(booked.unattributed, logged.unattributed);
        prop_assert_eq!(booked.plans, logged.plans);
        prop_assert_eq!(booked.prices, logged.prices);
    }

    /// What a budget has spent is what the report says of its arm and month, in any zone.
    #[test]
    fn a_budget_and_a_report_agree(
        mut events in prop::collection::vec(any_event(), 1..40),
        zone in prop::sample::select(&["UTC", "America/Mexico_City", "Europe/Rome"][..]),
    ) {
        events.sort_by_key(|event| event.at);
        let zone = TimeZone::get(zone).unwrap();
        let arms = arms();
        let tiers = || Tiers::new(Some(Action::Warn), None, Vec::new()).unwrap();
        let budget = |scope| {
            Budget::new(scope, Cycle::MONTHLY, usd("1"), tiers()).unwrap().in_zone(zone.clone())
        };
        let scopes = [Scope::Operator, Scope::Arm(ArmId::new("acme-web").unwrap())];
        let policy = Policy::of(scopes.map(budget).into(), &arms).unwrap();
        let in_force = Arc::new(InForce::of(&policy, &arms).unwrap());
        let ledger = MemoryLedger::new(Late);
        commit(&ledger, &[Operation::Adopt(in_force.clone())]);
        book_in(&ledger, &events, &arms, PriceBook::builtin());
        let balances = ledger.balances().unwrap();
        prop_assert!(!balances.is_empty());
        for balance in balances {
            let (start, _) = balance.interval.unwrap();
            let period = Civil::Month.containing(start, &zone).unwrap();
            let arm = match in_force.find(balance.budget).unwrap().budget.scope() {
                Scope::Arm(arm) => Some(arm.clone()),
                _ => None,
            };
            let query = Query { by: vec![], period, arm, client: None };
            let report = booked_report(&ledger, &arms, PriceBook::builtin(), &query);
            let listed = report.total.list_cost().unwrap_or(usd("0"));
            prop_assert_eq!(listed, balance.amounts.spent);
        }
    }
}

#[test]
fn a_correction_is_part_of_the_cost_and_of_no_class() {
    let arms = arms();
    let prices = PriceBook::builtin();
    let ledger = book(&[dollar("2026-10-05T12:00:00Z", "acme-web")], &arms, prices);
    commit(&ledger, &[correct(0, "-0.25")]);
    let report = booked_report(&ledger, &arms, prices, &month("2026-10", &[Dimension::Arm]));
    assert_eq!(report.total.events, 1);
    assert_eq!(report.total.list_cost(), Some(usd("0.75")));
    assert_eq!(report.total.contracted_cost(), Some(usd("0.75")));
    assert_eq!(report.total.unsplit_cost(), usd("-0.25"));
    assert_eq!(report.total.cost(Unit::Output), usd("1"));
}

#[test]
fn what_is_moved_to_another_arm_is_moved_whole() {
    let arms = arms();
    let prices = PriceBook::builtin();
    let ledger = book(&[dollar("2026-10-05T12:00:00Z", "acme-web")], &arms, prices);
    let to = ArmId::new("globex").unwrap();
    let client = arms.arm(&to).unwrap().client.clone();
    let reassign = Reassign {
        id: decision(),
        of: Reference::Source(key(0)),
        to: Arc::new(SpendPath::of_arm(client, to)),
        reason: "it was theirs".into(),
    };
    commit(&ledger, &[Operation::Reassign(reassign), correct(0, "0.5")]);
    let report = booked_report(&ledger, &arms, prices, &month("2026-10", &[Dimension::Arm]));
    assert_eq!(cost(&report, "globex"), Some(usd("1.5")));
    assert_eq!(cost(&report, "acme-web"), None);
    assert_eq!(report.total.events, 1);
}

#[test]
fn what_comes_after_a_month_was_closed_counts_in_the_next_one() {
    let arms = arms();
    let prices = PriceBook::builtin();
    let ledger = book(&[dollar("2026-10-05T12:00:00Z", "acme-web")], &arms, prices);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let close = Close {
        scope: Scope::Operator,
        start: at("2026-10-01T00:00:00Z"),
        end: at("2026-11-01T00:00:00Z"),
        label: "2026-10".into(),
    };
    commit(&ledger, &[Operation::Close(close), correct(0, "0.5")]);
    let in_month = |label| booked_report(&ledger, &arms, prices, &month(label, &[Dimension::Arm]));
    assert_eq!(cost(&in_month("2026-10"), "acme-web"), Some(usd("1")));
    assert_eq!(cost(&in_month("2026-11"), "acme-web"), Some(usd("0.5")));
    assert_eq!(in_month("2026-11").total.events, 0);
}

#[test]
fn amounts_stay_when_prices_change() {
    let arms = arms();
    let events = [dollar("2026-10-05T12:00:00Z", "acme-web")];
    let ledger = book(&events, &arms, PriceBook::builtin());
    // Of the operator's own prices only the agreed cost is another, and it was not agreed then.
    let own = own_prices("2026-10-12");
    let report = booked_report(&ledger, &arms, &own, &month("2026-10", &[]));
    assert_eq!(report.total.list_cost(), Some(usd("1")));
    assert_eq!(report.total.contracted_cost(), Some(usd("1")));
}

fn correct(number: usize, delta: &str) -> Operation {
    let of = Reference::Source(key(number));
    Operation::Correct(Correct { id: decision(), of, delta: usd(delta), reason: "agreed".into() })
}

fn decision() -> DecisionId {
    fresh_decision(Timestamp::now()).unwrap()
}

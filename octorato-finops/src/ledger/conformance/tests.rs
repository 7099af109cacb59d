//! The model in memory passes, and each check notices a ledger that does not.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::audit::{
    ANSWER, CAP, CLOCK, CLOSED, FOLD, HOLDS, MOVED, NO_TRACE, ONE_EFFECT, ONE_END, ONE_PERIOD,
    PARENT, PERIODS, TIERS, TOLD, TRIALS,
};
use super::faulty::{Fault, Faulty};
use super::races::{five_levels, race};
use super::rules::RULES;
use super::steps::{random_steps, some_steps};
use super::world::{budget, in_force, policy, usd};
use super::{TestClock, agree, clocks, comparable, violations};
use crate::budget::Scope;
use crate::ledger::{Answer, Ledger, MemoryLedger, Operation, Posting};

const START: &str = "2026-10-20T12:00:00Z";

/// 200 sequences of 40 to 59 steps: 10,000 operations, each with all checks.
#[test]
fn every_invariant_holds_after_every_operation() {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&random_steps(), |steps| {
            let clock = TestClock::at(START);
            let ledger = MemoryLedger::new(clock.clone());
            let broken = violations(&ledger, &clock, &steps);
            prop_assert!(broken.is_empty(), "{broken:?}");
            Ok(())
        })
        .unwrap();
}

/// DST days and month ends in six zones, a clock that goes back and one that leaps.
#[test]
fn no_period_is_lost_or_counted_twice_when_clocks_change() {
    let cases = clocks::cases();
    assert!(cases.len() >= 270, "{}", cases.len());
    for case in &cases {
        clocks::check(case, MemoryLedger::new);
    }
}

/// The same over many short sequences: 1,000 in a usual run, as many as `PROPTEST_CASES` says
/// in a long one (20,000 at night), on every core.
#[test]
fn every_invariant_holds_in_many_cases() {
    let cases = std::env::var("PROPTEST_CASES").ok();
    let cases: u32 = cases.and_then(|cases| cases.parse().ok()).unwrap_or(1_000);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = cases.div_ceil(u32::try_from(threads).unwrap());
    let some = |_| {
        let config = Config { cases: share, failure_persistence: None, ..Config::default() };
        TestRunner::new(config)
            .run(&some_steps(30), |steps| {
                let clock = TestClock::at(START);
                let broken = violations(&MemoryLedger::new(clock.clone()), &clock, &steps);
                prop_assert!(broken.is_empty(), "{broken:?}");
                Ok(())
            })
            .unwrap();
    };
    std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|thread| scope.spawn(move || some(thread))).collect();
        for one in running {
            one.join().unwrap();
        }
    });
    println!("{} cases of 30 steps", share * u32::try_from(threads).unwrap());
}

/// The first sequence, of at most 60, that shows that an invariant is broken. The wrapper without a
/// fault is the test above.
fn notices(fault: Fault, invariant: &str) -> Option<usize> {
    let mut runner = TestRunner::deterministic();
    (1..=60).find(|_| {
        let steps = random_steps().new_tree(&mut runner).unwrap().current();
        let clock = TestClock::at(START);
        let ledger = Faulty::new(MemoryLedger::new(clock.clone()), fault);
        violations(&ledger, &clock, &steps).contains_key(invariant)
    })
}

#[test]
fn each_check_notices_the_ledger_that_breaks_its_rule() {
    for (fault, invariant) in [
        (Fault::GrantsTooMuch, CAP),
        (Fault::ForgetsHolds, FOLD),
        (Fault::EndsTwice, ONE_END),
        (Fault::BooksRetries, ONE_EFFECT),
        (Fault::KeepsDenials, NO_TRACE),
        (Fault::ForgetsAChild, PARENT),
        (Fault::LosesAPeriod, PERIODS),
        (Fault::OverlapsPeriods, ONE_PERIOD),
        (Fault::ReopensMonths, CLOSED),
        (Fault::TurnsBack, CLOCK),
        (Fault::NamesOne, ANSWER),
        (Fault::ClampsCosts, TOLD),
        (Fault::ForgetsOrphans, HOLDS),
        (Fault::ForgetsTiers, TIERS),
        (Fault::TellsTwice, TIERS),
        (Fault::HidesTrials, TRIALS),
        (Fault::MovesHalf, MOVED),
        (Fault::ForgetsLateCosts, TOLD),
    ] {
        assert!(notices(fault, invariant).is_some(), "{fault:?} was not noticed by: {invariant}");
    }
}

/// The random sequences reach what they are to test.
#[test]
fn every_kind_of_entry_and_answer_occurs() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..60 {
        let clock = TestClock::at(START);
        let ledger = MemoryLedger::new(clock.clone());
        ledger.commit(&[Operation::Adopt(policy(0))]).unwrap();
        for step in random_steps().new_tree(&mut runner).unwrap().current() {
            let Some(operation) = step.operation(clock.now()) else {
                clock.wait(step.seconds());
                continue;
            };
            let answer = ledger.commit(&[operation]).unwrap().pop().unwrap();
            let text = comparable(&answer);
            let has_overrun = matches!(&answer, Ok(Answer::Call(one)) if !one.overrun.is_zero());
            seen.extend(has_overrun.then(|| "overrun".to_owned()));
            seen.insert(text.split(" {").next().unwrap_or_default().to_owned());
        }
        let entries = ledger.entries(0, usize::MAX).unwrap();
        seen.extend(entries.iter().map(|entry| {
            format!("{:?}", entry.fact).split([' ', '(']).next().unwrap_or_default().to_owned()
        }));
        let adjusted = |posting: &Posting| posting.posted != posting.dated;
        let is_adjusted = entries.iter().any(|entry| entry.postings.iter().any(adjusted));
        seen.extend(is_adjusted.then(|| "prior period".to_owned()));
    }
    for kind in [
        "Reserved",
        "Extended",
        "Settled",
        "Released",
        "Orphaned",
        "Resolved",
        "Corrected",
        "Adjusted",
        "Imported",
        "Adopted",
        "Opened",
        "Raised",
        "Closed",
        "Confirmed",
        "WouldDeny",
        "Reversed",
        "Rebooked",
        "TierReached",
        "overrun",
        "prior period",
        "Conflict",
        "NotFound",
        "Decision(Granted(Grant",
        "Decision(Busy(Shortage",
        "Decision(Exhausted(Shortage",
        "Appended(Booked",
        "Appended(Known",
    ] {
        assert!(seen.contains(kind), "{kind} never occurs: {seen:?}");
    }
    for kind in ["Appended(Enriched(", "Appended(Resolved("] {
        assert!(seen.iter().any(|text| text.starts_with(kind)), "{kind} never occurs: {seen:?}");
    }
}

#[test]
fn the_model_follows_every_rule() {
    for (name, rule) in RULES {
        println!("{name}");
        let clock = TestClock::at(START);
        let ledger = MemoryLedger::new(clock.clone());
        rule(&ledger, &clock);
        let faults = ledger.verify().unwrap().faults;
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

proptest! {
    #![proptest_config(Config { cases: 60, failure_persistence: None, ..Config::default() })]

    /// A batch is its operations one after the other.
    #[test]
    fn a_batch_answers_as_its_operations_one_by_one(
        steps in random_steps(), batch in 2_usize..20,
    ) {
        let clock = TestClock::at(START);
        let one = MemoryLedger::new(clock.clone());
        let other = MemoryLedger::new(clock.clone());
        agree(&one, &other, &clock, &steps, batch);
    }
}

#[test]
fn sixty_four_callers_never_pass_a_dollar_and_leave_less_than_one_call() {
    let flat = || in_force(vec![budget(Scope::Operator, "1.00")]);
    for policy in [flat(), five_levels("1.00")] {
        let ledger = MemoryLedger::new(TestClock::at(START));
        let finish = race(&ledger, policy, 64);
        assert!(finish.most <= usd("1.00"), "{finish:?}");
        assert!(finish.spent > usd("0.95"), "{finish:?}");
        assert!(finish.calls >= 20, "{finish:?}");
    }
}

#[test]
fn the_race_shows_a_cap_that_does_not_hold() {
    let policy = in_force(vec![budget(Scope::Operator, "1.00")]);
    let clock = TestClock::at(START);
    let ledger = Faulty::new(MemoryLedger::new(clock), Fault::GrantsTooMuch);
    assert!(race(&ledger, policy, 64).most > usd("1.00"));
}

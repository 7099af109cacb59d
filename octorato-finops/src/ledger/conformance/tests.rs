//! The model in memory passes, and each check notices a ledger that does not.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

use super::audit::{
    ANSWER, CAP, CLOCK, CLOSED, FOLD, HOLDS, NO_TRACE, ONE_EFFECT, ONE_END, ONE_PERIOD, PARENT,
    PERIODS,
};
use super::faulty::{Fault, Faulty};
use super::races::{five_levels, race};
use super::steps::random_steps;
use super::world::{budget, usd};
use super::{TestClock, agree, violations};
use crate::ledger::{MemoryLedger, Policy, Scope};

const START: &str = "2026-10-20T12:00:00Z";

/// 400 sequences of 40 to 59 steps: 20,000 operations, each with all checks.
#[test]
fn every_invariant_holds_after_every_operation() {
    let config = Config { cases: 400, failure_persistence: None, ..Config::default() };
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

/// How many of 40 sequences show that an invariant is broken.
fn noticed(fault: Fault, invariant: &str) -> usize {
    let config = Config { failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(
        config,
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let mut shows = |_: &usize| {
        let steps = random_steps().new_tree(&mut runner).unwrap().current();
        let clock = TestClock::at(START);
        let ledger = Faulty::new(MemoryLedger::new(clock.clone()), fault);
        violations(&ledger, &clock, &steps).contains_key(invariant)
    };
    (0..40).filter(|at| shows(at)).count()
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
        (Fault::ForgetsOrphans, HOLDS),
    ] {
        let noticed = noticed(fault, invariant);
        assert!(noticed >= 1, "{fault:?} was never noticed");
        println!("{fault:?}: noticed in {noticed} of 40 sequences");
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
    let flat = || Policy::new(vec![budget(Scope::Operator, "1.00")]).unwrap();
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
    let policy = Policy::new(vec![budget(Scope::Operator, "1.00")]).unwrap();
    let clock = TestClock::at(START);
    let ledger = Faulty::new(MemoryLedger::new(clock), Fault::GrantsTooMuch);
    assert!(race(&ledger, policy, 64).most > usd("1.00"));
}

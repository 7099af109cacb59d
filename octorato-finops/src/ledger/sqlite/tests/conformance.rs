//! The conformance suite on a real file, and the model in memory beside it.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::Folder;
use crate::ledger::conformance::rules::RULES;
use crate::ledger::conformance::steps::random_steps;
use crate::ledger::conformance::{TestClock, agree, clocks, violations};
use crate::ledger::memory::Shelf;
use crate::ledger::{Ledger, MemoryLedger, rules};

const START: &str = "2026-10-20T12:00:00Z";

/// So many cases, or what `PROPTEST_CASES` says: 500 where a release is tested.
fn cases(cases: u32) -> TestRunner {
    let told = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let cases = told.unwrap_or(cases);
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

#[test]
fn a_file_follows_every_rule() {
    for (name, rule) in RULES {
        println!("{name}");
        let clock = TestClock::at(START);
        let folder = Folder::new();
        let ledger = folder.open(clock.clone());
        rule(&ledger, &clock);
        let faults = ledger.verify().unwrap().faults;
        assert!(faults.is_empty(), "{name}: {faults:?}");
    }
}

/// Every seventh case, which meets each zone, moment and cycle.
#[test]
fn no_period_is_lost_in_a_file_when_clocks_change() {
    for case in clocks::cases().iter().step_by(7) {
        let folder = Folder::new();
        clocks::check(case, |machine| folder.open(machine));
    }
}

#[test]
fn a_file_answers_as_the_model_does() {
    cases(60)
        .run(&(random_steps(), 1_usize..20), |(steps, batch)| {
            let clock = TestClock::at(START);
            let folder = Folder::new();
            let file = folder.open(clock.clone());
            agree(&MemoryLedger::new(clock.clone()), &file, &clock, &steps, batch);
            Ok(())
        })
        .unwrap();
}

/// What one handle commits touches what the others remember: each of three answers and shows what the
/// model does, whoever committed before.
#[test]
fn handles_in_turn_answer_as_the_model_does() {
    cases(40)
        .run(&(random_steps(), prop::collection::vec(0_usize..3, 60)), |(steps, turns)| {
            let clock = TestClock::at(START);
            let folder = Folder::new();
            let model = MemoryLedger::new(clock.clone());
            let handles: Vec<_> = (0..3).map(|_| folder.open(clock.clone())).collect();
            for (step, turn) in steps.iter().zip(turns.iter().cycle()) {
                let Some(operation) = step.operation(clock.now()) else {
                    clock.wait(step.seconds());
                    continue;
                };
                let answered = |ledger: &dyn Ledger| {
                    let answer = ledger.commit(std::slice::from_ref(&operation)).unwrap().remove(0);
                    answer.map_err(|error| error.to_string())
                };
                prop_assert_eq!(answered(&handles[*turn]), answered(&model));
                let shown = &handles[(*turn + 1) % 3];
                prop_assert_eq!(shown.standings().unwrap(), model.standings().unwrap());
            }
            for handle in &handles {
                prop_assert_eq!(handle.balances().unwrap(), model.balances().unwrap());
            }
            Ok(())
        })
        .unwrap();
}

/// One pass over the rows adds up what the rules make of the entries one by one.
#[test]
fn a_replay_is_what_the_rules_make_of_the_entries() {
    cases(60)
        .run(&random_steps(), |steps| {
            let clock = TestClock::at(START);
            let folder = Folder::new();
            let file = folder.open(clock.clone());
            for step in steps {
                match step.operation(clock.now()) {
                    Some(operation) => drop(file.commit(&[operation]).unwrap()),
                    None => clock.wait(step.seconds()),
                }
            }
            let made = Shelf::replayed(&file.entries(0, usize::MAX).unwrap()).unwrap();
            prop_assert_eq!(file.replay().unwrap(), rules::balances(&made).unwrap());
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_invariant_holds_in_a_file() {
    cases(30)
        .run(&random_steps(), |steps| {
            let clock = TestClock::at(START);
            let folder = Folder::new();
            let broken = violations(&folder.open(clock.clone()), &clock, &steps);
            if !broken.is_empty() {
                let clock = TestClock::at(START);
                let broken = violations(&MemoryLedger::new(clock.clone()), &clock, &steps);
                prop_assert!(false, "in memory too: {broken:?}");
            }
            prop_assert!(broken.is_empty(), "{broken:?}");
            Ok(())
        })
        .unwrap();
}

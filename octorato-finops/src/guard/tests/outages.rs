//! Random lives of calls on a store that fails at random: once it is back, everything is booked, and
//! once.

use octorato_core::ErrorKind;
use proptest::prelude::*;

use super::world::{World, arm, at_most, budget, cents};
use crate::budget::OnError;
use crate::guard::{Counted, NotCharged, Reservation, Reserved};
use crate::ledger::Ledger;

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve(u8),
    Settle(usize, u8),
    Cut(usize, u8),
    Release(usize),
    Drop(usize),
    /// The next commits fail, with or without their effect.
    Fails(u32, bool),
    Down(bool),
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0_usize..8;
    let step = prop_oneof![
        4 => (0_u8..40).prop_map(Step::Reserve),
        2 => (which.clone(), 0_u8..45).prop_map(|(which, cost)| Step::Settle(which, cost)),
        1 => (which.clone(), 0_u8..45).prop_map(|(which, seen)| Step::Cut(which, seen)),
        1 => which.clone().prop_map(Step::Release),
        1 => which.prop_map(Step::Drop),
        3 => (1_u32..4, any::<bool>()).prop_map(|(times, effect)| Step::Fails(times, effect)),
        1 => any::<bool>().prop_map(Step::Down),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 1..60)
}

/// What is spent and what orphans hold beyond that, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    spent: i128,
    orphaned: i128,
}

impl Sums {
    fn orphan(&mut self, held: i128, seen: i128) {
        self.spent += seen;
        self.orphaned += (held - seen).max(0);
    }
}

fn live(on_error: OnError, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let world = World::on_error(vec![budget(arm("acme-web"), "1000000")], on_error);
    let mut calls: Vec<(Reservation, i128)> = Vec::new();
    let mut sums = Sums::default();
    for step in steps {
        let count = calls.len();
        let mut take = |which: usize| Some(calls.swap_remove(which.checked_rem(count)?));
        match step {
            Step::Reserve(amount) => match world.acme().reserve(&at_most(cents(amount.into()))) {
                Ok(Reserved::Granted(held)) => calls.push((held, amount.into())),
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::Unavailable);
                    prop_assert_eq!(on_error, OnError::Deny);
                }
                other => prop_assert!(false, "{other:?}"),
            },
            Step::Settle(which, cost) => {
                let Some((held, _)) = take(which) else { continue };
                held.settle(&Counted::amount(cents(cost.into()))).unwrap();
                sums.spent += i128::from(cost);
            }
            Step::Cut(which, seen) => {
                let Some((held, amount)) = take(which) else { continue };
                held.cut(Some(&Counted::amount(cents(seen.into()))), "cut").unwrap();
                sums.orphan(amount, seen.into());
            }
            Step::Release(which) => {
                let Some((held, _)) = take(which) else { continue };
                held.release(NotCharged::NotSent).unwrap();
            }
            Step::Drop(which) => {
                let Some((held, amount)) = take(which) else { continue };
                drop(held);
                sums.orphan(amount, 0);
            }
            Step::Fails(times, takes_effect) => world.store.fails(times, takes_effect),
            Step::Down(is_down) => world.store.down(is_down),
            Step::Flush => _ = world.guard.flush(),
        }
    }
    for (held, amount) in calls {
        drop(held);
        sums.orphan(amount, 0);
    }
    world.store.down(false);
    world.store.fails(0, false);
    world.guard.flush().unwrap();
    prop_assert_eq!(world.guard.unbooked(), Vec::new());
    let standing = world.standing();
    prop_assert_eq!(standing.open, cents(0));
    prop_assert_eq!(standing.spent, cents(sums.spent));
    prop_assert_eq!(standing.orphaned, cents(sums.orphaned));
    prop_assert!(world.store.verify().unwrap().faults.is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn denied_without_a_store_nothing_is_lost_or_doubled(steps in steps()) {
        live(OnError::Deny, steps)?;
    }

    #[test]
    fn allowed_without_a_store_nothing_is_lost_or_doubled(steps in steps()) {
        live(OnError::Allow, steps)?;
    }
}

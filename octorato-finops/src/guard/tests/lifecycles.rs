//! Random lives of calls beside a reference of a few lines.

use std::collections::BTreeMap;

use octorato_core::{Money, ReservationId};
use proptest::prelude::*;

use super::world::{World, arm, at_most, budget, cents, client};
use crate::budget::{Budget, Scope};
use crate::guard::{CallSpec, Counted, Extended, NotCharged, Reservation, Reserved};
use crate::ledger::{Ledger, fresh_reservation};

#[derive(Clone, Copy, Debug)]
enum Step {
    Reserve { amount: u8, retried: bool },
    Settle { which: usize, cost: u8 },
    SettleWorst(usize),
    Release(usize),
    Cut { which: usize, seen: u8 },
    Saw { which: usize, seen: u8 },
    Extend { which: usize, amount: u8 },
    Drop(usize),
    Panic(usize),
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0_usize..8;
    let step = prop_oneof![
        4 => (0_u8..40, any::<bool>()).prop_map(|(amount, retried)| Step::Reserve { amount, retried }),
        2 => (which.clone(), 0_u8..45).prop_map(|(which, cost)| Step::Settle { which, cost }),
        1 => which.clone().prop_map(Step::SettleWorst),
        1 => which.clone().prop_map(Step::Release),
        1 => (which.clone(), 0_u8..45).prop_map(|(which, seen)| Step::Cut { which, seen }),
        1 => (which.clone(), 0_u8..45).prop_map(|(which, seen)| Step::Saw { which, seen }),
        1 => (which.clone(), 0_u8..60).prop_map(|(which, amount)| Step::Extend { which, amount }),
        1 => which.clone().prop_map(Step::Drop),
        1 => which.prop_map(Step::Panic),
        1 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

/// What a call is, in cents: held while open, and booked.
#[derive(Clone, Copy, Debug, Default)]
struct Life {
    held: i128,
    seen: i128,
    booked: i128,
    is_final: bool,
}

impl Life {
    /// What counts against the cap.
    fn exposure(self) -> i128 {
        if self.is_final { self.booked } else { self.held.max(self.booked) }
    }
}

#[derive(Default)]
struct Reference {
    lives: BTreeMap<ReservationId, Life>,
    /// By how much costs went over what was held, at most.
    overrun: i128,
}

impl Reference {
    fn sum(&self) -> i128 {
        self.lives.values().map(|life| life.exposure()).sum()
    }

    fn ends(&mut self, id: ReservationId, booked: i128, is_final: bool) {
        let life = self.lives.get_mut(&id).unwrap();
        self.overrun += (booked - life.held).max(0);
        (life.booked, life.is_final) = (booked, is_final);
    }
}

const CAP: i128 = 100;

fn tree() -> Vec<Budget> {
    vec![
        budget(arm("acme-web"), "1.00"),
        budget(client("acme"), "1.00"),
        budget(Scope::Operator, "1.00"),
    ]
}

fn live(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let world = World::new(tree());
    let mut calls: Vec<Reservation> = Vec::new();
    let mut reference = Reference::default();
    for step in steps {
        one(&world, &mut calls, &mut reference, step)?;
        let exposed = reference.sum();
        prop_assert!(exposed <= CAP + reference.overrun, "{exposed}");
        for standing in world.store.standings().unwrap() {
            let counted = standing.spent.checked_add(standing.reserved().unwrap()).unwrap();
            prop_assert_eq!(counted, cents(exposed));
        }
    }
    // Nothing is left open once no handle is left.
    for call in &calls {
        let seen = reference.lives[&call.id()].seen;
        reference.ends(call.id(), seen, false);
    }
    drop(calls);
    let standing = world.standing();
    prop_assert_eq!(standing.open, cents(0));
    let counted = standing.spent.checked_add(standing.orphaned).unwrap();
    prop_assert_eq!(counted, cents(reference.sum()));
    prop_assert!(world.guard.unbooked().is_empty());
    prop_assert!(world.store.verify().unwrap().faults.is_empty());
    Ok(())
}

fn one(
    world: &World,
    calls: &mut Vec<Reservation>,
    reference: &mut Reference,
    step: Step,
) -> Result<(), TestCaseError> {
    let count = calls.len();
    let pick = |which: usize| which.checked_rem(count);
    let of = |cost: u8| Counted::amount(cents(cost.into()));
    match step {
        Step::Reserve { amount, retried } => {
            let id = Some(fresh_reservation(world.clock.now()).unwrap());
            let call = CallSpec { id, ..at_most(cents(amount.into())) };
            let fits = reference.sum() + i128::from(amount) <= CAP;
            let reserved = world.acme().reserve(&call).unwrap();
            prop_assert_eq!(matches!(reserved, Reserved::Granted(_)), fits);
            if let Reserved::Granted(held) = reserved {
                reference.lives.insert(held.id(), Life { held: amount.into(), ..Life::default() });
                if retried {
                    let again = world.acme().reserve(&call).unwrap();
                    let Reserved::Granted(again) = again else { panic!("{again:?}") };
                    std::mem::forget(again); // a handle of a process that died
                }
                calls.push(held);
            }
        }
        Step::Settle { which, cost } => {
            let Some(at) = pick(which) else { return Ok(()) };
            let call = calls.swap_remove(at);
            call.settle(&of(cost)).unwrap();
            reference.ends(call.id(), cost.into(), true);
        }
        Step::SettleWorst(which) => {
            let Some(at) = pick(which) else { return Ok(()) };
            let call = calls.swap_remove(at);
            call.settle_worst().unwrap();
            let held = reference.lives[&call.id()].held;
            reference.ends(call.id(), held, true);
        }
        Step::Release(which) => {
            let Some(at) = pick(which) else { return Ok(()) };
            let call = calls.swap_remove(at);
            call.release(NotCharged::Refused(400)).unwrap();
            reference.ends(call.id(), 0, true);
        }
        Step::Cut { which, seen } => {
            let Some(at) = pick(which) else { return Ok(()) };
            let call = calls.swap_remove(at);
            call.cut(Some(&of(seen)), "cut").unwrap();
            let seen = reference.lives[&call.id()].seen.max(seen.into());
            reference.ends(call.id(), seen, false);
        }
        Step::Saw { which, seen } => {
            let Some(at) = pick(which) else { return Ok(()) };
            calls[at].saw(&of(seen));
            let life = reference.lives.get_mut(&calls[at].id()).unwrap();
            life.seen = life.seen.max(seen.into());
        }
        Step::Extend { which, amount } => {
            let Some(at) = pick(which) else { return Ok(()) };
            let (id, amount) = (calls[at].id(), i128::from(amount));
            let held = reference.lives[&id].held;
            let fits = amount <= held || reference.sum() + amount - held <= CAP;
            let patience = jiff::SignedDuration::from_mins(15);
            let extended = calls[at].extend(cents(amount), 0, patience).unwrap();
            prop_assert_eq!(matches!(extended, Extended::Granted), fits);
            if fits {
                reference.lives.get_mut(&id).unwrap().held = held.max(amount);
            }
        }
        Step::Drop(which) | Step::Panic(which) => {
            let Some(at) = pick(which) else { return Ok(()) };
            let call = calls.swap_remove(at);
            let id = call.id();
            if matches!(step, Step::Panic(_)) {
                let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
                    let _call = call;
                    std::panic::resume_unwind(Box::new("a panic of the caller"));
                }));
                prop_assert!(result.is_err());
            }
            let seen = reference.lives[&id].seen;
            reference.ends(id, seen, false);
        }
        Step::Wait => world.clock.wait(1),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// The sum of what was settled and of what is exposed is the reference's after every step, in
    /// all three budgets, and never above the cap save by overruns.
    #[test]
    fn settled_and_exposed_never_pass_the_cap(steps in steps()) {
        live(steps)?;
    }
}

/// The reference is no tautology: a life that ends otherwise is noticed.
#[test]
fn the_reference_notices_a_refund() {
    let world = World::new(tree());
    let Reserved::Granted(held) = world.acme().reserve(&at_most(cents(30))).unwrap() else {
        panic!()
    };
    let life = Life { held: 30, ..Life::default() };
    assert_eq!(life.exposure(), 30);
    held.release(NotCharged::NotSent).unwrap();
    let standing = world.standing();
    let counted: Money = standing.spent.checked_add(standing.reserved().unwrap()).unwrap();
    assert_ne!(counted, cents(life.exposure()));
}

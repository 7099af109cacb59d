//! Waiting for money that other calls hold.

use std::sync::Mutex;
use std::time::Duration;

use super::world::{World, arm, at_most, budget, granted, usd};
use crate::guard::{CallSpec, Cancel, Counted, NotCharged, Reserved};

const LONG: Duration = Duration::from_mins(10);

fn waiting(amount: &str) -> CallSpec {
    CallSpec { busy_wait: Some(LONG), ..at_most(usd(amount)) }
}

/// Until so many wait; the tests never sleep.
fn until_waiting(world: &World, calls: usize) {
    while world.guard.waiting() < calls {
        std::thread::yield_now();
    }
}

#[test]
fn calls_that_wait_are_served_in_their_order() {
    let world = World::dollar();
    let first = granted(world.acme().reserve(&at_most(usd("1.00"))));
    let order = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (world, order) = (&world, &order);
            // The even ones want all, the odd ones little: they do not overtake.
            let amount = if number % 2 == 0 { "1.00" } else { "0.01" };
            scope.spawn(move || {
                let held = granted(world.acme().reserve(&waiting(amount)));
                order.lock().unwrap().push(number);
                held.release(NotCharged::NotSent).unwrap();
            });
            until_waiting(world, number + 1);
        }
        first.release(NotCharged::NotSent).unwrap();
    });
    assert_eq!(order.into_inner().unwrap(), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(world.guard.waiting(), 0);
}

#[test]
fn a_call_that_may_wait_does_not_overtake_but_other_arms_are_not_held_up() {
    let world = World::new(vec![budget(arm("acme-web"), "1"), budget(arm("zeta"), "1")]);
    let first = granted(world.acme().reserve(&at_most(usd("0.50"))));
    let order = Mutex::new(Vec::new());
    let ask = |name: &'static str, amount: &'static str| {
        let held = granted(world.acme().reserve(&waiting(amount)));
        order.lock().unwrap().push(name);
        held.release(NotCharged::NotSent).unwrap();
    };
    std::thread::scope(|scope| {
        let ask = &ask;
        scope.spawn(move || ask("large", "0.95"));
        until_waiting(&world, 1);
        scope.spawn(move || ask("small", "0.10")); // it would fit now
        until_waiting(&world, 2);
        let zeta = super::arms::zeta(&world);
        granted(zeta.reserve(&waiting("0.90"))).release(NotCharged::NotSent).unwrap();
        assert_eq!(*order.lock().unwrap(), [""; 0]);
        first.release(NotCharged::NotSent).unwrap();
    });
    assert_eq!(order.into_inner().unwrap(), ["large", "small"]);
}

#[test]
fn a_wait_can_be_cancelled() {
    let world = World::dollar();
    let _held = granted(world.acme().reserve(&at_most(usd("1.00"))));
    let cancel = Cancel::new();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let call = CallSpec { cancel: Some(cancel.clone()), ..waiting("0.50") };
            world.acme().reserve(&call).unwrap()
        });
        until_waiting(&world, 1);
        cancel.cancel();
        let reserved = waiter.join().unwrap();
        assert!(matches!(reserved, Reserved::Busy(_)), "{reserved:?}");
    });
    assert_eq!(world.guard.waiting(), 0);
    // It stays cancelled.
    let call = CallSpec { cancel: Some(cancel), ..waiting("0.50") };
    assert!(matches!(world.acme().reserve(&call).unwrap(), Reserved::Busy(_)));
}

#[test]
fn a_wait_ends_at_its_limit_and_where_there_will_be_no_room() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&at_most(usd("1.00"))));
    let call = CallSpec { busy_wait: Some(Duration::from_millis(5)), ..at_most(usd("0.50")) };
    assert!(matches!(world.acme().reserve(&call).unwrap(), Reserved::Busy(_)));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| world.acme().reserve(&waiting("0.50")).unwrap());
        until_waiting(&world, 1);
        held.settle(&Counted::amount(usd("0.90"))).unwrap();
        let reserved = waiter.join().unwrap();
        assert!(matches!(reserved, Reserved::Exhausted(_)), "{reserved:?}");
    });
}

/// What another process frees wakes nobody here: it is found by asking again.
#[test]
fn what_another_process_frees_is_found() {
    let world = World::dollar();
    let here = world.with(crate::guard::Options {
        busy_poll: Duration::from_millis(1),
        ..super::world::options(&world.clock)
    });
    let held = granted(world.acme().reserve(&at_most(usd("1.00"))));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| super::world::acme(&here).reserve(&waiting("0.50")));
        while here.waiting() == 0 {
            std::thread::yield_now();
        }
        held.release(NotCharged::NotSent).unwrap();
        drop(granted(waiter.join().unwrap()));
    });
}

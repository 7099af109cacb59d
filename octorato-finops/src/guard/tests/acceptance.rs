//! The numbers of the acceptance list.

use std::sync::Barrier;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use octorato_core::Money;

use super::world::{World, acme, at_most, cents, granted, options, usd};
use crate::guard::{CallSpec, Counted, Reserved};

/// 64 callers, a dollar, calls of at most five cents that cost one to five.
#[test]
fn sixty_four_callers_spend_at_most_the_dollar_and_nearly_all_of_it() {
    let world = World::dollar();
    let most = AtomicI64::new(0);
    let caller = |thread: i128| {
        let acme = world.acme();
        for number in 0.. {
            match acme.reserve(&at_most(cents(5))).unwrap() {
                Reserved::Granted(held) => {
                    let standing = world.standing();
                    let now = standing.spent.checked_add(standing.reserved().unwrap()).unwrap();
                    most.fetch_max(i64::try_from(now.pico()).unwrap(), Ordering::SeqCst);
                    held.settle(&Counted::amount(cents(1 + (thread + number) % 5))).unwrap();
                }
                Reserved::Busy(_) => std::thread::yield_now(),
                _ => break,
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..64 {
            scope.spawn(move || caller(thread));
        }
    });
    let standing = world.standing();
    assert!(most.into_inner() <= i64::try_from(usd("1").pico()).unwrap());
    assert!(standing.spent.pico() <= usd("1").pico());
    assert!(standing.spent.pico() > usd("0.95").pico(), "{}", standing.spent);
    assert_eq!(standing.reserved().unwrap(), usd("0"));
}

#[test]
fn sixty_four_waiting_callers_are_never_told_busy() {
    let world = World::dollar();
    let (calls, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                let call =
                    CallSpec { busy_wait: Some(Duration::from_mins(10)), ..at_most(cents(5)) };
                loop {
                    match world.acme().reserve(&call).unwrap() {
                        Reserved::Granted(held) => {
                            calls.fetch_add(1, Ordering::SeqCst);
                            held.settle(&Counted::amount(cents(4))).unwrap();
                        }
                        Reserved::Busy(_) => _ = busy.fetch_add(1, Ordering::SeqCst),
                        _ => break,
                    }
                }
            });
        }
    });
    // 24 x 0.04 = 0.96, after which 0.05 no longer fits.
    assert_eq!((calls.into_inner(), busy.into_inner()), (24, 0));
    assert_eq!(world.sums(), ["0.96", "0", "0"]);
    assert_eq!(world.guard.waiting(), 0);
}

#[test]
fn of_fifty_parallel_calls_at_the_cap_minus_one_exactly_one_passes() {
    let world = World::dollar();
    granted(world.acme().reserve(&at_most(cents(95)))).settle(&Counted::amount(cents(95))).unwrap();
    let (barrier, passed) = (Barrier::new(50), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..50 {
            scope.spawn(|| {
                barrier.wait();
                let reserved = world.acme().reserve(&at_most(cents(5))).unwrap();
                if let Reserved::Granted(held) = reserved {
                    passed.fetch_add(1, Ordering::SeqCst);
                    barrier.wait();
                    held.settle(&Counted::amount(cents(5))).unwrap();
                } else {
                    assert!(matches!(reserved, Reserved::Busy(_)), "{reserved:?}");
                    barrier.wait();
                }
            });
        }
    });
    assert_eq!(passed.into_inner(), 1);
    assert_eq!(world.sums(), ["1", "0", "0"]);
}

/// The default waits for nothing.
#[test]
fn without_a_wait_a_busy_call_is_answered_at_once() {
    let world = World::dollar();
    let guard = world.with(options(&world.clock));
    let held = granted(acme(&guard).reserve(&at_most(usd("0.60"))));
    let Reserved::Busy(denial) = acme(&guard).reserve(&at_most(usd("0.60"))).unwrap() else {
        panic!()
    };
    assert!(denial.is_busy);
    held.settle(&Counted::amount(usd("0.50"))).unwrap();
    let reserved = acme(&guard).reserve(&at_most(usd("0.60"))).unwrap();
    assert!(matches!(reserved, Reserved::Exhausted(_)), "{reserved:?}");
    let zero = Money::zero(octorato_core::Currency::USD);
    assert_eq!(world.standing().open, zero);
}

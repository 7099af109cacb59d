//! A store that fails: what is answered, and that nothing is lost.

use std::time::Duration;

use octorato_core::ErrorKind;

use super::world::{World, acme, arm, at_most, budget, granted, options, usd};
use crate::budget::OnError;
use crate::guard::{Asked, CallSpec, Counted, NotCharged, Options, Reserved};
use crate::ledger::{Fact, Ledger, fresh_reservation};

fn dollar(on_error: OnError) -> World {
    World::on_error(vec![budget(arm("acme-web"), "1")], on_error)
}

#[test]
fn a_store_that_answers_late_is_asked_again() {
    let world = World::dollar();
    let patient =
        world.with(Options { store_wait: Duration::from_mins(10), ..options(&world.clock) });
    for takes_effect in [false, true] {
        world.store.fails(3, takes_effect);
        let held = granted(acme(&patient).reserve(&at_most(usd("0.10"))));
        assert!(held.is_metered());
        world.store.fails(3, takes_effect);
        assert!(held.settle(&Counted::amount(usd("0.05"))).unwrap().is_booked);
    }
    assert_eq!(world.sums(), ["0.1", "0", "0"]);
}

#[test]
fn without_a_store_a_capped_call_is_denied() {
    let world = World::dollar();
    world.store.down(true);
    let error = world.acme().reserve(&at_most(usd("0.10"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.hint().unwrap().contains("on_error: allow"));
    // So is one of which only the ledger could say whether it is capped.
    let unpriced = CallSpec::of(Asked::tokens("acme-tuned-7b", 1, 1));
    let error = world.acme().reserve(&unpriced).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    world.store.down(false);
    assert_eq!(world.guard.flush().unwrap(), 1); // a release of what was never reserved
    assert!(world.guard.unbooked().is_empty());
    assert_eq!(world.sums(), ["0", "0", "0"]);
}

#[test]
fn a_denied_reserve_that_took_effect_is_released_again() {
    let world = World::dollar();
    world.store.fails(1, true);
    let error = world.acme().reserve(&at_most(usd("0.70"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(world.sums(), ["0", "0.7", "0"]);
    // The next call finds room: what waits is booked before it.
    granted(world.acme().reserve(&at_most(usd("0.70")))).release(NotCharged::NotSent).unwrap();
    assert_eq!(world.sums(), ["0", "0", "0"]);
}

#[test]
fn a_denied_id_that_the_caller_keeps_can_be_tried_again() {
    let world = World::dollar();
    let id = Some(fresh_reservation(world.clock.now()).unwrap());
    let call = CallSpec { id, ..at_most(usd("0.70")) };
    world.store.fails(1, true);
    assert!(world.acme().reserve(&call).is_err());
    assert!(world.guard.unbooked().is_empty());
    let held = granted(world.acme().reserve(&call));
    assert_eq!(world.sums(), ["0", "0.7", "0"]);
    held.settle(&Counted::amount(usd("0.70"))).unwrap();
}

#[test]
fn where_the_policy_allows_it_a_call_passes_and_is_booked_later() {
    let world = dollar(OnError::Allow);
    world.store.down(true);
    let held = granted(world.acme().reserve(&at_most(usd("0.30"))));
    assert!(!held.is_metered());
    let settled = held.settle(&Counted::amount(usd("0.20"))).unwrap();
    assert!(!settled.is_booked);
    assert_eq!(settled.amount, usd("0.20"));
    let unbooked = world.guard.unbooked();
    assert_eq!(
        (unbooked.len(), unbooked[0].end, unbooked[0].amount),
        (1, "settle", Some(usd("0.20")))
    );
    assert!(world.guard.flush().is_err());
    assert_eq!(world.guard.unbooked()[0].why, "the disk is gone");
    world.store.down(false);
    assert_eq!(world.guard.flush().unwrap(), 1);
    assert_eq!(world.guard.flush().unwrap(), 0);
    assert_eq!(world.sums(), ["0.2", "0", "0"]);
    let entries = world.store.entries(0, usize::MAX).unwrap();
    let Fact::Imported { source, .. } = &entries.last().unwrap().fact else { panic!() };
    assert_eq!(&*source.key, held.id().to_string());
}

/// An import whose answer is lost is not booked twice; nor is one of a reserve that took effect.
#[test]
fn what_passed_without_a_store_is_booked_once() {
    let world = dollar(OnError::Allow);
    world.store.fails(1, true);
    let held = granted(world.acme().reserve(&at_most(usd("0.30"))));
    assert!(!held.is_metered());
    assert!(held.settle(&Counted::amount(usd("0.20"))).unwrap().is_booked);
    assert_eq!(world.sums(), ["0.2", "0", "0"]);

    world.store.fails(1, false);
    let held = granted(world.acme().reserve(&at_most(usd("0.30"))));
    let settled = held.settle(&Counted::amount(usd("0.20"))).unwrap();
    assert!(settled.is_booked && settled.outcome.is_none());
    assert_eq!(held.settle(&Counted::amount(usd("0.20"))).unwrap().amount, usd("0.20"));
    assert_eq!(world.sums(), ["0.4", "0", "0"]);
    assert!(world.guard.unbooked().is_empty());
}

#[test]
fn a_settle_that_cannot_be_booked_is_kept_and_tried_again() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&at_most(usd("0.30"))));
    world.store.down(true);
    let settled = held.settle(&Counted::amount(usd("0.20"))).unwrap();
    assert!(!settled.is_booked && settled.outcome.is_none());
    drop(held); // it has ended: nothing more happens
    // Meanwhile its deadline passes, and another process sweeps.
    world.store.down(false);
    world.clock.wait(16 * 60);
    let other = world.with(options(&world.clock));
    assert_eq!(other.sweep().unwrap().overdue.len(), 1);
    assert_eq!(world.sums(), ["0", "0", "0.3"]);
    // The next call of this process books it first.
    granted(world.acme().reserve(&at_most(usd("0.80")))).release(NotCharged::NotSent).unwrap();
    assert_eq!(world.sums(), ["0.2", "0", "0"]);
    assert!(world.guard.unbooked().is_empty());
}

#[test]
fn where_nothing_can_be_reached_the_deadline_in_the_ledger_makes_the_orphan() {
    let world = World::dollar();
    let guard = world.with(options(&world.clock));
    let held = granted(acme(&guard).reserve(&at_most(usd("0.30"))));
    world.store.down(true);
    drop(held);
    assert_eq!(guard.unbooked()[0].end, "orphan");
    drop(guard); // and with it the memory of its process
    world.store.down(false);
    assert_eq!(world.sums(), ["0", "0.3", "0"]);
    world.clock.wait(15 * 60);
    assert_eq!(world.guard.sweep().unwrap().overdue.len(), 1);
    assert_eq!(world.sums(), ["0", "0", "0.3"]);
}

#[test]
fn an_orphan_that_was_never_held_is_held_once_there_is_room() {
    let world = dollar(OnError::Allow);
    world.store.down(true);
    let held = granted(world.acme().reserve(&at_most(usd("0.90"))));
    held.saw(&Counted::amount(usd("0.10")));
    drop(held);
    world.store.down(false);
    let other = world.with(options(&world.clock));
    let block = granted(acme(&other).reserve(&at_most(usd("0.50"))));
    assert_eq!(world.guard.flush().unwrap(), 0);
    assert!(world.guard.unbooked()[0].why.contains("no room"));
    block.release(NotCharged::NotSent).unwrap();
    assert_eq!(world.guard.flush().unwrap(), 1);
    assert_eq!(world.sums(), ["0.1", "0", "0.8"]);
}

/// Outcomes that find no room do not keep others from being booked.
#[test]
fn what_has_no_room_does_not_stand_in_the_way() {
    let world = dollar(OnError::Allow);
    let early = granted(world.acme().reserve(&at_most(usd("0.10"))));
    world.store.down(true);
    for _ in 0..10 {
        drop(granted(world.acme().reserve(&at_most(usd("5")))));
    }
    early.settle(&Counted::amount(usd("0.05"))).unwrap();
    world.store.down(false);
    for _ in 0..3 {
        granted(world.acme().reserve(&at_most(usd("0")))).release(NotCharged::NotSent).unwrap();
    }
    assert_eq!(world.sums(), ["0.05", "0", "0"]);
    assert_eq!(world.guard.unbooked().len(), 10);
}

#[test]
fn without_room_for_more_outcomes_nothing_passes() {
    let world = dollar(OnError::Allow);
    let guard = world.with(Options { most_unbooked: 2, ..options(&world.clock) });
    world.store.down(true);
    for _ in 0..2 {
        let held = granted(acme(&guard).reserve(&at_most(usd("0.10"))));
        held.settle(&Counted::amount(usd("0.10"))).unwrap();
    }
    let error = acme(&guard).reserve(&at_most(usd("0.10"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    world.store.down(false);
    assert!(matches!(acme(&guard).reserve(&at_most(usd("0.10"))).unwrap(), Reserved::Granted(_)));
    assert_eq!(world.standing().spent, usd("0.20"));
}

//! Ids that come again.

use octorato_core::{ErrorKind, RequestId};

use super::world::{World, arm, at_most, budget, granted, sonnet, usd};
use crate::guard::{CallSpec, Counted, Reserved};
use crate::ledger::{Holder, Ledger, State, fresh_reservation};

fn id(world: &World) -> octorato_core::ReservationId {
    fresh_reservation(world.clock.now()).unwrap()
}

#[test]
fn the_same_call_again_is_the_same_grant() {
    let world = World::dollar();
    let call = CallSpec { id: Some(id(&world)), ..at_most(usd("0.60")) };
    let first = granted(world.acme().reserve(&call));
    let again = granted(world.acme().reserve(&call));
    assert_eq!((first.id(), first.amount()), (again.id(), again.amount()));
    assert_eq!(world.sums(), ["0", "0.6", "0"]);
    let other = CallSpec { id: call.id, ..at_most(usd("0.61")) };
    assert_eq!(world.acme().reserve(&other).unwrap_err().kind(), ErrorKind::Conflict);
    // The second handle is dropped while the first goes on: that only makes it an orphan.
    drop(again);
    assert_eq!(first.settle(&Counted::amount(usd("0.10"))).unwrap().state(), Some(State::Settled));
    assert_eq!(world.sums(), ["0.1", "0", "0"]);
}

#[test]
fn nothing_is_granted_under_an_id_that_has_ended() {
    let world = World::dollar();
    let call = CallSpec { id: Some(id(&world)), ..at_most(usd("0.60")) };
    granted(world.acme().reserve(&call)).settle(&Counted::amount(usd("0.10"))).unwrap();
    let reserved = world.acme().reserve(&call).unwrap();
    let Reserved::Ended(outcome) = &reserved else { panic!("{reserved:?}") };
    assert_eq!((outcome.state, outcome.amount), (State::Settled, usd("0.10")));
    assert_eq!(reserved.granted().unwrap_err().kind(), ErrorKind::Conflict);
}

#[test]
fn a_settle_that_comes_again_has_one_effect() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&at_most(usd("0.60"))));
    let counted = Counted::amount(usd("0.10"));
    let first = held.settle(&counted).unwrap().outcome;
    assert_eq!(held.settle(&counted).unwrap().outcome, first);
    assert_eq!(world.sums(), ["0.1", "0", "0"]);
    let error = held.settle(&Counted::amount(usd("0.20"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(held.is_ended());
}

#[test]
fn a_lowered_grant_is_found_again_by_its_id() {
    let world = World::new(vec![budget(arm("acme-web"), "0.10")]);
    let call = CallSpec { id: Some(id(&world)), at_least: Some(100), ..sonnet(100_000) };
    let first = granted(world.acme().reserve(&call));
    let again = granted(world.acme().reserve(&call));
    assert!(again.is_lowered());
    assert_eq!(first.max_output_tokens(), again.max_output_tokens());
    assert_eq!(world.store.outstanding().unwrap().len(), 1);
}

#[test]
fn a_request_of_another_call_is_refused_and_nothing_is_lost() {
    let world = World::dollar();
    let counted = |amount| Counted::amount(usd(amount)).named(RequestId::from("req_1"));
    let call = || {
        CallSpec::of(crate::guard::Asked::AtMost {
            amount: usd("0.30"),
            max_output_tokens: 10,
            model: None,
            provider: Some("anthropic".into()),
        })
    };
    granted(world.acme().reserve(&call())).settle(&counted("0.10")).unwrap();
    let held = granted(world.acme().reserve(&call()));
    assert_eq!(held.settle(&counted("0.20")).unwrap_err().kind(), ErrorKind::Conflict);
    drop(held);
    assert_eq!(world.sums(), ["0.3", "0", "0.1"]);
    assert!(world.guard.unbooked().is_empty());
}

#[test]
fn a_request_of_nobody_is_an_error_and_not_forgotten() {
    let world = World::dollar();
    let held = granted(world.acme().reserve(&at_most(usd("0.30"))));
    let counted = Counted::amount(usd("0.10")).named(RequestId::from("req_1"));
    assert_eq!(held.settle(&counted).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let settled = held.settle(&counted.billed_by("anthropic")).unwrap();
    assert_eq!(settled.state(), Some(State::Settled));
}

#[test]
fn handles_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<crate::guard::Guard>();
    shared::<crate::guard::ArmGuard>();
    shared::<crate::guard::Reservation>();
    shared::<crate::guard::Cancel>();
}

#[test]
fn a_sweep_makes_orphans_of_what_is_overdue_and_of_dead_processes() {
    let world = World::dollar();
    let holder = |process| Holder { boot: [1; 16], process, started: 7 };
    let guard_of = |process| {
        world.with(crate::guard::Options {
            holder: Some(holder(process)),
            is_dead: Some(std::sync::Arc::new(|holder| holder.process != 1)),
            ..super::world::options(&world.clock)
        })
    };
    let (alive, dead) = (guard_of(1), guard_of(2));
    let mine = granted(alive.reserve(&at_most(usd("0.10"))));
    let theirs = granted(dead.reserve(&at_most(usd("0.20"))));
    let swept = alive.sweep().unwrap();
    assert_eq!((&*swept.overdue, &*swept.of_dead), (&[][..], &[theirs.id()][..]));
    assert_eq!((world.state(mine.id()), world.state(theirs.id())), ("open", "orphaned"));
    world.clock.wait(15 * 60);
    assert_eq!(alive.sweep().unwrap().overdue, [mine.id()]);
    assert_eq!(alive.sweep().unwrap(), crate::guard::Swept::default());
}

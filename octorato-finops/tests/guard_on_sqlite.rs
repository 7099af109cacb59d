//! The guard on a ledger in a file: what it promises holds there as well.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a failed set-up is a failed test"
)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use octorato_core::{ArmId, Arms, ClientId, Currency, Money};
use octorato_finops::budget::{Action, Budget, Cycle, InForce, Policy, Scope, Tiers};
use octorato_finops::guard::{
    ArmGuard, Asked, CallSpec, Counted, Guard, Options, Reservation, Reserved,
};
use octorato_finops::ledger::{self, Holder, Ledger, Operation, SqliteLedger};
use octorato_finops::price::{Overlays, PriceBook};

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn dollar() -> Arc<InForce> {
    let stop = Tiers::new(Some(Action::HardStop), None, Vec::new()).unwrap();
    let scope = Scope::Arm(ArmId::new("acme-web").unwrap());
    let month = Budget::new(scope, Cycle::MONTHLY, usd("1.00"), stop).unwrap();
    let arms = Arms::none();
    Arc::new(InForce::of(&Policy::of(vec![month], &arms).unwrap(), &arms).unwrap())
}

fn open(path: &Path, options: Options) -> (Arc<SqliteLedger>, Guard) {
    let waits = ledger::Options { deadline: Duration::from_mins(2), ..ledger::Options::default() };
    let ledger = Arc::new(SqliteLedger::open_or_create(path, waits).unwrap());
    let prices = Arc::new(PriceBook::on_builtin(Overlays::default()).unwrap());
    let guard = Guard::with(ledger.clone(), prices, dollar(), options);
    (ledger, guard)
}

fn acme(guard: &Guard) -> ArmGuard {
    guard.arm(ClientId::new("acme").unwrap(), ArmId::new("acme-web").unwrap())
}

fn at_most(amount: &str) -> CallSpec {
    CallSpec::of(Asked::at_most(usd(amount)))
}

fn granted(reserved: octorato_core::Result<Reserved>) -> Reservation {
    reserved.unwrap().granted().unwrap()
}

#[test]
fn sixty_four_callers_of_two_guards_spend_at_most_the_dollar() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let guards = [open(&path, Options::default()), open(&path, Options::default())];
    let ledger = guards[0].0.clone();
    ledger.commit(&[Operation::Adopt(dollar())]).unwrap();
    let calls = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..64 {
            let (guard, calls) = (&guards[thread % 2].1, &calls);
            scope.spawn(move || {
                let wait = Some(Duration::from_mins(5));
                let call = CallSpec { busy_wait: wait, ..at_most("0.05") };
                while let Reserved::Granted(held) = acme(guard).reserve(&call).unwrap() {
                    calls.fetch_add(1, Ordering::SeqCst);
                    held.settle(&Counted::amount(usd("0.05"))).unwrap();
                }
            });
        }
    });
    let standing = ledger.standings().unwrap().remove(0);
    assert_eq!((calls.into_inner(), standing.spent), (20, usd("1.00")));
    assert!(standing.reserved().unwrap().is_zero());
    assert!(ledger.verify().unwrap().faults.is_empty());
}

#[test]
fn what_a_process_leaves_behind_is_found_when_the_ledger_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.db");
    let own = Options::of_this_process();
    let dead = own.holder.map(|own| Holder { started: own.started.wrapping_add(1), ..own });
    {
        let (ledger, guard) = open(&path, Options { holder: dead, ..Options::default() });
        ledger.commit(&[Operation::Adopt(dollar())]).unwrap();
        drop(granted(acme(&guard).reserve(&at_most("0.10"))));
        std::mem::forget(granted(acme(&guard).reserve(&at_most("0.20")))); // as of a killed process
    }
    let (ledger, guard) = open(&path, own);
    let held = granted(acme(&guard).reserve(&at_most("0.30")));
    let swept = guard.sweep().unwrap();
    assert!(swept.overdue.is_empty());
    // Where the system does not tell processes apart, patience does.
    assert_eq!(swept.of_dead.len(), usize::from(dead.is_some()));
    let standing = ledger.standings().unwrap().remove(0);
    assert_eq!(standing.reserved().unwrap(), usd("0.60"));
    held.settle(&Counted::amount(usd("0.25"))).unwrap();
    let standing = ledger.standings().unwrap().remove(0);
    assert_eq!((standing.spent, standing.reserved().unwrap()), (usd("0.25"), usd("0.30")));
}

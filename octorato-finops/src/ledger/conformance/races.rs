//! Many callers at one cap.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use octorato_core::{Money, ReservationId};

use super::world::{arm, budget, cents, client, in_force, of_researchers, over, path, usd};
use crate::budget::{Cycle, InForce, Scope};
use crate::ledger::{Decision, Ledger, Operation, Release, Reserve, Settle};

/// What a race came to.
#[derive(Debug)]
pub(crate) struct Finish {
    /// The most that was spent and held at once, as any caller saw it.
    pub(crate) most: Money,
    pub(crate) spent: Money,
    pub(crate) calls: i64,
}

/// Five levels: operator, client, arm, agent and session, each with the same cap.
pub(crate) fn five_levels(cap: &str) -> Arc<InForce> {
    let agent = of_researchers(over(arm("acme-web"), cap, Cycle::Total, "UTC"));
    in_force(vec![
        budget(Scope::Operator, cap),
        budget(client("acme"), cap),
        budget(arm("acme-web"), cap),
        agent,
        over(arm("acme-web"), cap, Cycle::Session, "UTC"),
    ])
}

/// `threads` callers make calls of five cents, which cost one to five, until there is nothing left.
/// Every seventh call is not sent and gives back what it held.
pub(crate) fn race(ledger: &dyn Ledger, policy: Arc<InForce>, threads: u8) -> Finish {
    ledger.commit(&[Operation::Adopt(policy)]).unwrap();
    let (most, calls) = (AtomicI64::new(0), AtomicI64::new(0));
    let look = || {
        let exposures = ledger.standings().unwrap().into_iter().map(|standing| {
            standing.spent.checked_add(standing.reserved().unwrap()).unwrap().pico()
        });
        let now = i64::try_from(exposures.max().unwrap_or(0)).unwrap();
        most.fetch_max(now, Ordering::SeqCst);
    };
    let caller = |thread: u8| {
        for number in 0_u16.. {
            let [high, low] = number.to_be_bytes();
            let random = [0, 0, 0, thread, high, low, 0, 0, 0, 0];
            let id = ReservationId::from_parts(Timestamp::UNIX_EPOCH, random);
            let reserve = Reserve {
                id,
                path: path(8 + 4),
                amount: cents(5),
                max_output_tokens: 100,
                patience: SignedDuration::from_mins(15),
                holder: None,
            };
            match ledger.reserve(reserve).unwrap() {
                Decision::Granted(_) => {
                    look();
                    let reason = "not sent".into();
                    if number % 7 == 6 {
                        ledger.release(Release { id, reason }).unwrap();
                        continue;
                    }
                    calls.fetch_add(1, Ordering::SeqCst);
                    let amount = cents(i128::from(1 + (u16::from(thread) + number) % 5));
                    let (request, metered) = (None, None);
                    let settle = Settle { id, amount, is_estimate: false, request, metered };
                    ledger.settle(settle).unwrap();
                }
                Decision::Busy(_) => std::thread::yield_now(),
                Decision::Exhausted(_) => break,
            }
        }
    };
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || caller(thread));
        }
    });
    look();
    let spent = ledger.standings().unwrap().first().map_or(usd("0"), |standing| standing.spent);
    let most = Money::from_pico(i128::from(most.into_inner()), spent.currency());
    Finish { most, spent, calls: calls.into_inner() }
}

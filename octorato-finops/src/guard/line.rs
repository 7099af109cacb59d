//! Waiting for money that other calls hold: first come, first served.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use octorato_core::Result;

use super::cancel::Cancel;
use crate::budget::BudgetId;

/// The calls of one guard that wait, in the order in which they came.
///
/// A call waits for the budgets that it did not fit; it may try again when no call that came before
/// it waits for one of them. So a large call is not starved by small ones, and calls of one arm do
/// not wait for those of another. Between processes there is no order.
#[derive(Debug, Default)]
pub(super) struct Line {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    tickets: u64,
    waiting: BTreeMap<u64, BTreeSet<BudgetId>>,
    /// Counts what may make room: ends of calls, and calls that leave the line.
    turns: u64,
}

impl State {
    fn is_next(&self, ticket: u64) -> bool {
        let Some(mine) = self.waiting.get(&ticket) else { return true };
        self.waiting.range(..ticket).all(|(_, theirs)| theirs.is_disjoint(mine))
    }
}

/// What a try of a waiting call gave.
pub(super) enum Tried<T> {
    /// The answer.
    Done(T),
    /// Not yet, because of these budgets; the answer if nothing changes.
    Blocked(BTreeSet<BudgetId>, T),
}

/// Until when to wait.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    pub(super) limit: Duration,
    pub(super) poll: Duration,
    pub(super) cancel: Option<Cancel>,
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How much has happened; to be read before a first try.
    pub(super) fn turns(&self) -> u64 {
        self.state().turns
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.state().waiting.len()
    }

    /// Those of `budgets` for which a call waits.
    pub(super) fn awaited(&self, budgets: &BTreeSet<BudgetId>) -> BTreeSet<BudgetId> {
        let state = self.state();
        let awaited: BTreeSet<BudgetId> = state.waiting.values().flatten().copied().collect();
        awaited.intersection(budgets).copied().collect()
    }

    /// Something may have made room.
    pub(super) fn turn(&self) {
        self.state().turns += 1;
        self.changed.notify_all();
    }

    /// Those who wait look at their cancellation.
    pub(super) fn wake(&self) {
        // With the lock: whoever is about to wait has looked before, or is woken.
        drop(self.state());
        self.changed.notify_all();
    }

    /// Waits for a turn and tries, until that is done or the wait is over: then the answer is that
    /// of the last try, of which there is at least one.
    pub(super) fn wait<T>(
        self: &Arc<Self>,
        mut since: u64,
        blocked: BTreeSet<BudgetId>,
        last: Option<T>,
        wait: &Wait,
        mut attempt: impl FnMut() -> Result<Tried<T>>,
    ) -> Result<T> {
        let started = Instant::now();
        if let Some(cancel) = &wait.cancel {
            cancel.wakes(self);
        }
        let place = Place::new(self, blocked);
        let mut last = last;
        while let Some(turns) = place.next(since, started, wait) {
            since = turns;
            match attempt()? {
                Tried::Done(answer) => return Ok(answer),
                Tried::Blocked(budgets, answer) => {
                    last = Some(answer);
                    place.waits_for(budgets);
                }
            }
        }
        match last {
            Some(answer) => Ok(answer),
            None => attempt().map(|tried| match tried {
                Tried::Done(answer) | Tried::Blocked(_, answer) => answer,
            }),
        }
    }
}

/// A place in the line, left on drop.
struct Place<'l> {
    line: &'l Line,
    ticket: u64,
}

impl<'l> Place<'l> {
    fn new(line: &'l Line, budgets: BTreeSet<BudgetId>) -> Self {
        let mut state = line.state();
        state.tickets += 1;
        let ticket = state.tickets;
        state.waiting.insert(ticket, budgets);
        Self { line, ticket }
    }

    /// Those behind may be next once this one waits for something else.
    fn waits_for(&self, budgets: BTreeSet<BudgetId>) {
        let mut state = self.line.state();
        if state.waiting.insert(self.ticket, budgets.clone()) != Some(budgets) {
            self.line.changed.notify_all();
        }
    }

    /// Waits until it is this one's turn; nothing where the wait is over.
    fn next(&self, since: u64, started: Instant, wait: &Wait) -> Option<u64> {
        let mut state = self.line.state();
        let mut polled = Instant::now();
        loop {
            let left = wait.limit.checked_sub(started.elapsed()).filter(|left| !left.is_zero());
            if wait.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
                return None;
            }
            let left = left?;
            let is_due = state.turns != since || polled.elapsed() >= wait.poll;
            if is_due && state.is_next(self.ticket) {
                return Some(state.turns);
            }
            if polled.elapsed() >= wait.poll {
                polled = Instant::now();
            }
            let pause = left.min(wait.poll.max(Duration::from_millis(1)));
            let waited = self.line.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.state().waiting.remove(&self.ticket);
        self.line.turn();
    }
}

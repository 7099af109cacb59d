//! What every ledger must pass: the invariants of the design as checks of a running ledger.
//!
//! A store is run through [`random_steps`] beside an [`audit::Audit`], which keeps a journal of its
//! own and recomputes every sum by definition; through [`races`] and [`rules`]; and against the model
//! in memory ([`agree`]). [`faulty::Faulty`] breaks one rule of a good ledger at a time: each check must notice.

pub(crate) mod audit;
pub(crate) mod clocks;
pub(crate) mod faulty;
pub(crate) mod races;
pub(crate) mod rules;
pub(crate) mod steps;
mod tests;
pub(crate) mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use octorato_core::Result;

use self::audit::Audit;
use self::steps::Step;
use super::{Answer, Clock, Ledger, Operation, Tick};

/// A clock that tests move.
#[derive(Clone, Debug)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn at(text: &str) -> Self {
        let at: Timestamp = text.parse().unwrap();
        Self(Arc::new(AtomicI64::new(at.as_second())))
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }

    pub(crate) fn wait(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn tick(&self) -> Tick {
        Tick { wall: self.now(), uptime: None }
    }
}

/// Does the steps one by one, each with all checks, and names the invariants that did not hold.
pub(crate) fn violations(
    ledger: &dyn Ledger,
    clock: &TestClock,
    steps: &[Step],
) -> BTreeMap<&'static str, String> {
    let mut audit = Audit::new(ledger, clock);
    audit.operate(&Operation::Adopt(world::policy(0)));
    for step in steps {
        match step.operation(clock.now()) {
            Some(operation) => audit.operate(&operation),
            None => clock.wait(step.seconds()),
        }
    }
    audit.finish()
}

/// An answer that can be compared: of an error its kind.
pub(crate) fn comparable(answer: &Result<Answer>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

/// Does the same steps with two ledgers that share a clock, `batch` operations in one commit of the
/// second, and demands equal answers and balances.
pub(crate) fn agree(
    one: &dyn Ledger,
    other: &dyn Ledger,
    clock: &TestClock,
    steps: &[Step],
    batch: usize,
) {
    let mut pending = vec![Operation::Adopt(world::policy(0))];
    let flush = |pending: &mut Vec<Operation>| {
        let single: Vec<_> = pending
            .iter()
            .flat_map(|operation| one.commit(std::slice::from_ref(operation)).unwrap())
            .collect();
        let batched = other.commit(pending).unwrap();
        let texts = |answers: &[_]| answers.iter().map(comparable).collect::<Vec<_>>();
        assert_eq!(texts(&single), texts(&batched), "{pending:#?}");
        assert_eq!(one.balances().unwrap(), other.balances().unwrap(), "{pending:#?}");
        pending.clear();
    };
    for step in steps {
        if let Some(operation) = step.operation(clock.now()) {
            pending.push(operation);
        } else {
            flush(&mut pending);
            clock.wait(step.seconds());
        }
        if pending.len() >= batch {
            flush(&mut pending);
        }
    }
    flush(&mut pending);
    let journal = |ledger: &dyn Ledger| {
        let entries = ledger.entries(0, usize::MAX).unwrap();
        entries.into_iter().map(|entry| (entry.fact, entry.postings)).collect::<Vec<_>>()
    };
    assert_eq!(journal(one), journal(other));
}

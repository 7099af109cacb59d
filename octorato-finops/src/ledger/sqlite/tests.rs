//! The store in a file passes what every ledger must.

mod conformance;
mod copies;
mod files;
mod measured;
mod shown;
mod together;

use std::path::PathBuf;
use std::sync::Arc;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use tempfile::TempDir;

use super::{Options, SqliteLedger};
use crate::ledger::conformance::TestClock;
use crate::ledger::conformance::steps::random_steps;
use crate::ledger::conformance::world::policy;
use crate::ledger::{Clock, Ledger, Operation};

/// A folder with a ledger in it.
pub(super) struct Folder(TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn ledger(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }

    pub(super) fn open(&self, clock: impl Clock + 'static) -> SqliteLedger {
        SqliteLedger::open_or_create(&self.ledger(), options(clock)).unwrap()
    }
}

pub(super) fn options(clock: impl Clock + 'static) -> Options {
    Options { clock: Arc::new(clock), ..Options::default() }
}

/// Does some hundred steps, so that there is a row of every kind.
pub(super) fn filled(ledger: &dyn Ledger, clock: &TestClock) {
    let mut runner = TestRunner::deterministic();
    ledger.commit(&[Operation::Adopt(policy(0))]).unwrap();
    for _ in 0..6 {
        for step in random_steps().new_tree(&mut runner).unwrap().current() {
            match step.operation(clock.now()) {
                Some(operation) => drop(ledger.commit(&[operation]).unwrap()),
                None => clock.wait(step.seconds()),
            }
        }
    }
}
